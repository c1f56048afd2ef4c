"""Tasks that nobody will finish: those of a process that died, and those that waited for too long."""

import asyncio
import subprocess
import sys
import textwrap

import pytest
from a2a.server.cluster import TaskVersion
from a2a.types import Task, TaskState, TaskStatusUpdateEvent

from shared.tasks import Rescue, Storage, status_event
from shared.testing import Clock
from tests.tasks._tasks import call, make_task

STOPS_WITHOUT_A_WORD = """
    import asyncio, os, sys
    from a2a.server.cluster import TaskVersion
    from a2a.types import TaskState
    from shared.tasks import open_storage
    from tests.tasks._tasks import call, make_task

    async def main() -> None:
        storage = open_storage(sys.argv[1], agent="account_lookup")
        await storage.start()
        for state in (TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_INPUT_REQUIRED):
            task = make_task(state)
            await storage.tasks.save(
                task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call()
            )
            print(task.id, flush=True)
        os._exit(9)

    asyncio.run(main())
"""


async def fail_abandoned(storage: Storage, clock: Clock, rescue: Rescue | None = None) -> int:
    """As the caretaker does, again and again: PostgreSQL gives a process that is missing some seconds to come back."""
    async with asyncio.timeout(20):
        while not (count := await storage.recovery.fail_abandoned(rescue)):
            clock.advance(1)
    return count


async def stopped_without_a_word(url: str) -> list[str]:
    """The tasks of a process that is no more: one that it worked on, and one that waits."""
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(STOPS_WITHOUT_A_WORD), url],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=50,
    )
    assert child.returncode == 9
    return child.stdout.split()


async def waits_again(task: Task) -> TaskStatusUpdateEvent:
    """What a task that was cut off goes on with."""
    return status_event(task, TaskState.TASK_STATE_AUTH_REQUIRED, "I go on from here.")


async def state_of(storage: Storage, task_id: str) -> TaskState:
    stored = await storage.tasks.get(task_id, call())
    assert stored is not None
    return stored.task.status.state


async def test_what_a_killed_process_worked_on_fails_at_the_next_start_and_what_waits_goes_on_waiting(
    storage: Storage, url: str, clock: Clock
) -> None:
    """It also shows that what was saved survives the end of a process without a word."""
    working, waiting = await stopped_without_a_word(url)
    assert await state_of(storage, working) == TaskState.TASK_STATE_WORKING
    assert await fail_abandoned(storage, clock) == 1
    stored = await storage.tasks.get(working, call())
    assert stored is not None
    assert stored.task.status.state == TaskState.TASK_STATE_FAILED
    assert stored.task.status.message.parts[0].text == "The agent stopped before this was finished. Please ask again."
    assert await state_of(storage, waiting) == TaskState.TASK_STATE_INPUT_REQUIRED
    assert await storage.recovery.fail_abandoned() == 0


@pytest.mark.requirement("E9")
async def test_what_a_killed_process_worked_on_goes_back_to_waiting_where_it_can_go_on(
    storage: Storage, url: str, clock: Clock
) -> None:
    working, _ = await stopped_without_a_word(url)
    assert await fail_abandoned(storage, clock, waits_again) == 1
    assert await state_of(storage, working) == TaskState.TASK_STATE_AUTH_REQUIRED
    assert await storage.recovery.fail_abandoned(waits_again) == 0


async def test_what_a_living_process_works_on_is_left_to_it(storage: Storage, other: Storage, clock: Clock) -> None:
    task = make_task(TaskState.TASK_STATE_WORKING)
    await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    for _ in range(2):
        assert await other.recovery.fail_abandoned() == 0
        assert await storage.recovery.fail_abandoned() == 0
        clock.advance(60)
    assert await state_of(storage, task.id) == TaskState.TASK_STATE_WORKING


async def test_what_is_noted_as_ones_own_and_not_worked_on_any_more_is_abandoned_too(storage: Storage) -> None:
    """The end of a task could not be written, while its process lives on."""
    tasks = [make_task(TaskState.TASK_STATE_WORKING) for _ in range(2)]
    for task in tasks:
        await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    assert await storage.recovery.fail_abandoned(working={task.id for task in tasks}) == 0
    assert await storage.recovery.fail_abandoned(working={tasks[0].id}) == 1
    assert await state_of(storage, tasks[0].id) == TaskState.TASK_STATE_WORKING
    assert await state_of(storage, tasks[1].id) == TaskState.TASK_STATE_FAILED


@pytest.mark.requirement("C9")
@pytest.mark.parametrize(
    "state", [TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED], ids=TaskState.Name
)
async def test_a_task_does_not_wait_for_ever(storage: Storage, state: TaskState) -> None:
    task = make_task(state)
    await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    assert await storage.recovery.expire_waiting(3600) == 0
    assert await storage.recovery.expire_waiting(-1) == 1
    stored = await storage.tasks.get(task.id, call())
    assert stored is not None
    assert stored.task.status.state == TaskState.TASK_STATE_FAILED
    assert "Nobody answered in time" in stored.task.status.message.parts[0].text
