"""PDF, read page by page: its text, its outline as headings, its metadata as front matter.

A link to page 7 is `#page=7`, which viewers understand. A file that holds pictures of text has nothing to read.
"""

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article, Section
from knowledge.building._front import Defaults, make_article
from knowledge.building._marked_up import escape
from knowledge.building._names import tidy

if TYPE_CHECKING:
    from pypdf import PdfReader

_MOST_PAGES: Final = 2_000
_MOST_TEXT: Final = 4 * 1024 * 1024
_DEEPEST_OUTLINE: Final = 6
_FIELDS: Final = {"/Title": "title", "/Author": "owner", "/Keywords": "tags"}
_OWN_FIELDS: Final = ("id", "audience", "owner", "updated", "language", "tags", "aliases")
"""Custom properties of a document, under the names of front matter; they come before the usual ones."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2}(?![A-Za-z])")
_BROKEN_WORD: Final = re.compile(r"(?<=\w)[-\N{SOFT HYPHEN}]\n(?=[^\W\d_])")
_BULLET: Final = re.compile(r"^[ \t]*[•▪‣◦·][ \t]+", re.MULTILINE)


def parse_pdf(content: bytes, path: str, defaults: Defaults) -> Article:
    """Reads one document.

    Args:
        content: The whole file.
        path: Of the file, in its folder.
        defaults: What holds where the document does not say.

    Raises:
        DocumentUnreadable: It is damaged, protected, or holds no text; or the library that reads PDF is not installed.
    """
    try:
        from pypdf import PdfReader  # noqa: PLC0415 -- needed for PDF alone, and heavy
    except ImportError as error:
        raise DocumentUnreadable("reading PDF needs the extra `documents` of the package knowledge") from error
    try:
        document = _open(PdfReader(io.BytesIO(content), strict=False))
        sections = tuple(_sections(document))
        front = _front(document)
    except (DocumentUnreadable, MemoryError):
        raise
    except Exception as error:  # a damaged file makes the library raise anything
        raise DocumentUnreadable(f"it is not a PDF file that can be read ({type(error).__name__})") from error
    if not any(section.text for section in sections):
        raise DocumentUnreadable("it holds no text; is it scanned?")
    return make_article(front, title="", sections=sections, path=path, defaults=defaults)


def _open(document: "PdfReader") -> "PdfReader":
    if document.is_encrypted:
        raise DocumentUnreadable("it is protected by a password")
    if len(document.pages) > _MOST_PAGES:
        raise DocumentUnreadable(f"it has more than {_MOST_PAGES:,} pages")
    return document


def _sections(document: "PdfReader") -> Iterator[Section]:
    headings = _headings(document)
    path: tuple[str, ...] = ()
    length = 0
    for number, page in enumerate(document.pages):
        path = headings.get(number, path)
        text = _tidied(page.extract_text())
        length += len(text)
        if length > _MOST_TEXT:
            raise DocumentUnreadable(f"it has more than {_MOST_TEXT // 1024 // 1024} MB of text")
        if text:
            yield Section(
                (*path, f"Page {number + 1}") if len(document.pages) > 1 else path, f"page={number + 1}", text
            )


def _tidied(text: str) -> str:
    lines = (" ".join(line.split()) for line in _BROKEN_WORD.sub("", text).splitlines())
    tidied = escape(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
    return _BULLET.sub("- ", tidied)


def _headings(document: "PdfReader") -> Mapping[int, tuple[str, ...]]:
    """By page: the entries of the outline that lead to what begins on it."""
    found: dict[int, tuple[str, ...]] = {}

    def take(entries: list[Any], path: tuple[str, ...]) -> None:
        last = path
        for entry in entries:
            if isinstance(entry, list):
                if len(path) < _DEEPEST_OUTLINE:
                    take(entry, last)
                continue
            number = document.get_destination_page_number(entry)
            last = (*path, tidy(str(entry.title)))
            if number is not None and number >= 0:
                found.setdefault(number, last)

    take(document.outline, ())
    return found


def _front(document: "PdfReader") -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = document.metadata or {}
    front: dict[str, Any] = {}
    for key, name in _FIELDS.items():
        if value := tidy(str(metadata.get(key) or "")):
            front[name] = value
    if document.metadata is not None and (
        changed := document.metadata.modification_date or document.metadata.creation_date
    ):
        front["updated"] = changed.date()
    if language := _LANGUAGE.match(str(document.root_object.get("/Lang") or "")):
        front["language"] = language[0]
    own = {str(key).lstrip("/").lower(): tidy(str(value)) for key, value in metadata.items()}
    return front | {name: own[name] for name in _OWN_FIELDS if own.get(name)}
