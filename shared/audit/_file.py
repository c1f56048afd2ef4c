"""The file that a trail is kept in: SQLite, append-only by habit and checked by its chain.

`records` repeats a few members of each body in columns, to be searched; the body is what counts, and whoever verifies
holds the columns against it.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from shared.audit._chain import Record, Seal
from shared.audit._lines import read_lines
from shared.audit._store import COLUMNS, Dialect, Head, Row, StoreAway, Wanted, columns_of
from shared.errors import ConfigurationError

BUSY_SECONDS: Final = 10.0
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE records (
    writer TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,               -- milliseconds since 1970
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    subject TEXT NOT NULL,
    resource TEXT NOT NULL,
    task TEXT NOT NULL,
    body BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (writer, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_by_time ON records (at);
CREATE INDEX records_by_subject ON records (subject, at);
CREATE INDEX records_by_task ON records (task) WHERE task <> '';
CREATE TABLE seals (
    writer TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (writer, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE expired (                 -- the seal of the last record that was deleted of a chain, as it was old
    writer TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"""
_INSERTS: Final = tuple(
    (count, f"INSERT INTO records VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'] * count)}")  # noqa: S608 -- fixed text
    for count in (64, 8, 1)
)
"""Few sizes, each prepared once. A row at a time, this thread and the loop would pass the interpreter's lock on and
back with each, which costs the loop more than the writing."""

_DIALECT: Final = Dialect(
    mark="?", matches="GLOB", special={"?": "[?]", "[": "[[]"}, anything="*", holds="instr(body, ?) > 0"
)


