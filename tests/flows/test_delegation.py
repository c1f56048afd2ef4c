"""Whose rights count at a subagent: the signed ones of this user, through this chain of agents, and no others."""

import base64
import json

import httpx
import pytest

from local.directory.oauth import CONNECTIONS
from tests.flows._world import Person, World

EMPLOYEE, OPERATOR, CONTRACTOR = "amelia.hart", "oscar.lind", "casey.moreno"


def _claims(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


async def _tokens(world: World, login: str, name: str, scopes: list[str]) -> tuple[str, str]:
    """The two tokens with which the supervisor calls this subagent for this person."""
    audience = world.tenant.api(name)
    for connection in CONNECTIONS.values():
        await world.connect(login, connection)
    agent = await world.tenant.client_credentials(audience, scopes=["agent:invoke"])
    user = await world.tenant.exchange(await world.tenant.sign_in(login), audience, scopes=scopes)
    return agent, user


@pytest.mark.requirement("B1")
async def test_an_agent_without_a_user_is_turned_away(world: World, http: httpx.AsyncClient) -> None:
    agent, _ = await _tokens(world, EMPLOYEE, "account_lookup", ["account:read"])
    response = await world.call_subagent("account_lookup", "Show my profile", http, agent=agent, user=None)
    assert response.status_code == httpx.codes.UNAUTHORIZED
    assert "www-authenticate" in response.headers


@pytest.mark.requirement("B2")
async def test_a_user_who_is_only_claimed_changes_nothing(world: World, http: httpx.AsyncClient) -> None:
    agent, user = await _tokens(world, EMPLOYEE, "account_lookup", ["account:read"])
    other = world.tenant.user_id(OPERATOR)
    response = await world.call_subagent(
        "account_lookup",
        "Show my profile",
        http,
        agent=agent,
        user=user,
        contextId=f"{other}-context",
        metadata={"user": other, "sub": other, "caller": {"sub": other}},
        headers={"X-User-Id": other, "X-Acting-Subject": other, "X-Amzn-Bedrock-AgentCore-Runtime-User-Id": other},
    )
    text = str(response.json()["result"]["task"]["artifacts"])
    assert "Amelia Hart" in text
    assert "Oscar Lind" not in text


@pytest.mark.requirement("B5")
@pytest.mark.parametrize(
    ("granted", "may"),
    [
        (["password:reset", "account:unlock", "password:read"], True),
        (["account:unlock"], False),  # the person holds the right, but this token was not made for it
    ],
)
async def test_a_right_counts_only_where_the_token_carries_it(
    world: World, http: httpx.AsyncClient, granted: list[str], *, may: bool
) -> None:
    agent, user = await _tokens(world, EMPLOYEE, "password_reset", granted)
    response = await world.call_subagent("password_reset", "What is the password policy?", http, agent=agent, user=user)
    assert ("at least" in response.text) is may


@pytest.mark.requirement("B5")
async def test_an_agents_grant_gives_nobody_a_right_that_they_lack(world: World) -> None:
    with pytest.raises(AssertionError, match="403"):
        await _tokens(world, CONTRACTOR, "password_reset", ["password:read"])


@pytest.mark.requirement("B6")
async def test_an_agents_token_for_one_subagent_opens_no_other(world: World, http: httpx.AsyncClient) -> None:
    agent, user = await _tokens(world, EMPLOYEE, "account_lookup", ["account:read"])
    for name in ("password_reset", "docs_search"):
        response = await world.call_subagent(name, "Show my profile", http, agent=agent, user=user)
        assert response.status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.requirement("B7")
async def test_the_persons_own_token_never_leaves_the_supervisor(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    await amelia.ask("Which groups am I in, and what is the password policy?")
    for name in ("account_lookup", "password_reset", "docs_search", "directory"):
        assert all(amelia.token not in str(headers) for headers in world.heard[name])
    calls = [headers for headers in world.heard["account_lookup"] if "delegated-user-token" in headers]
    delegated, agent = _claims(calls[-1]["delegated-user-token"]), _claims(calls[-1]["authorization"].split()[1])
    exchanger = world.tenant.client("Supervisor API client").client_id
    command_line = world.tenant.client("Help desk command line").client_id
    assert delegated["sub"] == world.tenant.user_id(EMPLOYEE)
    assert delegated["aud"] == world.tenant.api("account_lookup")
    assert delegated["act"] == {"sub": exchanger, "act": {"sub": command_line}}
    assert set(str(delegated["scope"]).split()) == {"account:read", "people:read"}
    assert agent["sub"] == f"{world.tenant.client('Supervisor').client_id}@clients"


@pytest.mark.requirement("B8")
async def test_a_person_who_is_blocked_meanwhile_is_refused_at_the_next_hop(
    world: World, http: httpx.AsyncClient
) -> None:
    person = await Person.sign_in(world, "nadia.okafor", http)
    world.tenant.block("nadia.okafor")
    try:
        reply = await person.ask("Which groups am I in?")
    finally:
        world.tenant.block("nadia.okafor", blocked=False)
    assert "groups" not in reply.text.replace("Which groups", "")
    assert "could not" in reply.text or "may not" in reply.text


@pytest.mark.requirement("C10")
async def test_a_chain_that_comes_back_to_the_supervisor_is_cut(world: World, http: httpx.AsyncClient) -> None:
    """A delegated token, whose actor is the supervisor, is no way into the supervisor."""
    _, user = await _tokens(world, EMPLOYEE, "account_lookup", ["account:read"])
    person = Person(world, user, http)
    response = await http.post(world.url("supervisor"), json={}, headers={"Authorization": f"Bearer {person.token}"})
    assert response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
