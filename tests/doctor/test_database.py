"""Each mistake in how PostgreSQL is set up for the agents: made for real, and found by its name."""

import re

import pytest

from portal.doctor import Agent, Agents, Check, diagnose
from portal.doctor._check import Missing
from portal.doctor._database import Databases, look_at_databases
from portal.doctor.checks import postgres as checks
from shared.errors import ConfigurationError
from shared.postgres import Migration
from shared.settings._agent import require_secure_server
from shared.tasks.postgres import PostgresDatabase
from shared.tasks.postgres._schema import MIGRATIONS
from shared.testing import PostgresServer
from tests.doctor._pooler import needs_pooler, pooling
from tests.doctor.conftest import AGENT, ANOTHER, Do

CHECKS = [check for check in vars(checks).values() if isinstance(check, Check)]
ADDED = Migration("ALTER TABLE tasks ADD COLUMN note text", works_with=1)
DROPPED = Migration("ALTER TABLE tasks DROP COLUMN runner", works_with=len(MIGRATIONS) + 1)


@pytest.fixture
def url(postgres: PostgresServer, do: Do) -> str:
    """For a role with a schema, as the how-to has an administrator make them."""
    do(f"CREATE SCHEMA {AGENT} AUTHORIZATION {AGENT}")
    return postgres.role(AGENT)


async def starts(url: str, migrations: tuple[Migration, ...] = MIGRATIONS, agent: str = AGENT) -> bool:
    """Whether an agent of a release with these migrations finds its database, or makes it."""
    try:
        database = PostgresDatabase.open(url, agent=agent, migrations=migrations, patience=0.0)
    except ConfigurationError:
        return False
    await database.aclose()
    return True


async def found(url: str, *more: Agent) -> list[str]:
    """The checks that find something."""
    agents = Agents({agent.name: agent for agent in (Agent(AGENT, environment(url)), *more)})
    databases = await look_at_databases(agents)
    assert isinstance(databases, Databases)
    diagnosis = diagnose(CHECKS, {Databases: databases, Agents: agents})
    password = url.partition("@")[0].rpartition(":")[2]
    assert password not in str([(each.check.name, each.found) for each in diagnosis.findings])
    return [finding.check.name for finding in diagnosis.findings]


def environment(url: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "HELPDESK_ENV": "local"}


async def test_a_database_as_it_should_be_before_the_first_start_and_after(url: str) -> None:
    assert await found(url) == []
    assert await starts(url)
    assert await found(url) == []


@pytest.mark.parametrize(
    ("part", "instead"), [(r"127\.0\.0\.1:\d+", "127.0.0.1:9"), ("/postgres$", "/elsewhere"), (AGENT, "nobody")]
)
async def test_a_server_that_is_not_there_or_lets_nobody_in(url: str, part: str, instead: str) -> None:
    wrong = re.sub(part, instead, url)
    assert not await starts(wrong)
    assert await found(wrong) == ["postgres/no-answer"]


async def test_a_role_that_may_make_no_tables(postgres: PostgresServer, do: Do) -> None:
    bare = postgres.role(AGENT)
    assert not await starts(bare)
    assert await found(bare) == ["postgres/may-not-make-tables"]
    do(f"CREATE SCHEMA {AGENT} AUTHORIZATION {AGENT}")
    assert (await found(bare), await starts(bare)) == ([], True)


async def test_tables_that_were_restored_by_somebody_else(url: str, postgres_url: str, do: Do) -> None:
    """The next release is the one that does not start."""
    assert await starts(postgres_url)
    do(f"GRANT ALL ON ALL TABLES IN SCHEMA {AGENT} TO {AGENT}")
    assert not await starts(url, (*MIGRATIONS, ADDED))
    assert await found(url) == ["postgres/tables-of-another"]


async def test_tables_of_a_release_that_is_newer(url: str) -> None:
    assert await starts(url, (*MIGRATIONS, DROPPED))
    assert not await starts(url)
    assert await found(url) == ["postgres/newer-schema"]


async def test_tables_of_a_newer_release_that_this_one_works_with(url: str) -> None:
    assert await starts(url, (*MIGRATIONS, ADDED))
    assert (await starts(url), await found(url)) == (True, [])


async def test_tables_of_a_release_that_is_older(url: str) -> None:
    assert await starts(url, MIGRATIONS[:1])
    assert await found(url) == ["postgres/older-schema"]


async def test_a_role_that_may_do_more_than_an_agent_needs(url: str, postgres_url: str, do: Do) -> None:
    assert await found(postgres_url) == ["postgres/too-many-rights"]
    do(f"ALTER ROLE {AGENT} CREATEROLE")
    assert await found(url) == ["postgres/too-many-rights"]
    do(f"ALTER ROLE {AGENT} NOCREATEROLE")
    assert await starts(postgres_url, agent=ANOTHER)
    assert await found(url) == []
    do(f"GRANT USAGE ON SCHEMA {ANOTHER} TO {AGENT}; GRANT SELECT ON {ANOTHER}.tasks TO {AGENT}")
    assert await found(url) == ["postgres/too-many-rights"]


async def test_two_agents_with_the_same_role(url: str, do: Do) -> None:
    do(f"CREATE SCHEMA {ANOTHER} AUTHORIZATION {AGENT}")
    assert await found(url, Agent(ANOTHER, environment(url))) == ["postgres/shared-role"] * 2


async def test_a_limit_that_leaves_no_room_for_the_second_replica(url: str, do: Do) -> None:
    do(f"ALTER ROLE {AGENT} CONNECTION LIMIT 7")
    assert await found(url) == ["postgres/few-connections"]
    do(f"ALTER ROLE {AGENT} CONNECTION LIMIT 8")
    assert await found(url) == []


@needs_pooler
async def test_a_proxy_that_pools_transactions(postgres: PostgresServer) -> None:
    for mode, names in (("transaction", ["postgres/pooled"]), ("session", ["postgres/too-many-rights"])):
        with pooling(postgres, mode) as url:
            assert await found(url) == names, mode


@pytest.mark.parametrize("setting", ["DATABASE_URL", "AUDIT_DATABASE_URL"])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["postgres/server-unverified"]),
        ("?sslmode=require", ["postgres/server-unverified"]),
        ("?sslmode=verify-full", []),
    ],
)
def test_a_server_elsewhere_that_need_not_prove_who_it_is(setting: str, query: str, names: list[str]) -> None:
    url = f"postgresql://{AGENT}:word@db.example.com/helpdesk{query}"
    agents = Agents({AGENT: Agent(AGENT, {setting: url, "HELPDESK_ENV": "production"})})
    diagnosis = diagnose(CHECKS, {Agents: agents, Databases: Missing("not looked at")})
    assert [finding.check.name for finding in diagnosis.findings] == names
    refused = False
    try:
        require_secure_server(setting, url, local=False)
    except ValueError:
        refused = True
    assert refused is bool(names)
