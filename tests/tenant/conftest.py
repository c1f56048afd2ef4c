"""Tenants for the tests of the tenant: in process, on a clock that stands still until it is moved."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from local.tenant.testing import ROOT, LocalTenant, ManualClock
from tests.tenant._support import Definition, EditDefinition, MakeTenant

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def after_first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the first run leaves it; tests begin with a copy, which takes a fraction of the time."""
    folder = tmp_path_factory.mktemp("first-run") / "var"
    LocalTenant(folder, serve=False, clock=ManualClock(NOW)).close()
    return folder


@pytest.fixture
def make_tenant(tmp_path: Path, clock: ManualClock, after_first_run: Path) -> Iterator[MakeTenant]:
    """Opens tenants, all on one folder unless told otherwise."""
    opened: list[LocalTenant] = []
    shutil.copytree(after_first_run, tmp_path / "var")

    def make(folder: Path | None = None, *, serve: bool = False, **settings: Any) -> LocalTenant:
        tenant = LocalTenant(folder or tmp_path / "var", serve=serve, clock=clock, **settings)
        opened.append(tenant)
        tenant.start()
        return tenant

    yield make
    for tenant in opened:
        tenant.close()


@pytest.fixture
def tenant(make_tenant: MakeTenant) -> LocalTenant:
    return make_tenant()


@pytest.fixture
async def http(tenant: LocalTenant) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of its own."""
    async with tenant.http() as client:
        yield client


@pytest.fixture
def edit_definition(tmp_path: Path) -> EditDefinition:
    """Writes the deployed definition with changes, and returns the new file."""

    def edit(change: Callable[[Definition], None]) -> Path:
        document: Definition = yaml.safe_load((ROOT / "deploy/auth0/tenant.yaml").read_text(encoding="utf-8"))
        change(document)
        path = tmp_path / "tenant.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    return edit
