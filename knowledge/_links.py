"""Links from one article to another."""

import re
import unicodedata
import zlib
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from knowledge._words import fold

_DOCUMENT: Final = re.compile(
    r"(?![a-z][a-z0-9+.-]*:)([^#?]+\.(?:md|markdown|txt|html?|pdf))(?:#([^\s#]*))?", re.IGNORECASE
)
_NOT_IN_SLUGS: Final = re.compile(r"[^a-z0-9]+")
_FOLDERS_PAGES: Final = frozenset({"index", "readme"})
_LONGEST: Final = 120


def slug_of(path: str) -> str:
    """The name that an article has by its file: lower case, ASCII, hyphens; an index page has that of its folder."""
    file = PurePosixPath(path)
    stem = file.stem
    if stem.lower() in _FOLDERS_PAGES and file.parent.name not in {"", ".", ".."}:
        stem = file.parent.name
    plain = _NOT_IN_SLUGS.sub("-", fold(unicodedata.normalize("NFKC", stem).lower())).strip("-")[:_LONGEST].strip("-")
    return plain or f"article-{zlib.crc32(stem.encode('utf-8', 'surrogateescape')):08x}"


def linked_article(target: str) -> tuple[str, str] | None:
    """The article that a link's target is, as its slug and the anchor in it; None where it leads elsewhere."""
    match = _DOCUMENT.fullmatch(target)
    return (slug_of(unquote(match[1])), match[2] or "") if match and not target.startswith("/") else None
