"""A tenant of its own for the tests that sign in, a clock that both sides go by, and a machine with audit trails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from local.tenant.testing import COMMAND_LINE, LocalTenant, ManualClock
from portal.session import Clock, Desk, Profiles
from shared.http import create_http_client
from tests.portal._trails import PASSWORD_RESET, SUPERVISOR, write
from tests.portal.running import Command


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clock(manual_clock: ManualClock) -> Clock:
    """Waiting is letting the tenant's time pass."""

    async def sleep(seconds: float) -> None:
        manual_clock.advance(seconds)
        await asyncio.sleep(0)

    return Clock(now=manual_clock, sleep=sleep)


@pytest.fixture
def tenant(tmp_path: Path, manual_clock: ManualClock) -> Iterator[LocalTenant]:
    with LocalTenant(tmp_path / "tenant", clock=manual_clock) as started:
        yield started


@pytest.fixture
def desk(tenant: LocalTenant) -> Desk:
    return Desk(
        issuer=tenant.issuer,
        client_id=tenant.client(COMMAND_LINE).client_id,
        audience=tenant.api("supervisor"),
        url="http://127.0.0.1:1/",
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as client:
        yield client


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "home")


@pytest.fixture
def helpdesk(tmp_path: Path) -> Command:
    """A machine on which two agents have recorded."""
    command = Command(tmp_path / "var", tmp_path / "home")
    write(command.state, {"supervisor": SUPERVISOR, "password_reset": PASSWORD_RESET})
    return command
