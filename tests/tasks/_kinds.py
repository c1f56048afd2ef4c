"""What differs between the kinds of database, so that tests of what does not can be the same."""

import sqlite3
from typing import Any

from shared.tasks import Retention, SqliteStorage, Storage
from shared.tasks.postgres import PostgresStorage, sweep
from shared.testing import Clock


async def select(storage: Storage, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What a query finds, with `?` for values."""
    if isinstance(storage, SqliteStorage):
        return storage.database.connection.execute(query, values).fetchall()
    assert isinstance(storage, PostgresStorage)
    (rows,) = await storage.database.run((query.replace("?", "%s"), values))
    return rows


async def sweep_once(storage: Storage, keep: Retention, clock: Clock) -> None:
    """As it is done every minute; for a file, on a connection of its own."""
    if isinstance(storage, PostgresStorage):
        await sweep(storage.database, keep)
        return
    assert isinstance(storage, SqliteStorage)
    connection = sqlite3.connect(storage.database.path, isolation_level=None)
    try:
        keep.sweep(connection, clock=clock)
    finally:
        connection.close()
