"""An act that has begun comes to its end, and is told, whoever cancels its task or stops its agent meanwhile."""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from a2a.types import TaskState

from shared.a2a._handler import AgentRequestHandler
from tests.flows._approvals import (
    CANCELED,
    DONE,
    WAITS,
    answer,
    at_the_phone,
    code_of,
    ledger,
    look,
    resets,
    until,
    waiting,
)
from tests.flows._record import records
from tests.flows._world import World

NOT_CANCELABLE = -32002


class Held:
    """Holds the directory's acts back, so that a test can do something in the middle of one."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()

    def __call__(self, path: str) -> None:
        if "/lifecycle/" in path:
            self.reached.set()
            self.go.wait(60)

    async def until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 60)


@pytest.fixture
def held(world: World) -> Iterator[Held]:
    holder = world.before["directory"] = Held()
    yield holder
    holder.go.set()
    del world.before["directory"]


def state_of(world: World, task: dict[str, Any]) -> str:
    ((state,),) = ledger(world, "SELECT state FROM actions WHERE code = ?", code_of(task))
    return str(state)


async def until_state(world: World, task: dict[str, Any], state: str) -> None:
    for _ in range(600):
        if state_of(world, task) == state:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(state_of(world, task))


def outcomes(world: World, task: dict[str, Any]) -> list[str]:
    """What password_reset has on record of the act of a task."""
    found = records(world.folder, "password_reset")
    ((action,),) = ledger(world, "SELECT id FROM actions WHERE code = ?", code_of(task))
    return [one["outcome"] for one in found if one.get("act") and one.get("approval", {}).get("id") == action]


async def at_the_subagent(
    world: World, login: str, method: str, task: dict[str, Any], http: httpx.AsyncClient
) -> dict[str, Any]:
    """Calls an operation for the task of password_reset that a task led to, as the supervisor does."""
    ((there,),) = ledger(world, "SELECT task_id FROM actions WHERE code = ?", code_of(task))
    audience = world.tenant.api("password_reset")
    agent = await world.tenant.client_credentials(audience, scopes=["agent:invoke"])
    scopes = ["password:read", "password:reset"]
    user = await world.tenant.exchange(await world.tenant.sign_in(login), audience, scopes=scopes)
    headers = {"A2A-Version": "1.0", "Authorization": f"Bearer {agent}", "Delegated-User-Token": user}
    body = {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": method, "params": {"id": there}}
    found: dict[str, Any] = (await http.post(world.url("password_reset"), json=body, headers=headers)).json()
    return found


@pytest.mark.requirement("C8")
@pytest.mark.requirement("E4")
@pytest.mark.requirement("H1")
async def test_what_is_being_done_cannot_be_cancelled_and_is_told(
    world: World, http: httpx.AsyncClient, held: Held
) -> None:
    """The person's own task can be; the subagent's comes to its end, in the ledger as on record."""
    before = resets(world)
    amelia, task = await waiting(world, "amelia.hart", http)
    await at_the_phone(world, "amelia.hart", "approve", code_of(task))
    await held.until_reached()

    refused = await at_the_subagent(world, "amelia.hart", "CancelTask", task, http)
    assert refused["error"]["code"] == NOT_CANCELABLE
    assert "is being done" in refused["error"]["message"]
    canceled = await amelia.call("CancelTask", {"id": task["id"]})
    assert canceled["result"]["status"]["state"] == CANCELED
    assert state_of(world, task) == "acting"
    held.go.set()
    await until_state(world, task, "done")

    world.settle()
    assert resets(world) == before + 1
    assert outcomes(world, task) == ["attempted", "succeeded"]


@pytest.mark.requirement("E4")
@pytest.mark.requirement("E9")
@pytest.mark.requirement("H1")
async def test_an_agent_that_is_stopped_in_the_middle_of_an_act_tells_afterwards_what_came_of_it(
    world: World, http: httpx.AsyncClient, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain = AgentRequestHandler.drain
    monkeypatch.setattr(AgentRequestHandler, "drain", lambda handler, _: drain(handler, 0.1))  # it has no time left
    before = resets(world)
    _, task = await waiting(world, "tomas.reyes", http)
    await at_the_phone(world, "tomas.reyes", "approve", code_of(task))
    await held.until_reached()

    ((there,),) = ledger(world, "SELECT task_id FROM actions WHERE code = ?", code_of(task))
    stopping = asyncio.create_task(asyncio.to_thread(world.stop, "password_reset"))
    for _ in range(600):
        if ledger(world, "SELECT state FROM tasks WHERE task_id = ?", there) == [(TaskState.TASK_STATE_AUTH_REQUIRED,)]:
            break
        await asyncio.sleep(0.05)
    assert state_of(world, task) == "acting"
    held.go.set()
    await stopping
    world.start("password_reset")
    for _ in range(600):
        done = (await at_the_subagent(world, "tomas.reyes", "GetTask", task, http))["result"]
        if done["status"]["state"] == DONE:
            break
        await asyncio.sleep(0.1)

    assert "A link to choose a new password is on its way" in answer(done)
    assert resets(world) == before + 1
    assert outcomes(world, task) == ["attempted", "succeeded"]
    assert state_of(world, task) == "done"


@pytest.mark.requirement("C8")
@pytest.mark.requirement("E4")
async def test_what_may_have_happened_is_found_out_and_not_cancelled(world: World, http: httpx.AsyncClient) -> None:
    """The directory's answer is lost, and then it is away: whoever asks meanwhile is not told that nothing was done."""
    faults, before = world.directory_config.faults, resets(world)

    def lose(path: str) -> None:
        if path.endswith("/lifecycle/reset_password"):
            faults.lose_answers = True
        elif path.endswith("/logs"):  # of the same call alone: it comes to that when the act has been answered
            faults.away = faults.lose_answers

    world.before["directory"] = lose
    nadia, task = await waiting(world, "nadia.okafor", http)
    await at_the_phone(world, "nadia.okafor", "approve", code_of(task))
    for _ in range(600):
        now = await look(nadia, task["id"])
        if [wait["kind"] for wait in now["metadata"]["helpdesk/waiting"]] == ["outcome"]:
            break
        await asyncio.sleep(0.05)
    assert now["status"]["state"] == WAITS

    asked = await nadia.ask("Is it done?", task_id=task["id"])  # every step is gone anew, as after a restart
    assert (asked.state, [wait["kind"] for wait in asked.task["metadata"]["helpdesk/waiting"]]) == (WAITS, ["outcome"])
    assert "a part of the help desk that can tell is not available" in asked.text
    assert "othing was changed" not in asked.text
    refused = await nadia.call("CancelTask", {"id": task["id"]})
    del world.before["directory"]
    faults.away = faults.lose_answers = False

    assert refused["error"]["code"] == NOT_CANCELABLE
    assert "A link to choose a new password is on its way" in answer(await until(nadia, task["id"], DONE))
    assert resets(world) == before + 1
    world.settle()
    assert outcomes(world, task) == ["attempted", "unknown", "succeeded"]
