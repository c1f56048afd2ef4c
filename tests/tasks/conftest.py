from collections.abc import Iterator
from pathlib import Path

import pytest
from a2a.server.cluster import LegacyTaskStoreAdapter, VersionedTaskStore
from a2a.server.tasks import InMemoryTaskStore

from shared.tasks import Storage
from shared.testing import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "agent.sqlite3"


@pytest.fixture
def storage(path: Path, clock: Clock) -> Iterator[Storage]:
    opened = Storage.open(path, agent="account_lookup", clock=clock)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> VersionedTaskStore:
    """The SDK's own store in memory, and ours: what holds for one holds for the other."""
    if request.param == "memory":
        return LegacyTaskStoreAdapter(InMemoryTaskStore())
    opened: Storage = request.getfixturevalue("storage")
    return opened.tasks
