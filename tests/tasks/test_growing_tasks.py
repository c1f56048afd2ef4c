"""Tasks that grow by events: what is read is what was built, and what is written stays in proportion."""

import asyncio

from a2a.server.cluster import TaskVersion
from a2a.server.tasks import TaskManager
from a2a.types import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.tasks import Event, Storage, apply_event, open_storage
from tests.tasks._kinds import select
from tests.tasks._tasks import call, chunk, make_task


async def write_chunks(storage: Storage, count: int) -> tuple[Task, int]:
    """A task with that many chunks, and how many bytes its rows take."""
    task = make_task()
    version = await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    for number in range(count):
        event = chunk(task, f"words, about fifty bytes of them, number {number:05}. ", append=number > 0)
        apply_event(task, event)
        version = await storage.tasks.save(task, event=event, prev=None, prev_version=version, context=call())
    ((written,),) = await select(
        storage,
        "SELECT sum(coalesce(length(e.event), 0) + coalesce(length(e.snapshot), 0)) FROM events e "
        "JOIN tasks t ON t.id = e.task WHERE t.task_id = ?",
        task.id,
    )
    return task, int(written)


async def test_what_is_written_grows_with_what_is_said_and_not_with_its_square(storage: Storage) -> None:
    _, few = await write_chunks(storage, 400)
    task, many = await write_chunks(storage, 1600)
    assert many < 8 * few  # four times as much was said; writing the whole each time would be sixteen
    assert many < 5 * task.ByteSize()


async def test_reading_applies_a_tail_that_is_bounded_by_the_task(storage: Storage) -> None:
    task, _ = await write_chunks(storage, 1600)
    stored = await storage.tasks.get(task.id, call())
    assert stored is not None
    assert stored.task == task
    ((pending,),) = await select(storage, "SELECT pending_bytes FROM tasks")
    assert pending <= max(16 * 1024, task.ByteSize())


STATES = st.sampled_from([TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_INPUT_REQUIRED])


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, str, TaskState]]:
    return draw(
        st.lists(
            st.tuples(st.sampled_from(["chunk", "new", "status", "note"]), st.text(max_size=20), STATES), max_size=30
        )
    )


def event_of(kind: str, text: str, state: TaskState, task: Task) -> Event:
    if kind in {"chunk", "new"}:
        return chunk(task, text, append=kind == "chunk" and bool(task.artifacts))
    status = TaskStatus(state=state)
    if kind == "note":
        status.message.CopyFrom(Message(message_id="note", role=Role.ROLE_AGENT, parts=[Part(text=text)]))
    event = TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=status)
    event.metadata.update({"last": text})
    return event


@given(changes())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_the_sdks_own_task_manager_saves_is_read_again(
    url: str, sequence: list[tuple[str, str, TaskState]]
) -> None:
    """The store keeps events and rebuilds; the SDK's manager is the judge of what the task is."""

    async def run() -> None:
        storage = open_storage(url, agent="account_lookup")
        await storage.start()
        try:
            task = make_task()
            manager = TaskManager(storage.tasks, call(), task.id, task.context_id, None)
            await manager.process(task)
            for kind, text, state in sequence:
                current = await manager.get_task()
                assert current is not None
                await manager.process(event_of(kind, text, state, current))
            built = await manager.get_task()
            stored = await storage.tasks.get(task.id, call())
            assert stored is not None
            assert stored.task == built
            assert stored.version == manager.current_version
        finally:
            await storage.aclose()

    asyncio.run(run())
