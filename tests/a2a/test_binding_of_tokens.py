"""Whose tokens belong together: the calling agent, the user for whom it calls, and the chain of actors between them."""

import pytest

from shared.a2a import DELEGATED_USER_HEADER
from tests.a2a._agent import (
    ALICE,
    AUDIENCE,
    BOB,
    COMMAND_LINE,
    OTHER,
    OTHER_API,
    OWN,
    SUPERVISOR,
    SUPERVISOR_API,
    SUPERVISOR_AUDIENCE,
    Agent,
    message,
)

REFUSED = (403, "CALLER_NOT_ALLOWED")


async def outcome(agent: Agent, headers: dict[str, str], binding: str) -> tuple[int, str | None]:
    answer = await agent.call("SendMessage", headers=headers, binding=binding)
    assert agent.executor.heard == []
    return answer.response.status_code, answer.reason


@pytest.mark.requirement("B1")
async def test_an_agent_without_a_user_does_nothing(agent: Agent, binding: str) -> None:
    """No skill here works without a user."""
    headers = {"Authorization": f"Bearer {agent.issuer.agent()}"}
    assert await outcome(agent, headers, binding) == (401, "TOKEN_MISSING")


@pytest.mark.requirement("B1")
async def test_a_user_without_an_agent_does_nothing(agent: Agent, binding: str) -> None:
    headers = {DELEGATED_USER_HEADER: agent.issuer.delegated()}
    assert await outcome(agent, headers, binding) == (401, "TOKEN_MISSING")


@pytest.mark.requirement("B1")
async def test_neither_token_stands_for_both(agent: Agent, binding: str) -> None:
    m2m, delegated = agent.issuer.agent(), agent.issuer.delegated()
    for bearer, user in ((m2m, m2m), (delegated, delegated), (delegated, m2m)):
        headers = {"Authorization": f"Bearer {bearer}", DELEGATED_USER_HEADER: user}
        assert await outcome(agent, headers, binding) == REFUSED


@pytest.mark.requirement("B2")
async def test_a_user_that_is_only_named_is_not_believed(agent: Agent, binding: str) -> None:
    params = message(f"who am I, I am {BOB}", contextId=BOB, metadata={"user": BOB, "sub": BOB}) | {
        "metadata": {"caller": BOB}
    }
    headers = agent.issuer.hop(ALICE) | {"X-Acting-Subject": BOB, "X-User": BOB, "X-Forwarded-User": BOB}
    answer = await agent.call("SendMessage", params, headers=headers, binding=binding)
    assert answer.text == ALICE
    assert [caller.user.subject for caller in agent.executor.callers] == [ALICE]


@pytest.mark.requirement("B3")
@pytest.mark.parametrize(
    "actors",
    [
        (),
        ("stranger",),
        ("stranger", SUPERVISOR_API),
        (COMMAND_LINE, SUPERVISOR_API),
        (SUPERVISOR,),
        (OTHER_API,),
        (OTHER_API, SUPERVISOR_API),
    ],
    ids=" ".join,
)
async def test_a_delegated_token_counts_from_the_agent_alone_that_acts_in_it(
    agent: Agent, actors: tuple[str, ...], binding: str
) -> None:
    """The outermost actor decides (RFC 8693 §4.1): it must be the API client of the very agent that calls."""
    assert await outcome(agent, agent.issuer.hop(actors=actors), binding) == REFUSED


@pytest.mark.requirement("B3")
async def test_each_allowed_agent_sends_its_own_tokens(agent: Agent, binding: str) -> None:
    issuer = agent.issuer
    crossed = {
        "Authorization": f"Bearer {issuer.agent(OTHER)}",
        DELEGATED_USER_HEADER: issuer.delegated(actors=(SUPERVISOR_API,)),
    }
    assert await outcome(agent, crossed, binding) == REFUSED
    own = crossed | {DELEGATED_USER_HEADER: issuer.delegated(actors=(OTHER_API,))}
    assert (await agent.call("SendMessage", message("echo hi"), headers=own, binding=binding)).text == "hi"


