"""Killed with `kill -9` at every step: never two resets, never one that nobody approved, never a lost answer."""

import asyncio
import json
import multiprocessing
import signal
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest
import yaml

from local.directory._database import FILE_NAME
from local.tenant import _backchannel
from portal.record import Source, check, differences, directory_effects, recorded_acts
from shared.approval import Entry, State, open_ledger
from shared.audit import SealingKey
from shared.tasks import open_storage
from shared.testing import PostgresServer, audit_key, reserved_port
from tests.approval._agent_that_dies import POINTS, serve
from tests.flows._world import World, new_client

ENDED: Final = {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED"}
TOLD: Final = "A link to choose a new password is on its way"
NOT_DONE: Final = {
    "open, before": "The agent stopped before this was finished",
    "acting, after": "by the directory's log it did not happen",
    "the directory acts, before": "by the directory's log it did not happen",
}
"""Where nothing happens, and what is said then; everywhere else the reset happens, once, and its answer arrives."""

SETTLED: Final = {"acting, after", "the directory acts, before", "the directory acts, after", "done, before"}
"""Where nobody is left who saw what came of it, so that the directory's log has to say."""

TWICE: Final = (
    ("the directory acts, after", "done, before"),
    ("the directory acts, after", "done, after"),
    ("the directory acts, after", "the task is told, before"),
    ("acting, after", "failed, after"),
)
"""Killed again while it settles: before that is in the ledger, before it is on record, and after that."""

AT_ONCE: Final = 6
SECONDS: Final = 150.0

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.approval._agent_that_dies", "tests.approval._worker"])


class Parts(World):
    """The tenant, the directory and the store of relationships; the agents come and go as processes of their own."""

    def __enter__(self) -> Self:
        self.tenant.start()
        for name in ("directory", "fga"):
            self.start(name)
        self.synchronise()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it; the agents that are killed keep trails of their own, which the test looks at."""
        for server in reversed(self.servers.values()):
            server.stop()
        self.tenant.close()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backchannel, "INTERVAL", 1)
        patch.setattr(_backchannel, "PER_MINUTE", 10_000)
        with Parts(tmp_path_factory.mktemp("parts")) as started:
            yield started


@dataclass
class Agent:
    """An agent that is killed, and started again."""

    settings: dict[str, Any]
    process: ForkServerProcess | None = None
    points: list[str] = field(default_factory=list)
    kills: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['port']}/"

    async def start(self, http: httpx.AsyncClient) -> None:
        """Starts it, to be killed at the next of its points."""
        point = self.points.pop(0) if self.points else None
        self.process = FORKS.Process(target=serve, args=(self.settings, point), daemon=True)
        self.process.start()
        for _ in range(600):
            with suppress(httpx.TransportError):
                if (await http.get(f"{self.url}ping")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.05)
        raise TimeoutError("the agent did not start")

    async def restart(self, http: httpx.AsyncClient) -> None:
        """Starts it again, where it has killed itself; where it only took its time to answer, it goes on."""
        assert self.process is not None
        await asyncio.to_thread(self.process.join, 20)
        if self.process.exitcode is None:
            return
        # 255 is what the fork server says where it missed how a process ended, which is rare.
        assert self.process.exitcode in {-signal.SIGKILL, 255}, self.process.exitcode
        self.kills += 1
        await self.start(http)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()


@dataclass
class Requester:
    """Somebody who asks for a reset, and a supervisor who asks for them, and comes back however often it takes."""

    parts: Parts
    http: httpx.AsyncClient
    login: str
    agent_token: str
    user_token: str

    async def call(self, agent: Agent, method: str, params: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "A2A-Version": "1.0",
            "Authorization": f"Bearer {self.agent_token}",
            "Delegated-User-Token": self.user_token,
        }
        body = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        response = await self.http.post(agent.url, json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    def resets(self) -> list[dict[str, Any]]:
        """How this person's password was reset, each time, by the directory's own log."""
        with closing(sqlite3.connect(self.parts.directory_config.folder / FILE_NAME)) as connection:
            rows = connection.execute(
                "SELECT event FROM log_events "
                "WHERE json_extract(event, '$.eventType') = 'user.account.reset_password' "
                "AND json_extract(event, '$.target[0].alternateId') = ? ORDER BY sequence",
                (f"{self.login}@helpdesk.example",),
            ).fetchall()
        return [json.loads(event) for (event,) in rows]

    async def approve(self) -> None:
        """Approves whatever waits, again and again."""
        requests = self.parts.tenant.tenant.backchannel
        while True:
            for request in requests.pending(self.parts.tenant.user_id(self.login)):
                requests.answer(request, approved=True)
            await asyncio.sleep(0.2)

    async def reset(self, agent: Agent) -> tuple[str, str]:
        """Asks for a reset until there is an answer; the agent is started again whenever it was killed.

        Returns:
            The task, and the answer.
        """
        message = {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": "Please reset my password"}]}
        task_id = ""
        await agent.start(self.http)
        while True:
            try:
                if not task_id:
                    sent = await self.call(agent, "SendMessage", {"message": message})
                    if "error" in sent:  # it was claimed, and its task was never begun
                        message["messageId"] = uuid.uuid4().hex
                        continue
                    task_id = sent["result"]["task"]["id"]
                task = (await self.call(agent, "GetTask", {"id": task_id}))["result"]
            except httpx.TransportError:
                await agent.restart(self.http)
                continue
            if task["status"]["state"] in ENDED:
                said = [*task.get("artifacts", []), task["status"].get("message", {"parts": []})]
                return task_id, "\n".join(part["text"] for each in said for part in each["parts"])
            await asyncio.sleep(0.2)


def people() -> Sequence[str]:
    """Employees who have a phone, and an account that can be reset."""
    rows = yaml.safe_load((Path(__file__).parents[2] / "local" / "people.yaml").read_text(encoding="utf-8"))
    return [
        row["login"]
        for row in rows
        if row["kind"] == "person"
        and row["status"] == "ACTIVE"
        and row["recovery_email"]
        and "push" in (row["factors"] or ())
        and row["roles"] == ["Employee"]
    ]


@pytest.fixture
async def requesters(parts: Parts) -> AsyncIterator[list[Requester]]:
    tenant, audience = parts.tenant, parts.tenant.api("password_reset")
    async with new_client() as http:
        agent_token = await tenant.client_credentials(audience, scopes=["agent:invoke"])
        found = []
        for login in people()[:AT_ONCE]:
            await parts.connect(login, "directory-manage")
            signed_in = await tenant.sign_in(login)
            scopes = ["password:read", "password:reset"]
            user_token = await tenant.exchange(signed_in, audience, scopes=scopes)
            found.append(Requester(parts, http, login, agent_token, user_token))
        yield found


@dataclass(frozen=True)
class Case:
    """One reset, and where its agent is killed.

    Attributes:
        points: Where, one after the other.
        database: The agent's.
        audit_file: Its record.
    """

    points: tuple[str, ...]
    database: str
    audit_file: Path

    def __str__(self) -> str:
        return ", then ".join(self.points)


@pytest.fixture(params=["sqlite", "postgres"])
def cases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """Every point, each with a database of its own."""
    postgres: PostgresServer | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return (
        Case(
            points,
            postgres.another() if postgres is not None else f"sqlite:///{tmp_path}/{number}.sqlite3",
            tmp_path / f"{number}.audit",
        )
        for number, points in enumerate([*((point,) for point in POINTS), *TWICE])
    )


@pytest.mark.timeout(600)
@pytest.mark.requirement("E4")
@pytest.mark.requirement("E9")
@pytest.mark.requirement("H1")
async def test_killed_at_any_point_it_happens_once_or_not_at_all_and_the_answer_says_which(
    parts: Parts, requesters: list[Requester], cases: Iterator[Case]
) -> None:
    wrong: list[str] = []

    async def work(requester: Requester) -> None:
        approving = asyncio.create_task(requester.approve())
        for case in cases:
            with reserved_port() as port:
                problem = await _killed_at(parts, requester, case, port)
            if problem:
                wrong.append(f"{case}: {problem}")
        approving.cancel()

    await asyncio.gather(*(work(requester) for requester in requesters))
    assert wrong == []


async def _killed_at(parts: Parts, requester: Requester, case: Case, port: int) -> str | None:
    """What is wrong with what came of a reset whose agent was killed there."""
    settings = {
        **parts._directory_user("password_reset"),
        "port": port,
        "database_url": case.database,
        "resets_per_hour": 100,
        "audit_file": case.audit_file,
        "audit_anchors": None,
    }
    agent, before = Agent(settings, points=[*case.points]), len(requester.resets())
    try:
        async with asyncio.timeout(SECONDS):
            task_id, said = await requester.reset(agent)
    except TimeoutError:
        return "no answer"
    finally:
        agent.stop()
    if agent.kills != len(case.points):
        return f"it was killed {agent.kills} times"
    done, point = requester.resets()[before:], case.points[0]
    wrong = _not_on_record(case.audit_file, done, settled=point in SETTLED)
    if wrong:
        return "; ".join(wrong)
    effects, rows = len(done), await _rows(case.database, task_id)
    if point in NOT_DONE:
        return None if effects == 0 and NOT_DONE[point] in said else f"{effects} effects, said {said!r}, {rows}"
    if effects != 1 or TOLD not in said or [row.state for row in rows] != [State.DONE] or not rows[0].token_id:
        return f"{effects} effects, said {said!r}, {rows}"
    return None


async def _rows(database: str, task_id: str) -> Sequence[Entry]:
    """The ledger's, of a task."""
    storage = open_storage(database, agent="password_reset")
    await storage.start()
    try:
        return await open_ledger(storage).of_task(task_id)
    finally:
        await storage.aclose()


def _not_on_record(file: Path, done: Sequence[dict[str, Any]], *, settled: bool) -> list[str]:
    """What is wrong with what the agent's processes have on record of what was done, and of what was not."""
    key = file.with_suffix(".pem")
    key.write_text(SealingKey.read(audit_key()).public_pem(), encoding="utf-8")
    trail = Source(file, (key,))
    records = recorded_acts([trail])
    wrong = [*differences(records, directory_effects(done)), *(str(problem) for problem in check(trail).problems)]
    open_ = {record["act"] for record in records} - {
        record["act"] for record in records if record["outcome"] in {"succeeded", "failed"}
    }
    if open_:
        wrong.append(f"nobody recorded what came of {sorted(open_)}")
    if settled != any("settled_by" in record.get("details", {}) for record in records):
        wrong.append(f"it was settled by the directory's log, or was not, against what was expected: {records}")
    return wrong


def test_there_are_enough_points() -> None:
    assert len(set(POINTS)) >= 12
