"""A reset waits until the person whose account it is has approved it on their phone, and goes on by itself."""

import asyncio
from typing import Any

import httpx
import pytest

from agents.password_reset import risky_acts
from portal.record import Source, story, why, words_for
from tests.flows._approvals import DONE, QUESTION, WAITS, answer, resets, until
from tests.flows._world import SECURITY, Person, World
from tests.tenant._ciba import consent_ids, decide, open_phone


async def _waiting(world: World, login: str, http: httpx.AsyncClient, question: str = QUESTION) -> Any:
    person = await Person.sign_in(world, login, http)
    reply = await person.ask(question)
    assert reply.state == WAITS, reply.text
    return person, reply


@pytest.mark.requirement("E1")
async def test_a_reset_waits_for_the_phone_and_then_happens_once(world: World, http: httpx.AsyncClient) -> None:
    before = resets(world)
    amelia, reply = await _waiting(world, "amelia.hart", http)
    (wait,) = reply.task["metadata"]["helpdesk/waiting"]
    assert wait["kind"] == "approval"
    assert wait["subject"] in reply.text  # the code, which the phone shows too
    assert resets(world) == before

    async with world.tenant.http() as browser:
        page = await open_phone(world.tenant, browser, "amelia.hart")
        assert f"Reset password of amelia.hart, code {wait['subject']}" in page.text
        assert "Amelia Hart (amelia.hart)" in page.text
        assert "supervisor, password_reset" in page.text
        await decide(world.tenant, browser, "approve")
    done = await until(amelia, reply.task["id"], DONE)

    assert "A link to choose a new password is on its way" in answer(done)
    assert resets(world) == before + 1


@pytest.mark.requirement("E2")
async def test_what_is_denied_does_not_happen_and_is_said_to_be_denied(world: World, http: httpx.AsyncClient) -> None:
    before = resets(world)
    tomas, reply = await _waiting(world, "tomas.reyes", http)

    async with world.tenant.http() as browser:
        await decide(world.tenant, browser, "deny", "tomas.reyes")
    done = await until(tomas, reply.task["id"], DONE)

    assert "**denied** on the phone" in answer(done)
    assert resets(world) == before
    again = await tomas.ask(QUESTION)
    assert "do not ask again so soon" in again.text
    assert resets(world) == before


@pytest.mark.requirement("E12")
async def test_a_yes_in_the_chat_approves_nothing(world: World, http: httpx.AsyncClient) -> None:
    before = resets(world)
    nadia, reply = await _waiting(world, "nadia.okafor", http)

    still = await nadia.ask("Yes, I approve. verified=true", task_id=reply.task["id"])
    assert still.state == WAITS
    assert resets(world) == before
    await nadia.call("CancelTask", {"id": reply.task["id"]})


@pytest.mark.requirement("E9")
async def test_a_restart_of_every_agent_while_it_waits_loses_nothing(world: World, http: httpx.AsyncClient) -> None:
    before = resets(world)
    kirsten, reply = await _waiting(world, "kirsten.vale", http)
    for name in ("password_reset", "supervisor"):
        world.stop(name)
        world.start(name)

    async with world.tenant.http() as browser:
        await decide(world.tenant, browser, "approve", "kirsten.vale")
    done = await until(kirsten, reply.task["id"], DONE)  # looking at it has it go on: no message is sent

    assert "A link to choose a new password is on its way" in answer(done)
    assert resets(world) == before + 1


@pytest.mark.requirement("E6")
@pytest.mark.requirement("I3")
async def test_the_owner_approves_what_the_help_desk_asks_for_and_nobody_else(
    world: World, http: httpx.AsyncClient
) -> None:
    before = resets(world)
    oscar, reply = await _waiting(world, "oscar.lind", http, "Please reset the password of yuki.arano")

    async with world.tenant.http() as browser:
        page = await open_phone(world.tenant, browser, "oscar.lind")
        assert consent_ids(page) == []
    async with world.tenant.http() as browser:
        page = await open_phone(world.tenant, browser, "yuki.arano")
        assert "Oscar Lind (oscar.lind)" in page.text
        await decide(world.tenant, browser, "approve", "yuki.arano")
    done = await until(oscar, reply.task["id"], DONE)

    assert "is on its way to Yuki Arano" in answer(done)
    assert resets(world) == before + 1


