"""Which messages came already, in PostgreSQL; see `shared.tasks.MessageLedger`."""

from typing import Final

from shared.tasks.postgres._database import PostgresDatabase

_CLAIM: Final = (
    "INSERT INTO ledger (owner, message_id, task_id, claimed_at, runner) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_EARLIER: Final = "SELECT task_id FROM ledger WHERE owner = %s AND message_id = %s"
_RELEASE: Final = "DELETE FROM ledger WHERE owner = %s AND message_id = %s"


class PostgresMessageLedger:
    """The ledger in the agent's tables; of two replicas that claim at once, one has it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def claim(self, owner: str, message_id: str, task_id: str) -> str | None:
        """See `MessageLedger`."""
        if not owner:
            raise PermissionError("A message needs an owner.")
        now, runner = int(self._database.clock()), self._database.runner
        claimed, earlier = await self._database.run(
            (_CLAIM, (owner, message_id, task_id, now, runner)), (_EARLIER, (owner, message_id))
        )
        return None if claimed else str(earlier[0][0])

    async def release(self, owner: str, message_id: str) -> None:
        """See `MessageLedger`."""
        await self._database.run((_RELEASE, (owner, message_id)))
