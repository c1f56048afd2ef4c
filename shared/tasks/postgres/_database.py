"""One PostgreSQL database, as one process of an agent uses it.

Each agent has a schema of its own, named as it is, so that all may share a database and none sees another's tables.
Besides the lanes there is one connection that stays: it holds a lock by which the others know that this process lives,
which the server gives back when the connection ends, and it listens for tasks that other processes have changed.
Both need a connection that is one session from end to end: no proxy that pools transactions.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from shared.errors import ConfigurationError, UpstreamUnavailable
from shared.postgres import (
    RETRY_SECONDS,
    Migration,
    adapters,
    connect,
    first_line,
    lock_class,
    migrate,
    session,
    with_defaults,
)
from shared.tasks.postgres._lanes import LANES, Connection, Lanes, Rows, Statement, is_usable
from shared.tasks.postgres._schema import MIGRATIONS
from shared.telemetry import get_logger

START_SECONDS: Final = 30.0
POOL_SECONDS: Final = 5
NOTIFY_SECONDS: Final = 0.01
SWEEP_SECONDS: Final = 60.0
MAX_PAYLOAD_BYTES: Final = 1024
SETTING: Final = "DATABASE_URL"
CONNECTIONS: Final = LANES + 1
"""How many a process has: its lanes, and the one by which the others know that it lives."""

_log = get_logger()

Sweep = Callable[[], Awaitable[object]]


class PostgresDatabase:
    """The tables of one agent, reached by one of its processes.

    Args:
        url: `postgresql://` with host and database, as libpq takes it.
        agent: The agent's name, and its schema's.
        clock: Seconds since 1970.
    """

    def __init__(self, url: str, *, agent: str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.runner = secrets.randbelow(2**31 - 1) + 1
        self.runners = lock_class(agent, "runner")
        self.key = b""
        self.is_listening = False
        self._release = len(MIGRATIONS)
        self._agent = agent
        self._url = with_defaults(url, name=agent, setting=SETTING)
        self._channel = f"helpdesk_{agent}"
        self._opening: psycopg.Connection | None = None
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._lanes: Lanes | None = None
        self._present = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._sweeps: list[Sweep] = []
        self._changed: set[str] = set()
        self._notifying: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[str | None], None]] = []
        self._watchers_of_others: list[Callable[[str | None], None]] = []

    @classmethod
    def open(
        cls,
        url: str,
        *,
        agent: str,
        clock: Callable[[], float] = time.time,
        migrations: Sequence[Migration] = MIGRATIONS,
        patience: float = START_SECONDS,
    ) -> Self:
        """Connects, and brings the tables up to date.

        Args:
            url: See the class.
            agent: See the class.
            clock: See the class.
            migrations: What the tables are made by.
            patience: For how many seconds to wait for a server that is away: it may be starting too.

        Raises:
            ConfigurationError: if the database cannot be used.
        """
        database = cls(url, agent=agent, clock=clock)
        database._release = len(migrations)
        connection = connect(database._url, patience, setting=SETTING)
        try:
            connection.execute(*session(agent))
            migrate(connection, agent, migrations, setting=SETTING)
            connection.execute("INSERT INTO meta VALUES ('key', %s) ON CONFLICT DO NOTHING", (secrets.token_bytes(32),))
            found = connection.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        except psycopg.Error as error:
            connection.close()
            raise ConfigurationError(
                f"{SETTING} names a database whose tables cannot be made ({first_line(error)}): "
                f"let its user make the schema {agent}, or make it for them."
            ) from error
        except ConfigurationError:
            connection.close()
            raise
        database.key = bytes(found[0]) if found else b""
        database._opening = connection  # it says that this release runs, until `start` has a connection that stays
        return database

    async def run(self, *statements: Statement) -> list[Rows]:
        """See `Lanes.run`."""
        if self._lanes is None:
            raise RuntimeError("the database was not started, or is closed")
        return await self._lanes.run(*statements)

    async def start(self) -> None:
        """Connects for good: from here on other processes see that this one lives.

        Raises:
            ConfigurationError: if it cannot.
        """
        self._pool = AsyncConnectionPool(
            self._url,
            connection_class=Connection,
            kwargs={"autocommit": True, "context": adapters()},
            configure=self._configure,
            check=is_usable,
            min_size=1,
            max_size=LANES,
            timeout=POOL_SECONDS,
            open=False,
            name=self._agent,
        )
        await self._pool.open()
        self._lanes = Lanes(self._pool)
        self._begin(self._stay())
        self._begin(self._sweep())
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._present.wait()
        except TimeoutError as error:
            raise ConfigurationError(f"{SETTING} names a database that went away: see that it is there.") from error
        if self._opening is not None:
            self._opening.close()
            self._opening = None

    async def aclose(self) -> None:
        """Lets what was queued be done, and closes all connections: what is still under way is others' to end."""
        if self._lanes is not None:
            await self._lanes.idle()
            self._lanes = None
        tasks = [*self._background, *([self._notifying] if self._notifying is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        if self._opening is not None:
            self._opening.close()
            self._opening = None

    def sweep_with(self, sweep: Sweep) -> None:
        """Has `sweep` called every minute."""
        self._sweeps.append(sweep)

    def watch(self, watcher: Callable[[str | None], None], *, own: bool = True) -> None:
        """Has `watcher` called with the id of a task that changed; `None` where it may be any.

        Args:
            watcher: Who is told.
            own: Whether also of what this process has changed itself.
        """
        (self._watchers if own else self._watchers_of_others).append(watcher)

    def tell(self, task_id: str) -> None:
        """Tells those who watch, here at once and elsewhere soon, that a task has changed.

        A notification is a transaction that all others of the server wait for, so those of a few milliseconds go
        together, apart from what they tell of. One that gets lost is no loss: who follows a task looks by itself too.
        """
        for watcher in self._watchers:
            watcher(task_id)
        self._changed.add(task_id)
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify(), name="database-notifier")

    def _told(self, task_id: str | None) -> None:
        for watcher in (*self._watchers, *self._watchers_of_others):
            watcher(task_id)

    async def _notify(self) -> None:
        while self._changed:
            await asyncio.sleep(NOTIFY_SECONDS)
            changed, self._changed = self._changed, set()
            payloads = [f"{self.runner}:{task_id}" for task_id in changed]
            with suppress(UpstreamUnavailable):
                await self.run(
                    (
                        "SELECT pg_notify(%s, told) FROM unnest(%s::text[]) AS told WHERE octet_length(told) < %s",
                        (self._channel, payloads, MAX_PAYLOAD_BYTES),
                    )
                )

    async def _stay(self) -> None:
        """Holds the connection by which this process is known to live, and listens on it; again, where it is lost."""
        while True:
            try:
                connection: Connection = await Connection.connect(self._url, autocommit=True, context=adapters())
                async with connection:
                    await self._configure(connection)
                    await connection.execute(
                        "SELECT pg_advisory_lock_shared(%s::int, %s::int), pg_advisory_lock(%s::int, %s::int)",
                        (lock_class(self._agent, "release"), self._release, self.runners, self.runner),
                    )
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                    self._present.set()
                    self.is_listening = True
                    self._told(None)  # what happened before this is not told again
                    async for notification in connection.notifies():
                        sender, _, task_id = notification.payload.partition(":")
                        if sender != str(self.runner):
                            self._told(task_id)
            except psycopg.Error as error:
                _log.warning("database_connection_lost", detail=type(error).__name__)
            finally:
                self.is_listening = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _sweep(self) -> None:
        while True:
            # Replicas that start together do not sweep together.
            await asyncio.sleep(SWEEP_SECONDS * (0.5 + secrets.randbelow(1000) / 1000))
            for sweep in self._sweeps:
                try:
                    await sweep()
                except Exception:  # noqa: BLE001 -- one bad round must not end the rounds
                    _log.exception("database_sweep_failed")

    async def _configure(self, connection: Connection) -> None:
        await connection.execute(*session(self._agent))

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
