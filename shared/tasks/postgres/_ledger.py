"""Which messages came already, in PostgreSQL; see `shared.tasks.MessageLedger`."""

import asyncio
from typing import Final

from shared.tasks.postgres._database import PostgresDatabase
from shared.tasks.postgres._presence import Presence
from shared.tasks.postgres._store import PostgresTaskStore

LOOK_SECONDS: Final = 0.25

_CLAIM: Final = (
    "INSERT INTO ledger (owner, message_id, task_id, claimed_at, runner, begins) "
    "SELECT %s, %s, %s, %s, %s, NOT EXISTS (SELECT FROM tasks WHERE task_id = %s) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_EARLIER: Final = "SELECT task_id, runner, begins FROM ledger WHERE owner = %s AND message_id = %s"
_TAKE_OVER: Final = (
    "UPDATE ledger SET task_id = %s, claimed_at = %s, runner = %s "
    "WHERE owner = %s AND message_id = %s AND runner = %s RETURNING true"
)
_RELEASE: Final = "DELETE FROM ledger WHERE owner = %s AND message_id = %s"


class PostgresMessageLedger:
    """The ledger in the agent's tables; of two replicas that claim at once, one has it.

    A replica may be killed between its claim and the first state that the message brings its task to. Who sends the
    message again then has it worked on: once it is known that nobody will take it up any more, the claim is taken over.

    Args:
        database: The agent's.
        store: Its tasks.
        presence: Which of its processes are gone.
    """

    def __init__(self, database: PostgresDatabase, store: PostgresTaskStore, presence: Presence) -> None:
        self._database = database
        self._store = store
        self._presence = presence

    async def claim(self, owner: str, message_id: str, task_id: str) -> str | None:
        """See `MessageLedger`."""
        if not owner:
            raise PermissionError("A message needs an owner.")
        now, runner = int(self._database.clock()), self._database.runner
        while True:
            claimed, earlier = await self._database.run(
                (_CLAIM, (owner, message_id, task_id, now, runner, task_id)), (_EARLIER, (owner, message_id))
            )
            if claimed:
                return None
            ((former_task, former, begins),) = earlier
            absent, dead = await self._presence.look([former])
            if former not in absent or await self._was_taken_up(owner, message_id, former_task, begins=begins):
                return str(former_task)
            if former in dead:
                values = (task_id, now, runner, owner, message_id, former)
                (taken_over,) = await self._database.run((_TAKE_OVER, values))
                if taken_over:
                    return None
            await asyncio.sleep(LOOK_SECONDS)

    async def _was_taken_up(self, owner: str, message_id: str, task_id: str, *, begins: bool) -> bool:
        """Whether the message brought its task to any state: it began it, or is in its history."""
        stored = await self._store.read(task_id, owner)
        return stored is not None and (begins or any(each.message_id == message_id for each in stored.task.history))

    async def release(self, owner: str, message_id: str) -> None:
        """See `MessageLedger`."""
        await self._database.run((_RELEASE, (owner, message_id)))
