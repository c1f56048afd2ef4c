"""What parameters break of a service's own model: also what botocore lets pass.

botocore checks types, required and unknown members and minimums before it sends; it checks no pattern, no enum and no
maximum. The service does, so that a name with a hyphen in it is found out only there. The model says all of it.
"""

import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

_PROPERTY: Final = re.compile(r"\\p\{(\w+)\}")
_CLASS_THEN_HYPHEN: Final = re.compile(r"(\\[wds])-(?=[^\]])")
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "blob": (bytes, bytearray, str),
    "timestamp": (datetime, int, float, str),
}


def violations(shape: Shape | None, value: Any, path: str = "") -> list[str]:
    """What `value` breaks of `shape`, one line each, naming the path of the member; none if it is right.

    Args:
        shape: An operation's input, or any shape in it; None where an operation takes nothing.
        value: The parameters, as botocore takes them.
        path: Where the value is, for what is said of it.
    """
    if shape is None:
        return [] if not value else [f"{path or 'parameters'}: nothing is expected"]
    return list(_violations(shape, value, path))


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    where = path or "parameters"
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list | tuple):
            yield f"{where}: not a list"
            return
        yield from _bounds(shape, len(value), f"{where}: its number of items")
        for index, item in enumerate(value):
            yield from _violations(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{where}: not a map"
            return
        yield from _bounds(shape, len(value), f"{where}: its number of entries")
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{where}: key {str(key)[:64]!r}")
            yield from _violations(shape.value, item, f"{path}.{str(key)[:64]}" if path else str(key)[:64])
    else:
        yield from _scalar(shape, value, where)


def _structure(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    where = path or "parameters"
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, dict):
        yield f"{where}: not a structure"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{_member(path, name)}: required, and missing"
    for name, item in value.items():
        if name in shape.members:
            yield from _violations(shape.members[name], item, _member(path, name))
        else:
            yield f"{_member(path, name)}: no member of {shape.name}"
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{where}: a union has one member, this has {len(value)}"


def _scalar(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Says nothing of the value itself, which may be a secret."""
    expected = _TYPES.get(shape.type_name)
    if expected is None:
        return
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{where}: not of type {shape.type_name}"
        return
    if isinstance(value, str) and shape.type_name in {"string", "character"}:
        yield from _bounds(shape, len(value), f"{where}: its length")
        enum = shape.metadata.get("enum")
        if enum and value not in enum:
            yield f"{where}: none of {', '.join(enum)}"
        pattern = shape.metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield f"{where}: does not match {pattern}"
    elif isinstance(value, bytes | bytearray):
        yield from _bounds(shape, len(value), f"{where}: its length")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(shape, value, where)


def _bounds(shape: Shape, size: float, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{what} is {size}, below {least}"
    if most is not None and size > most:
        yield f"{what} is {size}, above {most}"


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as Python reads it; the models' are Java's, and hold for the whole string."""
    text = _PROPERTY.sub(lambda found: _ranges(found[1]), pattern)
    text = _CLASS_THEN_HYPHEN.sub(r"\1\\-", text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # `--` and the like within a class: Java takes them as they are
        return re.compile(text)


@cache
def _ranges(category: str) -> str:
    r"""The characters of a Unicode category, as ranges within a class: Python's `re` knows no `\p{L}`."""
    parts: list[str] = []
    begun: int | None = None
    for point in range(sys.maxunicode + 2):
        inside = point <= sys.maxunicode and unicodedata.category(chr(point)).startswith(category)
        if inside and begun is None:
            begun = point
        elif not inside and begun is not None:
            parts.append(f"\\U{begun:08x}-\\U{point - 1:08x}")
            begun = None
    return "".join(parts)
