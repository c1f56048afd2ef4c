"""Compare-and-swap, as `VersionedTaskStore.save` says it; and what an owner without a name may do: nothing."""

import pytest
from a2a.server.cluster import ConcurrentTaskModificationError, TaskVersion
from a2a.types import ListTasksRequest, Task, TaskState

from shared.tasks import RowVersion, Storage, apply_event, status_event
from tests.tasks._tasks import call, make_task

TERMINAL = [
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_REJECTED,
    TaskState.TASK_STATE_CANCELED,
]


async def begin(storage: Storage, task: Task, owner: str = "alice") -> TaskVersion:
    return await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call(owner))


async def move(
    storage: Storage, task: Task, state: TaskState, version: TaskVersion, owner: str = "alice"
) -> TaskVersion:
    moved = Task()
    moved.CopyFrom(task)
    event = status_event(task, state)
    apply_event(moved, event)
    return await storage.tasks.save(moved, event=event, prev=task, prev_version=version, context=call(owner))


async def test_each_write_is_a_later_version(storage: Storage) -> None:
    task = make_task()
    first = await begin(storage, task)
    second = await move(storage, task, TaskState.TASK_STATE_WORKING, first)
    assert second.is_after(first)
    assert first.is_after(TaskVersion.MISSING)
    stored = await storage.tasks.get(task.id, call())
    assert stored is not None
    assert stored.version == second


async def test_of_two_first_writes_one_wins(storage: Storage) -> None:
    task = make_task()
    await begin(storage, task)
    with pytest.raises(ConcurrentTaskModificationError):
        await begin(storage, task)


async def test_of_two_writes_from_one_version_one_wins_and_the_other_leaves_no_trace(storage: Storage) -> None:
    task = make_task()
    version = await begin(storage, task)
    await move(storage, task, TaskState.TASK_STATE_WORKING, version)
    with pytest.raises(ConcurrentTaskModificationError):
        await move(storage, task, TaskState.TASK_STATE_COMPLETED, version)
    stored = await storage.tasks.get(task.id, call())
    assert stored is not None
    assert stored.task.status.state == TaskState.TASK_STATE_WORKING
    assert stored.version == RowVersion(2)


async def test_two_processes_compare_with_the_same_row(storage: Storage, other: Storage) -> None:
    task = make_task()
    version = await begin(storage, task)
    await move(other, task, TaskState.TASK_STATE_WORKING, version)
    with pytest.raises(ConcurrentTaskModificationError):
        await move(storage, task, TaskState.TASK_STATE_COMPLETED, version)


async def test_a_cancellation_needs_no_current_version(storage: Storage) -> None:
    task = make_task()
    first = await begin(storage, task)
    await move(storage, task, TaskState.TASK_STATE_WORKING, first)
    canceled = await move(storage, task, TaskState.TASK_STATE_CANCELED, first)
    assert canceled == RowVersion(3)


@pytest.mark.parametrize("state", TERMINAL, ids=TaskState.Name)
async def test_a_cancellation_does_not_overwrite_an_end(storage: Storage, state: TaskState) -> None:
    task = make_task()
    version = await move(storage, task, state, await begin(storage, task))
    with pytest.raises(ConcurrentTaskModificationError):
        await move(storage, task, TaskState.TASK_STATE_CANCELED, version)


async def test_what_is_not_there_cannot_be_canceled(storage: Storage) -> None:
    with pytest.raises(ConcurrentTaskModificationError):
        await move(storage, make_task(), TaskState.TASK_STATE_CANCELED, TaskVersion.MISSING)


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("state", [TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_CANCELED], ids=TaskState.Name)
async def test_another_owner_writes_nothing_to_a_task(storage: Storage, state: TaskState) -> None:
    task = make_task()
    version = await begin(storage, task)
    with pytest.raises(ConcurrentTaskModificationError):
        await move(storage, task, state, version, owner="bob")
    with pytest.raises(ConcurrentTaskModificationError):
        await begin(storage, task, owner="bob")


@pytest.mark.requirement("C4")
async def test_an_owner_without_a_name_owns_and_sees_nothing(storage: Storage) -> None:
    task = make_task()
    await begin(storage, task)
    with pytest.raises(PermissionError):
        await begin(storage, make_task(), owner="")
    assert await storage.tasks.get(task.id, call("")) is None
    page = await storage.tasks.list(ListTasksRequest(), call(""))
    assert (len(page.tasks), page.total_size) == (0, 0)
    assert await storage.tasks.count_unfinished(call("")) == 0


async def test_a_version_that_another_store_made_is_refused(storage: Storage) -> None:
    task = make_task()
    await begin(storage, task)
    with pytest.raises(TypeError):
        await move(storage, task, TaskState.TASK_STATE_WORKING, TaskVersion("1"))


async def test_unfinished_tasks_are_counted_until_they_end(storage: Storage) -> None:
    task = make_task()
    version = await begin(storage, task)
    await begin(storage, make_task(TaskState.TASK_STATE_INPUT_REQUIRED))
    await begin(storage, make_task(), owner="bob")
    assert await storage.tasks.count_unfinished(call()) == 2
    await move(storage, task, TaskState.TASK_STATE_COMPLETED, version)
    assert await storage.tasks.count_unfinished(call()) == 1
