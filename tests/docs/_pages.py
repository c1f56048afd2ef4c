"""The project's pages, read as text: headings with their anchors, links, and code blocks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_FENCE = re.compile(r"^(`{3,}|~{3,})(.*)$")
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$")
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?: \"[^\"]*\")?\)|!\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code: the language after its fence, and its text."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown page.

    Attributes:
        path: Where it is.
        headings: (level, text) in order.
        links: Targets, as written.
        blocks: Fenced code.
        prose: The lines outside fenced code.
    """

    path: Path
    headings: tuple[tuple[int, str], ...]
    links: tuple[str, ...]
    blocks: tuple[Block, ...]
    prose: str

    @property
    def name(self) -> str:
        """The path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def anchors(self) -> frozenset[str]:
        """What `#…` may name on this page, as GitHub makes it."""
        found: list[str] = []
        for _, text in self.headings:
            base = slug(text)
            count = sum(1 for name in found if name == base or re.fullmatch(rf"{re.escape(base)}-\d+", name))
            found.append(f"{base}-{count}" if count else base)
        return frozenset(found)

    def under(self, heading: str) -> str:
        """The prose from a heading to the next of its level or above."""
        lines, level = [], 0
        for line in self.prose.splitlines():
            found = _HEADING.match(line)
            if found and level and len(found[1]) <= level:
                break
            if found and found[2] == heading:
                level = len(found[1])
            elif level:
                lines.append(line)
        return "\n".join(lines)

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of the first table's rows under a heading."""
        lines = [line for line in self.under(heading).splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def slug(heading: str) -> str:
    """GitHub's anchor of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@cache
def page(name: str) -> Page:
    """Reads a page, by its path from the root."""
    path = ROOT / name
    prose, blocks, code = list[str](), list[Block](), list[str]()
    fence = language = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        found = _FENCE.match(line.strip())
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                blocks.append(Block(language, "\n".join(code)))
                fence, code = "", []
            else:
                code.append(line)
        elif found:
            fence, language = found[1], found[2].strip()
        else:
            prose.append(line)
    text = "\n".join(prose)
    without_code = re.sub(r"`[^`\n]*`", "", text)
    return Page(
        path=path,
        headings=tuple((len(found[1]), found[2]) for line in prose if (found := _HEADING.match(line))),
        links=tuple(target for match in _LINK.findall(without_code) for target in match if target),
        blocks=tuple(blocks),
        prose=text,
    )


@cache
def page_names() -> tuple[str, ...]:
    """Every page that people read on purpose: not the knowledge base's articles, which are data."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/*/README.md"), *ROOT.glob("*/README.md")]
    return tuple(
        sorted({path.relative_to(ROOT).as_posix() for path in found if path.relative_to(ROOT).parts[0][0] not in "._"})
    )
