from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.a2a._agent import BINDINGS, Agent, Issuer, user_entry


@pytest.fixture(autouse=True)
def log() -> Iterator[list[structlog.typing.EventDict]]:
    """The log events of the test."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def agent(tmp_path: Path, issuer: Issuer) -> AsyncIterator[Agent]:
    """A subagent."""
    async with Agent(tmp_path, issuer) as started:
        yield started


@pytest.fixture
async def supervisor(tmp_path: Path, issuer: Issuer) -> AsyncIterator[Agent]:
    """An agent that takes a user's own token."""
    async with Agent(tmp_path, issuer, entry=user_entry(issuer)) as started:
        yield started


@pytest.fixture(params=BINDINGS)
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of each kind of database that several processes of an agent may share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/agent.sqlite3"
    found: str = request.getfixturevalue("postgres_url")
    return found
