"""What is old goes, a little at a time."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.tasks._database import Transaction

BATCH: Final = 100
MAX_BATCHES: Final = 50

_DAY: Final = 24 * 60 * 60

_SWEEPS: Final = (
    # Each statement takes (older than, at most); the rows that hang on a deleted one go in the same transaction.
    (
        "tasks",
        "SELECT id FROM tasks WHERE saved_at < ? AND state IN (3, 4, 5, 7) ORDER BY id LIMIT ?",
        ("DELETE FROM events WHERE task = ?", "DELETE FROM tasks WHERE id = ?"),
    ),
    (
        "conversations",
        "SELECT id FROM contexts WHERE used_at < ? ORDER BY used_at LIMIT ?",
        ("DELETE FROM messages WHERE context = ?", "DELETE FROM contexts WHERE id = ?"),
    ),
)


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many seconds things are kept after their last use.

    Attributes:
        tasks: Tasks that have ended.
        conversations: Threads of conversation.
        messages: The ids of messages that came, by which a repeated one is known.
    """

    tasks: int = 7 * _DAY
    conversations: int = 30 * _DAY
    messages: int = _DAY

    def sweep(self, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time) -> int:
        """Deletes what is too old, in transactions short enough for writers to wait for; the number of rows."""
        now = int(clock())
        limits = {"tasks": now - self.tasks, "conversations": now - self.conversations}
        deleted = 0
        for name, select, deletes in _SWEEPS:
            for _ in range(MAX_BATCHES):
                with Transaction(connection):
                    ids = connection.execute(select, (limits[name], BATCH)).fetchall()
                    for statement in deletes:
                        connection.executemany(statement, ids)
                deleted += len(ids)
                if len(ids) < BATCH:
                    break
        for _ in range(MAX_BATCHES):
            swept = connection.execute(
                "DELETE FROM ledger WHERE (owner, message_id) IN "
                "(SELECT owner, message_id FROM ledger WHERE claimed_at < ? LIMIT ?)",
                (now - self.messages, BATCH),
            ).rowcount
            deleted += swept
            if swept < BATCH:
                break
        return deleted
