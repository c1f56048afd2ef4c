"""What each function does with values. What has no overload for them is an error, as in cel-go."""

import ipaddress
import json
import math
import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.cel._errors import EvaluationError
from shared.cel._values import (
    NANOS,
    Duration,
    IPAddress,
    Timestamp,
    TypeValue,
    UInt,
    as_duration,
    as_int,
    as_timestamp,
    as_uint,
    contains_key,
    equal,
    is_number,
    item,
    parse_duration,
    parse_ip_address,
    parse_timestamp,
    type_name,
)


class NoSuchOverloadError(EvaluationError):
    """A function has no way to take these values."""


def no_such_overload() -> NoSuchOverloadError:
    """Makes the error."""
    return NoSuchOverloadError("no such overload")


def _unconvertible(to: str) -> EvaluationError:
    return EvaluationError(f"type conversion error from 'string' to '{to}'")


def _of(kind: type, *values: Any) -> bool:
    """Whether all values are of one type, exactly: `True` is no int, a uint is no int."""
    return all(type(value) is kind for value in values)


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if is_number(left) and is_number(right):
            return compare(left, right)
        if type(left) is type(right) and isinstance(left, bool | str | bytes | Timestamp | Duration):
            return compare(left, right)
        raise no_such_overload()

    return ordered


def _add(left: Any, right: Any) -> Any:
    if _of(int, left, right):
        return as_int(left + right)
    if _of(UInt, left, right):
        return as_uint(int(left) + int(right))
    if any(_of(kind, left, right) for kind in (float, str, bytes, list)):
        return left + right
    if _of(Duration, left, right):
        return as_duration(left.nanos + right.nanos)
    if {type(left), type(right)} == {Timestamp, Duration}:
        return as_timestamp(left.nanos + right.nanos)
    raise no_such_overload()


def _subtract(left: Any, right: Any) -> Any:
    if _of(int, left, right):
        return as_int(left - right)
    if _of(UInt, left, right):
        return as_uint(int(left) - int(right))
    if _of(float, left, right):
        return left - right
    if _of(Duration, left, right) or _of(Timestamp, left, right):
        return as_duration(left.nanos - right.nanos)
    if _of(Timestamp, left) and _of(Duration, right):
        return as_timestamp(left.nanos - right.nanos)
    raise no_such_overload()


def _multiply(left: Any, right: Any) -> Any:
    if _of(int, left, right):
        return as_int(left * right)
    if _of(UInt, left, right):
        return as_uint(int(left) * int(right))
    if _of(float, left, right):
        return left * right
    raise no_such_overload()


def _divide(left: Any, right: Any) -> Any:
    if _of(float, left, right):
        if right != 0:
            return left / right
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    if not (_of(int, left, right) or _of(UInt, left, right)):
        raise no_such_overload()
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(int(left)) // abs(int(right))
    if isinstance(left, UInt):
        return UInt(quotient)
    return as_int(quotient if (left < 0) == (right < 0) else -quotient)


def _remainder(left: Any, right: Any) -> Any:
    if not (_of(int, left, right) or _of(UInt, left, right)):
        raise no_such_overload()
    if right == 0:
        raise EvaluationError("modulus by zero")
    remainder = abs(int(left)) % abs(int(right))
    if isinstance(left, UInt):
        return UInt(remainder)
    return -remainder if left < 0 else remainder


def _negate(value: Any) -> Any:
    if _of(int, value):
        return as_int(-value)
    if _of(float, value):
        return -value
    raise no_such_overload()


def _not(value: Any) -> bool:
    if _of(bool, value):
        return not value
    raise no_such_overload()


def index(container: Any, key: Any) -> Any:
    """`container[key]`."""
    if isinstance(container, dict):
        return item(container, key)
    if not isinstance(container, list) or not is_number(key):
        raise no_such_overload()
    if key != int(key) or not 0 <= key < len(container):
        raise EvaluationError(f"index out of bounds: {key}")
    return container[int(key)]


def _in(value: Any, container: Any) -> bool:
    if isinstance(container, dict):
        return contains_key(container, value)
    if isinstance(container, list):
        return any(equal(value, each) for each in container)
    raise no_such_overload()


def _size(value: Any) -> int:
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise no_such_overload()


