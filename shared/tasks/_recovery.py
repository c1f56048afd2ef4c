"""Tasks that nobody will finish are ended, with words that say so."""

import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol

from a2a.server.cluster import ConcurrentTaskModificationError
from a2a.types import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent

from shared.tasks._database import Database
from shared.tasks._events import TERMINAL_STATES, apply_event
from shared.tasks._store import SqliteTaskStore

ABANDONED: Final = "The agent stopped before this was finished. Please ask again."
EXPIRED: Final = "Nobody answered in time, so this was closed. Please ask again."
BATCH: Final = 100

Rescue = Callable[[Task], Awaitable[TaskStatusUpdateEvent | None]]
"""Says what an abandoned task goes on with; None where it cannot."""


def status_event(task: Task, state: TaskState, text: str = "") -> TaskStatusUpdateEvent:
    """A change of status, now, with words for people."""
    status = TaskStatus(state=state)
    status.timestamp.GetCurrentTime()
    if text:
        status.message.CopyFrom(
            Message(
                message_id=uuid.uuid4().hex,
                task_id=task.id,
                context_id=task.context_id,
                role=Role.ROLE_AGENT,
                parts=[Part(text=text)],
            )
        )
    return TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=status)


class TaskRecovery(Protocol):
    """Ends what a dead process had under way, and what waited for somebody for too long."""

    async def fail_abandoned(self, rescue: Rescue | None = None, working: Collection[str] | None = None) -> int:
        """Fails the tasks of processes that are no longer there, but those that can go on; how many it moved.

        Args:
            rescue: What a task goes on with; it is asked before one is failed.
            working: The tasks that this process works on. Others that are its own by the database, because their end
                could not be written, are abandoned too.
        """
        ...

    async def expire_waiting(self, seconds: float) -> int:
        """Fails tasks that wait for input or authorization for longer than `seconds`; how many."""
        ...


class SqliteTaskRecovery:
    """Ends the tasks in the agent's file.

    Args:
        database: The agent's file.
        store: Its tasks.
    """

    def __init__(self, database: Database, store: SqliteTaskStore) -> None:
        self._database = database
        self._store = store

    async def fail_abandoned(self, rescue: Rescue | None = None, working: Collection[str] | None = None) -> int:
        """See `TaskRecovery`."""
        running = self._database.connection.execute(
            "SELECT runner, task_id, owner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner IS NOT NULL"
        ).fetchall()
        dead = {runner for runner in {row[0] for row in running} if not self._database.runner.is_alive(runner)}
        own = self._database.runner.id if working is not None else None
        abandoned = [
            (task_id, owner)
            for runner, task_id, owner in running
            if runner in dead or (runner == own and working is not None and task_id not in working)
        ]
        return await self._end(abandoned, ABANDONED, rescue)

    async def expire_waiting(self, seconds: float) -> int:
        """See `TaskRecovery`."""
        rows = self._database.connection.execute(
            "SELECT task_id, owner FROM tasks WHERE state IN (6, 8) AND saved_at < ? LIMIT ?",
            (int(self._database.clock() - seconds), BATCH),
        ).fetchall()
        return await self._end(rows, EXPIRED)

    async def _end(self, rows: Sequence[tuple[str, str]], text: str, rescue: Rescue | None = None) -> int:
        ended = 0
        for task_id, owner in rows:
            stored = self._store.read(task_id, owner)
            if stored is None or stored.task.status.state in TERMINAL_STATES:
                continue
            saved = await rescue(stored.task) if rescue is not None else None
            event = saved or status_event(stored.task, TaskState.TASK_STATE_FAILED, text)
            apply_event(stored.task, event)
            try:
                self._store.update(stored.task, event, owner, stored.version)
            except ConcurrentTaskModificationError:  # somebody else moved it: it is theirs
                continue
            ended += 1
        await self._database.committed()
        return ended
