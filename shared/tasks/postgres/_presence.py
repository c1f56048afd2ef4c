"""Which processes of an agent are gone."""

from collections.abc import Collection
from typing import Final

from shared.tasks.postgres._database import PostgresDatabase

GRACE_SECONDS: Final = 5.0

_PRESENT: Final = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Presence:
    """Tells, by the locks that processes hold, which of them live: no clock of another machine, no heartbeat.

    A lost connection is not a dead process yet, nor is a server that was started again and whose clients come back one
    by one. So one that is missing is given five seconds, by this process's own clock and from when it first looked.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self.living = 1
        """How many there were at the last look, this one among them."""

        self._absent_since: dict[int, float] = {}

    async def look(self, runners: Collection[int]) -> tuple[set[int], set[int]]:
        """Those of the runners that are missing, and those that are dead: missing for long enough."""
        (rows,) = await self._database.run((_PRESENT, (self._database.runners % 2**32,)))
        present = {runner for (runner,) in rows} | {self._database.runner}
        self.living = len(present)
        now = self._database.clock()
        for runner in present & self._absent_since.keys():
            del self._absent_since[runner]
        absent = set(runners) - present
        dead = {each for each in absent if now - self._absent_since.setdefault(each, now) >= GRACE_SECONDS}
        return absent, dead if self._database.is_listening else set()
