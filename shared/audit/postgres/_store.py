"""A connection to an agent's trail in PostgreSQL: one session, which is made again where it was lost."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self

import psycopg
from psycopg import errors

from shared.audit._chain import Record, Seal
from shared.audit._store import COLUMNS, Dialect, Head, Row, StoreAway, Wanted
from shared.audit.postgres._tables import APPENDED, MIGRATIONS, PREFIX, REMEDY, SETTING, schema_of
from shared.errors import ConfigurationError
from shared.postgres import connect, first_line, has_news, require, session, with_defaults

START_SECONDS: Final = 30.0
PAGE: Final = 5_000
_OURS: Final = {"synchronous_commit": "on"}
"""Durable when it returns, whatever the role's other sessions may do."""

_READERS: Final = {"default_transaction_read_only": "on", "statement_timeout": "600000"}

_DIALECT: Final = Dialect(
    mark="%s",
    matches="LIKE",
    special={"%": r"\%", "_": r"\_", "\\": r"\\"},
    anything="%",
    holds="position(%s::bytea in body) > 0",
)
_APPEND: Final = (
    "WITH sealed AS (INSERT INTO seals (writer, sequence, hash, key_id, signature) VALUES (%b, %b, %b, %b, %b)) "
    "INSERT INTO records (writer, sequence, at, action, outcome, subject, resource, task, body, hash) "
    "SELECT %b::text, * FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], "
    "%b::text[], %b::bytea[], %b::bytea[])"
)
_THERE: Final = "SELECT true FROM seals WHERE writer = %s AND sequence = %s AND hash = %s"
_CHAINS: Final = (
    "WITH RECURSIVE chains AS ((SELECT writer FROM records ORDER BY writer LIMIT 1) UNION ALL "
    "SELECT (SELECT r.writer FROM records r WHERE r.writer > c.writer ORDER BY r.writer LIMIT 1) "
    "FROM chains c WHERE c.writer IS NOT NULL) "
)
"""Each writer once, by the index alone."""

_HEADS: Final = (
    _CHAINS + "SELECT c.writer, h.sequence, h.hash FROM chains c, LATERAL (SELECT sequence, hash, at FROM kept r "  # noqa: S608 -- fixed texts
    "WHERE r.writer = c.writer ORDER BY sequence DESC LIMIT 1) h ORDER BY h.at DESC, c.writer LIMIT %s"
)
_WRITERS: Final = (
    _CHAINS + "SELECT writer FROM chains UNION SELECT writer FROM seals UNION SELECT writer FROM expired"  # noqa: S608 -- fixed texts
)
_SEALS: Final = (
    "SELECT writer, sequence, hash, key_id, signature FROM seals s WHERE writer = %s AND sequence > "
    "(SELECT coalesce(max(sequence), 0) FROM expired e WHERE e.writer = s.writer) ORDER BY sequence"
)
_BEGINNINGS: Final = (
    "SELECT DISTINCT ON (writer) writer, sequence, hash, key_id, signature FROM expired ORDER BY writer, sequence DESC"
)
_OLD: Final = (
    "SELECT DISTINCT ON (s.writer) s.writer, s.sequence, s.hash FROM seals s JOIN kept r "
    "ON r.writer = s.writer AND r.sequence = s.sequence WHERE r.at < %s ORDER BY s.writer, s.sequence DESC"
)
_FORGET: Final = (
    "WITH gone AS (INSERT INTO expired (writer, sequence, hash, key_id, signature) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING RETURNING writer, sequence) SELECT count(*) FROM kept r, gone "
    "WHERE r.writer = gone.writer AND r.sequence <= gone.sequence"
)
_SELECT: Final = f"SELECT writer, sequence, body, hash, {', '.join(COLUMNS)} FROM kept"  # noqa: S608 -- fixed names
_MAY_CHANGE: Final = (
    "SELECT bool_or(pg_has_role(relowner, 'MEMBER') OR pg_has_role(nspowner, 'MEMBER') "
    "OR has_any_column_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = ANY (%s::regclass[])"
)
_TRAILS: Final = (
    "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) AND has_schema_privilege(oid, 'USAGE') "
    "AND to_regclass(quote_ident(nspname) || '.kept') IS NOT NULL ORDER BY nspname"
)


