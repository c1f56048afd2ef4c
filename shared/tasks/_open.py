"""Opens the database that the settings name, whichever kind it is."""

import time
from collections.abc import Callable
from typing import Final

from shared.errors import ConfigurationError
from shared.tasks._retention import Retention
from shared.tasks._storage import SqliteStorage, Storage

POSTGRES_SCHEMES: Final = ("postgresql://", "postgres://")


def open_storage(
    url: str, *, agent: str, retention: Retention | None = None, clock: Callable[[], float] = time.time
) -> Storage:
    """Opens the database that `url` names, and brings its tables up to date.

    Args:
        url: `sqlite:///` and a path, or `postgresql://` with host and database.
        agent: The agent's name.
        retention: How long things are kept.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: if it cannot be used.
    """
    if not url.startswith(POSTGRES_SCHEMES):
        return SqliteStorage.open(url, agent=agent, retention=retention, clock=clock)
    try:
        from shared.tasks.postgres import PostgresStorage  # noqa: PLC0415 -- who uses SQLite does not install psycopg
    except ImportError as error:
        raise ConfigurationError(
            "DATABASE_URL names PostgreSQL, for which this installation has no driver: "
            "install the extra 'postgres' of 'shared'."
        ) from error
    return PostgresStorage.open(url, agent=agent, retention=retention, clock=clock)
