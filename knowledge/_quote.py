"""The passage of a section that answers best, verbatim."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM: Final = re.compile(r" {0,3}(?:[-*+]|\d+[.)])\s")
_INDENTED: Final = re.compile(r"(?: {2,}|\t)\S")

WHOLE: Final = 900
"""A section of at most this many characters is quoted whole."""

LONGEST: Final = 1400
"""No quote is longer, save for a single list or code block; that one is cut at the end of an item or a line."""


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    is_list: bool


def best_passage(text: str, score: Callable[[str], float]) -> str:
    """The part of a section to quote: whole blocks (paragraphs, lists, tables, code), steps never torn apart.

    Args:
        text: The section's Markdown.
        score: How well a piece of text fits the question; more is better.
    """
    if len(text) <= WHOLE:
        return text.strip("\n")
    blocks = _blocks(text)
    scores = [score(text[block.start : block.end]) for block in blocks]
    first = last = max(range(len(blocks)), key=lambda i: (scores[i], -i))
    if first and (blocks[first].is_list or _introduces(text, blocks[first - 1])):
        first -= 1
    while last + 1 < len(blocks) and (_introduces(text, blocks[last]) or _fits(blocks, first, last + 1, WHOLE)):
        last += 1
    while first and _fits(blocks, first - 1, last, WHOLE):
        first -= 1
    return _cut(text[blocks[first].start : blocks[last].end])


def _introduces(text: str, block: _Block) -> bool:
    return text[block.start : block.end].rstrip().endswith(":")


def _fits(blocks: Sequence[_Block], first: int, last: int, limit: int) -> bool:
    return blocks[last].end - blocks[first].start <= limit


def _cut(passage: str) -> str:
    if len(passage) <= LONGEST:
        return passage
    end = passage.rfind("\n", 0, LONGEST)
    return passage[: end if end > 0 else LONGEST].rstrip()


def _blocks(text: str) -> list[_Block]:
    """Blocks between blank lines; a list with blank lines between its items is one, and so is fenced code."""
    blocks: list[_Block] = []
    start, at, fence = -1, 0, ""
    for line in text.splitlines(keepends=True):
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened.group(1)
        elif opened and line.strip().startswith(fence):
            fence = ""
        if line.strip() or fence:
            start = at if start < 0 else start
        elif start >= 0:
            _append(blocks, text, start, at)
            start = -1
        at += len(line)
    if start >= 0:
        _append(blocks, text, start, at)
    return blocks


def _append(blocks: list[_Block], text: str, start: int, end: int) -> None:
    end = start + len(text[start:end].rstrip("\n"))
    is_item = bool(_ITEM.match(text[start:end]))
    continues = is_item or bool(_INDENTED.match(text[start:end]))
    if blocks and blocks[-1].is_list and continues:
        blocks[-1] = _Block(blocks[-1].start, end, is_list=True)
    else:
        blocks.append(_Block(start, end, is_item))
