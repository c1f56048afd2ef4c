from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.directory._oauth import Browser, Session
from tests.directory._world import World, filled, opened


@pytest.fixture(scope="session")
def directory_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("directory") / "template")


@pytest.fixture
async def world(directory_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with opened(directory_template, tmp_path / "directory") as opened_world:
        yield opened_world


@pytest.fixture
def session(world: World) -> Session:
    return Session(world)


@pytest.fixture
async def browser(session: Session) -> AsyncIterator[Browser]:
    async with session.browser() as opened:
        yield opened
