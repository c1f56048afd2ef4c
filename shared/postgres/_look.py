"""What a role of a server may do and what is there for it, for whoever looks for mistakes: nothing is changed."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import conninfo, sql

from shared.postgres._connections import CONNECT_SECONDS, first_line

LOOK_MS: Final = 5_000
_POWERS: Final = ("superuser", "createrole", "createdb", "replication", "bypassrls")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes:
        problem: Why nothing was; the server's own words.
        role: Who connects, and where: host, port, database and user.
        is_pooled: Whether one session may have several of the server's, as behind a proxy that pools transactions.
        powers: Those of the role's attributes that no agent needs.
        others: The schemas of other agents whose tasks it may read.
        may_make_tables: Whether it may make tables in the schema, or the schema itself.
        owns_tables: Whether it may change the tables that are there.
        applied: How many migrations the tables have; 0 where there are none.
        works_with: The oldest release, counted so too, that can work with them.
        connections: How many there may be at a time, of all roles together to this database.
        of_role: How many of this role.
    """

    problem: str = ""
    role: tuple[str, str, str, str] = ("", "", "", "")
    is_pooled: bool = False
    powers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    may_make_tables: bool = True
    owns_tables: bool = True
    applied: int = 0
    works_with: int = 0
    connections: int = 0
    of_role: int = 0


def look(url: str, schema: str) -> Look:
    """Looks, with the rights of whoever the URL is for."""
    return looked(url, lambda connection: _seen(connection, schema))


def looked(url: str, see: Callable[[psycopg.Connection], Look]) -> Look:
    """What `see` sees on a connection; or why there is none, or none that `see` could go by."""
    try:
        given = conninfo.conninfo_to_dict(url, connect_timeout=CONNECT_SECONDS)
        with closing(_connect(given)) as connection, closing(_connect(given)) as another:
            if _is_pooled(connection, another):
                return Look(is_pooled=True)
            connection.execute(f"SET statement_timeout = {LOOK_MS}".encode())
            return see(connection)
    except psycopg.Error as error:
        return Look(problem=first_line(error))


def role_of(connection: psycopg.Connection) -> dict[str, Any]:
    """Who connects, what they may do besides, and how often at a time: members of a `Look`."""
    info = connection.info
    powers = _one(
        connection,
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles "
        "WHERE rolname = current_user",
    )
    connections, of_role = _one(
        connection,
        "SELECT least(server, nullif(datconnlimit, -1)), "
        "least(server, nullif(datconnlimit, -1), nullif(rolconnlimit, -1)) "
        "FROM pg_roles, pg_database, (SELECT current_setting('max_connections')::int "
        "- current_setting('superuser_reserved_connections')::int "
        "- coalesce(current_setting('reserved_connections', true)::int, 0) AS server) AS s "
        "WHERE rolname = current_user AND datname = current_database()",
    )
    return {
        "role": (info.host, str(info.port), info.dbname, info.user),
        "powers": tuple(name for name, has in zip(_POWERS, powers, strict=True) if has),
        "connections": int(connections),
        "of_role": int(of_role),
    }


def _connect(given: dict[str, Any]) -> psycopg.Connection:
    return psycopg.connect(conninfo.make_conninfo(**given), autocommit=True)


def _is_pooled(connection: psycopg.Connection, another: psycopg.Connection) -> bool:
    """A session of the server is lent for a transaction: while another client has one, this one is given another."""
    first = _one(connection, "SELECT pg_backend_pid()")
    with another.transaction():
        theirs = _one(another, "SELECT pg_backend_pid()")
        return theirs == first or _one(connection, "SELECT pg_backend_pid()") != first


def _seen(connection: psycopg.Connection, schema: str) -> Look:
    others = connection.execute(
        "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'tasks' "
        "AND relkind = 'r' AND nspname <> %s AND has_schema_privilege(n.oid, 'USAGE') "
        "AND has_table_privilege(c.oid, 'SELECT') ORDER BY nspname",
        (schema,),
    ).fetchall()
    may_make_tables, owns_tables, has_migrations = _one(
        connection,
        "SELECT CASE WHEN s.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') "
        "ELSE has_schema_privilege(s.oid, 'CREATE') AND has_schema_privilege(s.oid, 'USAGE') END, "
        "NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = s.oid AND relkind = 'r' "
        "AND NOT pg_has_role(relowner, 'USAGE')), "
        "EXISTS (SELECT FROM pg_class WHERE relnamespace = s.oid AND relname = 'migrations' "
        "AND has_schema_privilege(s.oid, 'USAGE') AND has_table_privilege(oid, 'SELECT')) "
        "FROM (SELECT to_regnamespace(quote_ident(%s))::oid AS oid) AS s",
        (schema,),
    )
    applied, works_with = migrations_of(connection, schema) if has_migrations else (0, 0)
    return Look(
        **role_of(connection),
        others=tuple(name for (name,) in others),
        may_make_tables=bool(may_make_tables),
        owns_tables=bool(owns_tables),
        applied=applied,
        works_with=works_with,
    )


def migrations_of(connection: psycopg.Connection, schema: str) -> tuple[int, int]:
    """How many migrations the tables of a schema have, and the oldest release that can work with them."""
    table = sql.SQL("SELECT count(*), coalesce(max(works_with), 0) FROM {}.migrations").format(sql.Identifier(schema))
    found = connection.execute(table).fetchone() or (0, 0)
    return int(found[0]), int(found[1])


def _one(connection: psycopg.Connection, query: str, values: tuple[object, ...] = ()) -> tuple[Any, ...]:
    found = connection.execute(query.encode(), values).fetchone()
    assert found is not None  # noqa: S101 -- each of these queries has one row; this tells the type checker
    return found
