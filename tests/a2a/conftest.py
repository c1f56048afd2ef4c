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
