"""Parts are started, watched, started again and stopped; none outlives the launcher."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from portal._environment import child_environment
from portal._errors import CommandFailed
from portal.stack import (
    Change,
    Part,
    Plan,
    Processes,
    Running,
    RunningPart,
    describe,
    only_one,
    ports_from,
    ports_in_use,
    running,
)
from shared.errors import ConfigurationError
from shared.testing import reserved_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


class Told:
    """The changes that were told, and a way to wait for one."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._news = asyncio.Event()

    def __call__(self, change: Change) -> None:
        self.changes.append(change)
        self._news.set()

    async def first(self, what: str) -> Change:
        async with asyncio.timeout(SECONDS):
            while True:
                for change in self.changes:
                    if change.what == what:
                        return change
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    with contextlib.ExitStack() as reserved:
        yield Plan(tmp_path / "var", {name: reserved.enter_context(reserved_port()) for name in ports_from(None)})


def directory_of(plan: Plan) -> Part:
    """The part that starts quickest and needs no other."""
    return next(part for part in plan.stages()[0] if part.name == "directory")


@contextlib.asynccontextmanager
async def started(part: Part, tmp_path: Path, http: httpx.AsyncClient) -> AsyncIterator[tuple[Processes, Told]]:
    told = Told()
    processes = Processes([[part]], logs=tmp_path / "log", http=http, tell=told)
    try:
        await processes.start()
        yield processes, told
    finally:
        await processes.stop()


async def ended(pid: int) -> None:
    """Returns once the process is gone, whoever its parent is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, gone.set)
    try:
        async with asyncio.timeout(SECONDS):
            await gone.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


async def test_a_part_that_dies_is_reported_and_started_again(
    plan: Plan, tmp_path: Path, http: httpx.AsyncClient
) -> None:
    part = directory_of(plan)
    async with started(part, tmp_path, http) as (processes, told):
        first = processes.process_ids()["directory"]
        os.kill(first, signal.SIGKILL)
        died = await told.first("died")
        assert died.exit_code == -signal.SIGKILL
        assert died.tail
        await told.first("back")
        second = processes.process_ids()["directory"]
        assert second != first
        assert (await http.get(f"{part.url}healthz")).status_code == 200
    await ended(second)
    assert [change.what for change in told.changes] == ["started", "died", "back"]


async def test_a_part_can_be_away_for_a_while(plan: Plan, tmp_path: Path, http: httpx.AsyncClient) -> None:
    part = directory_of(plan)
    async with started(part, tmp_path, http) as (processes, told):
        await processes.stop_part("directory")
        with pytest.raises(httpx.TransportError):
            await http.get(f"{part.url}healthz")
        await processes.start_part("directory")
        assert (await http.get(f"{part.url}healthz")).status_code == 200
    assert [change.what for change in told.changes] == ["started", "started"]


async def test_a_part_that_does_not_come_up_says_why(plan: Plan, tmp_path: Path, http: httpx.AsyncClient) -> None:
    good = directory_of(plan)
    bad = Part(good.name, good.about, good.module, good.url, good.health, lambda: {"HELPDESK_ENV": "production"})
    with pytest.raises(CommandFailed, match="HELPDESK_ENV is 'production'"):
        async with started(bad, tmp_path, http):
            pass


LAUNCHER = """
import asyncio, json, pathlib, sys
from portal.stack import Plan, Processes
from shared.http import create_http_client

async def main(state, ports):
    plan = Plan(pathlib.Path(state), ports)
    parts = [[part for part in plan.stages()[0] if part.name == "directory"]]
    async with create_http_client() as http:
        processes = Processes(parts, logs=plan.state / "log", http=http, tell=lambda change: None)
        await processes.start()
        print(*processes.process_ids().values(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


async def test_nothing_outlives_a_launcher_that_is_killed(plan: Plan) -> None:
    launcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LAUNCHER, str(plan.state), json.dumps(dict(plan.ports))),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert launcher.stdout is not None
    async with asyncio.timeout(SECONDS):
        pid = int(await launcher.stdout.readline())
    launcher.kill()
    await launcher.wait()
    await ended(pid)


def test_ports_count_up_from_a_base() -> None:
    assert ports_from(None)["supervisor"] == 9000
    assert sorted(ports_from(18400).values()) == list(range(18400, 18400 + len(ports_from(None))))
    with pytest.raises(ConfigurationError, match="leaves no room"):
        ports_from(65534)


async def test_a_port_in_use_is_found(plan: Plan) -> None:
    assert ports_in_use(plan.ports) == {}
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", plan.ports["supervisor"])
    async with server:
        assert ports_in_use(plan.ports) == {"supervisor": plan.ports["supervisor"]}


def test_what_runs_is_known_while_it_runs(tmp_path: Path) -> None:
    what = Running(
        pid=os.getpid(),
        issuer="http://127.0.0.1:1/",
        audience="api",
        client_id="client",
        url="http://127.0.0.1:2/",
        people="users.json",
        parts=(RunningPart("tenant", "signs in", "http://127.0.0.1:1/", "/", 7, "tenant.log"),),
    )
    assert running(tmp_path) is None
    with only_one(tmp_path) as alone:
        assert alone
        assert running(tmp_path) is None  # it is only starting
        describe(tmp_path, what)
        assert running(tmp_path) == what
        assert (tmp_path / "run" / "stack.json").stat().st_mode & 0o777 == 0o600
        with only_one(tmp_path) as second:
            assert not second
        assert running(tmp_path) == what
    assert running(tmp_path) is None


def test_a_part_gets_its_own_settings_whatever_the_shell_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_KEY", "somebody else's")
    monkeypatch.setenv("AUDIENCE_FILE", "/nowhere")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    environment = child_environment({"CLIENT_KEY_FILE": "key.pem", "AUDIENCE": "api"})
    assert "CLIENT_KEY" not in environment
    assert "AUDIENCE_FILE" not in environment
    assert (environment["CLIENT_KEY_FILE"], environment["AUDIENCE"]) == ("key.pem", "api")
    assert environment["LOG_LEVEL"] == "DEBUG"
