"""The ledger in the agent's SQLite file; its statements are plain enough for another database."""

import sqlite3
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
from shared.tasks import Database

_ALL: Final = ", ".join(COLUMNS)


class SqliteActionLedger:
    """See `ActionLedger`.

    Args:
        database: The agent's file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.sweep_with(self._sweep)

    async def open(self, entry: Entry, limits: Limits) -> TooMuch | None:
        """See `ActionLedger`."""
        now = self._database.clock()
        with self._database.write() as connection:
            refused = _too_much(connection, entry, limits, now)
            if refused is None:
                values = {**asdict(entry), "state": str(State.ASKING)}
                connection.execute(
                    f"INSERT INTO actions ({_ALL}, lease_by, lease_until, changed_at) "  # noqa: S608 -- names of columns
                    f"VALUES ({', '.join('?' * len(COLUMNS))}, ?, ?, ?)",
                    (*(values[name] for name in COLUMNS), self._database.runner.id, now + FIRST_LEASE_SECONDS, now),
                )
        await self._database.committed()
        return refused

    async def get(self, entry_id: str) -> Entry | None:
        """See `ActionLedger`."""
        found = await self._database.durably(lambda: self._select("id = ?", entry_id))
        return found[0] if found else None

    async def of_task(self, task_id: str) -> Sequence[Entry]:
        """See `ActionLedger`."""
        return await self._database.durably(lambda: self._select("task_id = ? ORDER BY created_at, id", task_id))

    async def move(self, entry_id: str, before: Collection[State], after: State, **values: float | str) -> bool:
        """See `ActionLedger`."""
        if not values.keys() <= CHANGEABLE:
            raise ValueError("a step changes no identity")
        names = ["state", *values, "lease_by", "lease_until", "changed_at"]
        given: list[object] = [str(after), *values.values(), "", 0.0, self._database.clock()]
        where = f"id = ? AND state IN ({', '.join('?' * len(before))})"
        given += [entry_id, *(str(state) for state in before)]
        if values.get("token_id"):
            where += " AND NOT EXISTS (SELECT 1 FROM actions AS other WHERE other.token_id = ?)"
            given.append(values["token_id"])
        with self._database.write() as connection:
            changed = connection.execute(
                f"UPDATE actions SET {', '.join(f'{name} = ?' for name in names)} WHERE {where}",  # noqa: S608 -- names of columns
                given,
            ).rowcount
        await self._database.committed()
        return changed == 1

    async def due(self, limit: int) -> Sequence[Entry]:
        """See `ActionLedger`."""
        now = self._database.clock()
        rows = await self._database.durably(
            lambda: self._database.connection.execute(
                f"SELECT {_ALL}, lease_by, lease_until FROM actions "  # noqa: S608 -- names of columns
                f"WHERE {IS_WAITING} AND next_poll_at <= ? ORDER BY next_poll_at LIMIT ?",
                (now, limit * 4),
            ).fetchall()
        )
        return [_entry(row) for row in rows if not self._is_leased(row[-2], row[-1], now)][:limit]

    async def lease(self, entry: Entry, seconds: float) -> bool:
        """See `ActionLedger`."""
        now = self._database.clock()
        with self._database.write() as connection:
            row = connection.execute(
                f"SELECT lease_by, lease_until FROM actions WHERE id = ? AND {IS_WAITING} AND next_poll_at <= ?",  # noqa: S608 -- fixed texts
                (entry.id, now),
            ).fetchone()
            taken = row is not None and not self._is_leased(row[0], row[1], now)
            if taken:
                connection.execute(
                    "UPDATE actions SET lease_by = ?, lease_until = ? WHERE id = ?",
                    (self._database.runner.id, now + seconds, entry.id),
                )
        await self._database.committed()
        return taken

    async def soonest(self) -> float | None:
        """See `ActionLedger`."""
        (soonest,) = self._database.connection.execute(
            f"SELECT MIN(CASE WHEN lease_until > next_poll_at THEN lease_until ELSE next_poll_at END) "  # noqa: S608 -- fixed texts
            f"FROM actions WHERE {IS_WAITING}"
        ).fetchone()
        return None if soonest is None else float(soonest)

    async def overdue(self, approved_before: float, limit: int) -> Sequence[Entry]:
        """See `ActionLedger`."""
        return self._select(
            "state = 'approved' AND approved_at < ? ORDER BY approved_at LIMIT ?", approved_before, limit
        )

    async def ended(self, approver: str, state: State, since: float) -> int:
        """See `ActionLedger`."""
        (count,) = self._database.connection.execute(
            "SELECT COUNT(*) FROM actions WHERE approver = ? AND state = ? AND changed_at >= ?",
            (approver, str(state), since),
        ).fetchone()
        return int(count)

    def _select(self, where: str, *values: object) -> list[Entry]:
        rows = self._database.connection.execute(
            f"SELECT {_ALL} FROM actions WHERE {where}",  # noqa: S608 -- fixed texts
            values,
        ).fetchall()
        return [_entry(row) for row in rows]

    def _is_leased(self, by: str, until: float, now: float) -> bool:
        """Whether a process that still runs has it; one that died has let go at once (see `Database.runner`)."""
        return until > now and self._database.runner.is_alive(by)

    def _sweep(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            f"DELETE FROM actions WHERE changed_at < ? AND {IS_ENDED}",  # noqa: S608 -- fixed texts
            (self._database.clock() - KEPT_SECONDS,),
        )


def _too_much(connection: sqlite3.Connection, entry: Entry, limits: Limits, now: float) -> TooMuch | None:
    def count(where: str, *values: object) -> int:
        (found,) = connection.execute(f"SELECT COUNT(*) FROM actions WHERE {where}", values).fetchone()  # noqa: S608 -- fixed texts
        return int(found)

    same = "owner = ? AND operation = ? AND account = ?"
    open_now = "(state IN ('asking', 'requested', 'approved') OR (state = 'acting' AND acting_at > ?))"
    act = (entry.owner, entry.operation, entry.account)
    if count(f"{same} AND {open_now}", *act, now - ACTING_SECONDS):
        return TooMuch.SAME
    if count(f"approver = ? AND {IS_WAITING} AND deadline > ?", entry.approver, now) >= limits.pending:
        return TooMuch.PENDING
    refused = "owner = ? AND (approver = ? OR (operation = ? AND account = ?)) AND state = 'denied' AND changed_at > ?"
    about = (entry.approver, entry.operation, entry.account)
    if count(refused, entry.owner, *about, now - limits.cooldown):
        return TooMuch.COOLDOWN
    nothing = f"{CAME_TO_NOTHING} AND created_at > ?"
    if count(f"owner = ? AND approver = ? AND {nothing}", entry.owner, entry.approver, now - ASKED_SECONDS) >= (
        limits.unanswered
    ):
        return TooMuch.OFTEN
    return None


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(COLUMNS, row, strict=False))
    return Entry(**{**values, "state": State(values["state"])})
