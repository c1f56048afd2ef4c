"""What every task store does: the SDK's in memory, and ours, by the same tests."""

from typing import Any

import pytest
from a2a.server.cluster import TaskVersion, VersionedTaskStore
from a2a.types import ListTasksRequest, Task, TaskState
from a2a.utils.errors import InvalidParamsError

from tests.tasks._tasks import call, make_task

STATES = [TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_COMPLETED]


async def save(store: VersionedTaskStore, task: Task, owner: str = "alice") -> TaskVersion:
    return await store.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call(owner))


async def listed(store: VersionedTaskStore, owner: str = "alice", **params: Any) -> list[str]:
    page = await store.list(ListTasksRequest(**params), call(owner))
    return [task.id for task in page.tasks]


async def test_what_was_saved_is_read(store: VersionedTaskStore) -> None:
    task = make_task()
    await save(store, task)
    stored = await store.get(task.id, call())
    assert stored is not None
    assert stored.task == task


async def test_what_is_read_is_a_copy(store: VersionedTaskStore) -> None:
    task = make_task()
    await save(store, task)
    task.history.clear()
    first = await store.get(task.id, call())
    assert first is not None
    first.task.history.clear()
    second = await store.get(task.id, call())
    assert second is not None
    assert len(second.task.history) == 1


async def test_an_unknown_task_is_none(store: VersionedTaskStore) -> None:
    assert await store.get("nothing", call()) is None


@pytest.mark.requirement("C1")
async def test_another_owner_neither_reads_nor_lists_nor_deletes_a_task(store: VersionedTaskStore) -> None:
    task = make_task()
    await save(store, task)
    assert await store.get(task.id, call("bob")) is None
    assert await listed(store, "bob") == []
    await store.delete(task.id, call("bob"))
    assert await store.get(task.id, call()) is not None


async def test_a_deleted_task_is_gone(store: VersionedTaskStore) -> None:
    task = make_task()
    await save(store, task)
    await store.delete(task.id, call())
    assert await store.get(task.id, call()) is None
    assert await listed(store) == []


async def test_a_list_is_ordered_by_status_timestamp_newest_first_and_without_one_last(
    store: VersionedTaskStore,
) -> None:
    tasks = [make_task(seconds=seconds) for seconds in (2, None, 3, 1)]
    for task in tasks:
        await save(store, task)
    assert await listed(store) == [tasks[2].id, tasks[0].id, tasks[3].id, tasks[1].id]


async def test_a_list_can_be_of_one_context(store: VersionedTaskStore) -> None:
    mine, other = make_task(context_id="one"), make_task(context_id="two")
    await save(store, mine)
    await save(store, other)
    assert await listed(store, context_id="one") == [mine.id]


async def test_a_list_can_be_of_one_state(store: VersionedTaskStore) -> None:
    tasks = {state: make_task(state) for state in STATES}
    for task in tasks.values():
        await save(store, task)
    for state, task in tasks.items():
        assert await listed(store, status=state) == [task.id]


async def test_a_list_can_begin_at_a_time(store: VersionedTaskStore) -> None:
    tasks = [make_task(seconds=seconds) for seconds in (1, 2, 3, None)]
    for task in tasks:
        await save(store, task)
    params = ListTasksRequest()
    params.status_timestamp_after.FromSeconds(2)
    page = await store.list(params, call())
    assert [task.id for task in page.tasks] == [tasks[2].id, tasks[1].id]


@pytest.mark.parametrize(("year", "found"), [("0001", 1), ("1600", 1), ("2500", 0), ("9999", 0)], ids=str)
async def test_a_list_can_begin_at_any_time_that_a2a_can_name(store: VersionedTaskStore, year: str, found: int) -> None:
    await save(store, make_task(seconds=1))
    params = ListTasksRequest()
    params.status_timestamp_after.FromJsonString(f"{year}-01-01T00:00:00Z")
    assert len((await store.list(params, call())).tasks) == found


@pytest.mark.parametrize("page_size", [1, 3, 4, 100])
async def test_pages_join_to_the_whole_list(store: VersionedTaskStore, page_size: int) -> None:
    for seconds in (5, 5, 5, 4, 3, None, None):
        await save(store, make_task(seconds=seconds))
    whole = await listed(store, page_size=100)
    pages: list[str] = []
    token = ""
    while True:
        page = await store.list(ListTasksRequest(page_size=page_size, page_token=token), call())
        assert page.total_size == len(whole)
        pages += [task.id for task in page.tasks]
        token = page.next_page_token
        if not token:
            break
    assert pages == whole


async def test_a_page_token_outlives_the_task_it_stands_at(store: VersionedTaskStore) -> None:
    tasks = [make_task(seconds=seconds) for seconds in (3, 2, 1)]
    for task in tasks:
        await save(store, task)
    first = await store.list(ListTasksRequest(page_size=1), call())
    await store.delete(tasks[0].id, call())
    assert await listed(store, page_token=first.next_page_token) == [tasks[1].id, tasks[2].id]


async def test_a_made_up_page_token_is_refused(store: VersionedTaskStore) -> None:
    await save(store, make_task())
    with pytest.raises(InvalidParamsError):
        await store.list(ListTasksRequest(page_token="made-up"), call())
