"""Tenants for the tests of the tenant: in process, on a clock that stands still until it is moved."""

import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.directory import DirectoryConfig
from local.directory import create_app as create_directory
from local.tenant._yaml import parse_yaml
from local.tenant.testing import ROOT, LocalTenant, ManualClock
from shared.testing import LoopbackServer
from tests.tenant._support import Definition, EditDefinition, MakeTenant
from tests.tenant._vault import Vault

NOW = 1_800_000_000.0
PEOPLE = ROOT / "local/people.yaml"
SOME_PEOPLE = {"amelia.hart", "casey.moreno", "oscar.lind", "tess.ferraro"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def after_first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the first run leaves it; tests begin with a copy, which takes a fraction of the time."""
    folder = tmp_path_factory.mktemp("first-run")
    everybody = parse_yaml(PEOPLE, PEOPLE.read_text(encoding="utf-8"))
    some = [person for person in everybody if person["login"] in SOME_PEOPLE or person["kind"] == "service"]
    (folder / "people.yaml").write_text(json.dumps(some), encoding="utf-8")
    LocalTenant(folder / "var", serve=False, clock=ManualClock(NOW), tenant_people=folder / "people.yaml").close()
    return folder


@pytest.fixture
def make_tenant(tmp_path: Path, clock: ManualClock, after_first_run: Path) -> Iterator[MakeTenant]:
    """Opens tenants, all on one folder unless told otherwise."""
    opened: list[LocalTenant] = []
    shutil.copytree(after_first_run / "var", tmp_path / "var")

    def make(folder: Path | None = None, *, serve: bool = False, **settings: Any) -> LocalTenant:
        settings = {"tenant_people": after_first_run / "people.yaml"} | settings
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
        file = ROOT / "deploy/auth0/tenant.yaml"
        document: Definition = parse_yaml(file, file.read_text(encoding="utf-8"))
        change(document)
        path = tmp_path / "tenant.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, and quickly written
        return path

    return edit


@pytest.fixture(scope="session")
def directory_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as its first run leaves it, for tests to copy."""
    folder = tmp_path_factory.mktemp("directory") / "directory"
    config = DirectoryConfig(folder, clock=lambda: datetime.fromtimestamp(NOW, UTC))
    directory = create_directory(config).state.directory
    directory.oauth.store.close()
    directory.database.close()
    return folder


@pytest.fixture
def vault(make_tenant: MakeTenant, tmp_path: Path, directory_folder: Path) -> Iterator[Vault]:
    """A tenant beside a directory; both answer on loopback."""
    shutil.copytree(directory_folder, tmp_path / "var" / "directory")
    with LoopbackServer() as server:
        mappings = {"DIRECTORY_URL": server.url.rstrip("/"), "DIRECTORY_DOMAIN": "127.0.0.1"}
        yield Vault(make_tenant(serve=True, auth0_keyword_replace_mappings=mappings), server)
