"""What is old goes, a little at a time; several replicas may sweep at once."""

from typing import Final

from shared.tasks._retention import BATCH, MAX_BATCHES, Retention
from shared.tasks.postgres._database import PostgresDatabase

_TASKS: Final = (
    "WITH old AS (SELECT id FROM tasks WHERE saved_at < %s AND state IN (3, 4, 5, 7) ORDER BY saved_at LIMIT %s "
    "FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM events USING old WHERE events.task = old.id) "
    "DELETE FROM tasks USING old WHERE tasks.id = old.id RETURNING true"
)
_CONVERSATIONS: Final = (
    "WITH old AS (SELECT id FROM contexts WHERE used_at < %s ORDER BY used_at LIMIT %s FOR UPDATE SKIP LOCKED), "
    "gone AS (DELETE FROM messages USING old WHERE messages.context = old.id) "
    "DELETE FROM contexts USING old WHERE contexts.id = old.id RETURNING true"
)
_MESSAGES: Final = (
    "WITH old AS (SELECT owner, message_id FROM ledger WHERE claimed_at < %s ORDER BY claimed_at LIMIT %s "
    "FOR UPDATE SKIP LOCKED) DELETE FROM ledger USING old "
    "WHERE ledger.owner = old.owner AND ledger.message_id = old.message_id RETURNING true"
)


async def sweep(database: PostgresDatabase, keep: Retention) -> int:
    """Deletes what is older than `keep` says, in short transactions; the number of rows."""
    now = int(database.clock())
    deleted = 0
    for statement, seconds in ((_TASKS, keep.tasks), (_CONVERSATIONS, keep.conversations), (_MESSAGES, keep.messages)):
        for _ in range(MAX_BATCHES):
            (rows,) = await database.run((statement, (now - seconds, BATCH)))
            deleted += len(rows)
            if len(rows) < BATCH:
                break
    return deleted
