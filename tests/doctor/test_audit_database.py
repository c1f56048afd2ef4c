"""Each mistake in how PostgreSQL is set up for the agents' audit trails: made for real, and found by its name."""

import re

import pytest

from portal.doctor import Agent, Agents, Check, diagnose
from portal.doctor._database import Databases, look_at_databases
from portal.doctor.checks import postgres as checks
from shared.audit.postgres import PostgresAuditStore, prepare
from shared.errors import ConfigurationError
from shared.testing import PostgresServer
from tests.doctor._pooler import needs_pooler, pooling
from tests.doctor.conftest import AGENT, ANOTHER, Do

KEEPER = "keeper"
SCHEMA = f"audit_{AGENT}"
CHECKS = [check for check in vars(checks).values() if isinstance(check, Check)]


@pytest.fixture
def unprepared(postgres: PostgresServer, do: Do) -> str:
    """For an agent's role, where nobody has made its trail; it has a schema for its tasks."""
    do(f"CREATE SCHEMA {AGENT} AUTHORIZATION {AGENT}")
    return postgres.role(AGENT)


@pytest.fixture
def url(postgres: PostgresServer, unprepared: str) -> str:
    """For an agent's role, as the how-to has the keeper prepare its trail."""
    prepare(postgres.role(KEEPER, may_make_schemas=True), [AGENT, ANOTHER])
    return unprepared


def starts(url: str) -> bool:
    """Whether an agent finds its trail there."""
    try:
        PostgresAuditStore.open(url, agent=AGENT, patience=0.0).close()
    except ConfigurationError:
        return False
    return True


async def found(url: str, *more: Agent, tasks: str | None = None) -> list[str]:
    """The checks that find something in an agent's trail; and in its tasks, where they are there too."""
    environment = {"AUDIT_DATABASE_URL": url, "HELPDESK_ENV": "local"} | ({"DATABASE_URL": tasks} if tasks else {})
    agents = Agents({agent.name: agent for agent in (Agent(AGENT, environment), *more)})
    databases = await look_at_databases(agents)
    assert isinstance(databases, Databases)
    diagnosis = diagnose(CHECKS, {Databases: databases, Agents: agents})
    password = url.partition("@")[0].rpartition(":")[2]
    assert password not in str([(each.check.name, each.found) for each in diagnosis.findings])
    if tasks is None:
        assert all(each.found.setting.startswith("AUDIT_DATABASE_URL of ") for each in diagnosis.findings)
    return [finding.check.name for finding in diagnosis.findings]


async def test_a_trail_as_it_should_be(url: str) -> None:
    assert (await found(url), await found(url, tasks=url), starts(url)) == ([], [], True)


@pytest.mark.parametrize(
    ("part", "instead"), [(r"127\.0\.0\.1:\d+", "127.0.0.1:9"), ("/postgres$", "/elsewhere"), (AGENT, "nobody")]
)
async def test_a_server_that_is_not_there_or_lets_nobody_in(url: str, part: str, instead: str) -> None:
    wrong = re.sub(part, instead, url)
    assert (await found(wrong), starts(wrong)) == (["postgres/no-answer"], False)
    assert await found(wrong, tasks=url) == ["postgres/no-answer"]


async def test_a_trail_that_nobody_has_prepared(unprepared: str) -> None:
    assert (await found(unprepared), starts(unprepared)) == (["postgres/trail-not-prepared"], False)


async def test_tables_of_a_release_that_is_older_or_newer(url: str, do: Do) -> None:
    do("DELETE FROM audit_account_lookup.migrations")
    assert (await found(url), starts(url)) == (["postgres/trail-not-prepared"], False)
    do("INSERT INTO audit_account_lookup.migrations VALUES (1, 1), (2, 9)")
    assert (await found(url), starts(url)) == (["postgres/newer-schema"], False)
    do("UPDATE audit_account_lookup.migrations SET works_with = 1")
    assert (await found(url), starts(url)) == ([], True)


@pytest.mark.parametrize(
    ("statement", "can_start"),
    [
        ("REVOKE INSERT ON {}.records FROM {}", True),
        ("REVOKE INSERT (signature) ON {}.seals FROM {}", True),
        ("REVOKE SELECT ON {}.migrations FROM {}", False),
        ("REVOKE USAGE ON SCHEMA {} FROM {}", False),
    ],
)
async def test_a_role_that_may_not_read_its_trail_or_append_to_it(
    url: str, do: Do, statement: str, *, can_start: bool
) -> None:
    do(statement.format(SCHEMA, AGENT))
    assert (await found(url), starts(url)) == (["postgres/may-not-append"], can_start)


