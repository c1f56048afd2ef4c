"""Agents' Markdown as HTML. It is hostile text: a model wrote it, or whoever wrote what the model read.

No HTML of theirs, and no image: fetching one would tell whoever serves it what stands in its address. A link leads to
http or https alone, says where it leads, and is followed only where the person does. Nothing turns the text around, so
that it would be read otherwise than it is written: the host of a link, say.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

HIGHEST_HEADING: Final = 4
"""A page's own headings stand above those of an answer."""

LOWEST_HEADING: Final = 6
MAX_CHARACTERS: Final = 40_000
"""A character costs up to 16 microseconds, where somebody means it to: so many take most of a second."""

KEPT: Final = 256
"""What was laid out lately is not laid out again: most of a page that is loaded again, or grows, was there before."""


_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Controls of the bidirectional algorithm (UAX #9 §2)."""


class _Renderer(RendererHTML):
    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Lower than the page's own."""
        tokens[idx].tag = _lower(tokens[idx].tag)
        return self.renderToken(tokens, idx, options, env)

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """As it was opened."""
        return self.heading_open(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """The words that describe it."""
        return escapeHtml(self.renderInlineAsText(tokens[idx].children, options, env))

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A link that tells the page that it leads to nothing of the page that it is on."""
        token = tokens[idx]
        token.attrs = {
            "href": str(token.attrGet("href") or ""),
            "rel": "noopener noreferrer nofollow",
            "target": "_blank",
        }
        return self.renderToken(tokens, idx, options, env)

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """With the host that it leads to."""
        opened = next(token for token in reversed(tokens[:idx]) if token.type == "link_open")
        host = urlsplit(str(opened.attrGet("href") or "")).netloc
        where = f' <span class="where">({escapeHtml(host)})</span>' if host else ""
        return f"{self.renderToken(tokens, idx, options, env)}{where}"


def _lower(tag: str) -> str:
    return f"h{min(int(tag.removeprefix('h')) + HIGHEST_HEADING - 1, LOWEST_HEADING)}"


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 -- the library's name: it asks which links there are
        """Whether something is a link."""
        return _is_link(url)


def _reader() -> MarkdownIt:
    options: dict[str, Any] = {"html": False, "linkify": False, "typographer": False, "maxNesting": 20}
    return _Reader("commonmark", options, renderer_cls=_Renderer).enable(["table", "strikethrough"])


_READER: Final = _reader()


@lru_cache(KEPT)
def to_html(text: str) -> str:
    """The HTML of an agent's words; all that it holds is markup of ours."""
    rendered: str = _READER.render(_TURNING.sub("", text[:MAX_CHARACTERS]))
    return rendered
