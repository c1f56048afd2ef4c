"""Tables as a list of migrations, each of which the releases before it go on working with."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from shared.errors import ConfigurationError

LOCK_TIMEOUT_MS: Final = 5_000
QUEUE_TIMEOUT_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the tables.

    Attributes:
        script: The statements.
        works_with: The oldest schema whose release goes on working once this is applied. Replicas are replaced one
            after the other, so that both releases run for a while: a column is added in one release, filled and read
            in the next, and what nobody uses any more is dropped in one after that.
    """

    script: str
    works_with: int


def lock_class(schema: str, purpose: str) -> int:
    """The first half of the advisory locks of one schema, for one purpose; any number that others hardly use."""
    return zlib.crc32(f"helpdesk/{purpose}/{schema}".encode()) - 2**31


def migrate(connection: psycopg.Connection, schema: str, migrations: Sequence[Migration], *, setting: str) -> None:
    """Brings the tables up to date, one process at a time, while others work with them.

    It also marks, until the connection is closed, that a release with these migrations runs.

    Args:
        connection: A session of `session`.
        schema: Where the tables are.
        migrations: What they are made by.
        setting: Where the database was named.

    Raises:
        ConfigurationError: if a newer release left tables behind that this one cannot work with, or an older one
            still runs that cannot work with what this one would make of them.
    """
    release = len(migrations)
    releases = lock_class(schema, "release")
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(QUEUE_TIMEOUT_MS),))
        connection.execute("SELECT pg_advisory_xact_lock(%s::int, 0)", (lock_class(schema, "migration"),))
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(LOCK_TIMEOUT_MS),))
        _make_schema(connection, schema)
        applied, needed = _one(connection, "SELECT count(*), coalesce(max(works_with), 0) FROM migrations")
        if release < needed:
            raise ConfigurationError(
                f"{setting} names a database that a newer release made (schema {applied}): run that release."
            )
        for number, migration in enumerate(migrations[applied:], applied + 1):
            oldest = _one(
                connection,
                "SELECT min(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (releases % 2**32,),
            )[0]
            if oldest is not None and oldest < migration.works_with:
                raise ConfigurationError(
                    f"{setting} names a database that an older release (schema {oldest}) works with, which "
                    f"cannot go on once schema {number} is there: stop it first."
                )
            connection.execute(migration.script.encode())
            connection.execute("INSERT INTO migrations VALUES (%s, %s)", (number, migration.works_with))
        _mark(connection, schema, release)


def require(connection: psycopg.Connection, schema: str, release: int, *, setting: str, remedy: str) -> None:
    """Sees that somebody else brought the tables up to date, and marks, until it is closed, that this release runs.

    Args:
        connection: A session of `session`.
        schema: Where the tables are.
        release: The number of migrations that this release knows.
        setting: Where the database was named.
        remedy: What makes the tables.

    Raises:
        ConfigurationError: if the tables are not those of this release, or of a newer one that it can work with.
    """
    _mark(connection, schema, release)
    if _one(connection, "SELECT to_regclass('migrations')::text")[0] is None:
        raise ConfigurationError(f"{setting} names a database without tables for {schema}: {remedy}.")
    applied, needed = _one(connection, "SELECT count(*), coalesce(max(works_with), 0) FROM migrations")
    if applied < release:
        raise ConfigurationError(f"{setting} names a database that an older release made (schema {applied}): {remedy}.")
    if release < needed:
        raise ConfigurationError(
            f"{setting} names a database that a newer release made (schema {applied}): run that release."
        )


def _mark(connection: psycopg.Connection, schema: str, release: int) -> None:
    """Holds a lock by which others know that this release runs."""
    connection.execute("SELECT pg_advisory_lock_shared(%s::int, %s::int)", (lock_class(schema, "release"), release))


def _make_schema(connection: psycopg.Connection, schema: str) -> None:
    """The agent's own schema: made where an administrator did not, which takes the right to make one."""
    if _one(connection, "SELECT to_regnamespace(quote_ident(%s))::text", (schema,))[0] is None:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    if _one(connection, "SELECT to_regclass('migrations')::text")[0] is None:
        connection.execute(
            "CREATE TABLE migrations (number integer PRIMARY KEY, works_with integer NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )


def _one(connection: psycopg.Connection, query: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
    found = connection.execute(query.encode(), values).fetchone()
    return found or ()
