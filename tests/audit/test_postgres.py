"""In a database the agent appends and no more than that, many at once, and a lost connection loses nothing."""

import asyncio
import select
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import errors
from structlog.testing import capture_logs

from shared.audit import AuditTrail, Fault, Outcome, SealingKey, VerifyingKeys, Wanted, _trail, recorded
from shared.audit.postgres import PostgresAuditStore, prepare, sweep, trails_in
from shared.errors import AuditUnavailable, ConfigurationError
from tests.audit._proxy import Proxy
from tests.audit._trails import AGENT, EVENT, DatabaseTrails


@pytest.fixture
def trails(kept_trails: DatabaseTrails) -> DatabaseTrails:
    return kept_trails


@pytest.fixture
def proxy(trails: DatabaseTrails) -> Iterator[Proxy]:
    with Proxy(trails.server.port) as proxy:
        yield proxy


def store_through(proxy: Proxy, trails: DatabaseTrails) -> PostgresAuditStore:
    url = trails.appending.replace(f":{trails.server.port}/", f":{proxy.port}/")
    return PostgresAuditStore.open(url, agent=AGENT)


def through(proxy: Proxy, trails: DatabaseTrails) -> AuditTrail:
    return trails.open(store_through(proxy, trails))


def outcomes(trails: DatabaseTrails) -> list[tuple[str, str]]:
    return [(body["outcome"], body.get("result", "")) for body in trails.bodies() if body["action"].startswith("acc")]


@pytest.mark.requirement("H2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET subject = 'nobody'",
        "DELETE FROM records",
        "TRUNCATE records",
        "UPDATE seals SET hash = ''",
        "DELETE FROM seals",
        "TRUNCATE seals CASCADE",
        "DELETE FROM expired",
        "UPDATE kept SET subject = 'nobody'",
        "DELETE FROM kept",
        "DROP TABLE records",
        "ALTER TABLE records DISABLE TRIGGER ALL",
        "CREATE RULE r AS ON INSERT TO records DO INSTEAD NOTHING",
        "CREATE TRIGGER t BEFORE INSERT ON records EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "INSERT INTO records (writer, sequence, arrived) VALUES ('x', 1, now() - interval '10 years')",
        "INSERT INTO migrations VALUES (99, 99)",
    ],
)
async def test_the_agents_own_role_can_change_nothing_that_it_has_written(
    trails: DatabaseTrails, statement: str
) -> None:
    await trails.write(2)
    with psycopg.connect(trails.appending) as connection:
        connection.execute(f"SET search_path = audit_{AGENT}")
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (4,)
        with pytest.raises((errors.InsufficientPrivilege, errors.WrongObjectType)):
            connection.execute(statement.encode())
    assert trails.verify().is_whole


@pytest.mark.parametrize("may", ["UPDATE (hash)", "DELETE", "TRUNCATE", "TRIGGER"])
def test_a_role_that_could_is_not_accepted(trails: DatabaseTrails, may: str) -> None:
    trails.execute(f"GRANT {may} ON seals TO {AGENT}")
    for url in (trails.appending, trails.keeper, trails.server.url):
        with pytest.raises(ConfigurationError, match="names a role that may change the trail"):
            PostgresAuditStore.open(url, agent=AGENT)


def test_a_database_that_nobody_prepared_is_named_with_what_to_do(trails: DatabaseTrails) -> None:
    for agent, url in (("supervisor", trails.server.role("supervisor")), (AGENT, trails.server.role("supervisor"))):
        with pytest.raises(ConfigurationError, match=r"AUDIT_DATABASE_URL .* `helpdesk audit prepare`"):
            PostgresAuditStore.open(url, agent=agent)
    trails.execute("DELETE FROM migrations")
    with pytest.raises(ConfigurationError, match=r"an older release made .* `helpdesk audit prepare`"):
        PostgresAuditStore.open(trails.appending, agent=AGENT)
    trails.execute("INSERT INTO migrations VALUES (1, 1), (2, 2)")
    with pytest.raises(ConfigurationError, match="a newer release made"):
        PostgresAuditStore.open(trails.appending, agent=AGENT)


def test_who_prepares_needs_the_roles_and_the_right_to_make_schemas(trails: DatabaseTrails) -> None:
    with pytest.raises(ConfigurationError, match="make the role of each agent"):
        prepare(trails.keeper, ["nobody_at_all"])
    with pytest.raises(ConfigurationError, match="let this role make schemas"):
        prepare(trails.server.role("supervisor"), ["supervisor"])
    with pytest.raises(ConfigurationError, match="AUDIT_DATABASE_URL is no URL"):
        prepare("postgresql://[", ["supervisor"])


