"""Tasks in SQLite, behind the SDK's `VersionedTaskStore`.

A task that grows chunk by chunk is not written again for each chunk: the event is appended, and the whole task is
written with its first and its last state, when somebody is waited for, and when what was appended since has grown as
large as the task was. So the bytes written stay proportional to the bytes said, and reading applies a bounded tail.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Final

from a2a.server.cluster import ConcurrentTaskModificationError, StoredTask, TaskVersion, VersionedTaskStore
from a2a.server.context import ServerCallContext
from a2a.types import (
    ListTasksRequest,
    ListTasksResponse,
    Task,
    TaskState,
)

from shared.tasks._database import Database
from shared.tasks._events import TERMINAL_STATES, Event
from shared.tasks._listing import Listing
from shared.tasks._rows import Row, is_snapshot_due, is_worked_on, rebuild, status_ns

SNAPSHOT_MIN_BYTES: Final = 16 * 1024

OwnerResolver = Callable[[ServerCallContext], str]

_GROW: Final = (
    "UPDATE tasks SET version = version + 1, state = ?, status_ns = ?, saved_at = ?, runner = ?, "
    "pending_bytes = pending_bytes + ? WHERE task_id = ? AND owner = ? AND version = ? "
    "RETURNING id, version, pending_bytes > max(snapshot_bytes, ?)"
)
_REPLACE: Final = (
    "UPDATE tasks SET version = version + 1, state = ?, status_ns = ?, saved_at = ?, runner = ?, "
    "snapshot = version + 1, snapshot_bytes = ?, pending_bytes = 0 WHERE task_id = ? AND owner = ? AND version = ? "
    "RETURNING id, version, 0"
)
_SNAPSHOT: Final = "UPDATE tasks SET snapshot = version, snapshot_bytes = ?, pending_bytes = 0 WHERE id = ?"
_APPEND: Final = "INSERT INTO events (task, version, kind, event, snapshot) VALUES (?, ?, ?, ?, ?)"
_INSERT: Final = (
    "INSERT INTO tasks (task_id, owner, context_id, state, status_ns, version, snapshot, snapshot_bytes, "
    "pending_bytes, saved_at, runner) VALUES (?, ?, ?, ?, ?, 1, 1, ?, 0, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
)
_READ: Final = (
    "SELECT t.version, e.kind, e.event, e.snapshot FROM tasks t JOIN events e ON e.task = t.id "
    "AND e.version >= t.snapshot WHERE t.task_id = ? AND t.owner = ? ORDER BY e.version"
)


class RowVersion(TaskVersion):
    """How often a task was written: 1 for the first time."""

    __slots__ = ()

    @property
    def number(self) -> int:
        """The count."""
        return int(self._value)

    @classmethod
    def number_of(cls, version: TaskVersion) -> int:
        """The count in a version that this store gave out; 0 for `TaskVersion.MISSING`."""
        if version.is_missing:
            return 0
        if not isinstance(version, cls):
            raise TypeError(f"{version!r} was not given out by this store.")
        return version.number


def resolve_owner(context: ServerCallContext) -> str:
    """Who owns what this call makes: the stable key of (issuer, subject), as the door verified it; "" for nobody."""
    return context.user.user_name if context.user.is_authenticated else ""


class AgentTaskStore(VersionedTaskStore):
    """The SDK's versioned store, and what an agent needs besides."""

    @abstractmethod
    async def stage(
        self, task: Task, *, event: Event | None, prev_version: TaskVersion, context: ServerCallContext
    ) -> TaskVersion:
        """Like `save`, without waiting until it is durable: `committed` does that, for several at once.

        Nobody may be told of what is not durable yet.
        """

    @abstractmethod
    async def committed(self) -> None:
        """Waits until all that was staged so far is durable; raises where it could not be made so."""

    @abstractmethod
    async def count_unfinished(self, context: ServerCallContext) -> int:
        """How many tasks of the caller have not ended."""


