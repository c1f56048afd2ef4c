"""What expressions compute with. Python's own types stand for CEL's, but for those that Python has not."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.cel._errors import EvaluationError

NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 1 << 63
MIN_SECONDS, MAX_SECONDS = -62135596800, 253402300799
"""The years 1 to 9999."""

_RFC3339 = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": NANOS, "m": 60 * NANOS, "h": 3600 * NANOS}
_DURATION_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


class UInt(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time, in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, in nanoseconds since 1970."""

    nanos: int

    def moment(self) -> datetime:
        """It as a datetime, cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self.nanos // 1000)


@dataclass(frozen=True, slots=True)
class IPAddress:
    """OpenFGA's own type. An IPv4 address that is written as an IPv6 one is the IPv4 address."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value: what `type(x)` gives."""

    name: str


def parse_timestamp(text: str) -> Timestamp:
    """Reads RFC 3339 as Go does.

    Raises:
        ValueError: where it is none.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)  # raises ValueError out of range
    zone = match[8]
    offset = 0
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 24 or minutes >= 60:  # noqa: PLR2004 -- what Go bears
            raise ValueError(text)
        offset = (hours * 60 + minutes) * 60 * (-1 if zone[0] == "-" else 1)
    seconds = int((moment - _EPOCH).total_seconds()) - offset
    return Timestamp(seconds * NANOS + int((match[7] or "").ljust(9, "0")[:9]))


def parse_duration(text: str) -> Duration:
    """Reads a duration as Go does: `1h30m`, `-1.5s`.

    Raises:
        ValueError: where it is none.
    """
    body = text[1:] if text[:1] in {"+", "-"} else text
    if body == "0":
        return Duration(0)
    total, offset = 0, 0
    while offset < len(body):
        match = _DURATION_PART.match(body, offset)
        if match is None or not (match[1] or match[2]):
            raise ValueError(text)
        unit = _UNITS[match[3]]
        fraction = match[2] or ""
        total += int(match[1] or "0") * unit + int(fraction or "0") * unit // 10 ** len(fraction)
        offset = match.end()
    total = -total if text[:1] == "-" else total
    if not body or not -_INT64 <= total < _INT64:
        raise ValueError(text)
    return Duration(total)


def parse_ip_address(text: str) -> IPAddress:
    """Reads an address.

    Raises:
        ValueError: where it is none.
    """
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return IPAddress(mapped or address)


def type_name(value: Any) -> str:
    """The name of a value's type, as CEL has it."""
    if value is None:
        return "null_type"
    if isinstance(value, TypeValue):
        return "type"
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "dyn")


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (UInt, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (list, "list"),
    (dict, "map"),
    (Timestamp, "google.protobuf.Timestamp"),
    (Duration, "google.protobuf.Duration"),
    (IPAddress, "IPAddress"),
)


def as_int(value: int) -> int:
    """A result of arithmetic with integers.

    Raises:
        EvaluationError: where it does not fit 64 bits.
    """
    if not -_INT64 <= value < _INT64:
        raise EvaluationError("integer overflow")
    return value


def as_uint(value: int) -> UInt:
    """A result of arithmetic with unsigned integers.

    Raises:
        EvaluationError: where it does not fit 64 bits.
    """
    if not 0 <= value < 2 * _INT64:
        raise EvaluationError("unsigned integer overflow")
    return UInt(value)


def as_timestamp(nanos: int) -> Timestamp:
    """A result of arithmetic with moments.

    Raises:
        EvaluationError: outside the years 1 to 9999.
    """
    if not MIN_SECONDS <= nanos // NANOS <= MAX_SECONDS:
        raise EvaluationError("timestamp overflow")
    return Timestamp(nanos)


def as_duration(nanos: int) -> Duration:
    """A result of arithmetic with durations.

    Raises:
        EvaluationError: where it does not fit 64 bits of nanoseconds.
    """
    if not -_INT64 <= nanos < _INT64:
        raise EvaluationError("duration overflow")
    return Duration(nanos)


def is_number(value: Any) -> bool:
    """Whether it is an int, a uint or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """CEL's equality: numbers by value whatever their types, everything else of its own type alone."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            (found := lookup(right, key)) is not _ABSENT and equal(value, found) for key, value in left.items()
        )
    return type(left) is type(right) and bool(left == right)


_ABSENT = object()


def lookup(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key, or `_ABSENT`. Booleans and numbers are not each other's keys, as they would be in Python."""
    if isinstance(key, float) and not key.is_integer():
        return _ABSENT
    found = mapping.get(key, _ABSENT) if isinstance(key, str | bool | int | float) else _ABSENT
    if found is _ABSENT or isinstance(key, str):
        return found
    actual = next((kept for kept in mapping if kept == key), None)
    return found if isinstance(actual, bool) == isinstance(key, bool) else _ABSENT


def contains_key(mapping: dict[Any, Any], key: Any) -> bool:
    """Whether a map has a key."""
    return lookup(mapping, key) is not _ABSENT


def item(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key.

    Raises:
        EvaluationError: where there is none.
    """
    found = lookup(mapping, key)
    if found is _ABSENT:
        raise EvaluationError(f"no such key: {key}")
    return found