@pytest.mark.requirement("H3")
@pytest.mark.parametrize(
    "statement",
    [
        "GRANT DELETE ON {}.records TO {}",
        "GRANT UPDATE (body) ON {}.records TO {}",
        "GRANT TRUNCATE ON {}.seals TO {}",
        "GRANT TRIGGER ON {}.expired TO {}",
        "ALTER TABLE {}.records OWNER TO {}",
        "ALTER SCHEMA {} OWNER TO {}",
    ],
)
async def test_a_role_that_may_change_its_trail_or_remove_it(url: str, do: Do, statement: str) -> None:
    """Whoever owns the schema may drop what is in it, whosever that is."""
    do(statement.format(SCHEMA, AGENT))
    assert (await found(url), starts(url)) == (["postgres/may-change-trail"], False)


@pytest.mark.requirement("H3")
async def test_the_role_that_keeps_the_trails_is_none_for_an_agent_nor_may_its_own_be_a_member(
    postgres: PostgresServer, url: str, do: Do
) -> None:
    keeper = postgres.role(KEEPER)
    names = ["postgres/may-change-trail", "postgres/too-many-rights"]
    assert (await found(keeper), await found(keeper, tasks=url), starts(keeper)) == (names, names, False)
    do(f"GRANT {KEEPER} TO {AGENT}")
    try:
        assert (await found(url), starts(url)) == (names, False)
    finally:
        do(f"REVOKE {KEEPER} FROM {AGENT}")


async def test_a_role_that_may_do_more_than_an_agent_needs(url: str, do: Do) -> None:
    do(f"ALTER ROLE {AGENT} CREATEROLE")
    assert await found(url) == ["postgres/too-many-rights"]
    assert await found(url, tasks=url) == ["postgres/too-many-rights"]
    do(f"ALTER ROLE {AGENT} NOCREATEROLE")
    do(f"GRANT USAGE ON SCHEMA audit_{ANOTHER} TO {AGENT}; GRANT SELECT ON audit_{ANOTHER}.records TO {AGENT}")
    assert await found(url) == ["postgres/too-many-rights"]


async def test_two_agents_with_the_same_role(url: str) -> None:
    another = Agent(ANOTHER, {"AUDIT_DATABASE_URL": url, "HELPDESK_ENV": "local"})
    assert await found(url, another) == [
        "postgres/may-not-append",
        "postgres/too-many-rights",  # one reads what is the other's
        *["postgres/shared-role"] * 2,
    ]


async def test_the_connections_of_the_trail_are_counted_beside_those_of_the_tasks(url: str, do: Do) -> None:
    """Of two replicas: four each for the tasks, and two for the trail."""
    for limit, alone, together in (
        (3, ["postgres/few-connections"], ["postgres/few-connections"]),
        (4, [], ["postgres/few-connections"]),
        (11, [], ["postgres/few-connections"]),
        (12, [], []),
    ):
        do(f"ALTER ROLE {AGENT} CONNECTION LIMIT {limit}")
        assert (await found(url), await found(url, tasks=url)) == (alone, together), limit


async def test_limits_of_roles_are_held_against_each_role_and_that_of_the_database_against_all(
    postgres: PostgresServer, url: str, do: Do
) -> None:
    another = Agent(ANOTHER, {"AUDIT_DATABASE_URL": postgres.role(ANOTHER), "HELPDESK_ENV": "local"})
    for name in (AGENT, ANOTHER):
        do(f"ALTER ROLE {name} CONNECTION LIMIT 4")
    assert await found(url, another) == []
    do("ALTER DATABASE postgres CONNECTION LIMIT 7")
    try:
        assert await found(url, another) == ["postgres/few-connections"] * 2
    finally:
        do("ALTER DATABASE postgres CONNECTION LIMIT -1")


@needs_pooler
async def test_a_proxy_that_pools_transactions(postgres: PostgresServer, url: str) -> None:
    assert starts(url)
    for mode, names in (
        ("transaction", ["postgres/pooled"]),
        ("session", ["postgres/may-change-trail", "postgres/too-many-rights"]),
    ):
        with pooling(postgres, mode) as pooled:
            assert await found(pooled) == names, mode
