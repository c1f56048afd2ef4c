"""What is old goes, and nothing else."""

import asyncio

import pytest
from a2a.server.cluster import TaskVersion
from a2a.types import TaskState

from shared.tasks import Retention, Storage
from shared.testing import Clock
from tests.tasks._kinds import select, sweep_once
from tests.tasks._tasks import call, make_task

KEEP = Retention(tasks=100, conversations=200, messages=50)


async def count(storage: Storage, table: str) -> int:
    ((number,),) = await select(storage, f"SELECT count(*) FROM {table}")  # noqa: S608 -- a name of the test
    return int(number)


async def test_tasks_that_ended_go_with_their_events_and_unfinished_ones_stay(storage: Storage, clock: Clock) -> None:
    for state in (TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_WORKING):
        task = make_task(state)
        await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    clock.advance(100)
    await sweep_once(storage, KEEP, clock)
    assert await count(storage, "tasks") == 3
    clock.advance(1)
    await sweep_once(storage, KEEP, clock)
    assert (await count(storage, "tasks"), await count(storage, "events")) == (2, 2)


async def test_more_than_one_batch_goes_in_one_sweep(storage: Storage, clock: Clock) -> None:
    saves = []
    for _ in range(250):
        task = make_task(TaskState.TASK_STATE_COMPLETED)
        saves.append(storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call()))
    await asyncio.gather(*saves)
    clock.advance(101)
    await sweep_once(storage, KEEP, clock)
    assert await count(storage, "tasks") == 0


async def test_conversations_go_when_they_were_not_used_for_long(storage: Storage, clock: Clock) -> None:
    turn = [{"role": "user", "content": [{"text": "Hello"}]}]
    await storage.conversations.append("alice", "old", turn)
    await storage.conversations.append("alice", "new", turn)
    clock.advance(150)
    await storage.conversations.append("alice", "new", turn)
    clock.advance(100)
    await sweep_once(storage, KEEP, clock)
    assert await storage.conversations.load("alice", "old") == []
    assert len(await storage.conversations.load("alice", "new")) == 2
    assert await count(storage, "messages") == 2


@pytest.mark.requirement("C6")
async def test_the_ids_of_messages_are_forgotten_when_no_retry_can_come_any_more(
    storage: Storage, clock: Clock
) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.tasks.committed()
    clock.advance(50)
    await sweep_once(storage, KEEP, clock)
    assert await storage.messages.claim("alice", "message", "task-2") == "task-1"
    clock.advance(1)
    await storage.tasks.committed()
    await sweep_once(storage, KEEP, clock)
    assert await storage.messages.claim("alice", "message", "task-2") is None
