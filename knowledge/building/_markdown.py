"""Markdown with front matter, read into articles and sections.

Headings are CommonMark's (ATX §4.2, setext §4.3), fenced code (§4.5) is left alone. A full parser is not used: it takes
several times as long over a large folder, and sections and links are all that is needed here. Every pattern takes
time in proportion to what it reads, whatever that is.
"""

import re
from collections.abc import Iterable, Iterator

from knowledge._model import Article, Section
from knowledge._words import LINK
from knowledge.building._front import Defaults, make_article, read_front_matter
from knowledge.building._names import slugify, tidy

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t](.*))?$")
_CLOSING = re.compile(r"(?:^|[ \t])#+$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_BLOCK_START = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)]|#)")
_ONLY_A_LINK = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\[[^\[\]]+\]\([^()]+\)[^\n]{0,80}$")

_LONGEST_HEADING = 1_000
"""Lines that are longer are text, whatever they begin with."""


def parse_markdown(text: str, *, path: str, defaults: Defaults) -> Article:
    """Reads one document.

    Args:
        text: The whole file.
        path: Of the file, in its folder.
        defaults: What holds where the front matter is silent.

    Raises:
        DocumentUnreadable: Its front matter is not what it must be, or there is no text.
    """
    match = _FRONT_MATTER.match(text)
    front = read_front_matter(match.group(1)) if match else {}
    title, sections = sections_of(_chunks(text[match.end() :] if match else text))
    return make_article(front, title=title, sections=sections, path=path, defaults=defaults)


def sections_of(chunks: Iterable[tuple[int, str, str, str]]) -> tuple[str, tuple[Section, ...]]:
    """The title and the sections of what stands under each heading; a single first-level heading is the title.

    Args:
        chunks: (level, heading, anchor, text) in order; level 0 for what stands before the first heading, and no anchor
            where the document gives none.
    """
    title = ""
    path: list[tuple[int, str]] = []
    anchors: dict[str, int] = {}
    anchor = ""
    found: list[Section] = []
    for level, heading, given, text in chunks:
        if level == 1 and not title and not any(section.text for section in found):
            title = heading
        elif level:
            path = [step for step in path if step[0] < level] + [(level, heading)]
            base = slugify(heading)
            anchors[base] = anchors.get(base, -1) + 1
            anchor = given or (f"{base}-{anchors[base]}" if anchors[base] else base)
        found.append(Section(tuple(step[1] for step in path), anchor, text, _is_navigation(text)))
    return title, tuple(section for section in found if section.text or section.path)


def plain(markdown: str) -> str:
    """A line of Markdown without its inline marks."""
    text = LINK.sub(r"\1", markdown)
    return tidy(re.sub(r"[*`~]|(?<!\w)_|_(?!\w)", "", text))


def _is_navigation(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(_ONLY_A_LINK.match(line) for line in lines)


def _chunks(body: str) -> Iterator[tuple[int, str, str, str]]:
    """Yields (level, heading, "", text) in order; level 0 for what stands before the first heading."""
    level, heading, fence = 0, "", ""
    lines: list[str] = []
    for line in body.splitlines():
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened.group(1)
        elif opened and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence and len(line) <= _LONGEST_HEADING and (atx := _ATX.match(line)):
            yield level, heading, "", "\n".join(lines).strip("\n")
            level, heading, lines = len(atx.group(1)), plain(_CLOSING.sub("", (atx.group(2) or "").strip())), []
            continue
        elif not fence and _is_setext(line, lines):
            text = lines.pop()
            yield level, heading, "", "\n".join(lines).strip("\n")
            level, heading, lines = (1 if "=" in line else 2), plain(text), []
            continue
        lines.append(line.rstrip())
    yield level, heading, "", "\n".join(lines).strip("\n")


def _is_setext(line: str, before: list[str]) -> bool:
    if not before or len(before[-1]) > _LONGEST_HEADING or not _SETEXT.match(line):
        return False
    single_line = len(before) == 1 or not before[-2].strip()
    return bool(before[-1].strip()) and single_line and not _BLOCK_START.match(before[-1])