class SqliteTaskStore(AgentTaskStore):
    """Tasks of one agent, each visible to its owner alone; an empty owner owns nothing and sees nothing.

    `save` relies on what the SDK promises of `event`: that applying it to `prev` gives `task`.
    All is done on the event loop's thread: a row takes tens of microseconds, less than handing it to another. What is
    written is durable (against a crash of the process) when the call returns.
    """

    def __init__(self, database: Database, *, owner_resolver: OwnerResolver = resolve_owner) -> None:
        self._database = database
        self._owner = owner_resolver
        self._listing = Listing(database)

    async def save(
        self,
        task: Task,
        *,
        event: Event | None,
        prev: Task | None,  # noqa: ARG002 -- the signature is the SDK's
        prev_version: TaskVersion,
        context: ServerCallContext,
    ) -> TaskVersion:
        version = await self.stage(task, event=event, prev_version=prev_version, context=context)
        await self._database.committed()
        return version

    async def stage(
        self, task: Task, *, event: Event | None, prev_version: TaskVersion, context: ServerCallContext
    ) -> TaskVersion:
        """See `AgentTaskStore`."""
        owner = self._owner(context)
        if not owner:
            raise PermissionError("A task needs an owner.")
        if task.status.state == TaskState.TASK_STATE_CANCELED:
            return self._cancel(task, event, owner)
        if prev_version.is_missing:
            return self._insert(task, event, owner)
        return self.update(task, event, owner, prev_version)

    async def committed(self) -> None:
        """See `AgentTaskStore`."""
        await self._database.committed()

    def _insert(self, task: Task, event: Event | None, owner: str) -> TaskVersion:
        row = Row.of(task, event, whole=True)
        values = (
            task.id,
            owner,
            task.context_id,
            task.status.state,
            status_ns(task),
            len(row.snapshot or b""),
            int(self._database.clock()),
            self._runner(task),
        )
        with self._database.write() as connection:
            inserted = connection.execute(_INSERT, values).fetchone()
            if inserted is None:
                raise ConcurrentTaskModificationError(task.id)
            connection.execute(_APPEND, (inserted[0], 1, row.kind, row.event, row.snapshot))
        return RowVersion(1)

    def update(self, task: Task, event: Event | None, owner: str, version: TaskVersion) -> TaskVersion:
        """Writes what `event` made of a task, if its version is still `version`; committed with this turn of the loop.

        Raises:
            ConcurrentTaskModificationError: if it is not, or the owner has no such task.
        """
        row = Row.of(task, event, whole=is_snapshot_due(task, event))
        head = (task.status.state, status_ns(task), int(self._database.clock()), self._runner(task))
        key = (task.id, owner, RowVersion.number_of(version))
        with self._database.write() as connection:
            # One statement compares, swaps and says whether enough was appended for the whole to be written again.
            if row.snapshot is None:
                found = connection.execute(_GROW, (*head, len(row.event or b""), *key, SNAPSHOT_MIN_BYTES)).fetchone()
            else:
                found = connection.execute(_REPLACE, (*head, len(row.snapshot), *key)).fetchone()
            if found is None:
                raise ConcurrentTaskModificationError(task.id)
            task_row, new_version, is_due = found
            if is_due:
                row = Row.of(task, event, whole=True)
                connection.execute(_SNAPSHOT, (len(row.snapshot or b""), task_row))
            connection.execute(_APPEND, (task_row, new_version, row.kind, row.event, row.snapshot))
        return RowVersion(new_version)

    def _cancel(self, task: Task, event: Event | None, owner: str) -> TaskVersion:
        """Overwrites whatever is there, without a version check, unless it is nothing or has ended."""
        with self._database.write() as connection:
            found = connection.execute(
                "SELECT version, state FROM tasks WHERE task_id = ? AND owner = ?", (task.id, owner)
            ).fetchone()
        if found is None or found[1] in TERMINAL_STATES:
            raise ConcurrentTaskModificationError(task.id)
        return self.update(task, event, owner, RowVersion(found[0]))

    async def get(self, task_id: str, context: ServerCallContext) -> StoredTask | None:
        owner = self._owner(context)
        return await self._database.durably(lambda: self.read(task_id, owner))

    def read(self, task_id: str, owner: str) -> StoredTask | None:
        """A task and its version, if the owner has it."""
        if not owner:
            return None
        rows = self._database.connection.execute(_READ, (task_id, owner)).fetchall()
        if not rows:
            return None
        return StoredTask(rebuild(row[1:] for row in rows), RowVersion(rows[0][0]))

    async def list(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        owner = self._owner(context)
        return await self._database.durably(lambda: self._page(params, owner))

    def _page(self, params: ListTasksRequest, owner: str) -> ListTasksResponse:
        page = self._listing.page(params, owner)
        response = ListTasksResponse(
            next_page_token=page.next_token, page_size=page.size, total_size=page.total if owner else 0
        )
        for task_id in page.task_ids:
            rows = self._database.connection.execute(_READ, (task_id, owner)).fetchall()
            response.tasks.append(rebuild(row[1:] for row in rows))
        return response

    async def delete(self, task_id: str, context: ServerCallContext) -> None:
        owner = self._owner(context)
        with self._database.write() as connection:
            for (row,) in connection.execute(
                "DELETE FROM tasks WHERE task_id = ? AND owner = ? RETURNING id", (task_id, owner)
            ).fetchall():
                connection.execute("DELETE FROM events WHERE task = ?", (row,))
        await self._database.committed()

    async def count_unfinished(self, context: ServerCallContext) -> int:
        """See `AgentTaskStore`."""
        (count,) = self._database.connection.execute(
            "SELECT count(*) FROM tasks WHERE owner = ? AND state IN (0, 1, 2, 6, 8)", (self._owner(context),)
        ).fetchone()
        assert isinstance(count, int)  # noqa: S101 -- count(*) is an integer; this tells the type checker
        return count

    def _runner(self, task: Task) -> str | None:
        """Who works on the task, so that it can be ended if that process dies."""
        return self._database.runner.id if is_worked_on(task) else None
