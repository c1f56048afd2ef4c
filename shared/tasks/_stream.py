"""What happens to a task, as it happens, for those who did not start it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from a2a.server.cluster import TaskEventStream, TaskVersion, VersionedEvent

from shared.tasks._database import Database
from shared.tasks._events import NO_EVENT, parse_event
from shared.tasks._store import RowVersion

POLL_MIN_SECONDS: Final = 0.05
POLL_MAX_SECONDS: Final = 0.5

_NEWER: Final = (
    "SELECT t.version, e.version, e.kind, coalesce(e.event, e.snapshot) FROM tasks t LEFT JOIN events e "
    "ON e.task = t.id AND e.version > ? WHERE t.task_id = ? ORDER BY e.version"
)


class SqliteTaskEventStream(TaskEventStream):
    """Reads the events that `SqliteTaskStore` appended.

    Within this process a subscriber is woken when something is published; for what other processes append it looks
    again after 50 ms at first and half a second at most. Ownership is checked by whoever subscribes: the interface
    knows task ids alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, set[asyncio.Event]] = {}

    async def publish(self, task_id: str, event: VersionedEvent) -> None:  # noqa: ARG002 -- the signature is the SDK's
        """Wakes this process's subscribers; the event itself was appended with the task."""
        for waiting in self._waiting.get(task_id, ()):
            waiting.set()

    async def subscribe(self, task_id: str, *, after: TaskVersion) -> AsyncGenerator[VersionedEvent, None]:
        """Events newer than `after`, in order, until the task is deleted or nobody listens."""
        seen = RowVersion.number_of(after)
        woken = asyncio.Event()
        listeners = self._waiting.setdefault(task_id, set())
        listeners.add(woken)
        delay = POLL_MIN_SECONDS
        try:
            while True:
                woken.clear()
                rows = self._database.connection.execute(_NEWER, (seen, task_id)).fetchall()
                if not rows:
                    return
                for _, version, kind, body in rows:
                    if version is None:
                        continue
                    seen, delay = version, POLL_MIN_SECONDS
                    if kind != NO_EVENT:
                        yield VersionedEvent(event=parse_event(kind, body), version=RowVersion(version))
                try:
                    async with asyncio.timeout(delay):
                        await woken.wait()
                except TimeoutError:
                    delay = min(delay * 2, POLL_MAX_SECONDS)
        finally:
            listeners.discard(woken)
            if not listeners:
                self._waiting.pop(task_id, None)

    async def destroy(self, task_id: str) -> None:
        """Nothing to release: events of ended tasks are swept with them."""
