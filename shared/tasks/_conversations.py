"""Threads of conversation, each of one owner.

A context id is chosen by the client, so it is never enough to find a conversation: everything is keyed by (owner,
context id). Somebody else's context id is simply one that this owner has not used yet, and nothing tells the two apart.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final, Protocol

from shared.tasks._database import Database

MAX_MESSAGES: Final = 40
MAX_BYTES: Final = 64 * 1024


class ConversationStore(Protocol):
    """What an agent remembers of a conversation: messages in Strands' form."""

    async def claim(self, owner: str, context_id: str) -> None:
        """Makes the context this owner's, if it is not yet; another owner's of the same id is another context."""
        ...

    async def load(self, owner: str, context_id: str) -> list[dict[str, Any]]:
        """The messages, oldest first; none where this owner has no such context."""
        ...

    async def append(self, owner: str, context_id: str, messages: Sequence[dict[str, Any]]) -> None:
        """Adds a turn's messages at the end, together; the oldest turns go when there are too many."""
        ...


class SqliteConversationStore:
    """Conversations in the agent's file.

    Args:
        database: The file.
        max_messages: How many of the newest messages of a context are kept.
        max_bytes: How many bytes of them, as JSON.
    """

    def __init__(self, database: Database, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._database = database
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    async def claim(self, owner: str, context_id: str) -> None:
        """See `ConversationStore`."""
        with self._database.write() as connection:
            _context(connection, owner, context_id, self._database.clock())
        await self._database.committed()

    async def load(self, owner: str, context_id: str) -> list[dict[str, Any]]:
        """See `ConversationStore`."""
        rows = self._database.connection.execute(
            "SELECT m.body FROM contexts c JOIN messages m ON m.context = c.id "
            "WHERE c.owner = ? AND c.context_id = ? ORDER BY m.position",
            (owner, context_id),
        )
        return [json.loads(body) for (body,) in rows]

    async def append(self, owner: str, context_id: str, messages: Sequence[dict[str, Any]]) -> None:
        """See `ConversationStore`.

        Raises:
            TypeError: if a message cannot be written as JSON.
        """
        bodies = [(opens_turn(message), json.dumps(message, ensure_ascii=False)) for message in messages]
        if not bodies:
            return
        with self._database.write() as connection:
            context = _context(connection, owner, context_id, self._database.clock())
            (last,) = connection.execute(
                "SELECT coalesce(max(position), 0) FROM messages WHERE context = ?", (context,)
            ).fetchone()
            connection.executemany(
                "INSERT INTO messages (context, position, opens_turn, body) VALUES (?, ?, ?, ?)",
                [(context, last + index, opens, body) for index, (opens, body) in enumerate(bodies, 1)],
            )
            self._trim(connection, context)
        await self._database.committed()

    def _trim(self, connection: sqlite3.Connection, context: int) -> None:
        """Keeps the newest whole turns: a tool's result without its call is refused by every model provider."""
        keep_from: int | None = None
        size = 0
        newest_first = connection.execute(
            "SELECT position, opens_turn, length(CAST(body AS BLOB)) FROM messages WHERE context = ? "
            "ORDER BY position DESC",
            (context,),
        )
        for count, (position, opens_turn, length) in enumerate(newest_first.fetchall(), 1):
            size += length
            if count > self._max_messages or size > self._max_bytes:
                break
            if opens_turn:
                keep_from = position
        else:
            return
        connection.execute(
            "DELETE FROM messages WHERE context = ? AND position < ?",
            (context, keep_from if keep_from is not None else 1 << 62),
        )


def _context(connection: sqlite3.Connection, owner: str, context_id: str, now: float) -> int:
    """The row of this owner's context; it is used now."""
    if not owner:
        raise PermissionError("A conversation needs an owner.")
    (context,) = connection.execute(
        "INSERT INTO contexts (owner, context_id, used_at) VALUES (?, ?, ?) "
        "ON CONFLICT (owner, context_id) DO UPDATE SET used_at = excluded.used_at RETURNING id",
        (owner, context_id, int(now)),
    ).fetchone()
    assert isinstance(context, int)  # noqa: S101 -- the primary key; this tells the type checker
    return context


def opens_turn(message: dict[str, Any]) -> bool:
    """Whether a person speaks: a message of theirs that is not the result of a tool."""
    return message.get("role") == "user" and not any("toolResult" in block for block in message.get("content", ()))
