"""A tenant of its own for the tests that sign in, and a clock that both sides go by."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from local.tenant.testing import COMMAND_LINE, LocalTenant, ManualClock
from portal.session import Clock, Desk, Profiles
from shared.http import create_http_client


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
