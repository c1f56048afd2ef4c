"""What the role that keeps the trails does: makes their tables, and deletes what may go. No agent has its rights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors, sql

from shared.audit._chain import Seal, VerifyingKeys
from shared.audit.postgres._store import trails_in
from shared.audit.postgres._tables import APPENDED, MIGRATIONS, READ, SETTING, schema_of
from shared.errors import ConfigurationError
from shared.postgres import connect, first_line, migrate, session, with_defaults

START_SECONDS: Final = 30.0

_EXPIRED: Final = "SELECT writer, sequence, hash, key_id, signature FROM expired ORDER BY writer, sequence DESC"
_YOUNG: Final = (
    "SELECT EXISTS (SELECT FROM records WHERE writer = %s AND sequence <= %s "
    "AND arrived > now() - %s::float8 * interval '1 day')"
)
_DELETE: Final = (
    "WITH sealed AS (DELETE FROM seals WHERE writer = %s AND sequence <= %s), "
    "before AS (DELETE FROM expired WHERE writer = %s AND sequence < %s), "
    "gone AS (DELETE FROM records WHERE writer = %s AND sequence <= %s RETURNING 1) SELECT count(*) FROM gone"
)


@dataclass(frozen=True, slots=True)
class Swept:
    """What was deleted of an agent's trail.

    Attributes:
        agent: Whose.
        records: How many.
        kept: Chains of which more was to go, which is not old by the server's clock, or that nobody signed.
    """

    agent: str
    records: int
    kept: tuple[str, ...]


def prepare(url: str, agents: Sequence[str], *, readers: Sequence[str] = (), patience: float = START_SECONDS) -> None:
    """Makes the tables of trails, or brings them up to date, and lets each agent's role read its own and append to it.

    Args:
        url: Of the database, as the role that is to keep the trails; it makes the schemas where they are not there.
        agents: Their names, and those of their roles.
        readers: Roles that may read all of them.
        patience: For how many seconds to wait for a server that is away.

    Raises:
        ConfigurationError: if it cannot be done.
    """
    for agent in agents:
        schema = schema_of(agent)
        with _connected(url, schema, patience) as connection:
            try:
                migrate(connection, schema, MIGRATIONS, setting=SETTING)
                with connection.transaction():
                    for statement in _grants(schema, agent, readers):
                        connection.execute(statement)
            except errors.UndefinedObject as error:
                raise ConfigurationError(
                    f"{first_line(error)}: make the role of each agent and reader first."
                ) from error
            except psycopg.Error as error:
                raise ConfigurationError(
                    f"The trail of {agent} cannot be made ({first_line(error)}): let this role make schemas."
                ) from error


def sweep(url: str, keys_of: Callable[[str], VerifyingKeys], *, days: float) -> list[Swept]:
    """Deletes, in all trails of a database, what an agent has let go, once it has been there for so many days.

    The agent says what may go, with a seal, and cannot delete; who deletes cannot say it. What came in later than that,
    by the server's clock, stays whatever the agent says.

    Args:
        url: Of the database, as the role that keeps the trails.
        keys_of: The keys that an agent may have signed with.
        days: For how long everything stays.

    Raises:
        ConfigurationError: if it cannot be done.
    """
    swept = []
    for agent in trails_in(url):
        with _connected(url, schema_of(agent), 0) as connection:
            try:
                swept.append(_swept(connection, agent, keys_of(agent), days))
            except psycopg.Error as error:
                raise ConfigurationError(
                    f"What is old in the trail of {agent} cannot be deleted ({first_line(error)}): "
                    "do it as the role that keeps the trail."
                ) from error
    return swept


def _swept(connection: psycopg.Connection, agent: str, keys: VerifyingKeys, days: float) -> Swept:
    count, done, kept = 0, set(), set()
    for writer, sequence, chained, key, signature in connection.execute(_EXPIRED).fetchall():
        seal = Seal(writer, sequence, chained, key, signature, expiry=True)
        if seal.writer in done:
            continue
        upto = (seal.writer, seal.sequence)
        (young,) = connection.execute(_YOUNG, (*upto, days)).fetchone() or (True,)
        if young or not keys.accepts(seal):
            kept.add(seal.writer)
            continue
        done.add(seal.writer)
        (gone,) = connection.execute(_DELETE, (*upto, *upto, *upto)).fetchone() or (0,)
        count += gone
    return Swept(agent, count, tuple(sorted(kept)))


def _connected(url: str, schema: str, patience: float) -> psycopg.Connection:
    connection = connect(with_defaults(url, name="audit keeper", setting=SETTING), patience, setting=SETTING)
    connection.execute(*session(schema, {"statement_timeout": "600000"}))
    return connection


def _grants(schema: str, agent: str, readers: Sequence[str]) -> list[sql.Composed]:
    """Takes away what was given, and gives what is needed; in one transaction, so that nobody is without it."""
    names = sql.SQL(", ").join(map(sql.Identifier, READ))
    granted = []
    for role in (agent, *readers):
        who, where = sql.Identifier(role), sql.Identifier(schema)
        granted += [
            sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}").format(where, who),
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(where, who),
            sql.SQL("GRANT SELECT ON {} TO {}").format(names, who),
        ]
    for table, columns in APPENDED.items():
        written = sql.SQL(", ").join(map(sql.Identifier, columns))
        grant = sql.SQL("GRANT INSERT ({}) ON {} TO {}")
        granted.append(grant.format(written, sql.Identifier(table), sql.Identifier(agent)))
    return granted
