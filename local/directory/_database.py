"""What the directory keeps, as tables."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.private_database import PrivateDatabase

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


class Database(PrivateDatabase):
    """The directory's tables, and how they are filled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE_NAME, _SCHEMA)
        self._connection.create_function("fold", 1, _fold, deterministic=True)

    @property
    def is_seeded(self) -> bool:
        """Whether the first run finished filling it."""
        return self.one("SELECT at FROM seeded") is not None

    def insert(self, table: str, values: Mapping[str, object]) -> None:
        """Adds one row; dictionaries and lists are kept as JSON. `table` and the names come from code alone."""
        names = ", ".join(values)
        places = ", ".join("?" * len(values))
        kept = [json.dumps(value) if isinstance(value, dict | list) else value for value in values.values()]
        self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", kept)  # noqa: S608 -- see above


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
