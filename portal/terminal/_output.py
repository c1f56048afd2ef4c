"""What the command writes: for people where somebody reads it, plain where nobody does, JSON where it is asked for."""

import json
import re
import sys
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Heading, Markdown
from rich.segment import Segment, SegmentLines
from rich.text import Text

WIDEST = 100
"""Lines longer than this are hard to read, however wide the window is."""

LONGEST = 512
"""Ids are shorter than this; what is not is cut."""

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls that move the cursor or rename the window
    "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]"  # controls that turn text around
)


def printable(text: str) -> str:
    """Text of somebody else's as it may go to a terminal: nothing in it acts on the terminal."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """An id or a name of somebody else's as it may stand in a line of ours, so that it cannot pass for another line.

    What does not print is written as its escape: two that differ look different.
    """
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


class _PlainHeading(Heading):
    """A heading where the text begins, not in the middle of a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        self.text.stylize("bold")
        yield self.text


class _Words(Markdown):
    elements = Markdown.elements | {"heading_open": _PlainHeading}


class Answer:
    """An agent's words, laid out without empty lines around them. Links show where they lead."""

    def __init__(self, text: str) -> None:
        self._words = _Words(printable(text), hyperlinks=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [_without_end(line) for line in console.render_lines(self._words, options, pad=False)]
        written = [number for number, line in enumerate(lines) if line]
        if written:
            yield SegmentLines(lines[written[0] : written[-1] + 1], new_lines=True)


def _without_end(line: list[Segment]) -> list[Segment]:
    """A line without the spaces at its end."""
    for number in range(len(line), 0, -1):
        last = line[number - 1]
        if text := last.text.rstrip():
            return [*line[: number - 1], Segment(text, last.style, last.control)]
    return []


@dataclass(slots=True)
class Output:
    """Where a command's words go.

    Attributes:
        as_json: One JSON object a line on standard output, and nothing else there.
        laid_out: Answers are laid out for reading, as they always are on a terminal, instead of written as Markdown.
        people: What people read.
        errors: What went wrong, for people.
    """

    as_json: bool
    laid_out: bool = False
    people: Console = field(init=False)
    errors: Console = field(init=False)

    def __post_init__(self) -> None:
        self.people = _console(sys.stderr if self.as_json else sys.stdout)
        self.errors = _console(sys.stderr)
        self.laid_out = self.laid_out or self.people.is_terminal

    @property
    def interactive(self) -> bool:
        """Whether a person watches a terminal that can be drawn on."""
        return self.people.is_terminal and not self.as_json

    def say(self, what: RenderableType = "", style: str | None = None, *, whole: bool = False) -> None:
        """A line, or something that is laid out, for people; nothing where JSON is asked for.

        Args:
            what: What to say.
            style: In rich's words.
            whole: The line is not broken, however long: an address, say, which is to be copied.
        """
        if not self.as_json:
            # In a file, lines of ours may be long; what is laid out is wrapped there too, or it would be cut off.
            whole = whole or (isinstance(what, str | Text) and not self.people.is_terminal)
            self.people.print(what, style=style, markup=False, highlight=False, soft_wrap=whole)

    def emit(self, document: dict[str, Any]) -> None:
        """A JSON object on a line of its own; nothing where it is not asked for.

        Non-ASCII characters are escaped, so that text of somebody else's stays exact and does nothing to a terminal.
        """
        if self.as_json:
            sys.stdout.write(f"{json.dumps(document)}\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line on standard error that is about what was written, and no complaint."""
        self.errors.print(Text(printable(text), style="dim"), highlight=False, soft_wrap=True)

    def complain(self, text: str) -> None:
        """A line on standard error."""
        self.errors.print(Text.assemble(("helpdesk: ", "bold red"), printable(text)), highlight=False, soft_wrap=True)


def _console(stream: Any) -> Console:
    console = Console(file=stream, highlight=False, emoji=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return console
