"""The directory's own database: one SQLite file that only its owner can read."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE_NAME = "directory.sqlite3"

_SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE COLLATE NOCASE, status TEXT NOT NULL, created TEXT NOT NULL,
    activated TEXT, status_changed TEXT, last_login TEXT, last_updated TEXT NOT NULL, password_changed TEXT,
    password_hash TEXT, profile TEXT NOT NULL
) STRICT;
CREATE TABLE password_history (
    user_id TEXT NOT NULL REFERENCES users(id), set_at TEXT NOT NULL, password_hash TEXT NOT NULL
) STRICT;
CREATE TABLE groups (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL, created TEXT NOT NULL
) STRICT;
CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups(id), user_id TEXT NOT NULL REFERENCES users(id),
    PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, created TEXT NOT NULL, last_updated TEXT NOT NULL, profile TEXT NOT NULL
) STRICT;
CREATE TABLE device_users (
    id TEXT PRIMARY KEY, device_id TEXT NOT NULL REFERENCES devices(id), user_id TEXT NOT NULL REFERENCES users(id),
    created TEXT NOT NULL, management_status TEXT NOT NULL, screen_lock_type TEXT NOT NULL
) STRICT;
CREATE INDEX device_users_of_user ON device_users(user_id);
CREATE TABLE factors (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), factor_type TEXT NOT NULL, provider TEXT NOT NULL,
    vendor_name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, profile TEXT NOT NULL
) STRICT;
CREATE INDEX factors_of_user ON factors(user_id);
CREATE TABLE apps (id TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL) STRICT;
CREATE TABLE app_groups (
    app_id TEXT NOT NULL REFERENCES apps(id), group_id TEXT NOT NULL REFERENCES groups(id),
    PRIMARY KEY (group_id, app_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE policies (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, priority INTEGER NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TABLE log_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, published TEXT NOT NULL, actor_id TEXT NOT NULL, event TEXT NOT NULL
) STRICT;
CREATE INDEX log_events_by_time ON log_events(published);
CREATE INDEX log_events_by_actor ON log_events(actor_id, published);
CREATE TABLE recovery_tokens (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), purpose TEXT NOT NULL,
    expires_at TEXT NOT NULL, used_at TEXT
) STRICT;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users(id),
    recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, link TEXT NOT NULL
) STRICT;
CREATE TABLE seeded (at TEXT NOT NULL) STRICT;
"""


class Database:
    """The one connection of the process, used on the event loop's thread: each statement takes microseconds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        path = folder / FILE_NAME
        is_new = not path.exists()
        if is_new:  # made with its permissions, which SQLite gives to the journal files too
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")
        if is_new:
            self._connection.executescript(_SCHEMA)

    @property
    def is_seeded(self) -> bool:
        """Whether the first run finished filling it."""
        return self.one("SELECT at FROM seeded") is not None

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

    def insert(self, table: str, values: Mapping[str, object]) -> None:
        """Adds one row; dictionaries and lists are kept as JSON. `table` and the names come from code alone."""
        names = ", ".join(values)
        places = ", ".join("?" * len(values))
        kept = [json.dumps(value) if isinstance(value, dict | list) else value for value in values.values()]
        self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", kept)  # noqa: S608 -- see above

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


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
