"""Which messages came already, so that none runs twice."""

from typing import Protocol

from shared.tasks._database import Database


class MessageLedger(Protocol):
    """Remembers the messages of each owner by their ids (A2A 1.0 §4.1.4 `messageId`)."""

    async def claim(self, owner: str, message_id: str, task_id: str) -> str | None:
        """Claims a message for a task; the task that it was claimed for earlier, if it came before."""
        ...

    async def release(self, owner: str, message_id: str) -> None:
        """Gives a claim back: the message was refused before anything was done."""
        ...


class SqliteMessageLedger:
    """The ledger in the agent's file; of two processes that claim at once, one has it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, owner: str, message_id: str, task_id: str) -> str | None:
        """See `MessageLedger`."""
        if not owner:
            raise PermissionError("A message needs an owner.")
        with self._database.write() as connection:
            claimed = connection.execute(
                "INSERT INTO ledger (owner, message_id, task_id, claimed_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (owner, message_id, task_id, int(self._database.clock())),
            )
            if claimed.rowcount == 1:
                return None  # committed at the latest with the task's first state, which everybody waits for
            (earlier,) = connection.execute(
                "SELECT task_id FROM ledger WHERE owner = ? AND message_id = ?", (owner, message_id)
            ).fetchone()
        return str(earlier)

    async def release(self, owner: str, message_id: str) -> None:
        """See `MessageLedger`."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM ledger WHERE owner = ? AND message_id = ?", (owner, message_id))
