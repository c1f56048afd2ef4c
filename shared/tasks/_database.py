"""One SQLite file: opened, migrated, and looked after.

The event loop's thread writes through one connection (WAL, `synchronous=NORMAL`: a commit is a write to the log,
without waiting for the disk), and all that is written in a turn of the loop and the next is committed together. Copying
the log back into the file waits for the disk, so it is switched off there (`wal_autocheckpoint=0`) and done by a thread
of its own. The numbers behind this are in `docs/adr/0002-task-store.md`.
"""

import asyncio
import fcntl
import os
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, TypeVar

from shared.errors import ConfigurationError
from shared.tasks._schema import MIGRATIONS
from shared.telemetry import get_logger

BUSY_TIMEOUT_MS: Final = 2000
CHECKPOINT_SECONDS: Final = 1.0
LOG_LIMIT_BYTES: Final = 32 * 1024 * 1024
SWEEP_SECONDS: Final = 60.0

_log = get_logger()

Sweep = Callable[[sqlite3.Connection], object]
_T = TypeVar("_T")


class Transaction:
    """Begins on entry, commits on exit, rolls back on an exception; `mode` as in SQLite's BEGIN."""

    __slots__ = ("_begin", "_connection")

    def __init__(self, connection: sqlite3.Connection, mode: str = "IMMEDIATE") -> None:
        self._connection = connection
        self._begin = f"BEGIN {mode}"

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute(self._begin)
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def path_of(database_url: str) -> Path:
    """The file that a `sqlite:///relative` or `sqlite:////absolute` URL names.

    Raises:
        ConfigurationError: if it names none.
    """
    prefix = "sqlite:///"
    if not database_url.startswith(prefix) or len(database_url) == len(prefix):
        raise ConfigurationError("DATABASE_URL does not name a file: set it to sqlite:///path/of/the/file.sqlite3.")
    return Path(database_url.removeprefix(prefix))


