"""Who is told of a task by push notification, in PostgreSQL; see `shared.tasks.PushStore`."""

from collections.abc import Sequence
from typing import Final

from shared.tasks._push import ORPHAN_SECONDS, DuePush, PushConfig
from shared.tasks.postgres._database import PostgresDatabase

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('push_configs'), hashtext(%s))"
_PUT: Final = (
    "INSERT INTO push_configs (task_id, id, owner, url, token, told, attempts, next_at, made_at) "
    "SELECT %s, %s, %s, %s, %s, coalesce((SELECT version FROM tasks WHERE task_id = %s), 0), 0, 0, %s "
    "WHERE (SELECT count(*) FROM push_configs WHERE task_id = %s AND id <> %s) < %s "
    "ON CONFLICT (task_id, id) DO UPDATE SET owner = excluded.owner, url = excluded.url, token = excluded.token, "
    "told = excluded.told, attempts = 0, next_at = 0, made_at = excluded.made_at RETURNING true"
)
_OF_TASK: Final = (
    "SELECT task_id, id, owner, url, token FROM push_configs WHERE task_id = %s AND owner = %s ORDER BY id"
)
_REMOVE: Final = "DELETE FROM push_configs WHERE task_id = %s AND id = %s AND owner = %s"
_TAKE: Final = (
    "WITH due AS (SELECT p.task_id, p.id, t.context_id, t.state, t.version FROM push_configs p "
    "JOIN tasks t ON t.task_id = p.task_id AND t.owner = p.owner "
    "WHERE t.version > p.told AND t.state IN (3, 4, 5, 6, 7, 8) AND p.next_at <= %s ORDER BY p.next_at LIMIT %s "
    "FOR UPDATE OF p SKIP LOCKED) "
    "UPDATE push_configs p SET next_at = %s FROM due WHERE p.task_id = due.task_id AND p.id = due.id "
    "RETURNING p.task_id, p.id, p.owner, p.url, p.token, due.context_id, due.state, due.version, p.attempts"
)
_TOLD: Final = "UPDATE push_configs SET told = %s, attempts = 0, next_at = 0 WHERE task_id = %s AND id = %s"
_DELETE_ENDED: Final = (
    "DELETE FROM push_configs p WHERE task_id = %s AND id = %s AND EXISTS (SELECT FROM tasks t "
    "WHERE t.task_id = p.task_id AND t.version = %s AND t.state IN (3, 4, 5, 7))"
)
_PUT_OFF: Final = "UPDATE push_configs SET attempts = attempts + 1, next_at = %s WHERE task_id = %s AND id = %s"
_SWEEP: Final = (
    "DELETE FROM push_configs p WHERE made_at < %s AND NOT EXISTS (SELECT FROM tasks t WHERE t.task_id = p.task_id)"
)


class PostgresPushStore:
    """The table `push_configs`; what one replica takes, no other has.

    Args:
        database: The agent's.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        database.sweep_with(self._sweep)

    async def put(self, config: PushConfig, *, most: int) -> bool:
        """See `PushStore`."""
        row = (config.task_id, config.id, config.owner, config.url, config.token, config.task_id)
        limit = (config.task_id, config.id, most)
        _, made = await self._database.run((_LOCK, (config.task_id,)), (_PUT, (*row, self._database.clock(), *limit)))
        return bool(made)

    async def of_task(self, task_id: str, owner: str) -> Sequence[PushConfig]:
        """See `PushStore`."""
        (rows,) = await self._database.run((_OF_TASK, (task_id, owner)))
        return [PushConfig(*row) for row in rows]

    async def remove(self, task_id: str, config_id: str, owner: str) -> None:
        """See `PushStore`."""
        if "\0" not in config_id:
            await self._database.run((_REMOVE, (task_id, config_id, owner)))

    async def take(self, limit: int, *, lease: float) -> Sequence[DuePush]:
        """See `PushStore`."""
        now = self._database.clock()
        (rows,) = await self._database.run((_TAKE, (now, limit, now + lease)))
        return [DuePush(PushConfig(*row[:5]), *row[5:]) for row in rows]

    async def told(self, due: DuePush) -> None:
        """See `PushStore`."""
        where = (due.config.task_id, due.config.id)
        await self._database.run((_TOLD, (due.version, *where)), (_DELETE_ENDED, (*where, due.version)))

    async def put_off(self, due: DuePush, seconds: float) -> None:
        """See `PushStore`."""
        where = (due.config.task_id, due.config.id)
        await self._database.run((_PUT_OFF, (self._database.clock() + seconds, *where)))

    async def _sweep(self) -> None:
        await self._database.run((_SWEEP, (self._database.clock() - ORPHAN_SECONDS,)))