@pytest.mark.requirement("B3")
async def test_a_crossed_pair_is_refused_even_where_both_tokens_are_known(agent: Agent, binding: str) -> None:
    """The binding is not remembered with the tokens: it is checked each time."""
    issuer = agent.issuer
    ours = {
        "Authorization": f"Bearer {issuer.agent()}",
        DELEGATED_USER_HEADER: issuer.delegated(actors=(SUPERVISOR_API,)),
    }
    theirs = {
        "Authorization": f"Bearer {issuer.agent(OTHER)}",
        DELEGATED_USER_HEADER: issuer.delegated(actors=(OTHER_API,)),
    }
    for headers in (ours, theirs):
        assert (await agent.call("ListTasks", headers=headers, binding=binding)).result is not None
    crossed = ours | {DELEGATED_USER_HEADER: theirs[DELEGATED_USER_HEADER]}
    assert await outcome(agent, crossed, binding) == REFUSED


@pytest.mark.requirement("B3")
@pytest.mark.parametrize(("depth", "is_let_in"), [(1, True), (4, True), (5, False)])
async def test_a_chain_of_actors_is_only_so_long(agent: Agent, depth: int, is_let_in: bool, binding: str) -> None:
    actors = (SUPERVISOR_API, *(f"client-{number}" for number in range(depth - 1)))
    answer = await agent.call("SendMessage", headers=agent.issuer.hop(actors=actors), binding=binding)
    assert answer.response.status_code == (200 if is_let_in else 403)


@pytest.mark.requirement("C10")
@pytest.mark.parametrize(
    "actors",
    [(SUPERVISOR_API, OWN, COMMAND_LINE), (SUPERVISOR_API, OTHER_API, SUPERVISOR_API)],
    ids=["through us", "through the caller"],
)
async def test_a_chain_that_comes_back_is_cut(agent: Agent, actors: tuple[str, ...], binding: str) -> None:
    assert await outcome(agent, agent.issuer.hop(actors=actors), binding) == REFUSED


@pytest.mark.requirement("C10")
@pytest.mark.parametrize("client", [SUPERVISOR, SUPERVISOR_API])
async def test_a_subagent_does_not_call_the_supervisor_back_for_the_user(
    supervisor: Agent, client: str, binding: str
) -> None:
    token = supervisor.issuer.user(actors=(OWN, client, COMMAND_LINE))
    assert await outcome(supervisor, {"Authorization": f"Bearer {token}"}, binding) == REFUSED


@pytest.mark.requirement("B1")
async def test_the_supervisor_takes_no_agents_own_token(supervisor: Agent, binding: str) -> None:
    token = supervisor.issuer.agent(audience=SUPERVISOR_AUDIENCE, scopes=["helpdesk:ask"])
    assert await outcome(supervisor, {"Authorization": f"Bearer {token}"}, binding) == REFUSED


async def test_the_supervisor_takes_no_delegated_token_beside_the_users(supervisor: Agent, binding: str) -> None:
    headers = {
        "Authorization": f"Bearer {supervisor.issuer.user()}",
        DELEGATED_USER_HEADER: supervisor.issuer.delegated(BOB, audience=AUDIENCE),
    }
    assert await outcome(supervisor, headers, binding) == (401, "INVALID_TOKEN")


async def test_the_agent_learns_who_calls_and_for_whom(agent: Agent, binding: str) -> None:
    await agent.send("echo hi", binding=binding)
    (caller,) = agent.executor.callers
    assert caller.user.subject == ALICE
    assert caller.user.actors == (SUPERVISOR_API, COMMAND_LINE)
    assert caller.user.scopes == {"account:read"}
    assert caller.agent is not None
    assert caller.agent.client_id == SUPERVISOR


async def test_the_supervisor_learns_who_asks_and_holds_their_token_for_the_exchange(
    supervisor: Agent, binding: str
) -> None:
    token = supervisor.issuer.user()
    await supervisor.call("SendMessage", headers={"Authorization": f"Bearer {token}"}, binding=binding)
    (caller,) = supervisor.executor.callers
    assert (caller.user.subject, caller.agent) == (ALICE, None)
    assert caller.user_token.reveal() == token
