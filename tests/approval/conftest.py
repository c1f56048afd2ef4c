from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.tasks import open_storage
from shared.testing import Clock
from tests.approval._people import Desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of each kind of database that an agent may have: what holds for one holds for the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/agent.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def desk(database: str, clock: Clock) -> AsyncIterator[Desk]:
    storage = open_storage(database, agent="password_reset", clock=clock)
    await storage.start()
    yield Desk(storage, clock)
    await storage.aclose()
