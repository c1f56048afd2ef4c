"""What the server keeps, as tables."""

from pathlib import Path

from local.private_database import PrivateDatabase

FILE_NAME = "fga.sqlite3"

_SCHEMA = """
CREATE TABLE stores (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE models (
    store TEXT NOT NULL REFERENCES stores(id), id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (store, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tuples (
    store TEXT NOT NULL REFERENCES stores(id), object TEXT NOT NULL, relation TEXT NOT NULL, user TEXT NOT NULL,
    condition TEXT NOT NULL, context TEXT, id TEXT NOT NULL, written_at TEXT NOT NULL,
    PRIMARY KEY (store, object, relation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX tuples_by_id ON tuples(store, id);
CREATE TABLE changes (
    store TEXT NOT NULL REFERENCES stores(id), id TEXT NOT NULL, type TEXT NOT NULL, change TEXT NOT NULL,
    PRIMARY KEY (store, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE assertions (
    store TEXT NOT NULL REFERENCES stores(id), model TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (store, model)
) STRICT, WITHOUT ROWID;
"""


class Database(PrivateDatabase):
    """The server's own database."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE_NAME, _SCHEMA)
