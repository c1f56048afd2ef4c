"""The ledger in whichever database an agent has."""

from shared.approval._ledger import ActionLedger
from shared.approval._sqlite import SqliteActionLedger
from shared.errors import ConfigurationError
from shared.tasks import SqliteStorage, Storage


def open_ledger(storage: Storage) -> ActionLedger:
    """The ledger beside an agent's tasks.

    Raises:
        ConfigurationError: there is none for this kind of database.
    """
    if isinstance(storage, SqliteStorage):
        return SqliteActionLedger(storage.database)
    from shared.approval._postgres import PostgresActionLedger  # noqa: PLC0415 -- who uses SQLite does not install psycopg
    from shared.tasks.postgres import PostgresStorage  # noqa: PLC0415 -- as above

    if isinstance(storage, PostgresStorage):
        return PostgresActionLedger(storage.database)
    raise ConfigurationError("DATABASE_URL names a database that has no ledger of risky actions.")
