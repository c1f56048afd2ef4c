"""Links from one article to another.

They are kept as `NAME.md#ANCHOR`, whatever file the other is, so that whoever quotes need not know how names are made.
"""

import posixpath
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
    """The name that an article has by its file: its folders and its own, in lower case, ASCII and hyphens.

    An index page has that of its folder.
    """
    file = PurePosixPath(path)
    folders = [part for part in file.parent.parts if part not in {".", ".."}]
    parts = folders if folders and file.stem.lower() in _FOLDERS_PAGES else [*folders, file.stem]
    text = unicodedata.normalize("NFKC", " ".join(parts).lower())
    plain = _NOT_IN_SLUGS.sub("-", fold(text)).strip("-")
    if plain and len(plain) <= _LONGEST:
        return plain
    return f"{plain[:_LONGEST].strip('-') or 'article'}-{zlib.crc32(text.encode('utf-8', 'surrogateescape')):08x}"


def linked_article(target: str, folder: str = "") -> tuple[str, str] | None:
    """The article that a link's target is, as its slug and the anchor in it; None where it leads elsewhere.

    Args:
        target: As it stands in the link.
        folder: Of the document that has the link.
    """
    match = _DOCUMENT.fullmatch(target)
    if match is None or target.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(folder, unquote(match[1])))
    return None if path.startswith("..") else (slug_of(path), match[2] or "")


def with_article_links(markdown: str, folder: str) -> str:
    """Text of a document in a folder, its links to other documents naming their articles; code is left alone."""

    def named(link: "re.Match[str]") -> str:
        article = linked_article(link[2], folder)
        if article is None or link[0].startswith("!"):
            return link[0]
        slug, anchor = article
        return f"[{link[1]}]({slug}.md{f'#{anchor}' if anchor else ''})"

    lines, fence = markdown.split("\n"), ""
    for number, line in enumerate(lines):
        if opened := _FENCE.match(line):
            fence = "" if fence and line.strip().startswith(fence) else fence or opened[1]
        elif not fence and "](" in line:
            parts = _CODE.split(line)
            parts[::2] = [LINK.sub(named, part) for part in parts[::2]]
            lines[number] = "".join(parts)
    return "\n".join(lines)
