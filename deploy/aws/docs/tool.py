"""The search tool behind the gateway: what it is asked, for whom, and what it answers."""

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.aws.docs import arguments
from deploy.aws.docs.identity import HEADER, Identity, IdentityRefused, read
from knowledge import Article, Filters, Hit, KnowledgeIndex

SCOPE: Final = "docs:read"
INDEX_FILE: Final = "knowledge.sqlite3"
"""The index, at the root of the function's package."""

TRACE_HEADERS: Final = ("traceparent", "tracestate")
"""What the gateway hands on besides, so that the function's line in the log can be found from a trace (W3C)."""

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-(?P<trace_id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_TOOL_NAME: Final = "bedrockAgentCoreToolName"
_GATEWAY_ID: Final = "bedrockAgentCoreGatewayId"
_HEADERS: Final = "bedrockAgentCorePropagatedHeaders"
_SEPARATOR: Final = "___"


class CallRefused(Exception):
    """The call did not come through our gateway, or not for somebody who may read here."""


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """What the function is set up with.

    Attributes:
        identity_key: The key that the interceptor signs identities with.
        gateway_id: The only gateway that may call, where it is known.
        clock: Seconds since the epoch.
        log: Where a line for each call goes; Lambda reads the standard output.
    """

    identity_key: bytes
    gateway_id: str | None = None
    clock: Callable[[], float] = time.time
    log: Callable[[str], object] = sys.stdout.write


class DocsTool:
    """Answers the gateway's calls from one index.

    A call is for the person whom the interceptor has named, and finds only what is written for one of their
    audiences. Whatever the arguments say, they neither name a person nor widen that. Arguments that will not do are
    answered with `{"error": …}`; a call that is refused raises, so that the gateway reports a failed tool and no more.

    Args:
        index: The knowledge base.
        config: Key, gateway and clock.
    """

    def __init__(self, index: KnowledgeIndex, config: ToolConfig) -> None:
        self._index = index
        self._config = config

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Lambda's entry point: the event is the bare arguments, the context says the rest.

        Raises:
            CallRefused: see above.
        """
        begun = time.perf_counter()
        line: dict[str, Any] = {"event": "docs_tool_call"}
        try:
            answer = self._answer(event, context, line)
        except CallRefused as refusal:
            line |= {"outcome": "refused", "reason": str(refusal)}
            raise
        except arguments.InvalidArguments as problem:
            line |= {"outcome": "invalid_arguments"}
            return {"error": {"code": "invalid_arguments", "message": f"{problem}."}}
        else:
            line |= {"outcome": "answered"}
            return answer
        finally:
            line["milliseconds"] = round((time.perf_counter() - begun) * 1000, 1)
            self._config.log(f"{json.dumps(line)}\n")

    def _answer(self, event: Any, context: Any, line: dict[str, Any]) -> dict[str, Any]:
        custom = _custom(context)
        if trace_id := _trace_id(custom):
            line["trace_id"] = trace_id
        identity = self._identity(custom)
        line["client_id"] = identity.client_id
        name = str(custom.get(_TOOL_NAME, "")).rpartition(_SEPARATOR)[2]
        tool = _TOOLS.get(name)
        if tool is None:
            raise CallRefused("no such tool")
        line["tool"] = name
        return tool(self._index, event, identity.audiences)

    def _identity(self, custom: Mapping[str, Any]) -> Identity:
        """Whom the call is for.

        Raises:
            CallRefused: it came by another gateway or none, or for nobody who may read here.
        """
        if _TOOL_NAME not in custom or _GATEWAY_ID not in custom:
            raise CallRefused("not called by a gateway")
        if self._config.gateway_id not in {None, custom[_GATEWAY_ID]}:
            raise CallRefused("called by another gateway")
        headers = custom.get(_HEADERS)
        values = [
            value
            for name, value in (headers.items() if isinstance(headers, dict) else ())
            if isinstance(name, str) and name.lower() == HEADER
        ]
        if len(values) != 1 or not isinstance(values[0], str):
            raise CallRefused("no identity from the interceptor")
        try:
            identity = read(values[0], self._config.identity_key, now=self._config.clock())
        except IdentityRefused as problem:
            raise CallRefused(str(problem)) from problem
        if SCOPE not in identity.scopes or not identity.audiences:
            raise CallRefused("the person may read no documents")
        return identity


def _custom(context: Any) -> Mapping[str, Any]:
    client_context = getattr(context, "client_context", None)
    custom = getattr(client_context, "custom", None)
    return custom if isinstance(custom, dict) else {}


def _trace_id(custom: Mapping[str, Any]) -> str | None:
    """The trace that the call is part of. It decides nothing: whoever calls can say any."""
    headers = custom.get(_HEADERS)
    for name, value in headers.items() if isinstance(headers, dict) else ():
        found = (
            _TRACEPARENT.fullmatch(value) if str(name).lower() == TRACE_HEADERS[0] and isinstance(value, str) else None
        )
        if found is not None:
            return found["trace_id"]
    return None


def _search(index: KnowledgeIndex, event: Any, audiences: frozenset[str]) -> dict[str, Any]:
    given = arguments.read_arguments(
        event,
        {
            "question": arguments.question,
            "limit": arguments.whole_number(arguments.MAX_HITS),
            "languages": arguments.languages,
            "tags": arguments.tags,
            "updated_since": arguments.day,
        },
        required=frozenset({"question"}),
    )
    question, limit = given.pop("question"), given.pop("limit", 5)
    result = index.search(question, filters=Filters(audiences=audiences, **given), limit=limit)
    return {
        "hits": [_hit(hit) for hit in result.hits],
        "corrections": [{"word": word, "read_as": meant} for word, meant in result.corrections],
    }


def _article(index: KnowledgeIndex, event: Any, audiences: frozenset[str]) -> dict[str, Any]:
    given = arguments.read_arguments(event, {"article": arguments.slug}, required=frozenset({"article"}))
    article = index.article(given["article"], filters=Filters(audiences=audiences))
    if article is None:
        return {"article": None}
    sections = [
        {"headings": list(section.path), "anchor": section.anchor, "text": section.text} for section in article.sections
    ]
    return {"article": _about(article) | {"owner": article.owner, "sections": sections}}


def _recent(index: KnowledgeIndex, event: Any, audiences: frozenset[str]) -> dict[str, Any]:
    given = arguments.read_arguments(
        event,
        {"limit": arguments.whole_number(arguments.MAX_RECENT), "updated_since": arguments.day},
        required=frozenset(),
    )
    limit = given.pop("limit", 10)
    articles = index.recent(filters=Filters(audiences=audiences, **given), limit=limit)
    return {"articles": [_about(article) for article in articles]}


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "article": hit.article,
        "title": hit.title,
        "section": hit.section,
        "anchor": hit.anchor,
        "quote": hit.quote,
        "score": round(hit.score, 4),
        "confidence": round(hit.confidence, 4),
        "updated": hit.updated.isoformat(),
        "language": hit.language,
        "audience": hit.audience,
        "related": [{"article": slug, "title": title} for slug, title in hit.related],
    }


def _about(article: Article) -> dict[str, Any]:
    return {
        "article": article.slug,
        "title": article.title,
        "updated": article.updated.isoformat(),
        "language": article.language,
        "audience": article.audience,
        "tags": list(article.tags),
    }


_TOOLS: Final[Mapping[str, Callable[[KnowledgeIndex, Any, frozenset[str]], dict[str, Any]]]] = {
    "search_articles": _search,
    "get_article": _article,
    "list_recent_articles": _recent,
}
