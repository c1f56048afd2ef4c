"""docs_search's tools, through a real Strands agent, the gateway and the search tool behind it."""

import base64
import json
from typing import Any

import httpx
import pytest

from agents.docs_search.library import Reader
from shared.errors import InsufficientScope
from shared.testing import Relationships, tokens_in
from tests.agents.docs_search._documents import READ_AT, SUPERVISOR, Documents
from tests.gateway._functions import AGENT, ARTICLES, AUDIENCE, PERSON


def search(question: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [("search_docs", {"query": question, **more})]


async def test_an_answer_quotes_and_cites(documents: Documents, http: httpx.AsyncClient) -> None:
    answer = (await documents.ask(http, search("How do I set up the VPN?"))).answer
    assert answer.startswith("**Set up the VPN")
    assert "> " in answer
    assert f"({READ_AT}vpn-setup" in answer
    assert "updated 1 March 2026" in answer


async def test_where_nothing_fits_nothing_is_made_up(documents: Documents, http: httpx.AsyncClient) -> None:
    assert "I found no article" in (await documents.ask(http, search("What is the meaning of life?"))).answer


async def test_what_is_new_is_listed(documents: Documents, http: httpx.AsyncClient) -> None:
    answer = (await documents.ask(http, [("recent_changes", {"limit": 500})])).answer
    assert f"[Set up the VPN]({READ_AT}vpn-setup)" in answer
    assert "domain controller" not in answer


async def test_a_question_of_any_length_is_asked(documents: Documents, http: httpx.AsyncClient) -> None:
    assert "Set up the VPN" in (await documents.ask(http, search("How do I set up the VPN? " * 200))).answer


@pytest.mark.parametrize("slug", ARTICLES)
async def test_only_what_the_relationships_permit_is_shown(
    documents: Documents, http: httpx.AsyncClient, slug: str
) -> None:
    audience, title, _ = ARTICLES[slug]
    for permitted in ("everyone", "employees", "contractors", "it"):

        def allows(check: Any, permitted: str = permitted) -> bool:
            return not check.object.startswith("audience:") or check.object == f"audience:{permitted}"

        turn = await documents.ask(http, search(title), relationships=Relationships(allows))
        assert (f"({READ_AT}{slug}" in turn.answer) == (audience == permitted)


@pytest.mark.requirement("B2")
async def test_arguments_of_the_model_widen_nothing(documents: Documents, http: httpx.AsyncClient) -> None:
    for more in ({"audiences": ["it"]}, {"X-Helpdesk-Audiences": "it"}, {"user": "auth0|oscar.lind"}):
        answer = (await documents.ask(http, search("Restart a domain controller", **more))).answer
        assert "Drain" not in answer


async def test_the_token_for_the_gateway_shows_the_whole_chain(documents: Documents, http: httpx.AsyncClient) -> None:
    documents.issuer.token_requests.clear()
    caller = await documents.caller()
    library = documents.library(http)
    await library.search("vpn", reader=Reader(caller, frozenset({"everyone"})))
    await library.recent(reader=Reader(caller, frozenset({"everyone"})), limit=3)
    (request,) = documents.issuer.token_requests  # exchanged once, then held
    assert (request["audience"], request["scope"]) == (AUDIENCE, "docs:read")
    assert request["subject_token"] == caller.user_token.reveal()
    token = await library._tokens.exchange(caller.user_token, caller.user, audience=AUDIENCE, scopes={"docs:read"})
    part = token.token.reveal().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["sub"] == PERSON
    assert claims["act"] == {"sub": AGENT, "act": {"sub": SUPERVISOR}}


async def test_two_people_have_a_token_each(documents: Documents, http: httpx.AsyncClient) -> None:
    documents.issuer.token_requests.clear()
    library = documents.library(http)
    for subject in ("auth0|amelia.hart", "auth0|oscar.lind"):
        reader = Reader(await documents.caller(subject), frozenset({"everyone"}))
        assert (await library.search("set up the vpn", reader=reader)).hits
    assert len(documents.issuer.token_requests) == 2


async def test_a_person_who_lacks_the_scope_at_the_gateway_is_told_so(
    documents: Documents, http: httpx.AsyncClient
) -> None:
    reader = Reader(await documents.caller(), frozenset({"everyone"}))
    documents.issuer.granted = ()
    try:
        with pytest.raises(InsufficientScope):
            await documents.library(http).search("vpn", reader=reader)
    finally:
        documents.issuer.granted = None


async def test_nobody_who_may_read_nothing_is_searched_for(documents: Documents, http: httpx.AsyncClient) -> None:
    turn = await documents.ask(http, search("Set up the VPN"), relationships=Relationships(lambda _: False))
    assert "VPN" not in turn.answer.replace("set up the VPN", "")


@pytest.mark.requirement("F3")
async def test_no_token_is_shown_to_the_model(documents: Documents, http: httpx.AsyncClient) -> None:
    caller = await documents.caller()
    turn = await documents.ask(http, search("Set up the VPN"), caller=caller)
    seen = json.dumps(turn.model.seen)
    assert caller.user_token.reveal() not in seen
    assert tokens_in(seen) == []
