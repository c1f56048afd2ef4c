"""A stand-in's own database: one SQLite file that only its owner can read."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class PrivateDatabase:
    """The one connection of the process, used on the event loop's thread: each statement takes microseconds."""

    def __init__(self, path: Path, schema: str) -> None:
        """Opens the file; makes it, with its folder, where it is not there.

        Args:
            path: The file.
            schema: What a new file is filled with.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        is_new = not path.exists()
        if is_new:  # made with its permissions, which SQLite gives to the journal files too
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")
        if is_new:
            self._connection.executescript(schema)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, if there is one."""
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Runs one statement; returns how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