class PostgresAuditStore:
    """See `Store`.

    Args:
        connection: To the database.
        url: Where it is made again.
        agent: Whose trail.
    """

    def __init__(self, connection: psycopg.Connection, url: str, agent: str) -> None:
        self._connection = connection
        self._url = url
        self._agent = agent

    @classmethod
    def open(cls, url: str, *, agent: str, patience: float = START_SECONDS) -> Self:
        """Connects an agent to its trail, to append to it.

        Args:
            url: `postgresql://` with host and database, as libpq takes it.
            agent: Whose trail.
            patience: For how many seconds to wait for a server that is away: it may be starting too.

        Raises:
            ConfigurationError: if the database cannot be used, is not prepared, or would let this role change what it
                has written.
        """
        where = with_defaults(url, name=f"{agent} audit", setting=SETTING)
        return cls(_to_append(where, agent, patience), where, agent)

    @classmethod
    def read(cls, url: str, *, agent: str) -> Self:
        """Connects somebody who reads.

        Raises:
            ConfigurationError: if the database cannot be reached.
        """
        where = with_defaults(url, name="audit", setting=SETTING)
        return cls(_to_read(where, agent), where, agent)

    def append(self, rows: Sequence[Row], seal: Seal) -> None:
        """See `Store`: in the server's log, on its disk, when it returns."""
        columns = [list(column) for column in zip(*(row.columns for row in rows), strict=True)]
        records = [row.record for row in rows]
        values = (
            *_signed(seal),
            seal.writer,
            [record.sequence for record in records],
            *columns,
            [record.body for record in records],
            [record.hash for record in records],
        )
        was_sent = False
        for is_last in (False, True):
            connection = self._usable(in_doubt=was_sent)
            was_sent = True
            try:
                kept = connection.execute(_APPEND, values, prepare=True).rowcount
            except errors.UniqueViolation as error:
                if self._read(_THERE, seal.writer, seal.sequence, seal.hash):
                    return  # it had arrived the first time
                raise StoreAway("somebody else has written in this chain") from error
            except psycopg.Error as error:
                # Where the server has said that it could not, it did not; where the connection is gone, who knows.
                if connection.closed and not is_last:
                    continue
                raise StoreAway(_detail(error), in_doubt=connection.closed) from error
            if kept != len(rows):
                raise StoreAway("the server did not keep all that it took")
            return

    def heads(self, *, most: int) -> dict[str, Head]:
        """See `Store`."""
        return {writer: Head(sequence, found) for writer, sequence, found in self._read(_HEADS, most)}

    def writers(self) -> list[str]:
        """See `Store`."""
        return sorted(writer for (writer,) in self._read(_WRITERS) if writer is not None)

    def records(self, writer: str, *, after: int | None = None) -> Iterator[Row]:
        """See `Store`."""
        further = "WHERE writer = %s AND sequence > %s ORDER BY sequence LIMIT %s"
        if after is None:
            rows = self._rows("WHERE writer = %s ORDER BY sequence LIMIT %s", writer, PAGE)
        else:
            rows = self._rows(further, writer, after, PAGE)
        while rows:
            yield from rows
            rows = self._rows(further, writer, rows[-1].record.sequence, PAGE)

    def seals(self, writer: str) -> dict[int, Seal]:
        """See `Store`."""
        return {row[1]: Seal(*row) for row in self._read(_SEALS, writer)}

    def beginnings(self) -> dict[str, Seal]:
        """See `Store`."""
        found = [_expiry(row) for row in self._read(_BEGINNINGS)]
        return {seal.writer: seal for seal in found}

    def search(self, wanted: Wanted, *, most: int, newest: bool = False) -> list[Row]:
        """See `Store`."""
        condition, values = _DIALECT.condition(wanted)
        order = "at DESC, writer, sequence DESC" if newest else "at, writer, sequence"
        return self._rows(f"WHERE {condition} ORDER BY {order} LIMIT %s", *values, most)

    def old(self, before: int) -> dict[str, Head]:
        """See `Store`."""
        return {writer: Head(sequence, found) for writer, sequence, found in self._read(_OLD, before)}

    def forget(self, seal: Seal) -> int:
        """See `Store`: they are marked. Who keeps the trail deletes them, if they are old by its clock too."""
        ((count,),) = self._read(_FORGET, *_signed(seal))
        return int(count)

    @contextmanager
    def snapshot(self) -> Generator[None, None, None]:
        """See `Store`."""
        self._read("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._read("ROLLBACK")

    def another(self, *, to_change: bool = False) -> Self:
        """See `Store`."""
        connection = _to_append(self._url, self._agent) if to_change else _to_read(self._url, self._agent)
        return type(self)(connection, self._url, self._agent)

    def close(self) -> None:
        """See `Store`."""
        self._connection.close()

    def _usable(self, *, in_doubt: bool) -> psycopg.Connection:
        """The connection; a new one, where the last is lost or the server has said good-bye on it."""
        if self._connection.closed or has_news(self._connection):
            self._connection.close()
            try:
                self._connection = _to_append(self._url, self._agent)
            except ConfigurationError as error:
                raise StoreAway(_detail(error), in_doubt=in_doubt) from error
        return self._connection

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            cursor = self._connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise StoreAway(_detail(error)) from error

    def _rows(self, rest: str, *values: object) -> list[Row]:
        return [
            Row(Record(writer, sequence, body, found), tuple(repeated))
            for writer, sequence, body, found, *repeated in self._read(f"{_SELECT} {rest}", *values)
        ]


def _to_append(url: str, agent: str, patience: float = 0) -> psycopg.Connection:
    """A session that appends to a trail whose tables are those of this release, and may do no more than that."""
    connection = _connected(url, agent, patience, _OURS)
    try:
        require(connection, schema_of(agent), len(MIGRATIONS), setting=SETTING, remedy=REMEDY)
        may_change = connection.execute(_MAY_CHANGE, (list(APPENDED),)).fetchone() != (False,)
    except psycopg.Error as error:
        connection.close()
        raise ConfigurationError(
            f"{SETTING} names a database in which {agent} has no trail ({first_line(error)}): {REMEDY}."
        ) from error
    except ConfigurationError:
        connection.close()
        raise
    if may_change:
        connection.close()
        raise ConfigurationError(
            f"{SETTING} names a role that may change the trail: name one that may only read it and append to it, "
            "as `helpdesk audit prepare` lets it."
        )
    return connection


def _to_read(url: str, agent: str) -> psycopg.Connection:
    return _connected(url, agent, 0, _READERS)


def _connected(url: str, agent: str, patience: float, more: Mapping[str, str]) -> psycopg.Connection:
    connection = connect(url, patience, setting=SETTING)
    try:
        connection.execute(*session(schema_of(agent), more))
    except psycopg.Error as error:
        connection.close()
        raise ConfigurationError(f"{SETTING} names a database that went away: see that it is there.") from error
    return connection


def trails_in(url: str) -> list[str]:
    """The agents whose trails somebody may read in a database.

    Raises:
        ConfigurationError: if it cannot be reached.
    """
    with connect(with_defaults(url, name="audit", setting=SETTING), 0, setting=SETTING) as connection:
        found = connection.execute(_TRAILS, (PREFIX,)).fetchall()
    return [schema.removeprefix(PREFIX) for (schema,) in found]


def _expiry(row: Sequence[Any]) -> Seal:
    """An expiry seal from its row."""
    writer, sequence, chained, key, signature = row
    return Seal(writer, sequence, chained, key, signature, expiry=True)


def _signed(seal: Seal) -> tuple[str, int, bytes, str, bytes]:
    return seal.writer, seal.sequence, seal.hash, seal.key_id, seal.signature


def _detail(error: Exception) -> str:
    if isinstance(error, ConfigurationError):
        return error.public_message
    state = getattr(error, "sqlstate", None) or ""
    return f"{type(error).__name__} {state}".rstrip()
