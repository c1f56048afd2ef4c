"""Connections: with what makes a server that vanished known soon, and waiting for one that is only starting."""

import select
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import conninfo
from psycopg.adapt import AdaptersMap
from psycopg.types.numeric import Int8BinaryDumper

from shared.errors import ConfigurationError

CONNECT_SECONDS: Final = 5
RETRY_SECONDS: Final = 0.5
STATEMENT_MS: Final = 15_000


def with_defaults(url: str, *, name: str, setting: str) -> str:
    """The URL, with what makes a server that vanished known soon; what it says itself is left as it is.

    Args:
        url: `postgresql://` with host and database, as libpq takes it.
        name: What the server is told of who connects.
        setting: Where the URL was set.

    Raises:
        ConfigurationError: if it is none.
    """
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            f"{setting} is no URL of PostgreSQL: set it to postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from error
    defaults: dict[str, Any] = {
        "application_name": f"helpdesk {name}",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    return conninfo.make_conninfo(**(defaults | given))


def adapters() -> AdaptersMap:
    """As psycopg's own, but all integers are sent as `bigint`: a statement is prepared once, not for each size."""
    found = AdaptersMap(psycopg.adapters)
    found.register_dumper(int, Int8BinaryDumper)
    return found


def session(schema: str, more: Mapping[str, str] | None = None) -> tuple[str, Sequence[object]]:
    """Sets a new session up: the schema's tables, nothing that hangs for long, and a peer that vanished is found out.

    Args:
        schema: Where its tables are.
        more: Further settings of the server, by name; fixed texts.
    """
    wanted: dict[str, object] = {
        "default_transaction_isolation": "read committed",
        "statement_timeout": STATEMENT_MS,
        "idle_in_transaction_session_timeout": STATEMENT_MS,
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        **(more or {}),
    }
    settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in wanted.items())
    return f"SELECT set_config('search_path', quote_ident(%s), false), {settings}", (schema,)


def connect(url: str, patience: float, *, setting: str) -> psycopg.Connection:
    """A connection that commits by itself.

    Args:
        url: Of the database.
        patience: For how many seconds to wait for a server that is away: it may be starting too.
        setting: Where the URL was set.

    Raises:
        ConfigurationError: if there is none to be had.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return psycopg.connect(url, autocommit=True, context=adapters())
        except psycopg.OperationalError as error:
            # libpq gives no code for this: a server that is there and refuses says FATAL.
            refused = "FATAL" in str(error) and "starting up" not in str(error) and "shutting down" not in str(error)
            if refused or time.monotonic() >= until:
                raise ConfigurationError(
                    f"{setting} names a database that cannot be reached ({first_line(error)}): see that it is "
                    "there, and that user and password are right."
                ) from error
            time.sleep(RETRY_SECONDS)  # lint: allow sleep -- in a thread, and nothing else tells when a server is up


def has_news(connection: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Whether the server said something on a connection that waits for nothing: it is probably good-bye."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def first_line(error: psycopg.Error) -> str:
    """What an error says, in a line."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