def _on_strings(function: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def applied(left: Any, right: Any) -> bool:
        if _of(str, left, right):
            return function(left, right)
        raise no_such_overload()

    return applied


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise EvaluationError(f"error parsing regexp: {error}") from error


def _to_int(value: Any) -> int:
    if isinstance(value, str):
        if re.fullmatch(r"[+-]?[0-9]+", value, re.ASCII) is None:
            raise _unconvertible("int")
        return as_int(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("integer overflow")
        return as_int(int(value))
    if isinstance(value, Timestamp):
        return value.nanos // NANOS
    if isinstance(value, Duration):
        return value.nanos
    if isinstance(value, int) and not isinstance(value, bool):
        return as_int(int(value))
    raise no_such_overload()


def _to_uint(value: Any) -> UInt:
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]+", value, re.ASCII) is None:
            raise _unconvertible("uint")
        return as_uint(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("unsigned integer overflow")
        return as_uint(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return as_uint(int(value))
    raise no_such_overload()


def _to_double(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError as error:
            raise _unconvertible("double") from error
    if is_number(value):
        return float(value)
    raise no_such_overload()


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in {"1", "t", "T", "TRUE", "true", "True"}:
            return True
        if value in {"0", "f", "F", "FALSE", "false", "False"}:
            return False
        raise _unconvertible("bool")
    raise no_such_overload()


def _to_string(value: Any) -> str:  # noqa: PLR0911 -- one for each type
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)  # noqa: PLR2004 -- Go's
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from error
        case Timestamp():
            fraction = f".{value.nanos % NANOS:09d}".rstrip("0").rstrip(".")
            return value.moment().strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + fraction + "Z"
        case Duration():
            fraction = f".{abs(value.nanos) % NANOS:09d}".rstrip("0").rstrip(".")
            return f"{'-' if value.nanos < 0 else ''}{abs(value.nanos) // NANOS}{fraction}s"
        case IPAddress():
            return str(value.address)
        case _:
            raise no_such_overload()


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise no_such_overload()


def _to_timestamp(value: Any) -> Timestamp:
    if isinstance(value, Timestamp):
        return value
    if _of(int, value):
        return as_timestamp(value * NANOS)
    if isinstance(value, str):
        try:
            return parse_timestamp(value)
        except ValueError as error:
            raise EvaluationError(f"invalid RFC 3339 timestamp {json.dumps(value)}") from error
    raise no_such_overload()


def _to_duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if _of(int, value):
        return as_duration(value)
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise _unconvertible("google.protobuf.Duration") from error
    raise no_such_overload()


def _to_ip_address(value: Any) -> IPAddress:
    if not isinstance(value, str):
        raise no_such_overload()
    try:
        return parse_ip_address(value)
    except ValueError as error:
        raise EvaluationError(f'ParseAddr("{value}"): unable to parse IP') from error


def _in_cidr(address: Any, network: Any) -> bool:
    if not isinstance(address, IPAddress) or not isinstance(network, str):
        raise no_such_overload()
    try:
        text, slash, bits = network.partition("/")
        if not slash or not bits.isdecimal():
            raise ValueError(network)  # noqa: TRY301 -- as what follows does
        parsed = ipaddress.ip_network(f"{text}/{bits}", strict=False)
    except ValueError as error:
        raise EvaluationError(f"'{network}' is a malformed CIDR string") from error
    mapped = getattr(parsed.network_address, "ipv4_mapped", None)
    if mapped is not None and parsed.prefixlen >= 96:  # noqa: PLR2004 -- where IPv4 begins in ::ffff:0:0/96
        parsed = ipaddress.ip_network(f"{mapped}/{parsed.prefixlen - 96}", strict=False)
    return address.address in parsed


def _on_timestamp(read: Callable[[datetime], int]) -> Callable[..., int]:
    def accessor(value: Any, zone: Any = "UTC") -> int:
        if isinstance(value, Timestamp) and isinstance(zone, str):
            return read(_in_zone(value.moment(), zone))
        raise no_such_overload()

    return accessor


def _in_zone(moment: datetime, zone: str) -> datetime:
    try:
        if match := re.fullmatch(r"([+-]?)(\d{1,2}):(\d{2})", zone, re.ASCII):
            offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
            return moment - offset if match[1] == "-" else moment + offset
        return moment.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError) as error:
        raise EvaluationError(f"unknown time zone {zone}") from error


def _on_either(read: Callable[[datetime], int], nanos: int) -> Callable[..., int]:
    on_timestamp = _on_timestamp(read)

    def accessor(value: Any, *zone: Any) -> int:
        if isinstance(value, Duration) and not zone:
            whole = abs(value.nanos) // nanos
            return -whole if value.nanos < 0 else whole
        return on_timestamp(value, *zone)

    return accessor


def _milliseconds(value: Any, *zone: Any) -> int:
    if isinstance(value, Duration) and not zone:
        whole = abs(value.nanos) // 1_000_000
        return -whole if value.nanos < 0 else whole
    return _on_timestamp(lambda moment: moment.microsecond // 1000)(value, *zone)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "!_": _not,
    "-_": _negate,
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": _order(operator.lt),
    "_<=_": _order(operator.le),
    "_>_": _order(operator.gt),
    "_>=_": _order(operator.ge),
    "_+_": _add,
    "_-_": _subtract,
    "_*_": _multiply,
    "_/_": _divide,
    "_%_": _remainder,
    "_[_]": index,
    "@in": _in,
    "size": _size,
    "contains": _on_strings(lambda text, part: part in text),
    "startsWith": _on_strings(str.startswith),
    "endsWith": _on_strings(str.endswith),
    "matches": _on_strings(lambda text, pattern: _pattern(pattern).search(text) is not None),
    "bool": _to_bool,
    "int": _to_int,
    "uint": _to_uint,
    "double": _to_double,
    "string": _to_string,
    "bytes": _to_bytes,
    "timestamp": _to_timestamp,
    "duration": _to_duration,
    "dyn": lambda value: value,
    "type": lambda value: TypeValue(type_name(value)),
    "getFullYear": _on_timestamp(lambda moment: moment.year),
    "getMonth": _on_timestamp(lambda moment: moment.month - 1),
    "getDate": _on_timestamp(lambda moment: moment.day),
    "getDayOfMonth": _on_timestamp(lambda moment: moment.day - 1),
    "getDayOfWeek": _on_timestamp(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _on_timestamp(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _on_either(lambda moment: moment.hour, 3600 * NANOS),
    "getMinutes": _on_either(lambda moment: moment.minute, 60 * NANOS),
    "getSeconds": _on_either(lambda moment: moment.second, NANOS),
    "getMilliseconds": _milliseconds,
    "ipaddress": _to_ip_address,
    "in_cidr": _in_cidr,
}
