"""The search tool as AWS Lambda calls it: bare arguments as the event, everything else in the context."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.aws.docs.identity import HEADER
from deploy.aws.docs.tool import CallRefused
from knowledge import KnowledgeIndex
from tests.gateway._functions import ARTICLES, GATEWAY, Context, Lines, context, identity, tool

SCHEMA = Path("deploy/aws/docs/tools.json")
SEARCH = {"question": "how do I set up the VPN?"}


def found(answer: dict[str, Any]) -> list[str]:
    return [hit["article"] for hit in answer["hits"]]


def test_a_search_names_the_article_and_quotes_it(index: KnowledgeIndex) -> None:
    answer = tool(index)(SEARCH, context())
    assert found(answer)[0] == "vpn-setup"
    hit = answer["hits"][0]
    assert "company profile" in hit["quote"]
    assert (hit["title"], hit["updated"], hit["language"]) == ("Set up the VPN", "2026-03-01", "en")
    assert 0 < hit["confidence"] <= 1


def test_a_search_that_fits_nothing_is_empty(index: KnowledgeIndex) -> None:
    assert tool(index)({"question": "the meaning of life"}, context())["hits"] == []


def test_one_article_comes_with_all_its_sections(index: KnowledgeIndex) -> None:
    article = tool(index)({"article": "vpn-setup"}, context("get_article"))["article"]
    assert article["owner"] == "it-docs"
    assert [section["headings"] for section in article["sections"]][-1] == ["Steps"]


def test_what_is_new_is_listed_newest_first(index: KnowledgeIndex) -> None:
    articles = tool(index)({"limit": 50}, context("list_recent_articles"))["articles"]
    assert {article["article"] for article in articles} == {"vpn-setup", "printer-setup"}


def test_answers_are_json(index: KnowledgeIndex) -> None:
    calls: dict[str, dict[str, str]] = {
        "search_articles": SEARCH,
        "get_article": {"article": "vpn-setup"},
        "list_recent_articles": {},
    }
    for name, arguments in calls.items():
        answer = tool(index)(arguments, context(name))
        assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(
    ("audiences", "readable"),
    [
        ({"everyone"}, {"vpn-setup"}),
        ({"everyone", "employees"}, {"vpn-setup", "printer-setup"}),
        ({"everyone", "contractors"}, {"vpn-setup", "contractor-badge"}),
        ({"everyone", "employees", "contractors", "it"}, set(ARTICLES)),
        ({"nobody"}, set()),
    ],
)
def test_only_what_the_person_may_read_is_found(index: KnowledgeIndex, audiences: set[str], readable: set[str]) -> None:
    headers = {HEADER: identity(audiences=frozenset(audiences))}
    for slug, (_, title, _) in ARTICLES.items():
        assert (slug in found(tool(index)({"question": title}, context(headers=headers)))) == (slug in readable)
        article = tool(index)({"article": slug}, context("get_article", headers=headers))["article"]
        assert (article is not None) == (slug in readable)
    recent = tool(index)({}, context("list_recent_articles", headers=headers))["articles"]
    assert {article["article"] for article in recent} == readable


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    ("why", "call"),
    [
        ("no context", lambda: Context(None)),
        ("no tool name", lambda: context(bedrockAgentCoreToolName=None)),
        ("no gateway", lambda: context(bedrockAgentCoreGatewayId=None)),
        ("another gateway", lambda: context(bedrockAgentCoreGatewayId=f"not-{GATEWAY}")),
        ("no headers", lambda: context(bedrockAgentCorePropagatedHeaders=None)),
        ("headers that are none", lambda: context(headers="x-helpdesk-identity: me")),
        ("no identity", lambda: context(headers={"x-other": "1"})),
        ("an empty identity", lambda: context(headers={HEADER: ""})),
        ("an identity that is no text", lambda: context(headers={HEADER: [identity()]})),
        ("two identities", lambda: context(headers={HEADER: identity(), HEADER.upper(): identity()})),
        (
            "signed by somebody else",
            lambda: context(headers={HEADER: identity(key=b"somebody else's key, of forty bytes....")}),
        ),
        ("signed long ago", lambda: context(headers={HEADER: identity(now=time.time() - 120)})),
        ("signed in the future", lambda: context(headers={HEADER: identity(now=time.time() + 120)})),
        ("without the scope", lambda: context(headers={HEADER: identity(scopes=frozenset({"agent:invoke"}))})),
        ("for no audience", lambda: context(headers={HEADER: identity(audiences=frozenset())})),
        ("an unknown tool", lambda: context("delete_article")),
    ],
)
def test_a_call_that_did_not_come_through_the_interceptor_is_refused(
    index: KnowledgeIndex, why: str, call: Callable[[], Context]
) -> None:
    lines = Lines()
    with pytest.raises(CallRefused):
        tool(index, lines)(SEARCH, call())
    assert lines.last["outcome"] == "refused", why


def test_the_name_of_the_header_is_read_without_case(index: KnowledgeIndex) -> None:
    assert found(tool(index)(SEARCH, context(headers={"X-Helpdesk-Identity": identity()})))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_articles", {}),
        ("search_articles", "vpn"),
        ("search_articles", {"question": ""}),
        ("search_articles", {"question": "  \n"}),
        ("search_articles", {"question": 7}),
        ("search_articles", {"question": "x" * 2001}),
        ("search_articles", {**SEARCH, "limit": 0}),
        ("search_articles", {**SEARCH, "limit": 21}),
        ("search_articles", {**SEARCH, "limit": 1.5}),
        ("search_articles", {**SEARCH, "limit": True}),
        ("search_articles", {**SEARCH, "limit": "5"}),
        ("search_articles", {**SEARCH, "limit": float("nan")}),
        ("search_articles", {**SEARCH, "languages": "en"}),
        ("search_articles", {**SEARCH, "languages": ["english"]}),
        ("search_articles", {**SEARCH, "languages": ["en"] * 17}),
        ("search_articles", {**SEARCH, "tags": [""]}),
        ("search_articles", {**SEARCH, "updated_since": "yesterday"}),
        ("search_articles", {**SEARCH, "updated_since": 20260101}),
        ("search_articles", {**SEARCH, "audiences": ["it"]}),
        ("search_articles", {**SEARCH, "subject": "auth0|somebody.else"}),
        ("search_articles", {**SEARCH, "x-helpdesk-identity": "v1.e30.x"}),
        ("get_article", {}),
        ("get_article", {"article": "../knowledge"}),
        ("get_article", {"article": "a" * 201}),
        ("get_article", {"article": None}),
        ("list_recent_articles", {"limit": 51}),
    ],
)
def test_arguments_that_will_not_do_are_answered_in_words(index: KnowledgeIndex, name: str, arguments: Any) -> None:
    answer = tool(index)(arguments, context(name))
    assert answer["error"]["code"] == "invalid_arguments"
    assert answer["error"]["message"].endswith(".")


def test_filters_narrow_a_search(index: KnowledgeIndex) -> None:
    call = tool(index)
    assert found(call({**SEARCH, "languages": ["en"], "limit": 5.0}, context()))
    assert found(call({**SEARCH, "languages": ["de"]}, context())) == []
    assert found(call({**SEARCH, "updated_since": "2026-03-02"}, context())) == []
    assert found(call({**SEARCH, "tags": ["network"]}, context())) == []


@pytest.mark.requirement("F3")
def test_the_log_holds_neither_the_question_nor_the_person_nor_the_header(index: KnowledgeIndex) -> None:
    lines, header = Lines(), identity()
    tool(index, lines)({"question": "a secret matter of mine"}, context(headers={HEADER: header}))
    written = "".join(lines.written)
    assert not any(text in written for text in ("secret matter", "amelia", header))
    assert lines.last["tool"] == "search_articles"


def test_the_schema_names_the_tools_and_arguments_that_there_are(index: KnowledgeIndex) -> None:
    """An argument of the schema is known to the tool, and what the schema requires is missed when it is not there."""
    for definition in json.loads(SCHEMA.read_text(encoding="utf-8")):
        schema = definition["inputSchema"]
        for name in schema["properties"]:
            answer = tool(index)({name: object()}, context(definition["name"]))
            assert "no such argument" not in answer["error"]["message"]
        answer = tool(index)({}, context(definition["name"]))
        assert ("error" in answer) == bool(schema.get("required"))


def test_the_schema_has_only_what_a_gateway_takes() -> None:
    """AgentCore's SchemaDefinition: type, properties, required, items and description, and nothing else."""

    def check(schema: dict[str, Any]) -> None:
        assert schema.keys() <= {"type", "properties", "required", "items", "description"}
        for inner in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
            check(inner)

    for definition in json.loads(SCHEMA.read_text(encoding="utf-8")):
        assert definition.keys() == {"name", "description", "inputSchema"}
        check(definition["inputSchema"])
