"""Who is told of a task by push notification, and what they were told; it is an outbox, too.

A row says which version of its task was told last. So what has to be told is found by looking, whoever changed the
task, and also after a crash between the change and the telling. It may be told twice; never not at all.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from shared.tasks._database import Database

ORPHAN_SECONDS: Final = 3600.0

# States are as A2A numbers them: 3, 4, 5 and 7 have ended, 6 and 8 wait for somebody.
_DUE: Final = (
    "SELECT p.task_id, p.id, p.owner, p.url, p.token, t.context_id, t.state, t.version, p.attempts, p.next_at "
    "FROM push_configs p JOIN tasks t ON t.task_id = p.task_id AND t.owner = p.owner "
    "WHERE t.version > p.told AND t.state IN (3, 4, 5, 6, 7, 8) AND p.next_at <= ? ORDER BY p.next_at LIMIT ?"
)
_DELETE_ENDED: Final = (
    "DELETE FROM push_configs WHERE task_id = ? AND id = ? AND EXISTS (SELECT 1 FROM tasks t "
    "WHERE t.task_id = push_configs.task_id AND t.version = ? AND t.state IN (3, 4, 5, 7))"
)


@dataclass(frozen=True, slots=True)
class PushConfig:
    """Somewhere that is told of a task.

    Attributes:
        task_id: The task.
        id: Tells it from others of the task.
        owner: Whose task it is.
        url: What is called.
        token: What its owner wants to be shown there.
    """

    task_id: str
    id: str
    owner: str
    url: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DuePush:
    """Something that has to be told: that the task is in this state, in this version of it."""

    config: PushConfig
    context_id: str
    state: int
    version: int
    attempts: int


class PushStore(Protocol):
    """Where it is kept who is told what: as durable as the tasks themselves."""

    async def put(self, config: PushConfig, *, most: int) -> bool:
        """Adds one, or changes it; false where the task has as many as may be."""

    async def of_task(self, task_id: str, owner: str) -> Sequence[PushConfig]:
        """Those of a task."""

    async def remove(self, task_id: str, config_id: str, owner: str) -> None:
        """Takes one away."""

    async def take(self, limit: int, *, lease: float) -> Sequence[DuePush]:
        """Takes what has to be told now."""

    async def told(self, due: DuePush) -> None:
        """It is known there, or given up."""

    async def put_off(self, due: DuePush, seconds: float) -> None:
        """It could not be told; again later."""


class SqlitePushStore:
    """The table `push_configs`.

    Args:
        database: The agent's file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.sweep_with(self._sweep)

    async def put(self, config: PushConfig, *, most: int) -> bool:
        """Adds one, or puts it in the place of the one with its id; false where the task has as many as may be.

        What the task is now is not told: whoever adds it knows.
        """
        with self._database.write() as connection:
            others = connection.execute(
                "SELECT COUNT(*) FROM push_configs WHERE task_id = ? AND id <> ?", (config.task_id, config.id)
            ).fetchone()[0]
            if others < most:
                connection.execute(
                    "INSERT OR REPLACE INTO push_configs VALUES (?, ?, ?, ?, ?, "
                    "COALESCE((SELECT version FROM tasks WHERE task_id = ?), 0), 0, 0, ?)",
                    (
                        *(config.task_id, config.id, config.owner, config.url, config.token, config.task_id),
                        self._database.clock(),
                    ),
                )
        await self._database.committed()
        return bool(others < most)

    async def of_task(self, task_id: str, owner: str) -> Sequence[PushConfig]:
        """Those of a task."""
        rows = self._database.connection.execute(
            "SELECT task_id, id, owner, url, token FROM push_configs WHERE task_id = ? AND owner = ? ORDER BY id",
            (task_id, owner),
        ).fetchall()
        return [PushConfig(*row) for row in rows]

    async def remove(self, task_id: str, config_id: str, owner: str) -> None:
        """Takes one away."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM push_configs WHERE task_id = ? AND id = ? AND owner = ?", (task_id, config_id, owner)
            )
        await self._database.committed()

    async def take(self, limit: int, *, lease: float) -> Sequence[DuePush]:
        """Takes what has to be told now; nobody else has it for `lease` seconds."""
        now, taken = self._database.clock(), []
        rows = self._database.connection.execute(_DUE, (now, limit)).fetchall()
        if rows:
            with self._database.write() as connection:
                for row in rows:
                    changed = connection.execute(
                        "UPDATE push_configs SET next_at = ? WHERE task_id = ? AND id = ? AND next_at = ?",
                        (now + lease, row[0], row[1], row[9]),
                    ).rowcount
                    if changed:
                        taken.append(DuePush(PushConfig(*row[:5]), *row[5:9]))
            await self._database.committed()
        return taken

    async def told(self, due: DuePush) -> None:
        """It is known there, or given up; where the task has ended nothing more will be told."""
        with self._database.write() as connection:
            where = (due.config.task_id, due.config.id)
            connection.execute(
                "UPDATE push_configs SET told = ?, attempts = 0, next_at = 0 WHERE task_id = ? AND id = ?",
                (due.version, *where),
            )
            connection.execute(_DELETE_ENDED, (*where, due.version))
        await self._database.committed()

    async def put_off(self, due: DuePush, seconds: float) -> None:
        """It could not be told; again later."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE push_configs SET attempts = attempts + 1, next_at = ? WHERE task_id = ? AND id = ?",
                (self._database.clock() + seconds, due.config.task_id, due.config.id),
            )
        await self._database.committed()

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Takes away what is of no task: of one that was never made, or is forgotten."""
        connection.execute(
            "DELETE FROM push_configs WHERE made_at < ? AND NOT EXISTS "
            "(SELECT 1 FROM tasks t WHERE t.task_id = push_configs.task_id)",
            (self._database.clock() - ORPHAN_SECONDS,),
        )
