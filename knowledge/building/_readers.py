"""How each kind of file is read."""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article
from knowledge.building._front import Defaults
from knowledge.building._html import parse_html
from knowledge.building._markdown import parse_markdown
from knowledge.building._pdf import parse_pdf

_MEGABYTE: Final = 1024 * 1024
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of file becomes an article.

    Attributes:
        read: Called with the content, the file's path in its folder, and the defaults; raises
            `DocumentUnreadable`, with the reason in words.
        most_bytes: A larger file is not read.
        is_apart: It is read in a process of its own, with limits: its format lets a small file ask for much work.
    """

    read: Callable[[bytes, str, Defaults], Article]
    most_bytes: int = 4 * _MEGABYTE
    is_apart: bool = False


def _read_markdown(content: bytes, path: str, defaults: Defaults) -> Article:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentUnreadable("it is not UTF-8 text") from error
    if "\0" in text:
        raise DocumentUnreadable("it is not text")
    return parse_markdown(text, path=path, defaults=defaults)


_TEXT: Final = Reader(_read_markdown)
_HTML: Final = Reader(parse_html, is_apart=True)

READERS: Final[Mapping[str, Reader]] = {
    ".md": _TEXT,
    ".markdown": _TEXT,
    ".txt": _TEXT,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": Reader(parse_pdf, most_bytes=48 * _MEGABYTE, is_apart=True),
}
"""By suffix, lower case."""
