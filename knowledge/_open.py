"""Opening an index file, for reading only."""

import sqlite3
from pathlib import Path
from typing import Final

from knowledge._errors import IndexUnusable
from knowledge._storage import FORMAT

_MAPPED_BYTES: Final = 1 << 30


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Connects to an index; the file is mapped into memory and never written, locked or journalled.

    Raises:
        IndexUnusable: There is none, it is damaged, or another version wrote it.
    """
    if not path.is_file():
        raise IndexUnusable(f"there is no index at {path}: build it from the articles first")
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise IndexUnusable(f"the index at {path} is damaged: delete it and build it again") from error
    if version != FORMAT:
        connection.close()
        raise IndexUnusable(f"the index at {path} was made by another version: build it again")
    return connection
