"""The ledger in the agent's PostgreSQL: the rows and the steps of `SqliteActionLedger`, for several replicas."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Final

from shared.approval._ledger import (
    ACTING_SECONDS,
    ASKED_SECONDS,
    CAME_TO_NOTHING,
    CHANGEABLE,
    COLUMNS,
    FIRST_LEASE_SECONDS,
    IS_ENDED,
    IS_WAITING,
    KEPT_SECONDS,
    Entry,
    Limits,
    State,
    TooMuch,
)
from shared.tasks.postgres import PostgresDatabase

SWEPT_AT_ONCE: Final = 1000

_ALL: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('actions'), hashtext(current_schema()))"
"""What two replicas must not find out at once. The statement after it sees what whoever held it before has written."""
_LEASED: Final = (
    "(lease_until > %s AND (lease_by = %s OR lease_by IN (SELECT objid::bigint FROM pg_locks "
    "WHERE locktype = 'advisory' AND classid::bigint = %s AND granted)))"
)
_OPEN: Final = (
    "WITH verdict AS (SELECT CASE "  # noqa: S608 -- fixed texts
    "WHEN EXISTS (SELECT FROM actions WHERE owner = %s AND operation = %s AND account = %s AND "
    "(state IN ('asking', 'requested', 'approved') OR (state = 'acting' AND acting_at > %s))) THEN 'same' "
    f"WHEN (SELECT count(*) FROM actions WHERE approver = %s AND {IS_WAITING} AND deadline > %s) >= %s THEN 'pending' "
    "WHEN EXISTS (SELECT FROM actions WHERE owner = %s AND (approver = %s OR (operation = %s AND account = %s)) AND "
    "state = 'denied' AND changed_at > %s) THEN 'cooldown' "
    "WHEN (SELECT count(*) FROM actions WHERE owner = %s AND approver = %s AND created_at > %s AND "
    f"{CAME_TO_NOTHING}) >= %s THEN 'often' END AS refused), "
    f"made AS (INSERT INTO actions ({_ALL}, lease_by, lease_until, changed_at) "
    f"SELECT {', '.join(['%s'] * len(COLUMNS))}, %s, %s, %s FROM verdict WHERE refused IS NULL) "
    "SELECT refused FROM verdict"
)
_SOONEST: Final = f"SELECT min(greatest(lease_until, next_poll_at)) FROM actions WHERE {IS_WAITING}"  # noqa: S608 -- fixed texts
_DUE: Final = (
    f"SELECT {_ALL} FROM actions WHERE {IS_WAITING} AND next_poll_at <= %s AND NOT {_LEASED} "  # noqa: S608 -- fixed texts
    "ORDER BY next_poll_at LIMIT %s"
)
_LEASE: Final = (
    f"UPDATE actions SET lease_by = %s, lease_until = %s WHERE id = %s AND {IS_WAITING} AND next_poll_at <= %s "  # noqa: S608 -- fixed texts
    f"AND NOT {_LEASED} RETURNING true"
)
_ENDED: Final = "SELECT count(*) FROM actions WHERE approver = %s AND state = %s AND changed_at >= %s"
_SWEEP: Final = (
    f"WITH old AS (SELECT id FROM actions WHERE changed_at < %s AND {IS_ENDED} LIMIT %s FOR UPDATE SKIP LOCKED) "  # noqa: S608 -- fixed texts
    "DELETE FROM actions USING old WHERE actions.id = old.id"
)


class PostgresActionLedger:
    """See `ActionLedger`.

    Args:
        database: The agent's.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        database.sweep_with(self._sweep)

    async def open(self, entry: Entry, limits: Limits) -> TooMuch | None:
        """See `ActionLedger`."""
        now = self._database.clock()
        values = {**asdict(entry), "state": str(State.ASKING)}
        same = (entry.owner, entry.operation, entry.account, now - ACTING_SECONDS)
        pending = (entry.approver, now, limits.pending)
        cooldown = (entry.owner, entry.approver, entry.operation, entry.account, now - limits.cooldown)
        row = (*(values[name] for name in COLUMNS), self._database.runner, now + FIRST_LEASE_SECONDS, now)
        often = (entry.owner, entry.approver, now - ASKED_SECONDS, limits.unanswered)
        values_of_open = (*same, *pending, *cooldown, *often, *row)
        _, ((refused,),) = await self._database.run((_LOCK, ()), (_OPEN, values_of_open))
        return None if refused is None else TooMuch(refused)

    async def get(self, entry_id: str) -> Entry | None:
        """See `ActionLedger`."""
        found = await self._select("id = %s", entry_id)
        return found[0] if found else None

    async def of_task(self, task_id: str) -> Sequence[Entry]:
        """See `ActionLedger`."""
        return await self._select("task_id = %s ORDER BY created_at, id", task_id)

    async def move(self, entry_id: str, before: Collection[State], after: State, **values: float | str) -> bool:
        """See `ActionLedger`."""
        if not values.keys() <= CHANGEABLE:
            raise ValueError("a step changes no identity")
        names = ["state", *values, "lease_by", "lease_until", "changed_at"]
        given: list[object] = [str(after), *values.values(), 0, 0.0, self._database.clock()]
        where = "id = %s AND state = ANY(%s::text[])"
        given += [entry_id, [str(state) for state in before]]
        locks: list[tuple[str, Sequence[object]]] = []
        if values.get("token_id"):
            locks.append((_LOCK, ()))
            where += " AND NOT EXISTS (SELECT FROM actions AS other WHERE other.token_id = %s)"
            given.append(values["token_id"])
        columns = ", ".join(f'"{name}" = %s' for name in names)
        query = f"UPDATE actions SET {columns} WHERE {where} RETURNING true"  # noqa: S608 -- names of columns
        *_, changed = await self._database.run(*locks, (query, given))
        return bool(changed)

    async def due(self, limit: int) -> Sequence[Entry]:
        """See `ActionLedger`."""
        now = self._database.clock()
        (rows,) = await self._database.run((_DUE, (now, *self._holders(now), limit)))
        return [_entry(row) for row in rows]

    async def lease(self, entry: Entry, seconds: float) -> bool:
        """See `ActionLedger`."""
        now = self._database.clock()
        values = (self._database.runner, now + seconds, entry.id, now, *self._holders(now))
        (taken,) = await self._database.run((_LEASE, values))
        return bool(taken)

    async def soonest(self) -> float | None:
        """See `ActionLedger`."""
        (((soonest,),),) = await self._database.run((_SOONEST, ()))
        return None if soonest is None else float(soonest)

    async def overdue(self, approved_before: float, limit: int) -> Sequence[Entry]:
        """See `ActionLedger`."""
        return await self._select(
            "state = 'approved' AND approved_at < %s ORDER BY approved_at LIMIT %s", approved_before, limit
        )

    async def ended(self, approver: str, state: State, since: float) -> int:
        """See `ActionLedger`."""
        (((count,),),) = await self._database.run((_ENDED, (approver, str(state), since)))
        return int(count)

    async def _select(self, where: str, *values: object) -> list[Entry]:
        (rows,) = await self._database.run((f"SELECT {_ALL} FROM actions WHERE {where}", values))  # noqa: S608 -- fixed texts
        return [_entry(row) for row in rows]

    def _holders(self, now: float) -> tuple[float, int, int]:
        """What says whether a process that still runs has a row; one that died has let go with its connection."""
        return now, self._database.runner, self._database.runners % 2**32

    async def _sweep(self) -> None:
        await self._database.run((_SWEEP, (self._database.clock() - KEPT_SECONDS, SWEPT_AT_ONCE)))


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(COLUMNS, row, strict=True))
    return Entry(**{**values, "state": State(values["state"])})
