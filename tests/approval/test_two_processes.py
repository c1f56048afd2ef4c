"""Two processes on one database, a hundred people who approve at once: each act is done once, also if processes die."""

import asyncio
import multiprocessing
import random
import signal
from collections import Counter
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import pytest

from shared.approval import open_ledger
from shared.tasks import open_storage
from tests.approval._worker import TASKS, work

KILLS: Final = 6
SECONDS: Final = 150.0
SEED: Final = 20261126

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.approval._agent_that_dies", "tests.approval._worker"])


class Pair:
    """Two processes, each of which asks for half of it all."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._processes: dict[int, ForkServerProcess] = {}

    def start(self, number: int) -> None:
        process = FORKS.Process(target=work, args=(str(self._folder), self._url, TASKS[number::2]), daemon=True)
        process.start()
        self._processes[number] = process

    def kill(self, number: int) -> bool:
        """Kills one, if it still works; whether it did."""
        process = self._processes[number]
        process.kill()
        process.join()
        return process.exitcode == -signal.SIGKILL

    async def finished(self) -> None:
        async with asyncio.timeout(SECONDS):
            for process in self._processes.values():
                await asyncio.to_thread(process.join)
        assert [process.exitcode for process in self._processes.values()] == [0, 0]

    async def _rows(self) -> list[tuple[str, str, str, str]]:
        storage = open_storage(self._url, agent="password_reset")
        await storage.start()
        ledger = open_ledger(storage)
        found = [row for task in TASKS for row in await ledger.of_task(task)]
        await storage.aclose()
        return [(row.id, str(row.state), row.token_id, row.task_id) for row in found]

    async def check(self) -> Counter[str]:
        """That each act that is done has one effect, and each that is not has none; how many there are of each."""
        effects = Counter((self._folder / "effects").read_text(encoding="ascii").split())
        rows = await self._rows()
        assert sorted(row[3] for row in rows) == sorted(TASKS)
        assert {row[0]: effects[row[0]] for row in rows} == {row[0]: int(row[1] == "done") for row in rows}
        assert set(effects) <= {row[0] for row in rows}
        assert all(row[2] for row in rows if row[1] == "done")  # nothing without an approval
        return Counter(row[1] for row in rows)


@pytest.mark.requirement("E4")
async def test_a_hundred_approvals_are_acted_upon_once_each(tmp_path: Path, database: str) -> None:
    pair = Pair(tmp_path, database)
    for number in range(2):
        pair.start(number)
    await pair.finished()

    assert await pair.check() == {"done": len(TASKS)}


@pytest.mark.requirement("E4")
@pytest.mark.requirement("E9")
@pytest.mark.timeout(300)
async def test_processes_that_are_killed_at_random_do_nothing_twice(tmp_path: Path, database: str) -> None:
    chance, pair, killed = random.Random(SEED), Pair(tmp_path, database), 0  # noqa: S311 -- the same chances in each run
    for number in range(2):
        pair.start(number)
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        number = chance.randrange(2)
        killed += pair.kill(number)
        pair.start(number)
    await pair.finished()

    states = await pair.check()
    assert killed > 0
    assert states["done"] + states["failed"] == len(TASKS)
