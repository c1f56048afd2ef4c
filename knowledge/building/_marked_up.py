"""Plain text as Markdown that shows it: documents of other formats are kept as Markdown too."""

import re
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*\[\]<])")
_EDGE_OF_EMPHASIS: Final = re.compile(r"(?<!\w)_|_(?!\w)")
_START: Final = re.compile(r"^([ \t]*)(?:([-+#>=~|])|(\d{1,9})([.)]))", re.MULTILINE)
_BACKTICKS: Final = re.compile(r"`+")


def escape(text: str) -> str:
    """Text in which nothing is read as Markdown."""
    text = _EDGE_OF_EMPHASIS.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return _START.sub(
        lambda match: f"{match[1]}\\{match[2]}" if match[2] else f"{match[1]}{match[3]}\\{match[4]}", text
    )


def code_block(text: str) -> str:
    """Text as a block of code."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.strip(chr(10))}\n{fence}"


def code(text: str) -> str:
    """Text as code within a line, if it can be."""
    return f"`{text}`" if text and "`" not in text else escape(text)
