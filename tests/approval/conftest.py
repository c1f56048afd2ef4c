from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.testing import Clock
from tests.approval._people import Desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    opened = Desk(tmp_path / "agent.sqlite3", clock)
    yield opened
    opened.storage.close()
