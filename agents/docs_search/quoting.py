"""Other people's Markdown, made fit to be shown in an answer.

An article's text is data. Whoever writes one may not make a reader's screen fetch a picture, nor lead the reader out by
a link with a harmless name: such a request could carry what the conversation holds (security-tests F1, F4). So a
quote keeps its words, steps and code, but of its links only those to other articles; images, other links and raw
HTML become text. What cannot be made safe with certainty is shown as a block of code.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER: Final = MarkdownIt("commonmark").enable("table")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\(([^()\s]*)(?:\s[^()]*)?\)")
_ARTICLE: Final = re.compile(r"(?:\./)?([a-z0-9][a-z0-9._-]*?)\.(?:md|markdown)(?:#([^\s#]*))?")
_DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]]*\]:.*$", re.MULTILINE)
_BARE_URL: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|\bwww\.)[^\s`<>()\[\]]+")
_CODE: Final = re.compile(r"(?<![`\\])(`+)(?!`)(?:[^`]|(?!\1(?!`))`)+?(?<!`)\1(?!`)")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~!&])")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)


class Quoter:
    """Quotes from articles; knows where they are read.

    Args:
        base_url: The URL below which each article is read, with its trailing slash.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def url(self, slug: str, anchor: str = "") -> str:
        """Where an article, or a section of it, is read."""
        address = urljoin(self._base_url, quote(slug, safe=""))
        return f"{address}#{quote(anchor, safe='-_=')}" if anchor else address

    def link(self, label: str, slug: str, anchor: str = "") -> str:
        """A link to an article, its label escaped."""
        return f"[{plain(label)}]({self.url(slug, anchor)})"

    def quote(self, markdown: str) -> str:
        """A passage as a block quote: verbatim, but for what could reach outside."""
        return "\n".join(f"> {line}".rstrip() for line in self.neutralise(markdown).splitlines())

    def neutralise(self, markdown: str) -> str:
        """A passage without anything that a reader's screen would fetch or lead out to."""
        # A tab that makes a line code makes it text within a quote, where it stands two columns further on.
        text = self._with_own_links(visible(markdown).expandtabs(4))
        if self._is_safe(text):
            return text
        text = _outside_code(text, self._without_reach)
        return text if self._is_safe(text) else _as_code(text)

    def _with_own_links(self, text: str) -> str:
        def replaced(match: "re.Match[str]") -> str:
            article = _ARTICLE.fullmatch(match[2])
            if article is None or match[0].startswith("!"):
                return match[0]
            return f"[{match[1]}]({self.url(article[1], article[2] or '')})"

        return _outside_code(text, lambda part: _LINK.sub(replaced, part))

    def _without_reach(self, text: str) -> str:
        text = _DEFINITION.sub("", text)
        parts: list[str] = []
        at = 0
        for match in _LINK.finditer(text):
            own = match[2].startswith(self._base_url) and not match[0].startswith("!")
            parts += [_inert(text[at : match.start()]), match[0] if own else _inert(match[1])]
            at = match.end()
        return "".join(parts) + _inert(text[at:])

    def _is_safe(self, text: str) -> bool:
        return all(self._is_harmless(token) for token in _walk(_PARSER.parse(text)))

    def _is_harmless(self, token: Token) -> bool:
        if token.type in {"image", "html_inline", "html_block"}:
            return False
        if token.type == "link_open":
            return str(token.attrGet("href") or "").startswith(self._base_url)
        return not (token.type == "text" and any(not self._is_own(url) for url in _BARE_URL.findall(token.content)))

    def _is_own(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self._base_url).netloc


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def visible(text: str) -> str:
    """Text without control, formatting and bidirectional characters, which show nothing or something else."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n"))


def _inert(text: str) -> str:
    """Text in which nothing forms a link, an image or HTML any more."""
    text = re.sub(r"(?<!\\)([\[\]<])", r"\\\1", text)
    return _BARE_URL.sub(lambda match: f"`{match[0]}`", text)


def _as_code(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    for match in _CODE.finditer(text):
        parts += [change(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join(parts) + change(text[at:])


def _walk(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or ())
