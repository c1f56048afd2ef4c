"""Tasks that nobody will finish, in PostgreSQL; see `shared.tasks.TaskRecovery`."""

from collections.abc import Sequence
from typing import Final

from a2a.server.cluster import ConcurrentTaskModificationError
from a2a.types import TaskState

from shared.tasks._events import apply_event
from shared.tasks._recovery import ABANDONED, BATCH, EXPIRED, Rescue, status_event
from shared.tasks.postgres._database import PostgresDatabase
from shared.tasks.postgres._store import PostgresTaskStore

GRACE_SECONDS: Final = 5.0

_ABSENT: Final = (
    "SELECT DISTINCT runner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner IS NOT NULL AND runner NOT IN "
    "(SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_TASKS_OF: Final = (
    "SELECT task_id, owner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner = ANY(%s::bigint[]) LIMIT %s"
)
_WAITING: Final = "SELECT task_id, owner FROM tasks WHERE state IN (6, 8) AND saved_at < %s LIMIT %s"


class PostgresTaskRecovery:
    """Ends the tasks in the agent's tables.

    A process lives as long as the server sees its lock: no clock, no heartbeat. A lost connection is not a dead process
    yet, nor is a server that was started again and whose clients come back one by one, so one that is missing is given
    five seconds, by this process's own clock. Where it lives after all, its next write finds that the task has ended.

    Args:
        database: The agent's.
        store: Its tasks.
    """

    def __init__(self, database: PostgresDatabase, store: PostgresTaskStore) -> None:
        self._database = database
        self._store = store
        self._absent_since: dict[int, float] = {}

    async def fail_abandoned(self, rescue: Rescue | None = None) -> int:
        """See `TaskRecovery`."""
        now = self._database.clock()
        (rows,) = await self._database.run((_ABSENT, (self._database.runners % 2**32,)))
        self._absent_since = {runner: self._absent_since.get(runner, now) for (runner,) in rows}
        dead = [runner for runner, since in self._absent_since.items() if now - since >= GRACE_SECONDS]
        if not dead or not self._database.is_listening:
            return 0
        (tasks,) = await self._database.run((_TASKS_OF, (dead, BATCH)))
        return await self._end(tasks, ABANDONED, rescue)

    async def expire_waiting(self, seconds: float) -> int:
        """See `TaskRecovery`."""
        (rows,) = await self._database.run((_WAITING, (int(self._database.clock() - seconds), BATCH)))
        return await self._end(rows, EXPIRED)

    async def _end(self, rows: Sequence[tuple[str, str]], text: str, rescue: Rescue | None = None) -> int:
        ended = 0
        for task_id, owner in rows:
            stored = await self._store.read(task_id, owner)
            if stored is None:
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
