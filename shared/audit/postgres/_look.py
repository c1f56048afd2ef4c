"""What an agent's role may do with its trail, for whoever looks for mistakes: nothing is changed."""

from dataclasses import dataclass
from typing import Final

import psycopg

from shared.audit.postgres._tables import APPENDED, PREFIX, READ, schema_of
from shared.postgres import Look, looked, migrations_of, role_of

CONNECTIONS: Final = 2
"""Of a replica: one that appends, and another while somebody asks what was done or what is old is let go."""

_RIGHTS: Final = (
    "SELECT count(*) = %s, coalesce(bool_and(has_table_privilege(c.oid, 'SELECT')), false), "
    "coalesce(bool_or(pg_has_role(nspowner, 'MEMBER') OR pg_has_role(relowner, 'MEMBER') "
    "OR has_any_column_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')), "
    "false), coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE')), false) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relname = ANY (%s)"
)
_APPENDS: Final = (
    "SELECT bool_and(a.attnum IS NOT NULL AND has_column_privilege(attrelid, a.attnum, 'INSERT')) "
    "FROM unnest(%s::text[], %s::text[]) AS w(relation, name) LEFT JOIN (pg_attribute a JOIN pg_class c "
    "ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace AND nspname = %s) "
    "ON relname = w.relation AND attname = w.name"
)
_OTHERS: Final = (
    "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'records' "
    "AND starts_with(nspname, %s) AND nspname <> %s AND has_schema_privilege(n.oid, 'USAGE') "
    "AND has_table_privilege(c.oid, 'SELECT') ORDER BY nspname"
)


@dataclass(frozen=True, slots=True)
class TrailLook(Look):
    """What was seen of a trail, besides.

    Attributes:
        is_there: Whether the tables are.
        may_read: Whether the role may read them.
        may_append: Whether it may append to them.
        may_change: Whether it may change or remove what is there, which no agent should.
    """

    is_there: bool = True
    may_read: bool = True
    may_append: bool = True
    may_change: bool = False


def look_at_trail(url: str, agent: str) -> Look:
    """Looks at an agent's trail, with the rights of whoever the URL is for: a `TrailLook`, where it can be reached."""
    return looked(url, lambda connection: _seen(connection, agent))


def _seen(connection: psycopg.Connection, agent: str) -> TrailLook:
    schema = schema_of(agent)
    rights = connection.execute(_RIGHTS.encode(), (len(READ), schema, list(READ))).fetchone()
    is_there, may_select, may_change, may_use = rights or (False, False, False, False)
    pairs = [(table, column) for table, columns in APPENDED.items() for column in columns]
    tables, columns = (list(each) for each in zip(*pairs, strict=True))
    (may_insert,) = connection.execute(_APPENDS.encode(), (tables, columns, schema)).fetchone() or (False,)
    others = connection.execute(_OTHERS.encode(), (PREFIX, schema)).fetchall()
    may_read = bool(may_select and may_use)
    applied, works_with = migrations_of(connection, schema) if is_there and may_read else (0, 0)
    return TrailLook(
        **role_of(connection),
        others=tuple(name for (name,) in others),
        applied=applied,
        works_with=works_with,
        is_there=bool(is_there),
        may_read=may_read,
        may_append=bool(may_insert and may_use),
        may_change=bool(may_change),
    )
