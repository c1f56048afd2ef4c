from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from local.tenant import _backchannel
from tests.flows._world import World, new_client


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, World(tmp_path_factory.mktemp("world")) as started:
        patch.setattr(_backchannel, "INTERVAL", 1)  # nobody has five seconds for each answer
        yield started


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with new_client() as client:
        yield client
