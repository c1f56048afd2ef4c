"""Opens what the settings say that a trail is kept in, whichever kind that is."""

from pathlib import Path

from shared.audit._file import AuditFile
from shared.audit._store import Store
from shared.errors import ConfigurationError


def open_store(file: Path, database_url: str | None, *, agent: str) -> Store:
    """Opens a trail to append to it: a database where one is named, or else a file.

    Args:
        file: The file.
        database_url: `postgresql://` with host and database, as libpq takes it.
        agent: Whose trail.

    Raises:
        ConfigurationError: if it cannot be used.
    """
    if database_url is None:
        return AuditFile.open(file, create=True)
    try:
        from shared.audit.postgres import PostgresAuditStore  # noqa: PLC0415 -- who uses a file does not install psycopg
    except ImportError as error:
        raise ConfigurationError(
            "AUDIT_DATABASE_URL names PostgreSQL, for which this installation has no driver: "
            "install the extra 'postgres' of 'shared'."
        ) from error
    return PostgresAuditStore.open(database_url, agent=agent)
