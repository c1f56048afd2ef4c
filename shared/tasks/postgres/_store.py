"""Tasks in PostgreSQL, behind the SDK's `VersionedTaskStore`; kept as `SqliteTaskStore` keeps them.

Each write is one statement, which compares, swaps, and appends the event.
"""

from typing import Final

from a2a.server.cluster import ConcurrentTaskModificationError, StoredTask, TaskVersion
from a2a.server.context import ServerCallContext
from a2a.types import ListTasksRequest, ListTasksResponse, Task, TaskState

from shared.tasks._events import Event
from shared.tasks._listing import PageQuery
from shared.tasks._rows import Row, is_snapshot_due, is_worked_on, rebuild, status_ns
from shared.tasks._store import SNAPSHOT_MIN_BYTES, AgentTaskStore, OwnerResolver, RowVersion, resolve_owner
from shared.tasks.postgres._database import PostgresDatabase

_SET: Final = "state = %s, status_ns = %s, saved_at = %s, runner = %s"
_APPEND: Final = (
    "appended AS (INSERT INTO events (task, version, kind, event, snapshot) "
    "SELECT id, version, %s, %s, %s FROM written) SELECT id, version, due FROM written"
)
_INSERT: Final = (
    "WITH written AS (INSERT INTO tasks (task_id, owner, context_id, state, status_ns, version, snapshot, "  # noqa: S608 -- fixed text
    "snapshot_bytes, pending_bytes, saved_at, runner) VALUES (%s, %s, %s, %s, %s, 1, 1, %s, 0, %s, %s) "
    "ON CONFLICT DO NOTHING RETURNING id, version, false AS due), " + _APPEND
)
_GROW: Final = (
    f"WITH written AS (UPDATE tasks SET version = version + 1, {_SET}, pending_bytes = pending_bytes + %s "  # noqa: S608 -- fixed text
    "WHERE task_id = %s AND owner = %s AND version = %s "
    "RETURNING id, version, pending_bytes > greatest(snapshot_bytes, %s) AS due), " + _APPEND
)
_REPLACE: Final = (
    f"WITH written AS (UPDATE tasks SET version = version + 1, {_SET}, snapshot = version + 1, "  # noqa: S608 -- fixed text
    "snapshot_bytes = %s, pending_bytes = 0 WHERE task_id = %s AND owner = %s AND version = %s "
    "RETURNING id, version, false AS due), " + _APPEND
)
_CANCEL: Final = (
    f"WITH written AS (UPDATE tasks SET version = version + 1, {_SET}, snapshot = version + 1, "  # noqa: S608 -- fixed text
    "snapshot_bytes = %s, pending_bytes = 0 WHERE task_id = %s AND owner = %s AND state NOT IN (3, 4, 5, 7) "
    "RETURNING id, version, false AS due), " + _APPEND
)
_SNAPSHOT: Final = (
    "WITH kept AS (UPDATE tasks SET snapshot = version, snapshot_bytes = %s, pending_bytes = 0 "
    "WHERE id = %s AND version = %s RETURNING id, version) "
    "UPDATE events SET snapshot = %s FROM kept WHERE events.task = kept.id AND events.version = kept.version"
)
_READ: Final = (
    "SELECT t.version, e.kind, e.event, e.snapshot FROM tasks t JOIN events e ON e.task = t.id "
    "AND e.version >= t.snapshot WHERE t.task_id = %s AND t.owner = %s ORDER BY e.version"
)
_DELETE: Final = (
    "WITH gone AS (DELETE FROM tasks WHERE task_id = %s AND owner = %s RETURNING id) "
    "DELETE FROM events USING gone WHERE events.task = gone.id"
)


