"""Tasks that nobody will finish, in PostgreSQL; see `shared.tasks.TaskRecovery`."""

from collections.abc import Collection, Sequence
from typing import Final

from a2a.server.cluster import ConcurrentTaskModificationError
from a2a.types import TaskState

from shared.tasks._events import TERMINAL_STATES, apply_event
from shared.tasks._recovery import ABANDONED, BATCH, EXPIRED, Rescue, status_event
from shared.tasks.postgres._database import PostgresDatabase
from shared.tasks.postgres._presence import Presence
from shared.tasks.postgres._store import PostgresTaskStore

_RUNNERS: Final = "SELECT DISTINCT runner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner IS NOT NULL"
_TASKS_OF: Final = (
    "SELECT task_id, owner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner = ANY(%s::bigint[]) "
    "AND NOT task_id = ANY(%s::text[]) LIMIT %s"
)
_WAITING: Final = "SELECT task_id, owner FROM tasks WHERE state IN (6, 8) AND saved_at < %s LIMIT %s"


class PostgresTaskRecovery:
    """Ends the tasks in the agent's tables.

    Where a process that was taken for dead lives after all, its next write finds that the task has ended, and it stops.

    Args:
        database: The agent's.
        store: Its tasks.
        presence: Which of its processes are gone.
    """

    def __init__(self, database: PostgresDatabase, store: PostgresTaskStore, presence: Presence) -> None:
        self._database = database
        self._store = store
        self._presence = presence

    async def fail_abandoned(self, rescue: Rescue | None = None, working: Collection[str] | None = None) -> int:
        """See `TaskRecovery`."""
        (rows,) = await self._database.run((_RUNNERS, ()))
        _, dead = await self._presence.look([runner for (runner,) in rows])
        own = set() if working is None else {self._database.runner}
        if not dead | own:
            return 0
        (tasks,) = await self._database.run((_TASKS_OF, (sorted(dead | own), list(working or ()), BATCH)))
        return await self._end([task for task in tasks if task[0] not in (working or ())], ABANDONED, rescue)

    async def expire_waiting(self, seconds: float) -> int:
        """See `TaskRecovery`."""
        (rows,) = await self._database.run((_WAITING, (int(self._database.clock() - seconds), BATCH)))
        return await self._end(rows, EXPIRED)

    async def _end(self, rows: Sequence[tuple[str, str]], text: str, rescue: Rescue | None = None) -> int:
        ended = 0
        for task_id, owner in rows:
            stored = await self._store.read(task_id, owner)
            if stored is None or stored.task.status.state in TERMINAL_STATES:
                continue
            saved = await rescue(stored.task) if rescue is not None else None
            event = saved or status_event(stored.task, TaskState.TASK_STATE_FAILED, text)
            apply_event(stored.task, event)
            try:
                await self._store.update(stored.task, event, owner, stored.version)
            except ConcurrentTaskModificationError:  # somebody else moved it: it is theirs
                continue
            ended += 1
        return ended
