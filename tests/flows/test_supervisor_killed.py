"""The supervisor is killed with `kill -9` in the middle of a question: whoever looks again gets its answer, once."""

import asyncio
import multiprocessing
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

import httpx
import pytest

from local.tenant import _backchannel
from tests.flows._approvals import CANCELED, DONE, WAITS, acts, answer, at_the_phone, code_of, ledger, look, until
from tests.flows._supervisor_that_dies import serve
from tests.flows._world import SUBAGENTS, Person, World

ENDED: Final = {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED"}
SECONDS: Final = 150.0

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.approval._agent_that_dies", "tests.approval._worker"])


class Mortal(World):
    """The supervisor is a process of its own here; the others are as ever."""

    point: str | None = None
    process: ForkServerProcess | None = None
    kills = 0

    def start(self, name: str) -> None:
        if name != "supervisor":
            super().start(name)
            return
        self.servers[name].stop()
        self.process = FORKS.Process(target=serve, args=(self._supervisor(), self.point), daemon=True)
        self.process.start()
        self.point = None

    def stop(self, name: str) -> None:
        if name != "supervisor":
            super().stop(name)
        elif self.process is not None:
            self.process.terminate()
            self.process.join()

    def kill(self) -> None:
        """Kills it now."""
        assert self.process is not None
        self.process.kill()

    def dies_at(self, point: str) -> None:
        """Starts it again, to be killed there."""
        self.stop("supervisor")
        self.point = point
        self.start("supervisor")

    async def is_up(self, http: httpx.AsyncClient) -> None:
        """Waits for it, and starts it again where it was killed."""
        assert self.process is not None
        for _ in range(600):
            if not self.process.is_alive():
                assert self.process.exitcode in {-signal.SIGKILL, 255}, self.process.exitcode
                self.kills += 1
                self.start("supervisor")
            with suppress(httpx.TransportError):
                if (await http.get(f"{self.url('supervisor')}ping")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.05)
        raise TimeoutError("the supervisor did not start")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    with pytest.MonkeyPatch.context() as patch, Mortal(tmp_path_factory.mktemp("world")) as started:
        patch.setattr(_backchannel, "INTERVAL", 1)
        yield started
        started.stop("supervisor")


@pytest.fixture(autouse=True)
def _counted(world: Mortal) -> Iterator[None]:
    world.kills = 0
    yield
    for name in SUBAGENTS:
        world.before.pop(name, None)


async def answered(world: Mortal, person: Person, question: str, state: frozenset[str] = frozenset(ENDED)) -> Any:
    """Asks, with the same message however often the supervisor dies, and looks until its task is in such a state."""
    message = {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": question}]}
    task_id = ""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                if not task_id:
                    task_id = (await person.call("SendMessage", {"message": message}))["result"]["task"]["id"]
                task = await look(person, task_id)
            except httpx.TransportError:
                await world.is_up(person.http)
                continue
            waits = [wait["kind"] for wait in task.get("metadata", {}).get("helpdesk/waiting", [])]
            if task["status"]["state"] in state and waits != ["restart"]:
                return task
            await asyncio.sleep(0.1)


def dies_when_asked(world: Mortal, agent: str) -> Callable[[], int]:
    """Kills it as soon as this subagent has its message, once; gives how often the agent was asked since."""
    asked = len(world.asked[agent])

    def kill(path: str) -> None:
        if path == "/" and world.kills == 0 and world.process is not None and world.process.is_alive():
            del world.before[agent]
            world.kill()

    world.before[agent] = kill
    return lambda: len(world.asked[agent]) - asked


@pytest.mark.requirement("C6")
@pytest.mark.parametrize(
    ("point", "login"),
    [
        ("the question goes out, before", "priya.raman"),
        ("the answer begins", "tomas.reyes"),
        ("the task is told, before", "nadia.okafor"),
    ],
)
async def test_killed_at_any_point_the_answer_comes_whole_and_once(
    world: Mortal, http: httpx.AsyncClient, point: str, login: str
) -> None:
    person = await Person.sign_in(world, login, http)
    world.dies_at(point)
    await world.is_up(http)

    task = await answered(world, person, "What is my department, and how do I set up the VPN?")

    assert world.kills == 1
    said = {artifact["name"]: "".join(part["text"] for part in artifact["parts"]) for artifact in task["artifacts"]}
    assert sorted(said) == sorted(artifact["name"] for artifact in task["artifacts"])  # nobody speaks twice
    assert set(said) == {"account_lookup", "docs_search"}
    assert "VPN" in said["docs_search"]
    assert "ask again" not in answer(task)


@pytest.mark.requirement("C6")
@pytest.mark.requirement("E4")
async def test_killed_while_a_subagent_acts_the_act_is_done_once_and_told(
    world: Mortal, http: httpx.AsyncClient
) -> None:
    person = await Person.sign_in(world, "amelia.hart", http)
    await world.is_up(http)
    before, asked = acts(world), dies_when_asked(world, "password_reset")

    task = await answered(world, person, "Please unlock my account")

    assert world.kills == 1
    assert "unlocked" in answer(task)
    assert asked() >= 2
    assert acts(world) == before + 1


@pytest.mark.requirement("E4")
@pytest.mark.requirement("E9")
async def test_killed_while_a_subagent_asks_for_approval_the_reset_is_asked_for_and_done_once(
    world: Mortal, http: httpx.AsyncClient
) -> None:
    person = await Person.sign_in(world, "yuki.arano", http)
    await world.is_up(http)
    before = acts(world)
    dies_when_asked(world, "password_reset")

    waiting = await answered(world, person, "I forgot my password, please reset it", frozenset({WAITS}))
    await at_the_phone(world, "yuki.arano", "approve", code_of(waiting))
    async with asyncio.timeout(SECONDS):
        task = await until(person, waiting["id"], DONE)

    assert world.kills == 1
    assert "A link to choose a new password is on its way" in answer(task)
    assert acts(world) == before + 1
    assert ledger(world, "SELECT COUNT(*) FROM actions WHERE code = ?", code_of(waiting)) == [(1,)]


@pytest.mark.requirement("C8")
@pytest.mark.requirement("E2")
async def test_what_was_cut_off_can_be_cancelled_and_so_is_what_the_subagent_does_for_it(
    world: Mortal, http: httpx.AsyncClient
) -> None:
    """Nobody has looked since: the supervisor knows the message that it sent, and not the task that came of it."""
    person = await Person.sign_in(world, "wen.zhao", http)
    await world.is_up(http)
    dies_when_asked(world, "password_reset")
    context = uuid.uuid4().hex
    with pytest.raises(httpx.TransportError):
        await person.ask("I forgot my password, please reset it", context_id=context)
    for _ in range(200):
        if ledger(world, "SELECT state FROM actions WHERE words LIKE '%Before I%'") and not world.before:
            break
        await asyncio.sleep(0.05)
    await world.is_up(http)

    listed = (await person.call("ListTasks", {"contextId": context}))["result"]["tasks"]
    assert [task["status"]["state"] for task in listed] == [WAITS]
    canceled = await person.call("CancelTask", {"id": listed[0]["id"]})

    assert canceled["result"]["status"]["state"] == CANCELED
    for _ in range(200):
        states = ledger(world, "SELECT state FROM actions ORDER BY created_at DESC LIMIT 1")
        if states == [("cancelled",)]:
            break
        await asyncio.sleep(0.05)
    assert states == [("cancelled",)]
