from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from a2a.server.cluster import LegacyTaskStoreAdapter, VersionedTaskStore
from a2a.server.tasks import InMemoryTaskStore

from shared.tasks import SqliteStorage, Storage, open_storage
from shared.testing import Clock

AGENT = "account_lookup"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "agent.sqlite3"


@pytest.fixture
def sqlite(path: Path, clock: Clock) -> Iterator[SqliteStorage]:
    """The stores over a file, where a test is about the file."""
    opened = SqliteStorage.open(path, agent=AGENT, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """Each kind of database that an agent may have: what holds for one holds for the other."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def storage(url: str, clock: Clock) -> AsyncIterator[Storage]:
    async for opened in started(url, clock):
        yield opened


@pytest.fixture
async def other(url: str, clock: Clock, storage: Storage) -> AsyncIterator[Storage]:  # noqa: ARG001 -- the first one
    """The same database, as another process of the agent has it."""
    async for opened in started(url, clock):
        yield opened


async def started(url: str, clock: Clock) -> AsyncIterator[Storage]:
    opened = open_storage(url, agent=AGENT, clock=clock)
    await opened.start()
    yield opened
    await opened.aclose()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, path: Path, clock: Clock) -> AsyncIterator[VersionedTaskStore]:
    """The SDK's own store in memory, and ours: what holds for one holds for the others."""
    if request.param == "memory":
        yield LegacyTaskStoreAdapter(InMemoryTaskStore())
        return
    url = f"sqlite:///{path}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async for opened in started(url, clock):
        yield opened.tasks