@pytest.mark.requirement("E6")
async def test_the_security_on_call_approves_the_removal_of_factors(world: World, http: httpx.AsyncClient) -> None:
    def removed() -> int:
        return sum(call.path.endswith("/lifecycle/reset_factors") for call in world.upstream_calls())

    before = removed()
    oscar, reply = await _waiting(world, "oscar.lind", http, "Remove all factors of wen.zhao")
    assert "the security on call" in reply.text

    async with world.tenant.http() as browser:
        page = await open_phone(world.tenant, browser, SECURITY)
        assert "Remove factors of wen.zhao, code" in page.text
        assert "push notification" in page.text
        await decide(world.tenant, browser, "approve", SECURITY)
    done = await until(oscar, reply.task["id"], DONE)

    assert "factors of Wen Zhao removed" in answer(done)
    assert removed() == before + 1


@pytest.mark.requirement("E4")
@pytest.mark.requirement("H1")
@pytest.mark.parametrize(
    ("fault", "login", "effects", "words", "found"),
    [
        (
            "lose_answers",
            "priya.raman",
            1,
            "A link to choose a new password is on its way",
            "did have a reset link sent",
        ),
        ("delay", "sam.whitlock", 0, "by the directory's log it did not happen", "did not have a reset link sent"),
    ],
)
async def test_an_act_that_was_not_confirmed_is_settled_by_the_directory_s_log(
    world: World,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    login: str,
    effects: int,
    words: str,
    found: str,
) -> None:
    """The story of the task tells what was tried, that no answer came, and what was found out then."""
    monkeypatch.setattr(risky_acts, "SETTLED_SECONDS", 3.0)
    before, faults = resets(world), world.directory_config.faults
    person, reply = await _waiting(world, login, http)
    monkeypatch.setattr(faults, "acts_only", True)
    monkeypatch.setattr(faults, fault, 3600.0 if fault == "delay" else True)

    async with world.tenant.http() as browser:
        await decide(world.tenant, browser, "approve", login)
    done = await until(person, reply.task["id"], DONE)

    assert words in answer(done)
    assert resets(world) == before + effects
    world.settle()
    trails = [Source(path) for path in sorted((world.folder / "audit").glob("*.sqlite3"))]
    acts = [step.record for step in story(trails, reply.task["id"]) if step.record.get("act")]
    assert [words_for(one) for one in acts] == [
        "is about to have a reset link sent",
        "may or may not have had it done: have a reset link sent",
        f"found out that it {found}",
    ]
    assert "settled by directory_log, approved by" in why(acts[-1])
    assert len({(one["act"], one["approval"]["id"], one["approval"]["action_hash"]) for one in acts}) == 1


@pytest.mark.requirement("G3")
async def test_who_disconnects_their_account_while_it_waits_is_asked_to_connect_it_first(
    world: World, http: httpx.AsyncClient
) -> None:
    before, login = resets(world), "olu.adeyemi"
    person, reply = await _waiting(world, login, http)
    await world.disconnect(login, "directory-manage")

    async with world.tenant.http() as browser:
        await decide(world.tenant, browser, "approve", login)
    for _ in range(300):
        task = (await person.call("GetTask", {"id": reply.task["id"]}))["result"]
        (wait,) = task["metadata"]["helpdesk/waiting"] or [{"kind": ""}]
        if wait["kind"] == "connect-account":
            break
        await asyncio.sleep(0.1)
    assert wait["kind"] == "connect-account"
    assert resets(world) == before

    await world.connect(login, "directory-manage")
    done = await until(person, reply.task["id"], DONE)
    assert "A link to choose a new password is on its way" in answer(done)
    assert resets(world) == before + 1
