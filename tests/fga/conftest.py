from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local.fga import FgaConfig, PresharedKeys, create_app
from shared.http import create_http_client
from shared.testing import LoopbackServer
from tests.fga._servers import SECRET, Api, embedded, running


@pytest.fixture(scope="session")
def openfga() -> Iterator[str]:
    """The URL of the real server, in memory."""
    with running() as url:
        yield url


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Api]:
    async with embedded(tmp_path / "fga") as api:
        yield api


@pytest.fixture
async def theirs(openfga: str) -> AsyncIterator[Api]:
    async with create_http_client(timeout=20) as client:
        yield Api("openfga", client, openfga)


@pytest.fixture(params=["embedded", "openfga"])
def api(request: pytest.FixtureRequest) -> Api:
    """One server after the other."""
    found: Api = request.getfixturevalue("ours" if request.param == "embedded" else "theirs")
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of an embedded server that listens, and takes `SECRET` as its key."""
    app = create_app(FgaConfig(tmp_path / "fga", access=PresharedKeys([SECRET])))
    with LoopbackServer().start(app) as server:
        yield server.url.rstrip("/")
