"""Statements of many requests, a trip to the server for all that have come together.

A trip costs half a millisecond or more, and a commit waits for the server's disk. So what is to be run is queued, and a
few lanes, each a connection of the pool, take up all that waits, send it in one pipeline, and have it committed as one
transaction. Under load many requests share a trip and a commit; with one request there is one of each.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

from shared.errors import UpstreamUnavailable
from shared.postgres import has_news
from shared.telemetry import get_logger

LANES: Final = 3
TOGETHER: Final = 64
RETRY_AFTER_SECONDS: Final = 2.0

Statement = tuple[str, Sequence[object]]
Rows = list[tuple[Any, ...]]
Connection = psycopg.AsyncConnection[tuple[Any, ...]]

_AWAY_CLASSES: Final = frozenset({"08", "53", "57", "58"})
"""Of PostgreSQL's error codes (appendix A): connection, resources, operator intervention, system."""

_log = get_logger()


@dataclass(slots=True)
class _Work:
    """Statements that belong together, and who waits for what they find."""

    statements: tuple[Statement, ...]
    found: "asyncio.Future[list[Rows]]"

    def settle(self, found: list[Rows]) -> None:
        if not self.found.done():
            self.found.set_result(found)

    def fail(self, error: Exception) -> None:
        if not self.found.done():
            self.found.set_exception(error)
            self.found.exception()  # one that nobody waits for any more is no news


class Lanes:
    """Runs statements on a pool's connections.

    Args:
        pool: Its connections commit by themselves (`autocommit`).
        count: How many lanes.
    """

    def __init__(self, pool: "AsyncConnectionPool[Connection]", count: int = LANES) -> None:
        self._pool = pool
        self._count = count
        self._queue: deque[_Work] = deque()
        self._open = 0
        self._working: set[asyncio.Task[None]] = set()

    async def run(self, *statements: Statement) -> list[Rows]:
        """Runs statements as one transaction, together with others; what each of them found, once that is committed.

        Raises:
            UpstreamUnavailable: if the database is away; whether they were run is unknown then.
            psycopg.Error: if they are wrong; then none was run.
        """
        work = _Work(statements, asyncio.get_running_loop().create_future())
        self._queue.append(work)
        if self._open < self._count:
            self._open += 1
            # The lane begins in the next turn of the loop: what this turn still brings goes along.
            lane = asyncio.create_task(self._work(), name="database-lane")
            self._working.add(lane)
            lane.add_done_callback(self._working.discard)
        return await work.found

    async def idle(self) -> None:
        """Waits until all that was queued is done."""
        while self._working:
            await asyncio.wait(self._working)

    async def _work(self) -> None:
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), TOGETHER))]
                await self._perform(batch)
        finally:
            self._open -= 1  # at once: whoever comes next must not count on a lane that has looked for the last time

    async def _perform(self, batch: list[_Work]) -> None:
        try:
            async with self._pool.connection() as connection:
                found = await _in_one_trip(connection, batch)
        except psycopg.Error as error:
            if _is_away(error) or (isinstance(error, psycopg.OperationalError) and len(batch) == 1):
                _log.warning("database_away", detail=_detail(error))
                for work in batch:
                    work.fail(_away(error))
            elif len(batch) == 1:
                batch[0].fail(error)
            else:  # the server took all of it back because of one: each by itself, then
                for work in batch:
                    await self._perform([work])
        except BaseException:
            for work in batch:
                work.fail(UpstreamUnavailable("database", detail="the process ends"))
            raise
        else:
            for work, rows in zip(batch, found, strict=True):
                work.settle(rows)


async def _in_one_trip(connection: Connection, batch: Sequence[_Work]) -> list[list[Rows]]:
    """What the statements of each found; all of them are one transaction, which is committed when this returns."""
    async with connection.pipeline():
        cursors = [
            [await connection.execute(query.encode(), values, binary=True) for query, values in work.statements]
            for work in batch
        ]
    return [[await cursor.fetchall() if cursor.description else [] for cursor in each] for each in cursors]


async def is_usable(connection: Connection) -> None:
    """Looks at a connection before it is used: where the server said something meanwhile, it is probably good-bye."""
    if has_news(connection):
        await AsyncConnectionPool.check_connection(connection)


def _is_away(error: psycopg.Error) -> bool:
    """Whether the server could not be asked, or said good-bye; what it says of statements is something else."""
    return error.sqlstate is None or error.sqlstate[:2] in _AWAY_CLASSES


def _away(error: psycopg.Error) -> UpstreamUnavailable:
    return UpstreamUnavailable("database", retry_after=RETRY_AFTER_SECONDS, detail=_detail(error))


def _detail(error: psycopg.Error) -> str:
    return f"{type(error).__name__} {error.sqlstate or ''}".rstrip()
