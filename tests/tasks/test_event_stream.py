"""Events of a task, for those who did not start it: in this process at once, from others soon."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from a2a.server.cluster import TaskVersion, VersionedEvent
from a2a.types import Task, TaskArtifactUpdateEvent

from shared.tasks import SqliteStorage, Storage, _stream, apply_event
from tests.tasks._tasks import call, chunk, make_task


async def begin(storage: Storage) -> tuple[Task, TaskVersion]:
    task = make_task()
    version = await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    return task, version


async def say(storage: Storage, task: Task, version: TaskVersion, text: str) -> TaskVersion:
    event = chunk(task, text, append=bool(task.artifacts))
    apply_event(task, event)
    version = await storage.tasks.save(task, event=event, prev=None, prev_version=version, context=call())
    await storage.events.publish(task.id, VersionedEvent(event, version))
    return version


async def next_text(events: AsyncGenerator[VersionedEvent, None]) -> str:
    async with asyncio.timeout(30):
        versioned = await anext(events)
    assert isinstance(versioned.event, TaskArtifactUpdateEvent)
    return versioned.event.artifact.parts[0].text


async def test_a_subscriber_sees_what_comes_after_its_version_and_nothing_twice(storage: Storage) -> None:
    task, version = await begin(storage)
    version = await say(storage, task, version, "before")
    async with aclosing(storage.events.subscribe(task.id, after=version)) as events:
        version = await say(storage, task, version, "one")
        assert await next_text(events) == "one"
        version = await say(storage, task, version, "two")
        await say(storage, task, version, "three")
        assert [await next_text(events), await next_text(events)] == ["two", "three"]


async def test_from_the_very_beginning_the_task_itself_comes_first(storage: Storage) -> None:
    task, version = await begin(storage)
    await say(storage, task, version, "one")
    async with aclosing(storage.events.subscribe(task.id, after=TaskVersion.MISSING)) as events:
        first = await anext(events)
        assert isinstance(first.event, Task)
        assert len(first.event.artifacts) == 0
        assert await next_text(events) == "one"


async def test_within_the_process_a_subscriber_is_woken_without_waiting_for_the_next_look(
    sqlite: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stream, "POLL_MIN_SECONDS", 3600)
    task, version = await begin(sqlite)
    async with aclosing(sqlite.events.subscribe(task.id, after=version)) as events:
        waiting = asyncio.create_task(next_text(events))
        await asyncio.sleep(0)
        await say(sqlite, task, version, "one")
        assert await waiting == "one"


async def test_another_process_sees_the_events_too(storage: Storage, other: Storage) -> None:
    task, version = await begin(storage)
    async with aclosing(other.events.subscribe(task.id, after=version)) as events:
        waiting = asyncio.create_task(next_text(events))
        await asyncio.sleep(0)
        await say(storage, task, version, "one")
        assert await waiting == "one"


async def test_the_stream_of_a_task_that_is_deleted_or_unknown_ends(storage: Storage) -> None:
    assert [event async for event in storage.events.subscribe("nothing", after=TaskVersion.MISSING)] == []
    task, version = await begin(storage)
    events = storage.events.subscribe(task.id, after=version)
    ending = asyncio.create_task(anext(events, None))
    await asyncio.sleep(0)
    await storage.tasks.delete(task.id, call())
    assert await ending is None
