"""A person's message, through the supervisor and the subagents, to the answer: every part real, no model elsewhere."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.http import create_http_client
from shared.identity import CardSigningKey
from shared.testing import tokens_in
from tests.flows._record import records
from tests.flows._world import Person, Reply, World

EMPLOYEE = "amelia.hart"
OPERATOR = "oscar.lind"


async def test_one_intent_is_answered_by_the_one_agent(world: World, http: httpx.AsyncClient) -> None:
    reply = await (await Person.sign_in(world, EMPLOYEE, http)).ask("Which groups am I in?")
    assert set(reply.said) == {"account_lookup"}
    assert "Sales" in reply.text
    assert reply.state == "TASK_STATE_COMPLETED"


async def test_several_intents_are_answered_at_once(world: World, http: httpx.AsyncClient) -> None:
    reply = await (await Person.sign_in(world, EMPLOYEE, http)).ask(
        "What is the password policy, and where is the VPN guide?"
    )
    assert set(reply.said) == {"password_reset", "docs_search"}


async def test_the_thread_of_the_conversation_is_kept(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    first = await amelia.ask("Is my account locked?")
    second = await amelia.ask("and unlock it too", context_id=first.task["contextId"])
    assert set(second.said) == {"password_reset"}
    assert "unlock" in second.text.lower()
    assert second.task["contextId"] == first.task["contextId"]


async def test_what_no_agent_covers_is_refused_plainly(world: World, http: httpx.AsyncClient) -> None:
    reply = await (await Person.sign_in(world, EMPLOYEE, http)).ask("Please book me a flight to Lisbon")
    assert set(reply.said) == {"supervisor"}
    assert reply.state == "TASK_STATE_COMPLETED"


async def test_what_is_said_reaches_the_person_as_it_is_said(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    reply = Reply([event async for event in amelia.stream("Which groups am I in?")])
    assert "task" in reply.events[0]
    working = [event for event in reply.events if event.get("statusUpdate", {}).get("metadata")]
    assert working[0]["statusUpdate"]["metadata"]["helpdesk/working"] == "account_lookup"
    assert "Sales" in reply.said["account_lookup"]
    assert reply.state == "TASK_STATE_COMPLETED"


async def test_a_task_can_be_read_again_later(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    reply = await amelia.ask("Which groups am I in?")
    read = await amelia.call("GetTask", {"id": reply.task["id"]})
    assert read["result"]["artifacts"] == reply.task["artifacts"]


async def test_a_subagent_that_is_away_is_named_and_the_rest_answers(tmp_path: Path, http: httpx.AsyncClient) -> None:
    with World(tmp_path) as world:
        amelia = await Person.sign_in(world, EMPLOYEE, http)
        await amelia.ask("Where is the VPN guide?")
        world.stop("docs_search")
        reply = await amelia.ask("Which groups am I in, and where is the VPN guide?")
        assert "Sales" in reply.said["account_lookup"]
        assert "away" in reply.said["docs_search"]
        world.start("docs_search")
        again = await amelia.ask("Where is the VPN guide?")
        assert "VPN" in again.said["docs_search"]


@pytest.mark.requirement("F2")
async def test_a_person_without_the_right_role_is_told_so(world: World, http: httpx.AsyncClient) -> None:
    casey = await Person.sign_in(world, "casey.moreno", http)
    reply = await casey.ask("Reset my password please")
    assert "may not" in reply.text


@pytest.mark.requirement("A13")
async def test_two_people_at_once_never_get_each_others_answers(world: World, http: httpx.AsyncClient) -> None:
    people = {login: await Person.sign_in(world, login, http) for login in (EMPLOYEE, OPERATOR)}
    ids = {login: world.tenant.user_id(login) for login in people}
    logins = [login for _ in range(100) for login in people]
    room = asyncio.Semaphore(16)

    async def ask(login: str) -> tuple[str, Reply]:
        async with room:
            return login, await people[login].ask("Show my profile")

    replies = await asyncio.gather(*(ask(login) for login in logins))
    names = {EMPLOYEE: "Amelia Hart", OPERATOR: "Oscar Lind"}
    for login, reply in replies:
        other = OPERATOR if login == EMPLOYEE else EMPLOYEE
        assert names[login] in reply.text
        assert names[other] not in reply.text
    for name in ("supervisor", "account_lookup"):
        owners = dict(
            sqlite3.connect(world.folder / f"{name}.sqlite3").execute(
                "SELECT owner, count(*) FROM tasks GROUP BY owner"
            )
        )
        assert all(sum(count for owner, count in owners.items() if ids[login] in owner) >= 100 for login in people)


@pytest.mark.requirement("C1")
async def test_nobody_else_reads_or_cancels_a_task(world: World, http: httpx.AsyncClient) -> None:
    amelia, oscar = await Person.sign_in(world, EMPLOYEE, http), await Person.sign_in(world, OPERATOR, http)
    task_id = (await amelia.ask("Which groups am I in?")).task["id"]
    for method in ("GetTask", "CancelTask", "SubscribeToTask"):
        theirs = await oscar.call(method, {"id": task_id})
        nobodys = await oscar.call(method, {"id": "no-such-task"})
        assert theirs["error"]["code"] == nobodys["error"]["code"]
        assert theirs["error"]["message"].replace(task_id, "") == nobodys["error"]["message"].replace(
            "no-such-task", ""
        )


@pytest.mark.requirement("C3")
@pytest.mark.requirement("F5")
async def test_another_persons_context_gives_nothing_of_its_history(world: World, http: httpx.AsyncClient) -> None:
    amelia, oscar = await Person.sign_in(world, EMPLOYEE, http), await Person.sign_in(world, OPERATOR, http)
    context_id = (await amelia.ask("Is my account locked?")).task["contextId"]
    reply = await oscar.ask("and unlock it too", context_id=context_id)
    assert "Amelia" not in reply.text


@pytest.mark.requirement("F3")
async def test_no_token_is_kept_or_said_anywhere(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    reply = await amelia.ask("Show my profile, my groups and the password policy")
    assert amelia.token not in reply.text
    for name in ("supervisor", "account_lookup", "password_reset", "docs_search"):
        for suffix in ("", "-wal"):
            path = world.folder / f"{name}.sqlite3{suffix}"
            if path.exists():
                assert tokens_in(path.read_bytes()) == [], path.name


async def test_two_answers_of_one_agent_are_two_paragraphs_streamed_or_not(
    world: World, http: httpx.AsyncClient
) -> None:
    amelia = await Person.sign_in(world, EMPLOYEE, http)
    question = "Which groups am I in, and which devices do I have?"
    whole = (await amelia.ask(question)).said["account_lookup"]
    streamed = Reply([event async for event in amelia.stream(question)]).said["account_lookup"]
    assert "\n\n**" in whole
    assert sorted(streamed.split("\n\n")) == sorted(whole.split("\n\n"))


@pytest.mark.requirement("D1")
async def test_a_subagent_whose_card_is_not_signed_as_pinned_is_named_and_the_rest_answers(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    """The agent is there, and would answer; its key is not the one that the supervisor was told of."""
    with World(tmp_path) as world:
        world.stop("docs_search")
        world.card_keys["docs_search"] = CardSigningKey.generate()
        world.start("docs_search")
        amelia = await Person.sign_in(world, EMPLOYEE, http)
        reply = await amelia.ask("Which groups am I in?")
        assert "Sales" in reply.said["account_lookup"]
        reply = await amelia.ask("Where is the VPN guide?")
        assert "away at the moment (docs_search)" in reply.said["supervisor"]
        assert set(world.asked["docs_search"]) == {"/.well-known/agent-card.json"}
    refused = [one for one in records(world.folder, "supervisor") if one["action"] == "request:card:refuse"]
    assert [(one["rule"]["reason"], one["details"]["agent"]) for one in refused] == [
        ("card_key_unknown", "docs_search")
    ]


@pytest.mark.requirement("D1")
async def test_a_key_is_replaced_while_people_go_on_asking(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """The supervisor is told of the new key, the agent signs with it, the supervisor is told that the old one went."""
    old, new = CardSigningKey.generate(), CardSigningKey.generate()
    pinned: dict[str, Any] = {}
    with World(tmp_path, supervisor={"card_keys": pinned}) as world:
        amelia = await Person.sign_in(world, EMPLOYEE, http)
        pinned |= {world.tenant.api(name): {"keys": [key.jwk]} for name, key in world.card_keys.items()}
        of_docs = pinned[world.tenant.api("docs_search")]["keys"]

        async def is_answered() -> None:
            async with create_http_client() as anew:  # the supervisor's connections end with it
                reply = await Person(world, amelia.token, anew).ask("Where is the VPN guide?")
            assert "VPN" in reply.said["docs_search"]

        for name, signs_with, keys in (
            ("supervisor", old, [old]),
            ("supervisor", old, [old, new]),
            ("docs_search", new, [old, new]),
            ("supervisor", new, [old, new]),
            ("supervisor", new, [new]),
        ):
            of_docs[:] = [key.jwk for key in keys]
            world.card_keys["docs_search"] = signs_with
            if keys == [old]:
                world.stop("docs_search")
                world.start("docs_search")
            world.stop(name)
            world.start(name)
            await is_answered()
    assert [one for one in records(world.folder, "supervisor") if one["action"] == "request:card:refuse"] == []
