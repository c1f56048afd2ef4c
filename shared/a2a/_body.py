"""Request bodies, read as strictly as JSON can be."""

import json
import math
from collections.abc import Iterable
from email.message import Message as HeaderParser
from typing import Any, Final, Never

from a2a.utils.errors import JSONParseError
from starlette.types import Receive, Scope

from shared.a2a._errors import MediaTypeNotSupported, PayloadTooLarge

MEDIA_TYPES: Final = frozenset({"application/json", "application/a2a+json"})

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
        ClientGone: if it does not come to its end.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise PayloadTooLarge(detail=f"{declared.decode()} bytes declared")
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
    lone surrogates, and nesting deeper than `depth`.

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
    # As many brackets as that cannot nest deeper.
    if text.count("{") + text.count("[") > depth and _depth(value) > depth:
        raise JSONParseError(message=f"The request body is nested deeper than {depth} levels.")
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


def _depth(value: Any) -> int:
    deepest = 0
    rest = [(value, 1)]
    while rest:
        item, level = rest.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, level)
            rest.extend((inner, level + 1) for inner in (item.values() if isinstance(item, dict) else item))
    return deepest
