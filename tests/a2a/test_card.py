"""What an agent says of itself: readable by any client, kept by caches, shown in full to those who may use it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from a2a.client.card_resolver import A2ACardResolver
from a2a.compat.v0_3.types import AgentCard as AgentCard03
from a2a.types import AgentCard
from a2a.utils.proto_utils import validate_proto_required_fields

from shared.a2a import AGENT_SCHEME, DELEGATED_USER_HEADER, USER_SCHEME, HopSecurity, create_card
from shared.a2a._well_known import ServedCard
from tests.a2a._agent import SKILLS, URL, Agent

CARD = f"{URL}.well-known/agent-card.json"


async def resolved(agent: Agent) -> AgentCard:
    return await A2ACardResolver(agent.http, URL).get_agent_card()


async def test_the_sdks_own_client_reads_the_card(agent: Agent) -> None:
    card = await resolved(agent)
    validate_proto_required_fields(card)
    assert [(one.url, one.protocol_binding, one.protocol_version) for one in card.supported_interfaces] == [
        (URL, "JSONRPC", "1.0"),
        (URL.rstrip("/"), "HTTP+JSON", "1.0"),
        (URL, "JSONRPC", "0.3"),
    ]
    assert [skill.id for skill in card.skills] == [skill.id for skill in SKILLS]


async def test_a_0_3_client_reads_the_card(agent: Agent) -> None:
    card = AgentCard03.model_validate((await agent.http.get(CARD)).json())
    assert (card.url, card.protocol_version, card.preferred_transport) == (URL, "0.3", "JSONRPC")


async def test_a_subagents_card_says_that_both_tokens_are_needed_together(agent: Agent) -> None:
    card = await resolved(agent)
    (requirement,) = card.security_requirements
    assert set(requirement.schemes) == {AGENT_SCHEME, USER_SCHEME} == set(card.security_schemes)
    assert list(requirement.schemes[AGENT_SCHEME].list) == ["agent:invoke"]
    header = card.security_schemes[USER_SCHEME].api_key_security_scheme
    assert (header.location, header.name) == ("header", DELEGATED_USER_HEADER)
    flow = card.security_schemes[AGENT_SCHEME].oauth2_security_scheme.flows.client_credentials
    assert flow.token_url == f"{agent.issuer.server.issuer}oauth/token"
    scopes = {
        skill.id: [list(one.schemes[USER_SCHEME].list) for one in skill.security_requirements] for skill in card.skills
    }
    assert scopes == {"show_account": [["account:read"]], "close_account": [["account:close"]], "help": []}


async def test_the_supervisors_card_says_how_to_sign_in(supervisor: Agent) -> None:
    card = await resolved(supervisor)
    issuer = supervisor.issuer.server.issuer
    code = card.security_schemes["user"].oauth2_security_scheme.flows.authorization_code
    discovery = card.security_schemes["userDiscovery"].open_id_connect_security_scheme
    assert (code.authorization_url, code.token_url) == (f"{issuer}authorize", f"{issuer}oauth/token")
    assert discovery.open_id_connect_url == f"{issuer}.well-known/openid-configuration"
    assert [sorted(one.schemes) for one in card.security_requirements] == [["user"], ["userDiscovery"]]
    assert "helpdesk:ask" in code.scopes


async def test_the_card_is_kept_by_caches_and_asked_for_again_cheaply(agent: Agent) -> None:
    first = await agent.http.get(CARD)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for name, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-None-Match", f'"other", W/{first.headers["ETag"]}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        again = await agent.http.get(CARD, headers={name: value})
        assert (again.status_code, again.content) == (304, b""), name
        assert again.headers["ETag"] == first.headers["ETag"]
    old = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": old},
        {"If-Modified-Since": "yesterday"},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]},
    ):
        assert (await agent.http.get(CARD, headers=headers)).status_code == 200, headers


async def test_head_tells_what_get_would(agent: Agent) -> None:
    head = await agent.http.head(CARD)
    assert head.status_code == 200
    assert head.headers["ETag"] == (await agent.http.get(CARD)).headers["ETag"]


def test_the_same_card_has_the_same_tag_in_every_replica() -> None:
    cards = [
        create_card(name="n", description="d", url=URL, skills=SKILLS, security=HopSecurity("https://issuer.example/"))
        for _ in range(2)
    ]
    assert ServedCard(cards[0]).etag == ServedCard(cards[1]).etag
    cards[1].skills[0].description = "Something else."
    assert ServedCard(cards[0]).etag != ServedCard(cards[1]).etag


@pytest.mark.requirement("C12")
@pytest.mark.requirement("C12")
async def test_the_extended_card_shows_the_skills_that_the_caller_may_use(agent: Agent, binding: str) -> None:
    async def skills(*scopes: str) -> list[str]:
        headers = agent.issuer.hop(scopes=scopes)
        answer = await agent.call("GetExtendedAgentCard", headers=headers, binding=binding)
        return [skill["id"] for skill in answer.result["skills"]]

    assert await skills("account:read") == ["show_account", "help"]
    assert await skills("account:read", "account:close") == ["show_account", "close_account", "help"]
    assert await skills("account") == ["help"]
    assert (await agent.call("GetExtendedAgentCard", headers={}, binding=binding)).response.status_code == 401


async def test_what_protects_the_agent_is_said_where_the_challenge_points(agent: Agent) -> None:
    challenge = (await agent.call("SendMessage", headers={})).response.headers["WWW-Authenticate"]
    url = challenge.partition('resource_metadata="')[2].partition('"')[0]
    metadata = (await agent.http.get(url)).json()
    assert metadata == {
        "resource": "https://helpdesk.example/account_lookup",
        "authorization_servers": [agent.issuer.server.issuer],
        "scopes_supported": ["agent:invoke"],
        "bearer_methods_supported": ["header"],
        "resource_name": "account_lookup",
    }


async def test_ping_says_whether_the_agent_works_on_anything_and_never_when(agent: Agent) -> None:
    """A time that changes with each answer would keep an AgentCore session alive for ever."""
    assert (await agent.http.get(f"{URL}ping")).json() == {"status": "Healthy"}
    await agent.begin("hold on")
    assert (await agent.http.get(f"{URL}ping")).json() == {"status": "HealthyBusy"}
    agent.executor.release.set()