class AuditFile:
    """A connection to the file; see `Store`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, create: bool) -> Self:
        """Opens the file; to be used in one thread at a time.

        Args:
            path: Where it is.
            create: Whether it is made, readable by this user alone, where it is not there; else it is only read.

        Raises:
            ConfigurationError: if it cannot be used.
        """
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            mode = "rw" if create else "ro"
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_SECONDS,
            )
            if create:
                connection.execute("PRAGMA journal_mode=WAL").fetchall()
                connection.execute("PRAGMA synchronous=FULL")
                _create_tables(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"AUDIT_FILE names a file that cannot be used as an audit trail ({error}): name another."
            ) from error
        if version != _VERSION:
            connection.close()
            raise ConfigurationError(f"AUDIT_FILE is of version {version}, not {_VERSION}: name another file.")
        return cls(connection, path)

    @classmethod
    def of_lines(cls, path: Path) -> Self:
        """A trail that was exported as lines of JSON, in memory.

        Raises:
            ConfigurationError: if they cannot be read.
        """
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _create_tables(connection)
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for one in read_lines(lines):
                    if isinstance(one, Seal):
                        table = "expired" if one.expiry else "seals"
                        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)", _signed(one))  # noqa: S608 -- fixed names
                    else:
                        columns = columns_of(json.loads(one.body))
                        connection.execute(
                            "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            (one.writer, one.sequence, *columns, one.body, one.hash),
                        )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, sqlite3.Error) as error:
            connection.close()
            raise ConfigurationError(f"{path} holds no exported audit trail ({type(error).__name__}).") from error
        return cls(connection, path)

    def append(self, rows: Sequence[Row], seal: Seal) -> None:
        """See `Store`: on the disk when it returns."""
        values = [
            (row.record.writer, row.record.sequence, *row.columns, row.record.body, row.record.hash) for row in rows
        ]
        try:
            with self._transaction():
                for statement, some in _statements(values):
                    self._connection.execute(statement, some)
                self._connection.execute("INSERT INTO seals VALUES (?, ?, ?, ?, ?)", _signed(seal))
        except (sqlite3.Error, OSError) as error:
            raise StoreAway(f"{type(error).__name__}: {error}") from error

    def heads(self, *, most: int) -> dict[str, Head]:
        """See `Store`."""
        rows = self._connection.execute(
            # Each writer once, by the index alone: who follows a trail asks often.
            "WITH RECURSIVE chains(writer) AS (SELECT min(writer) FROM records UNION ALL SELECT "
            "(SELECT min(r.writer) FROM records r WHERE r.writer > c.writer) FROM chains c WHERE c.writer IS NOT NULL) "
            "SELECT r.writer, r.sequence, r.hash FROM chains c JOIN records r ON r.writer = c.writer AND r.sequence = "
            "(SELECT max(sequence) FROM records WHERE writer = c.writer) ORDER BY r.at DESC, r.writer LIMIT ?",
            (most,),
        )
        return {writer: Head(sequence, found) for writer, sequence, found in rows}

    def writers(self) -> list[str]:
        """See `Store`."""
        rows = self._connection.execute(
            "SELECT writer FROM records UNION SELECT writer FROM seals UNION SELECT writer FROM expired"
        )
        return sorted(row[0] for row in rows)

    def records(self, writer: str, *, after: int | None = None) -> Iterator[Row]:
        """See `Store`."""
        if after is None:
            return self._rows("WHERE writer = ? ORDER BY sequence", (writer,))
        return self._rows("WHERE writer = ? AND sequence > ? ORDER BY sequence", (writer, after))

    def seals(self, writer: str) -> dict[int, Seal]:
        """See `Store`."""
        rows = self._connection.execute("SELECT * FROM seals WHERE writer = ? ORDER BY sequence", (writer,))
        return {row[1]: Seal(*row) for row in rows}

    def beginnings(self) -> dict[str, Seal]:
        """See `Store`."""
        rows = self._connection.execute("SELECT writer, sequence, hash, key_id, signature FROM expired")
        return {
            writer: Seal(writer, sequence, found, key, signature, expiry=True)
            for writer, sequence, found, key, signature in rows
        }

    def search(self, wanted: Wanted, *, most: int, newest: bool = False) -> list[Row]:
        """See `Store`."""
        condition, values = _DIALECT.condition(wanted)
        order = "at DESC, writer, sequence DESC" if newest else "at, writer, sequence"
        return list(self._rows(f"WHERE {condition} ORDER BY {order} LIMIT ?", (*values, most)))

    def old(self, before: int) -> dict[str, Head]:
        """See `Store`."""
        rows = self._connection.execute(
            "SELECT s.writer, max(s.sequence), s.hash FROM seals s JOIN records r "
            "ON r.writer = s.writer AND r.sequence = s.sequence WHERE r.at < ? GROUP BY s.writer",
            (before,),
        )
        return {writer: Head(sequence, found) for writer, sequence, found in rows}

    def forget(self, seal: Seal) -> int:
        """See `Store`: they are deleted."""
        with self._transaction():
            self._connection.execute("DELETE FROM expired WHERE writer = ?", (seal.writer,))
            self._connection.execute("INSERT INTO expired VALUES (?, ?, ?, ?, ?)", _signed(seal))
            upto = (seal.writer, seal.sequence)
            self._connection.execute("DELETE FROM seals WHERE writer = ? AND sequence <= ?", upto)
            return self._connection.execute("DELETE FROM records WHERE writer = ? AND sequence <= ?", upto).rowcount

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Store`."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def another(self, *, to_change: bool = False) -> Self:
        """See `Store`."""
        return type(self).open(self.path, create=to_change)

    def close(self) -> None:
        """See `Store`."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _rows(self, rest: str, parameters: Sequence[Any]) -> Iterator[Row]:
        columns = ", ".join(COLUMNS)
        query = f"SELECT writer, sequence, body, hash, {columns} FROM records {rest}"  # noqa: S608 -- fixed parts
        for writer, sequence, body, found, *repeated in self._connection.execute(query, parameters):
            yield Row(Record(writer, sequence, body, found), tuple(repeated))


def _statements(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
    """Statements that put rows in, many at a time: see `_INSERTS`."""
    start = 0
    for count, statement in _INSERTS:
        while len(rows) - start >= count:
            yield statement, list(chain.from_iterable(rows[start : start + count]))
            start += count


def _signed(seal: Seal) -> tuple[str, int, bytes, str, bytes]:
    return seal.writer, seal.sequence, seal.hash, seal.key_id, seal.signature


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")  # of several processes that start at once, one makes the tables
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
