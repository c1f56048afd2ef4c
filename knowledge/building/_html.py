"""HTML, read as what a person would see of it: headings, paragraphs, lists, tables, code, links; nothing that runs.

Scripts, styles, forms, navigation and what is hidden are passed over, and nothing is fetched. What the document says of
itself stands in its `meta` elements, under the names of front matter, and in `title` and `lang`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, urlsplit

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article
from knowledge.building._front import Defaults, make_article
from knowledge.building._markdown import sections_of
from knowledge.building._marked_up import code, code_block, escape
from knowledge.building._names import tidy

_NOT_READ_NAMES: Final = """
applet audio button canvas datalist dialog embed footer form frame frameset iframe input map math nav noembed noframes
noscript object script select style svg template textarea video
"""
_BLOCK_NAMES: Final = """
address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure header hgroup hr
html main menu p section summary table tbody tfoot thead
"""
_EMPTY_NAMES: Final = "base br col embed frame hr img input link meta source wbr"
_NOT_READ: Final = frozenset(_NOT_READ_NAMES.split())
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_EMPTY: Final = frozenset(_EMPTY_NAMES.split())
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_CODE: Final = frozenset({"code", "kbd", "samp", "tt"})
_META: Final = {
    "author": "owner",
    "keywords": "tags",
    "last-modified": "updated",
    "dcterms.modified": "updated",
    "article:modified_time": "updated",
    "date": "updated",
}
"""Usual names of `meta` elements for what front matter calls otherwise; its own names come first."""

_NAMES: Final = ("id", "title", "audience", "owner", "updated", "language", "tags", "aliases")
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,30})", re.IGNORECASE)
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
    "windows-1250": "cp1250",
    "iso-8859-2": "iso-8859-2",
}
"""The encodings that are read, by what documents call them; as browsers do, Latin-1 is read as Windows-1252."""

_ANCHOR: Final = re.compile(r"\A[\w.:-]{1,100}\Z")
_LANGUAGE: Final = re.compile(r"\A[A-Za-z]{2}(?![A-Za-z])")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DEEPEST_LIST: Final = 6
_LONGEST_HEADING: Final = 300
_HEAD: Final = 4096
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def parse_html(content: bytes, path: str, defaults: Defaults) -> Article:
    """Reads one document.

    Args:
        content: The whole file.
        path: Of the file, in its folder.
        defaults: What holds where the document does not say.

    Raises:
        DocumentUnreadable: Its encoding is not known, what it says of itself is wrong, or it holds no text.
    """
    page = _Page()
    page.feed(_decode(content))
    page.close()
    title, sections = sections_of(page.chunks())
    return make_article(page.front(), title=title, sections=sections, path=path, defaults=defaults)


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    else:
        declared = _CHARSET.search(content[:_HEAD])
        named = declared[1].decode("ascii").lower() if declared else "utf-8"
        if named not in _CHARSETS:
            raise DocumentUnreadable(f"its encoding {named!r} is not one that is read: save it as UTF-8")
        encoding = _CHARSETS[named]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentUnreadable(f"it is not {encoding.removesuffix('-sig').upper()} text") from error
    if "\0" in text:
        raise DocumentUnreadable("it is not text")
    return text


class _Page(HTMLParser):
    """Takes in a page tag by tag; holds its text as Markdown, heading by heading."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._meta: dict[str, str] = {}
        self._title: list[str] | None = None
        self._unread: list[str] = []
        self._chunks: list[tuple[int, str, str, list[str]]] = [(0, "", "", [])]
        self._anchor = ""
        self._line: list[str] = []
        self._verbatim: list[str] | None = None
        self._code: list[str] | None = None
        self._link: tuple[str, int] | None = None
        self._heading = 0
        self._lists: list[int | None] = []
        self._marker = ""
        self._row: list[str] | None = None
        self._rows = 0
        self._in_list = False
        self._starts: Mapping[str, Callable[[Mapping[str, str]], None]] = {
            "a": self._start_link,
            "br": lambda _: self._line.append("\n"),
            "img": lambda attributes: self.handle_data(f" {attributes.get('alt', '')} "),
            "li": lambda _: self._start_item(),
            "meta": self._take_meta,
            "html": lambda attributes: self._note("language", "".join(_LANGUAGE.findall(attributes.get("lang", "")))),
            "pre": lambda _: self._start_verbatim(),
            "ol": lambda attributes: self._start_list(attributes.get("start", "1")),
            "ul": lambda _: self._start_list(None),
            "tr": lambda _: self._start_row(),
            "table": lambda _: self._start_table(),
            "td": lambda _: self._end_cell(),
            "th": lambda _: self._end_cell(),
            "title": lambda _: self._start_title(),
        }
        self._ends: Mapping[str, Callable[[], None]] = {
            "a": self._end_link,
            "li": self._end_block,
            "ol": self._end_list,
            "pre": self._end_verbatim,
            "table": self._end_row,
            "td": self._end_cell,
            "th": self._end_cell,
            "title": self._end_title,
            "tr": self._end_row,
            "ul": self._end_list,
        }

    def chunks(self) -> Iterator[tuple[int, str, str, str]]:
        """(level, heading, anchor, text) in order."""
        self._end_row()
        self._end_heading()
        self._end_block()
        for level, heading, anchor, blocks in self._chunks:
            yield level, heading, anchor, "\n\n".join(blocks)

    def front(self) -> Mapping[str, str]:
        """What the document says of itself, by the names of front matter."""
        front = {name: self._meta[name] for name in _NAMES if self._meta.get(name)}
        for name, meaning in _META.items():
            if value := self._meta.get(name):
                dated = _DATE.match(value) if meaning == "updated" else None
                if meaning != "updated" or dated:
                    front.setdefault(meaning, dated[0] if dated else value)
        if title := self._meta.get("<title>"):
            front.setdefault("title", title)
        return front

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins an element."""
        attributes = {name: value or "" for name, value in attrs}
        if self._unread or tag in _NOT_READ or "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")):
            if tag not in _EMPTY and (not self._unread or tag == self._unread[-1]):
                self._unread.append(tag)  # until the same tag ends; what is inside does not matter
            return
        if tag in _HEADINGS:
            self._end_block()
            self._heading, self._anchor = _HEADINGS[tag], "".join(_ANCHOR.findall(attributes.get("id", "")))
        elif tag in _CODE and self._verbatim is None:
            self._code = self._code if self._code is not None else []
        elif tag in _BLOCKS and self._row is None:
            self._end_block()
        if (start := self._starts.get(tag)) is not None:
            start(attributes)

    def handle_endtag(self, tag: str) -> None:
        """Ends an element."""
        if self._unread:
            if tag == self._unread[-1]:
                self._unread.pop()
            return
        if tag in _HEADINGS:
            self._end_heading()
        elif tag in _CODE and self._code is not None:
            words, self._code = " ".join("".join(self._code).split()), None
            self._line.append(code(words))
        elif tag in _BLOCKS and self._row is None:
            self._end_block()
        if (end := self._ends.get(tag)) is not None:
            end()

    def handle_data(self, data: str) -> None:
        """Takes in text."""
        if self._unread:
            return
        if self._title is not None:
            self._title.append(data)
        elif self._verbatim is not None:
            self._verbatim.append(data)
        elif self._code is not None:
            self._code.append(data)
        else:
            self._line.append(escape(re.sub(r"\s+", " ", data)))

    def _note(self, name: str, value: str) -> None:
        if name and value:
            self._meta.setdefault(name, tidy(value))

    def _take_meta(self, attributes: Mapping[str, str]) -> None:
        name = attributes.get("name") or attributes.get("property") or attributes.get("http-equiv") or ""
        self._note(name.strip().lower(), attributes.get("content", ""))

    def _start_title(self) -> None:
        self._title = []

    def _end_title(self) -> None:
        if self._title is not None:
            self._note("<title>", "".join(self._title))
        self._title = None

    def _words(self) -> str:
        """The line that was being read, tidied; the next begins."""
        lines = "".join(self._line).split("\n")
        self._line, self._link = [], None
        return "\n".join(" ".join(line.split()) for line in lines).strip()

    def _append(self, block: str) -> None:
        self._chunks[-1][3].append(block)

    def _end_block(self) -> None:
        if self._heading or self._row is not None:
            return
        words = self._words()
        if not words:
            return
        if not self._lists:
            self._append(words)
            return
        indent = "   " * min(len(self._lists) - 1, _DEEPEST_LIST)
        lines = words.replace("\n", f"\n{indent}   ")
        marker, self._marker = self._marker or "  ", ""
        self._append_to_list(f"{indent}{marker} {lines}")

    def _append_to_list(self, item: str) -> None:
        """Items of one list stand on lines that follow each other."""
        blocks = self._chunks[-1][3]
        if blocks and blocks[-1].lstrip().startswith(("- ", *"0123456789")) and self._in_list:
            blocks[-1] += f"\n{item}"
        else:
            self._append(item)
        self._in_list = True

    def _end_heading(self) -> None:
        if not self._heading:
            return
        words = tidy(self._words())[:_LONGEST_HEADING].replace("\\", "")
        if words:
            self._chunks.append((self._heading, words, self._anchor, []))
        self._heading = 0

    def _start_list(self, start: str | None) -> None:
        self._end_block()
        if not self._lists:
            self._in_list = False
        first = None if start is None else int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1  # noqa: PLR2004 -- five digits
        self._lists.append(first)

    def _end_list(self) -> None:
        self._end_block()
        if self._lists:
            self._lists.pop()

    def _start_item(self) -> None:
        self._end_block()
        number = self._lists[-1] if self._lists else None
        self._marker = "-" if number is None else f"{number}."
        if number is not None:
            self._lists[-1] = number + 1

    def _start_link(self, attributes: Mapping[str, str]) -> None:
        self._link = (attributes.get("href", "").strip(), len(self._line))

    def _end_link(self) -> None:
        if self._link is None:
            return
        target, start = self._link
        self._link = None
        words = " ".join("".join(self._line[start:]).split())
        if words and (address := _address(target)):
            self._line[start:] = [f" [{words}]({address}) " if start == 0 else f"[{words}]({address})"]

    def _start_verbatim(self) -> None:
        self._end_block()
        self._verbatim = []

    def _end_verbatim(self) -> None:
        if self._verbatim is not None and (text := "".join(self._verbatim)).strip():
            self._append(code_block(text))
        self._verbatim = None

    def _start_table(self) -> None:
        self._rows = 0

    def _start_row(self) -> None:
        self._end_row()
        self._end_block()
        self._row = []

    def _end_cell(self) -> None:
        if self._row is not None and (words := self._words()):
            self._row.append(words.replace("\n", " ").replace("|", "\\|"))

    def _end_row(self) -> None:
        self._end_cell()
        cells, self._row = self._row, None
        if not cells:
            return
        line = f"| {' | '.join(cells)} |"
        if self._rows:
            self._chunks[-1][3][-1] += f"\n{line}"
        else:
            self._append(f"{line}\n|{'---|' * len(cells)}")
        self._rows += 1


def _address(target: str) -> str:
    """Where a link leads, if it is to the web, to a mailbox or to another document."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    if (
        parts.scheme.lower() not in {"", "http", "https", "mailto"}
        or not target
        or target.startswith(("#", "//", "\\"))
    ):
        return ""
    return quote(target, safe="/:?#@!$&'*+,;=%.~_-")
