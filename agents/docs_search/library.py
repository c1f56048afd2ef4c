"""The knowledge base as the tools see it: articles found through the gateway, for one person."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from agents.docs_search.gateway import PART, GatewayClient
from shared.a2a import Caller, UserTokens
from shared.errors import UpstreamRefused

SCOPE: Final = "docs:read"
"""The scope of the agent's own API, and of the gateway's."""

AUDIENCES_HEADER: Final = "X-Helpdesk-Audiences"
MAX_QUESTION: Final = 2000
"""Characters of a question that the search tool takes."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that fits a question, and the passage of it that fits best.

    Attributes:
        section: The headings of the passage's section, joined; empty for the text before the first heading.
        anchor: The fragment of a link to that section; empty for the article itself.
        quote: The passage, verbatim Markdown.
        score: For ordering hits of one search only.
        confidence: From 0 to 1: how much of the question this article is about.
        audience: For whom it is written.
        related: The articles that it links to: slug and title.
    """

    article: str
    title: str
    section: str
    anchor: str
    quote: str
    score: float
    confidence: float
    updated: date
    audience: str
    related: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first.

    Attributes:
        hits: Empty where nothing in the knowledge base fits.
        corrections: Words of the question that the knowledge base does not hold, with what they were read as.
    """

    hits: tuple[Hit, ...]
    corrections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One document of the knowledge base, without its text."""

    slug: str
    title: str
    audience: str
    updated: date


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom articles are looked for.

    Attributes:
        caller: The verified caller: the person, and the token that is exchanged for the gateway's.
        audiences: For whom the articles are written that the person may read: decided before, never by the model.
    """

    caller: Caller
    audiences: frozenset[str]


class Library(Protocol):
    """What the tools need of a knowledge base, wherever it is.

    All methods raise `UpstreamError` or `InsufficientScope` where it cannot be had, and return only what is written
    for one of the reader's audiences.
    """

    async def search(self, question: str, *, reader: Reader) -> SearchResult:
        """The articles that fit, best first; none where nothing does."""
        ...

    async def recent(self, *, reader: Reader, limit: int) -> list[Article]:
        """The articles updated last, newest first."""
        ...


class GatewayLibrary:
    """The knowledge base behind the gateway: the only way to it that this agent has.

    Args:
        client: Calls the gateway's tools.
        tokens: Exchanges the person's token for one that is for the gateway; the agent becomes the actor.
        audience: The gateway's API identifier.
        target: The gateway's name for the search tool.
    """

    def __init__(self, client: GatewayClient, tokens: UserTokens, *, audience: str, target: str) -> None:
        self._client = client
        self._tokens = tokens
        self._audience = audience
        self._target = target

    async def search(self, question: str, *, reader: Reader) -> SearchResult:
        """The articles that fit, best first; none where nothing does."""
        answer = await self._call("search_articles", {"question": question[:MAX_QUESTION]}, reader)
        return _read(answer, _search_result)

    async def recent(self, *, reader: Reader, limit: int) -> list[Article]:
        """The articles updated last, newest first."""
        answer = await self._call("list_recent_articles", {"limit": limit}, reader)
        return _read(answer, lambda said: [_article(one) for one in said["articles"]])

    async def _call(self, tool: str, arguments: Mapping[str, Any], reader: Reader) -> Any:
        token = await self._tokens.exchange(
            reader.caller.user_token, reader.caller.user, audience=self._audience, scopes={SCOPE}
        )
        return await self._client.call(
            f"{self._target}___{tool}",
            arguments,
            token=token.token,
            headers={AUDIENCES_HEADER: _header(reader.audiences)},
        )


def _header(audiences: Collection[str]) -> str:
    return ",".join(sorted(audiences))


def _read(answer: Any, read: Callable[[Any], _T]) -> _T:
    """An answer as what it should be.

    Raises:
        UpstreamRefused: It is something else: an error of the tool, or another tool's.
    """
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = answer.get("error") if isinstance(answer, dict) else None
        code = said.get("code") if isinstance(said, dict) else type(error).__name__
        raise UpstreamRefused(PART, code="gateway_answer", detail=f"no answer of the search tool: {code}") from error


def _search_result(answer: Any) -> SearchResult:
    return SearchResult(
        hits=tuple(_hit(one) for one in answer["hits"]),
        corrections=tuple((str(one["word"]), str(one["read_as"])) for one in answer["corrections"]),
    )


def _hit(one: Any) -> Hit:
    return Hit(
        article=str(one["article"]),
        title=str(one["title"]),
        section=str(one["section"]),
        anchor=str(one["anchor"]),
        quote=str(one["quote"]),
        score=float(one["score"]),
        confidence=float(one["confidence"]),
        updated=date.fromisoformat(one["updated"]),
        audience=str(one["audience"]),
        related=tuple((str(link["article"]), str(link["title"])) for link in one["related"]),
    )


def _article(one: Any) -> Article:
    return Article(
        slug=str(one["article"]),
        title=str(one["title"]),
        audience=str(one["audience"]),
        updated=date.fromisoformat(one["updated"]),
    )