async def test_preparing_again_leaves_everything_as_it_is_while_agents_write(trails: DatabaseTrails) -> None:
    trail = trails.open()
    await trail.record(EVENT)
    await asyncio.to_thread(prepare, trails.keeper, [AGENT])
    await trail.record(EVENT)
    await trail.aclose()
    assert trails.verify().is_whole


async def test_agents_share_a_database_and_see_nothing_of_each_other_and_a_reader_sees_all(
    trails: DatabaseTrails,
) -> None:
    reader, other = trails.server.role("auditor"), trails.server.role("supervisor")
    prepare(trails.keeper, [AGENT, "supervisor"], readers=["auditor"])
    await trails.write(1)
    trail = AuditTrail.begin(PostgresAuditStore.open(other, agent="supervisor"), trails.key, agent="supervisor")
    await trail.aclose()
    assert (trails_in(reader), trails_in(other)) == ([AGENT, "supervisor"], ["supervisor"])
    for agent, records in ((AGENT, 3), ("supervisor", 2)):
        with closing(PostgresAuditStore.read(reader, agent=agent)) as store:
            assert len(store.search(Wanted(), most=10)) == records
    with psycopg.connect(reader) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("INSERT INTO audit_supervisor.seals VALUES ('', 1, '', '', '')")
    with psycopg.connect(other) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("SELECT FROM audit_password_reset.records")


@pytest.mark.requirement("H5")
async def test_a_server_that_was_started_again_is_not_noticed(trails: DatabaseTrails) -> None:
    trail = trails.open()
    await trail.record(EVENT)
    trails.server.stop()
    trails.server.start()
    await trail.record(EVENT)
    await trail.aclose()
    assert len(outcomes(trails)) == 2
    assert trails.verify().is_whole


@pytest.mark.requirement("H5")
async def test_while_the_database_is_away_nothing_is_done_and_what_was_noted_is_written_afterwards(
    proxy: Proxy, trails: DatabaseTrails
) -> None:
    store = store_through(proxy, trails)
    trail = trails.open(store)
    proxy.is_away, proxy.swallows = True, 1
    await asyncio.to_thread(_drop, trails, store)
    done: list[str] = []

    async def act() -> str:
        done.append("it was done")
        return ""

    for _ in range(3):
        trail.note(replace(EVENT, outcome=Outcome.ALLOWED))
        with pytest.raises(AuditUnavailable):
            await recorded(trail, EVENT, act)
    assert done == []
    with pytest.raises(AuditUnavailable):
        await trail.of_person("https://tenant.example/", "auth0|amelia", since=0, most=10)
    proxy.is_away, proxy.swallows = False, 0
    await recorded(trail, EVENT, act)
    await trail.aclose()
    assert outcomes(trails) == [("allowed", "")] * 3 + [("attempted", ""), ("succeeded", "")]
    assert trails.verify().is_whole


def _drop(trails: DatabaseTrails, store: PostgresAuditStore) -> None:
    """Ends the agents' sessions, as a server does that goes down; the one of this store is over when it returns.

    Until its end has come, what is sent on it may arrive.
    """
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role"
    trails.execute((ended, {"role": AGENT}))
    assert select.select([store._connection], [], [], 30)[0]


@pytest.mark.requirement("H3")
async def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_written_twice(
    proxy: Proxy, trails: DatabaseTrails
) -> None:
    trail = through(proxy, trails)
    await trail.record(EVENT)
    proxy.swallows = 1
    await trail.record(EVENT)
    await trail.record(EVENT)
    await trail.aclose()
    assert len(outcomes(trails)) == 3
    assert trails.verify().is_whole


