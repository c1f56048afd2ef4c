"""Links from one article to another.

They are kept as `NAME.md#ANCHOR`, whatever file the other is, so that whoever quotes need not know how names are made.
"""

import re
import unicodedata
import zlib
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from knowledge._words import LINK, fold

_DOCUMENT: Final = re.compile(
    r"(?![a-z][a-z0-9+.-]*:)([^#?]+\.(?:md|markdown|txt|html?|pdf))(?:#([^\s#]*))?", re.IGNORECASE
)
_NOT_IN_SLUGS: Final = re.compile(r"[^a-z0-9]+")
_FOLDERS_PAGES: Final = frozenset({"index", "readme"})
_LONGEST: Final = 120
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_CODE: Final = re.compile(r"(`[^`]*`)")


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


def with_article_links(markdown: str) -> str:
    """Text whose links to other documents name their articles; code is left alone."""
    lines, fence = markdown.split("\n"), ""
    for number, line in enumerate(lines):
        if opened := _FENCE.match(line):
            fence = "" if fence and line.strip().startswith(fence) else fence or opened[1]
        elif not fence and "](" in line:
            parts = _CODE.split(line)
            parts[::2] = [LINK.sub(_named, part) for part in parts[::2]]
            lines[number] = "".join(parts)
    return "\n".join(lines)


def _named(link: "re.Match[str]") -> str:
    article = linked_article(link[2])
    if article is None or link[0].startswith("!"):
        return link[0]
    slug, anchor = article
    return f"[{link[1]}]({slug}.md{f'#{anchor}' if anchor else ''})"
