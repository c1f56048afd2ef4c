"""What the authorization server keeps, in a file of its own: emptying the directory does not take people's grants.

Codes, refresh tokens and cookies are kept as digests of their random values, access tokens by their ids alone.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "oauth.sqlite3"
MAX_CALLS = 50_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL, digest TEXT NOT NULL, data TEXT NOT NULL, expires_at REAL NOT NULL, PRIMARY KEY (kind, digest)
) STRICT;
CREATE TABLE IF NOT EXISTS grants (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL, granted_at REAL NOT NULL, revoked_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS access_tokens (
    id TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants(id), expires_at REAL NOT NULL, revoked_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS refresh_tokens (
    digest TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants(id), scope TEXT NOT NULL,
    expires_at REAL NOT NULL, used_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    status INTEGER NOT NULL, client_name TEXT NOT NULL, user_id TEXT NOT NULL, login TEXT NOT NULL,
    token_id TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API, as the record has it: who acted, through which application, and what became of it."""

    at: str
    method: str
    path: str
    status: int
    client_name: str
    user_id: str
    login: str
    token_id: str


class Store:
    """The file; used on the event loop's thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / FILE_NAME
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_SCHEMA}")

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, if there is one."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, *values: object) -> int:
        """Runs one statement; returns how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

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

    def keep(self, kind: str, digest: str, data: dict[str, Any], *, now: float, expires_at: float) -> None:
        """Keeps something for a while: a code, a sign-in under way, a session."""
        self.execute("DELETE FROM kept WHERE expires_at < ?", now)
        self.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", kind, digest, json.dumps(data), expires_at)

    def kept(self, kind: str, digest: str, *, now: float) -> dict[str, Any] | None:
        """What was kept, while it lasts."""
        row = self.one("SELECT data FROM kept WHERE kind = ? AND digest = ? AND expires_at > ?", kind, digest, now)
        return dict(json.loads(row["data"])) if row is not None else None

    def forget(self, kind: str, digest: str) -> bool:
        """Lets go of it; False if that was done before."""
        return self.execute("DELETE FROM kept WHERE kind = ? AND digest = ?", kind, digest) == 1

    def record(self, call: Call) -> None:
        """Adds a call to the record, of which the newest are kept."""
        self.execute(
            "INSERT INTO calls (at, method, path, status, client_name, user_id, login, token_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(call.at, call.method, call.path, call.status),
            *(call.client_name, call.user_id, call.login, call.token_id),
        )
        self.execute("DELETE FROM calls WHERE sequence <= (SELECT max(sequence) FROM calls) - ?", MAX_CALLS)

    def calls(self) -> list[Call]:
        """The record, oldest first."""
        return [
            Call(**{name: row[name] for name in Call.__slots__})
            for row in self.rows("SELECT * FROM calls ORDER BY sequence")
        ]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