@pytest.mark.requirement("H3")
async def test_what_may_have_arrived_is_not_acted_upon_and_the_record_says_so_once(
    proxy: Proxy, trails: DatabaseTrails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost, and then the server is away: nobody knows whether the record before the act is there."""
    monkeypatch.setattr(_trail, "GATHER_SECONDS", 60.0)  # what is noted is not sent before it
    trail = through(proxy, trails)

    async def act() -> str:
        raise AssertionError("it was done")

    proxy.swallows, proxy.is_away = 1, True
    trail.note(replace(EVENT, outcome=Outcome.ALLOWED))
    with pytest.raises(AuditUnavailable) as told:
        await recorded(trail, EVENT, act)
    assert told.value.may_be_kept
    proxy.is_away = False
    await trail.settled()
    await trail.aclose()
    assert outcomes(trails) == [("allowed", ""), ("attempted", ""), ("failed", "audit_unavailable")]
    assert trails.verify().is_whole


@pytest.mark.requirement("H5")
async def test_a_server_that_takes_records_and_does_not_keep_them_is_not_believed(trails: DatabaseTrails) -> None:
    trail = trails.open()
    trails.execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    trails.execute("CREATE TRIGGER swallow BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION nothing()")
    with pytest.raises(AuditUnavailable):
        await trail.record(EVENT)
    trails.execute("DROP TRIGGER swallow ON records")
    await trail.aclose()


@pytest.mark.requirement("H5")
async def test_a_chain_that_somebody_else_went_on_with_is_gone_on_with_no_more(trails: DatabaseTrails) -> None:
    trail = trails.open()
    await trail.record(EVENT)
    trails.execute(
        "INSERT INTO records SELECT writer, 3, at, action, outcome, subject, resource, task, body, hash "
        "FROM records WHERE sequence = 2"
    )
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(AuditUnavailable) as told:
                await trail.record(EVENT)
    assert "somebody else has written in this chain" in str(told.value.detail)
    assert {log["event"] for log in logs} == {"audit_not_written"}
    await trail.aclose()
    (problem,) = trails.verify().problems
    assert (problem.sequence, problem.fault) == (3, Fault.CHANGED)


async def test_every_replica_tells_a_person_the_same(trails: DatabaseTrails) -> None:
    first, second = trails.open(), trails.open()
    for trail in (first, second, first):
        trails.clock.advance(1)
        await trail.record(EVENT)
    told = [
        await trail.of_person("https://tenant.example/", "auth0|amelia", since=0, most=10) for trail in (first, second)
    ]
    for trail in (first, second):
        await trail.aclose()
    assert told[0] == told[1]
    assert [one["writer"] for one in told[0]] == [first.writer, second.writer, first.writer]


def signed_by(key: SealingKey) -> Callable[[str], VerifyingKeys]:
    return lambda _: VerifyingKeys.of(key)


async def old_trail(trails: DatabaseTrails) -> str:
    """A trail whose first chain has been let go."""
    writer = await trails.write(5)
    trails.clock.advance(40 * 86400)
    trail = trails.open()
    assert await trail.expire(days=30) == 7
    assert await trail.expire(days=30) == 0
    await trail.aclose()
    assert trails.count(writer) == 7  # the agent could not delete them
    report = trails.verify()
    assert (report.is_whole, report.records) == (True, 3)
    return writer


async def test_what_an_agent_lets_go_is_deleted_by_who_keeps_the_trail_once_it_is_old(trails: DatabaseTrails) -> None:
    writer = await old_trail(trails)
    keys = signed_by(trails.key)
    assert [(one.records, one.kept) for one in sweep(trails.keeper, keys, days=30)] == [(0, (writer,))]
    trails.execute("UPDATE records SET arrived = arrived - interval '31 days'")
    assert [(one.records, one.kept) for one in sweep(trails.keeper, keys, days=30)] == [(7, ())]
    assert trails.count(writer) == 0
    assert trails.verify().is_whole
    assert [one.records for one in sweep(trails.keeper, keys, days=30)] == [0]


@pytest.mark.requirement("H2")
async def test_nothing_is_deleted_that_nobody_signed_and_a_deletion_without_leave_is_found(
    trails: DatabaseTrails,
) -> None:
    writer = await old_trail(trails)
    (swept,) = sweep(trails.keeper, signed_by(SealingKey.generate()), days=0)
    assert (swept.records, swept.kept) == (0, (writer,))
    with pytest.raises(ConfigurationError, match="as the role that keeps the trail"):
        sweep(trails.appending, signed_by(trails.key), days=0)
    trails.execute(
        "DELETE FROM expired",
        ("DELETE FROM records WHERE writer = :writer AND sequence <= 3", {"writer": writer}),
    )
    problems = {problem.writer: problem.fault for problem in trails.verify().problems}
    assert problems[writer] is Fault.MISSING


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(subject="auth0|amelia"), 2),
        (Wanted(agent=AGENT, action="account:*"), 2),
        (Wanted(agent="password"), 0),
        (Wanted(action="account%"), 0),
        (Wanted(action="account:loc_:*"), 0),
        (Wanted(action="*:lock:*", resource="account:00u1", outcome="attempted"), 2),
        (Wanted(holding='"actors":["supervisor"]'), 2),
        (Wanted(holding='"actors":["Supervisor"]'), 0),
        (Wanted(until=0), 0),
        (Wanted(since=0), 4),
    ],
)
async def test_records_are_found_as_in_a_file(
    trails: DatabaseTrails, file_trails: Any, wanted: Wanted, found: int
) -> None:
    for kept in (trails, file_trails):
        await kept.write(2)
        with closing(kept.reader()) as store:
            assert len(store.search(wanted, most=10)) == found