class Database:
    """The file of one agent, its connection for the event loop, and the thread that looks after the file.

    Args:
        path: The file; made with its folder, readable by this user alone, if it is not there.
        agent: Whose file it is. A file that another agent made is refused: owners are the same people everywhere,
            so one agent would list and continue the other's tasks.
        clock: Seconds since 1970.
    """

    def __init__(self, path: Path, *, agent: str, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock
        _make_private(path)
        self.connection = self._open(agent)
        self.runner = _Runner(path)
        self._batch: asyncio.Future[None] | None = None
        self._broken: sqlite3.Error | None = None
        self._sweeps: list[Sweep] = []
        self._stop = threading.Event()
        self._keeper: threading.Thread | None = None

    def _open(self, agent: str) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._connect()
            _migrate(connection, agent, self.path)
        except (sqlite3.DatabaseError, ConfigurationError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(
                f"DATABASE_URL names a file that cannot be used as a database ({error}): name another."
            ) from error
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    def write(self) -> "Writing":
        """Opens the transaction of these turns of the event loop, for writes that belong together.

        What is written is seen by this connection at once, and by others, and after a crash, when `committed` returns.

        Raises:
            sqlite3.Error: if the transaction cannot be had, or something in it could not be written.
        """
        if self._batch is None:
            loop = asyncio.get_running_loop()
            self.connection.execute("BEGIN IMMEDIATE")
            self._batch = loop.create_future()
            self._broken = None
            # After the turn that is under way and the next: what a request writes first, and what the task that it
            # starts writes then, go together.
            loop.call_soon(loop.call_soon, self._commit, self._batch)
        elif self._broken is not None:
            raise self._broken
        return Writing(self)

    def spoil(self, error: sqlite3.Error) -> None:
        """Some of what belongs together could not be written: nothing of this transaction will be."""
        self._broken = error

    async def committed(self) -> None:
        """Waits until all that was written so far is committed.

        Raises:
            sqlite3.Error: if it could not be; then none of it was written.
        """
        if self._batch is not None:
            await asyncio.shield(self._batch)

    async def durably(self, read: Callable[[], _T]) -> _T:
        """What `read` finds on the connection, once all that it could see is committed."""
        while True:
            found = read()
            batch = self._batch
            if batch is None:
                return found
            with suppress(sqlite3.Error):
                await asyncio.shield(batch)
                return found

    def _commit(self, batch: "asyncio.Future[None]") -> None:
        if self._batch is not batch:
            return
        self._batch = None
        try:
            if self._broken is not None:
                raise self._broken
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            _log.exception("database_commit_failed")
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            batch.set_exception(error)
            batch.exception()  # a batch that nobody waits for is no news
        else:
            if not batch.cancelled():
                batch.set_result(None)

    def secret(self) -> bytes:
        """The file's own random key, made with it: signs page tokens."""
        (value,) = self.connection.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        assert isinstance(value, bytes)  # noqa: S101 -- the column is a BLOB; this tells the type checker
        return value

    def sweep_with(self, sweep: Sweep) -> None:
        """Has `sweep` called every minute, in the keeper's thread, with a connection of its own."""
        self._sweeps.append(sweep)

    def start(self) -> Self:
        """Starts the thread that copies the log back and sweeps what is old."""
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="database-keeper", daemon=True)
            self._keeper.start()
        return self

    def close(self) -> None:
        """Ends the thread, copies the rest of the log back, and closes the file."""
        self._stop.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        if self._batch is not None:
            self._commit(self._batch)
        self.connection.close()
        self.runner.close()

    def _keep(self) -> None:
        connection = self._connect()
        log = Path(f"{self.path}-wal")
        swept_at = time.monotonic()
        try:
            while not self._stop.wait(CHECKPOINT_SECONDS):
                try:
                    _checkpoint(connection, log)
                    if time.monotonic() - swept_at >= SWEEP_SECONDS:
                        swept_at = time.monotonic()
                        for sweep in self._sweeps:
                            sweep(connection)
                except sqlite3.OperationalError:  # another process holds the lock: the next round will do it
                    _log.warning("database_keeper_retries", exc_info=True)
        finally:
            connection.close()


class Writing:
    """A part of the open transaction: whole or, with everything else in it, not at all."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        return self._database.connection

    def __exit__(self, kind: object, error: object, _: object) -> None:
        if isinstance(error, sqlite3.Error):
            self._database.spoil(error)


def _checkpoint(connection: sqlite3.Connection, log: Path) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    with suppress(FileNotFoundError):
        # Under steady writing a passive checkpoint never catches up, and the log grows. Almost all is copied by now,
        # so that waiting for the writers' pause, which starts the log anew, is short.
        if log.stat().st_size > LOG_LIMIT_BYTES:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its log the same permissions
    except OSError as error:
        raise ConfigurationError(
            f"DATABASE_URL names a file that cannot be written ({error.strerror}): name one that can."
        ) from error


def _migrate(connection: sqlite3.Connection, agent: str, path: Path) -> None:
    with Transaction(connection, "EXCLUSIVE"):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise ConfigurationError(
                f"DATABASE_URL names {path}, which a newer release made (schema {version}): run that release."
            )
        for migration in MIGRATIONS[version:]:
            for statement in _statements(migration):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('agent', ?)", (agent.encode(),))
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?)", (secrets.token_bytes(32),))
        (made_by,) = connection.execute("SELECT value FROM meta WHERE name = 'agent'").fetchone()
        if made_by != agent.encode():
            raise ConfigurationError(
                f"DATABASE_URL names {path}, which belongs to {made_by.decode()}: give {agent} a file of its own."
            )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would commit the transaction that is open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class _Runner:
    """This process, among those that work on the file: alive as long as it holds a lock that the kernel gives back.

    SQLite's log works between processes of one machine only, so that its kernel knows which of them live: no clock,
    no heartbeat, and after a crash the lock is free at once.
    """

    def __init__(self, path: Path) -> None:
        self._prefix = f"{path}-run-"
        self.id = uuid.uuid4().hex
        self._file = self._path(self.id)
        self._lock = os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _path(self, runner: str) -> Path:
        return Path(f"{self._prefix}{runner}")

    def is_alive(self, runner: str) -> bool:
        """Whether the process that called itself `runner` still runs; what is left of a dead one is removed."""
        if runner == self.id:
            return True
        try:
            lock = os.open(self._path(runner), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        self._path(runner).unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Lets go of the lock: what this process still had under way is another's to end."""
        if self._lock >= 0:
            self._file.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1
