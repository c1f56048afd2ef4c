"""Tenants, databases and agents that are configured wrongly, one mistake at a time."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from local.tenant.testing import LocalTenant
from shared.testing import PostgresServer
from tests.doctor._agents import Desk

AGENT, ANOTHER = "account_lookup", "docs_search"

OpenTenant = Callable[[Path], LocalTenant]
Do = Callable[[str], None]


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the tenant's first run leaves it; tests begin with a copy."""
    folder = tmp_path_factory.mktemp("first-run")
    LocalTenant(folder, serve=False).close()
    return folder


@pytest.fixture
def desk(tmp_path: Path, first_run: Path) -> Iterator[Desk]:
    """The settings of all agents beside a tenant that answers on loopback."""
    folder = shutil.copytree(first_run, tmp_path / "var")
    with LocalTenant(folder) as tenant:
        yield Desk.beside(tenant)


@pytest.fixture
def open_tenant(tmp_path: Path, first_run: Path) -> Iterator[OpenTenant]:
    """Opens a tenant of a definition, in process; the one before is closed."""
    opened: list[LocalTenant] = []

    def make(definition: Path) -> LocalTenant:
        while opened:
            opened.pop().close()
        folder = tmp_path / "tenant"
        if not folder.exists():
            shutil.copytree(first_run, folder)
        tenant = LocalTenant(folder, serve=False, tenant_definition=definition)
        opened.append(tenant)
        return tenant

    yield make
    for tenant in opened:
        tenant.close()


@pytest.fixture
def do(postgres: PostgresServer, postgres_url: str) -> Do:
    """Runs a statement as an administrator, in a database that is empty at first and where two agents have a role."""

    def execute(statement: str) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    for name in (AGENT, ANOTHER):
        postgres.role(name)
        execute(f"ALTER ROLE {name} NOCREATEROLE NOCREATEDB CONNECTION LIMIT -1")
    return execute
