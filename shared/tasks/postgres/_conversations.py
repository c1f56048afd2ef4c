"""Threads of conversation in PostgreSQL; see `shared.tasks.ConversationStore`."""

import json
from collections.abc import Sequence
from typing import Any, Final

from shared.tasks._conversations import MAX_BYTES, MAX_MESSAGES, opens_turn
from shared.tasks.postgres._database import PostgresDatabase

_CONTEXT: Final = (
    "INSERT INTO contexts (owner, context_id, used_at, last) VALUES (%s, %s, %s, %s) ON CONFLICT (owner, context_id) "
    "DO UPDATE SET used_at = excluded.used_at, last = contexts.last + excluded.last"
)
_APPEND: Final = (
    f"WITH context AS ({_CONTEXT} RETURNING id, last) INSERT INTO messages (context, position, opens_turn, body) "  # noqa: S608 -- fixed text
    "SELECT context.id, context.last - %s + said.number, said.opens_turn, said.body FROM context, "
    "unnest(%s::boolean[], %s::text[]) WITH ORDINALITY AS said (opens_turn, body, number)"
)
_LOAD: Final = (
    "SELECT m.body FROM contexts c JOIN messages m ON m.context = c.id "
    "WHERE c.owner = %s AND c.context_id = %s ORDER BY m.position"
)
# Keeps the newest whole turns: a tool's result without its call is refused by every model provider.
_TRIM: Final = (
    "WITH said AS (SELECT m.context, m.position, m.opens_turn, row_number() OVER newest AS number, "
    "sum(octet_length(m.body)) OVER newest AS size FROM contexts c JOIN messages m ON m.context = c.id "
    "WHERE c.owner = %s AND c.context_id = %s WINDOW newest AS (ORDER BY m.position DESC)), "
    "kept AS (SELECT context, min(position) FILTER (WHERE opens_turn AND number <= %s AND size <= %s) AS first "
    "FROM said GROUP BY context HAVING max(number) > %s OR max(size) > %s) "
    "DELETE FROM messages USING kept WHERE messages.context = kept.context "
    "AND (kept.first IS NULL OR messages.position < kept.first)"
)


class PostgresConversationStore:
    """Conversations in the agent's tables.

    Args:
        database: Where they are.
        max_messages: How many of the newest messages of a context are kept.
        max_bytes: How many bytes of them, as JSON.
    """

    def __init__(
        self, database: PostgresDatabase, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES
    ) -> None:
        self._database = database
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    async def claim(self, owner: str, context_id: str) -> None:
        """See `ConversationStore`."""
        _require(owner)
        await self._database.run((_CONTEXT, (owner, context_id, int(self._database.clock()), 0)))

    async def load(self, owner: str, context_id: str) -> list[dict[str, Any]]:
        """See `ConversationStore`."""
        (rows,) = await self._database.run((_LOAD, (owner, context_id)))
        return [json.loads(body) for (body,) in rows]

    async def append(self, owner: str, context_id: str, messages: Sequence[dict[str, Any]]) -> None:
        """See `ConversationStore`.

        Raises:
            TypeError: if a message cannot be written as JSON.
        """
        bodies = [json.dumps(message, ensure_ascii=False) for message in messages]
        if not bodies:
            return
        _require(owner)
        opens, count = [opens_turn(message) for message in messages], len(bodies)
        limits = (self._max_messages, self._max_bytes)
        await self._database.run(
            (_APPEND, (owner, context_id, int(self._database.clock()), count, count, opens, bodies)),
            (_TRIM, (owner, context_id, *limits, *limits)),
        )


def _require(owner: str) -> None:
    if not owner:
        raise PermissionError("A conversation needs an owner.")
