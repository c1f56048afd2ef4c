"""A task that waits until its person has connected an account: it says so, keeps, and goes on by itself."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.flows._world import Person, World, new_client

WAITS, DONE = "TASK_STATE_AUTH_REQUIRED", "TASK_STATE_COMPLETED"
SETTLED_SECONDS = 5.0


async def _task(person: Person, task_id: str) -> dict[str, Any]:
    task: dict[str, Any] = (await person.call("GetTask", {"id": task_id}))["result"]
    return task


async def _until(person: Person, task_id: str, state: str) -> dict[str, Any]:
    for _ in range(200):
        task = await _task(person, task_id)
        if task["status"]["state"] == state:
            return task
        await asyncio.sleep(0.1)
    raise AssertionError(task)


def _words(task: dict[str, Any]) -> str:
    return "".join(part["text"] for part in task["status"]["message"]["parts"])


def _answers(task: dict[str, Any]) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = {}
    for artifact in task.get("artifacts", []):
        text = "".join(part["text"] for part in artifact["parts"])
        answers.setdefault(artifact["name"], []).append(text)
    return answers


async def _waits(world: World, login: str, connection: str, question: str, http: httpx.AsyncClient) -> Any:
    """Somebody whose account is not connected, and their task that waits."""
    await world.disconnect(login, connection)
    person = await Person.sign_in(world, login, http, connects=False)
    task = (await person.ask(question)).task
    assert task["status"]["state"] == WAITS, task
    return person, task


def _acts(world: World) -> int:
    return sum(call.method != "GET" for call in world.upstream_calls())


@pytest.mark.requirement("G3")
async def test_a_task_waits_for_the_account_and_goes_on_by_itself(world: World, http: httpx.AsyncClient) -> None:
    question = "Which groups am I in, and where is the VPN guide?"
    amelia, waits = await _waits(world, "amelia.hart", "directory-read", question, http)

    assert "helpdesk accounts connect directory-read" in _words(waits)
    (wait,) = waits["metadata"]["helpdesk/waiting"]
    assert (wait["kind"], wait["subject"], wait["tool"]) == ("connect-account", "directory-read", "account_lookup")
    assert set(_answers(waits)) == {"docs_search"}  # what needs nobody was answered at once

    await world.connect("amelia.hart", "directory-read")
    done = await _until(amelia, waits["id"], DONE)

    assert set(_answers(done)) == {"docs_search", "account_lookup"}
    assert "Sales" in _answers(done)["account_lookup"][0]
    assert done["metadata"]["helpdesk/waiting"] == []


@pytest.mark.requirement("G3")
async def test_a_message_has_it_go_on_at_once_even_in_new_processes(world: World, http: httpx.AsyncClient) -> None:
    amelia, waits = await _waits(world, "amelia.hart", "directory-read", "Which groups am I in?", http)
    for name in ("account_lookup", "supervisor"):
        world.stop(name)
        world.start(name)
    async with new_client() as another:
        await _goes_on_with_a_message(world, Person(world, amelia.token, another), waits)


async def _goes_on_with_a_message(world: World, amelia: Person, waits: dict[str, Any]) -> None:
    still = (await amelia.ask("go on", task_id=waits["id"])).task
    assert still["status"]["state"] == WAITS
    assert _words(still) == _words(waits)

    await world.connect("amelia.hart", "directory-read")
    done = (await amelia.ask("go on", task_id=waits["id"])).task
    assert done["status"]["state"] == DONE
    assert "Sales" in _answers(done)["account_lookup"][0]


@pytest.mark.requirement("G3")
async def test_what_waited_is_done_once_however_often_it_is_told_to_go_on(
    world: World, http: httpx.AsyncClient
) -> None:
    amelia, waits = await _waits(world, "amelia.hart", "directory-manage", "Please unlock my account", http)
    before = _acts(world)

    await world.connect("amelia.hart", "directory-manage")
    await asyncio.gather(*(amelia.call("SendMessage", _go_on(waits["id"], number)) for number in range(3)))
    done = await _until(amelia, waits["id"], DONE)
    await asyncio.sleep(SETTLED_SECONDS)

    assert "unlocked" in _answers(done)["password_reset"][0]
    assert _acts(world) == before + 1


@pytest.mark.requirement("G3")
async def test_what_was_cancelled_while_it_waited_is_never_done(world: World, http: httpx.AsyncClient) -> None:
    question = "I forgot my password, please send me a reset link"
    amelia, waits = await _waits(world, "amelia.hart", "directory-manage", question, http)
    before = _acts(world)
    task = await amelia.call("CancelTask", {"id": waits["id"]})
    assert task["result"]["status"]["state"] == "TASK_STATE_CANCELED"

    await world.connect("amelia.hart", "directory-manage")
    await asyncio.sleep(SETTLED_SECONDS)

    assert _acts(world) == before
    assert (await _task(amelia, waits["id"]))["status"]["state"] == "TASK_STATE_CANCELED"


async def test_nobody_else_can_have_it_go_on(world: World, http: httpx.AsyncClient) -> None:
    _, waits = await _waits(world, "amelia.hart", "directory-read", "Which groups am I in?", http)
    oscar = await Person.sign_in(world, "oscar.lind", http)

    body = await oscar.call("SendMessage", _go_on(waits["id"], 0))

    assert body["error"]["code"] == -32001  # there is no such task


def _go_on(task_id: str, number: int) -> dict[str, Any]:
    parts = [{"text": "go on"}]
    return {"message": {"messageId": f"{task_id}-{number}", "role": "ROLE_USER", "taskId": task_id, "parts": parts}}
