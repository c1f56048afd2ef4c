from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from shared.http import create_http_client
from tests.agents.docs_search._documents import Documents


@pytest.fixture(scope="package")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documents]:
    """Four articles, one for each audience."""
    with Documents(tmp_path_factory.mktemp("documents")) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as client:
        yield client
