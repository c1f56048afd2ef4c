"""What happens to a task, as it happens, for those who did not start it, in whichever process."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from a2a.server.cluster import TaskEventStream, TaskVersion, VersionedEvent

from shared.tasks._events import NO_EVENT, parse_event
from shared.tasks._store import RowVersion
from shared.tasks.postgres._database import PostgresDatabase

LOOK_SECONDS: Final = 2.0
LOOK_DEAF_SECONDS: Final = 0.25

_NEWER: Final = (
    "SELECT e.version, e.kind, coalesce(e.event, e.snapshot) FROM tasks t LEFT JOIN events e "
    "ON e.task = t.id AND e.version > %s WHERE t.task_id = %s ORDER BY e.version"
)


class PostgresTaskEventStream(TaskEventStream):
    """Reads the events that `PostgresTaskStore` appended.

    A subscriber is woken by the store of this process, and by the server's notifications of others'. It also looks by
    itself every two seconds, and more often while the connection that listens is lost: a notification may get lost, an
    event does not. Ownership is checked by whoever subscribes: the interface knows task ids alone.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._waiting: dict[str, set[asyncio.Event]] = {}
        database.watch(self._wake)

    async def publish(self, task_id: str, event: VersionedEvent) -> None:
        """Nothing to do: the store has told of it."""

    def _wake(self, task_id: str | None) -> None:
        for waiting in self._waiting.values() if task_id is None else [self._waiting.get(task_id, set())]:
            for woken in waiting:
                woken.set()

    async def subscribe(self, task_id: str, *, after: TaskVersion) -> AsyncGenerator[VersionedEvent, None]:
        """Events newer than `after`, in order, until the task is deleted or nobody listens."""
        seen = RowVersion.number_of(after)
        if "\0" in task_id:
            return
        woken = asyncio.Event()
        listeners = self._waiting.setdefault(task_id, set())
        listeners.add(woken)
        try:
            while True:
                woken.clear()
                (rows,) = await self._database.run((_NEWER, (seen, task_id)))
                if not rows:
                    return
                for version, kind, body in rows:
                    if version is None:
                        continue
                    seen = version
                    if kind != NO_EVENT:
                        yield VersionedEvent(event=parse_event(kind, body), version=RowVersion(version))
                try:
                    async with asyncio.timeout(LOOK_SECONDS if self._database.is_listening else LOOK_DEAF_SECONDS):
                        await woken.wait()
                except TimeoutError:
                    pass
        finally:
            listeners.discard(woken)
            if not listeners:
                self._waiting.pop(task_id, None)

    async def destroy(self, task_id: str) -> None:
        """Nothing to release: events of ended tasks are swept with them."""
