"""Request bodies, read as strictly as JSON can be."""

import asyncio
import json
import math
from collections.abc import Iterable
from email.message import Message as HeaderParser
from typing import Any, Final, Never

from a2a.utils.errors import JSONParseError
from starlette.types import Receive, Scope

from shared.a2a._errors import BodyTooSlow, MediaTypeNotSupported, PayloadTooLarge

MEDIA_TYPES: Final = frozenset({"application/json", "application/a2a+json"})
MAX_VALUES: Final = 4096
BODY_SECONDS: Final = 30.0

Headers = Iterable[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The client went away before its request was complete."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that lower-case name."""
    headers: Headers = scope["headers"]
    return next((value for key, value in headers if key == name), None)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, if it is not longer than `limit` bytes; no more than that is ever held.

    Raises:
        PayloadTooLarge: if it is longer, or says that it will be.
        BodyTooSlow: if it takes longer than `BODY_SECONDS`.
        ClientGone: if it does not come to its end.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise PayloadTooLarge(detail=f"{declared.decode()} bytes declared")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise PayloadTooLarge(detail=f"more than {limit} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def check_media_type(scope: Scope) -> None:
    """Refuses a body that is not said to be plain JSON in UTF-8.

    Raises:
        MediaTypeNotSupported: if it is not.
    """
    value = header(scope, b"content-type")
    if value == b"application/json" and header(scope, b"content-encoding") is None:
        return
    parsed = HeaderParser()
    parsed["Content-Type"] = (value or b"").decode("latin-1")
    if value is None or parsed.get_content_type() not in MEDIA_TYPES:
        raise MediaTypeNotSupported
    if parsed.get_content_charset("utf-8") != "utf-8":
        raise MediaTypeNotSupported("The body must be in UTF-8.")
    if header(scope, b"content-encoding") not in {None, b"identity"}:
        raise MediaTypeNotSupported("Compressed bodies are not read.")


def parse_json(body: bytes, *, depth: int) -> Any:
    """The value of a JSON text in UTF-8 (RFC 8259), without what lets two readers understand it differently.

    Refused besides bad syntax: names that stand twice in an object, NaN and Infinity, numbers beyond a double,
    lone surrogates, nesting deeper than `depth`, and more than `MAX_VALUES` values: each costs those who make messages
    of it far more than its two bytes, and all other callers wait meanwhile.

    Raises:
        JSONParseError: with a text of our own, never the parser's.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_float)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise JSONParseError(message="The request body is not valid JSON in UTF-8.") from None
    brackets = text.count("{") + text.count("[")
    # As many brackets as that cannot nest deeper, and as many commas hold no more values.
    if brackets > depth or brackets + text.count(",") > MAX_VALUES:
        deepest, values = _measure(value)
        if deepest > depth:
            raise JSONParseError(message=f"The request body is nested deeper than {depth} levels.")
        if values > MAX_VALUES:
            raise JSONParseError(message=f"The request body holds more than {MAX_VALUES} values.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice")
    return value


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is beyond a double")
    return value


def _measure(value: Any) -> tuple[int, int]:
    """How deep a value is, and how many values it holds, itself among them."""
    deepest, values = 0, 1
    rest = [(value, 1)]
    while rest:
        item, level = rest.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, level)
            values += len(item)
            rest.extend((inner, level + 1) for inner in (item.values() if isinstance(item, dict) else item))
    return deepest, values


def holds_more_than(value: Any, most: int) -> bool:
    """Whether a JSON value holds more than `most` values, itself among them; looks at no more than that."""
    values, rest = 1, [value]
    while rest and values <= most:
        item = rest.pop()
        if isinstance(item, dict | list):
            values += len(item)
            rest.extend(item.values() if isinstance(item, dict) else item)
    return values > most
