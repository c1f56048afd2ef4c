"""The tenant's own SQLite database: what must survive a restart, and nothing that could be used if it leaked.

Codes, tokens and session cookies are kept as SHA-256 digests of their random values; what other systems issued to the
vault is sealed with a key. That key, private keys and passwords are in files beside it. All calls are synchronous: each
takes some tens of microseconds.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists meta (name text primary key, value text not null) strict;

create table if not exists clients (
    name text primary key, client_id text not null unique, secret_digest text) strict;
create table if not exists client_keys (
    client_id text not null, thumbprint text not null, pem text not null, alg text not null,
    primary key (client_id, thumbprint)) strict;
create table if not exists resources (
    position integer primary key, kind text not null, id text not null, sealed blob not null,
    unique (kind, id)) strict;
create table if not exists signing_keys (
    kid text primary key, state text not null check (state in ('next', 'current', 'previous', 'revoked')),
    certificate text not null, created_at real not null,
    current_since real, current_until real, revoked_at real) strict;
create table if not exists users (user_id text primary key, blocked integer not null) strict;

create table if not exists assertions (
    client_id text not null, jti text not null, expires_at real not null, primary key (client_id, jti)) strict;
create table if not exists sessions (
    digest text primary key, sid text not null unique, user_id text not null,
    authenticated_at real not null, last_used_at real not null, expires_at real not null) strict;
create table if not exists session_clients (
    sid text not null, client_id text not null, primary key (sid, client_id)) strict;
create table if not exists transactions (digest text primary key, data text not null, expires_at real not null) strict;
create table if not exists codes (
    digest text primary key, client_id text not null, data text not null, expires_at real not null,
    family text) strict;
create table if not exists refresh_tokens (
    digest text primary key, family text not null, client_id text not null, user_id text not null,
    audience text not null, scope text not null, data text not null, created_at real not null,
    expires_at real, idle_expires_at real, used_at real, parent text) strict;
create index if not exists refresh_tokens_by_family on refresh_tokens (family);
create index if not exists refresh_tokens_by_user on refresh_tokens (user_id, client_id);
create table if not exists device_codes (
    digest text primary key, user_code text not null, client_id text not null, data text not null,
    state text not null check (state in ('pending', 'approved', 'denied')), user_id text,
    authenticated_at real, sid text, polled_at real, expires_at real not null) strict;
create index if not exists device_codes_by_user_code on device_codes (user_code);
create table if not exists backchannel_requests (
    digest text primary key, consent_id text not null unique, client_id text not null, user_id text not null,
    data text not null, state text not null check (state in ('pending', 'approved', 'denied')),
    challenge text not null, push_digest text unique, interval integer not null, polled_at real,
    created_at real not null, expires_at real not null, answered_at real) strict;
create index if not exists backchannel_requests_by_user on backchannel_requests (user_id, created_at);
create table if not exists enrolment_tickets (
    digest text primary key, user_id text not null, expires_at real not null) strict;
create table if not exists devices (
    device_id text primary key, user_id text not null, name text not null, public_key text not null,
    enrolled_at real not null) strict;
create index if not exists devices_by_user on devices (user_id);
create table if not exists opaque_tokens (
    digest text primary key, client_id text not null, user_id text not null, scope text not null,
    expires_at real not null) strict;
create table if not exists account_requests (
    digest text primary key, data blob not null, expires_at real not null) strict;
create table if not exists connected_accounts (
    id text primary key, user_id text not null, connection text not null, upstream_user text not null,
    scope text not null, created_at real not null, used_at real, sealed blob not null,
    unique (user_id, connection, upstream_user)) strict;
create table if not exists log_events (
    sequence integer primary key, log_id text not null unique, date real not null, type text not null,
    client_id text, user_id text, data text not null) strict;
create index if not exists log_events_by_type on log_events (type);
"""

_EXPIRING = ("assertions", "sessions", "transactions", "codes", "opaque_tokens", "account_requests")


class Database:
    """A SQLite file, safe to use from the threads of one process."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(f"pragma journal_mode = wal; pragma synchronous = normal; {_SCHEMA}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested, it is part of the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def execute(self, statement: str, *values: Any) -> int:
        """Runs one statement and returns how many rows it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row, if there is one."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return found

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """All rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def remember(self, name: str, make_value: Callable[[], str]) -> str:
        """The value kept under `name`, made with `make_value()` the first time."""
        with self.transaction():
            self.execute("insert or ignore into meta values (?, ?)", name, make_value())
            kept = self.row("select value from meta where name = ?", name)
            assert kept is not None  # noqa: S101 -- inserted above, in the same transaction
            return str(kept["value"])

    def recall(self, name: str) -> str | None:
        """The value kept under `name`, if there is one."""
        kept = self.row("select value from meta where name = ?", name)
        return None if kept is None else str(kept["value"])

    def recollect(self, name: str, value: str) -> None:
        """Keeps a value under `name`, whatever was there."""
        self.execute("insert or replace into meta values (?, ?)", name, value)

    def forget(self, name: str) -> None:
        """Keeps nothing under `name` any more."""
        self.execute("delete from meta where name = ?", name)

    def purge(self, now: float) -> None:
        """Forgets what has expired and no longer has to be recognised."""
        with self.transaction():
            for table in _EXPIRING:
                self.execute(f"delete from {table} where expires_at < ?", now)  # noqa: S608 -- names from this module

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
