"""What is old goes, and nothing else."""

import asyncio
import sqlite3
from collections.abc import Callable

import pytest
from a2a.server.cluster import TaskVersion
from a2a.types import TaskState

from shared.tasks import Retention, Storage
from shared.testing import Clock
from tests.tasks._tasks import call, make_task

KEEP = Retention(tasks=100, conversations=200, messages=50)

Rows = Callable[[str], int]


@pytest.fixture
def rows(storage: Storage) -> Rows:
    def count(table: str) -> int:
        (number,) = storage.database.connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(number)

    return count


def sweep(storage: Storage, clock: Clock) -> None:
    """As the keeper's thread does: on a connection of its own."""
    connection = sqlite3.connect(storage.database.path, isolation_level=None)
    try:
        KEEP.sweep(connection, clock=clock)
    finally:
        connection.close()


async def test_tasks_that_ended_go_with_their_events_and_unfinished_ones_stay(
    storage: Storage, clock: Clock, rows: Rows
) -> None:
    for state in (TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_WORKING):
        task = make_task(state)
        await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    clock.advance(100)
    sweep(storage, clock)
    assert rows("tasks") == 3
    clock.advance(1)
    sweep(storage, clock)
    assert (rows("tasks"), rows("events")) == (2, 2)


async def test_more_than_one_batch_goes_in_one_sweep(storage: Storage, clock: Clock, rows: Rows) -> None:
    saves = []
    for _ in range(250):
        task = make_task(TaskState.TASK_STATE_COMPLETED)
        saves.append(storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call()))
    await asyncio.gather(*saves)
    clock.advance(101)
    sweep(storage, clock)
    assert rows("tasks") == 0


async def test_conversations_go_when_they_were_not_used_for_long(storage: Storage, clock: Clock, rows: Rows) -> None:
    turn = [{"role": "user", "content": [{"text": "Hello"}]}]
    await storage.conversations.append("alice", "old", turn)
    await storage.conversations.append("alice", "new", turn)
    clock.advance(150)
    await storage.conversations.append("alice", "new", turn)
    clock.advance(100)
    sweep(storage, clock)
    assert await storage.conversations.load("alice", "old") == []
    assert len(await storage.conversations.load("alice", "new")) == 2
    assert rows("messages") == 2


@pytest.mark.requirement("C6")
async def test_the_ids_of_messages_are_forgotten_when_no_retry_can_come_any_more(
    storage: Storage, clock: Clock
) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.database.committed()
    clock.advance(50)
    sweep(storage, clock)
    assert await storage.messages.claim("alice", "message", "task-2") == "task-1"
    clock.advance(1)
    await storage.database.committed()
    sweep(storage, clock)
    assert await storage.messages.claim("alice", "message", "task-2") is None