class PostgresTaskStore(AgentTaskStore):
    """Tasks of one agent, each visible to its owner alone; an empty owner owns nothing and sees nothing.

    `save` relies on what the SDK promises of `event`: that applying it to `prev` gives `task`.
    """

    def __init__(self, database: PostgresDatabase, *, owner_resolver: OwnerResolver = resolve_owner) -> None:
        self._database = database
        self._owner = owner_resolver

    async def save(
        self,
        task: Task,
        *,
        event: Event | None,
        prev: Task | None,  # noqa: ARG002 -- the signature is the SDK's
        prev_version: TaskVersion,
        context: ServerCallContext,
    ) -> TaskVersion:
        return await self.stage(task, event=event, prev_version=prev_version, context=context)

    async def stage(
        self, task: Task, *, event: Event | None, prev_version: TaskVersion, context: ServerCallContext
    ) -> TaskVersion:
        """See `AgentTaskStore`; durable already when it returns."""
        owner = self._owner(context)
        if not owner:
            raise PermissionError("A task needs an owner.")
        if task.status.state == TaskState.TASK_STATE_CANCELED:
            return await self._replace(_CANCEL, task, Row.of(task, event, whole=True), owner)
        if prev_version.is_missing:
            return await self._insert(task, event, owner)
        return await self.update(task, event, owner, prev_version)

    async def committed(self) -> None:
        """See `AgentTaskStore`: all is."""

    async def _insert(self, task: Task, event: Event | None, owner: str) -> TaskVersion:
        row = Row.of(task, event, whole=True)
        state, status, saved_at, runner = self._head(task)
        size = len(row.snapshot or b"")
        values = (task.id, owner, task.context_id, state, status, size, saved_at, runner)
        return await self._write(_INSERT, (*values, row.kind, row.event, row.snapshot), task)

    async def update(self, task: Task, event: Event | None, owner: str, version: TaskVersion) -> TaskVersion:
        """Writes what `event` made of a task, if its version is still `version`.

        Raises:
            ConcurrentTaskModificationError: if it is not, or the owner has no such task.
        """
        row = Row.of(task, event, whole=is_snapshot_due(task, event))
        number = RowVersion.number_of(version)
        if row.snapshot is not None:
            return await self._replace(_REPLACE, task, row, owner, number)
        values = (*self._head(task), len(row.event or b""), task.id, owner, number, SNAPSHOT_MIN_BYTES)
        return await self._write(_GROW, (*values, row.kind, row.event, None), task)

    async def _replace(self, query: str, task: Task, row: Row, owner: str, *version: int) -> TaskVersion:
        values = (*self._head(task), len(row.snapshot or b""), task.id, owner, *version)
        return await self._write(query, (*values, row.kind, row.event, row.snapshot), task)

    async def _write(self, query: str, values: tuple[object, ...], task: Task) -> TaskVersion:
        (found,) = await self._database.run((query, values))
        if not found:
            raise ConcurrentTaskModificationError(task.id)
        ((row, version, is_due),) = found
        if is_due:
            # Enough was appended. That the whole is written too saves readers work; a version may come in between.
            snapshot = task.SerializeToString()
            await self._database.run((_SNAPSHOT, (len(snapshot), row, version, snapshot)))
        self._database.tell(task.id)
        return RowVersion(version)

    def _head(self, task: Task) -> tuple[int, int | None, int, int | None]:
        runner = self._database.runner if is_worked_on(task) else None
        return task.status.state, status_ns(task), int(self._database.clock()), runner

    async def get(self, task_id: str, context: ServerCallContext) -> StoredTask | None:
        return await self.read(task_id, self._owner(context))

    async def read(self, task_id: str, owner: str) -> StoredTask | None:
        """A task and its version, if the owner has it."""
        if not owner or "\0" in task_id:  # PostgreSQL knows no such text, so nothing has that id
            return None
        (rows,) = await self._database.run((_READ, (task_id, owner)))
        if not rows:
            return None
        return StoredTask(rebuild(row[1:] for row in rows), RowVersion(rows[0][0]))

    async def list(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        owner = self._owner(context)
        query = PageQuery(params, owner, self._database.key, mark="%s")
        if not owner or "\0" in params.context_id:
            return ListTasksResponse(page_size=query.size)
        ((total,),), rows = await self._database.run(query.count, query.select)
        page = query.page(total, rows)
        response = ListTasksResponse(next_page_token=page.next_token, page_size=page.size, total_size=page.total)
        if page.task_ids:
            for found in await self._database.run(*((_READ, (task_id, owner)) for task_id in page.task_ids)):
                if found:  # one may have been deleted since
                    response.tasks.append(rebuild(row[1:] for row in found))
        return response

    async def delete(self, task_id: str, context: ServerCallContext) -> None:
        if "\0" not in task_id:
            await self._database.run((_DELETE, (task_id, self._owner(context))))
            self._database.tell(task_id)

    async def count_unfinished(self, context: ServerCallContext) -> int:
        """See `AgentTaskStore`."""
        query = "SELECT count(*) FROM tasks WHERE owner = %s AND state IN (0, 1, 2, 6, 8)"
        (((count,),),) = await self._database.run((query, (self._owner(context),)))
        return int(count)
