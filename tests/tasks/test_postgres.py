"""PostgreSQL: tables that change under a running release, statements that go together, and a server that goes away."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import psycopg
import pytest
from a2a.server.cluster import TaskVersion
from a2a.types import ListTasksRequest, Message, Part, Role, TaskState

from shared.errors import ConfigurationError, UpstreamUnavailable
from shared.postgres import Migration
from shared.tasks import open_storage
from shared.tasks.postgres import PostgresDatabase, PostgresStorage
from shared.tasks.postgres._lanes import LANES
from shared.tasks.postgres._schema import MIGRATIONS
from shared.testing import Clock, PostgresServer
from tests.tasks._kinds import select
from tests.tasks._tasks import call, chunk, make_task

AGENT = "account_lookup"
ADDED = Migration("ALTER TABLE tasks ADD COLUMN note text", works_with=1)
DROPPED = Migration("ALTER TABLE tasks DROP COLUMN runner", works_with=3)


@pytest.fixture
async def opened(postgres_url: str, clock: Clock) -> AsyncIterator[PostgresStorage]:
    storage = PostgresStorage.open(postgres_url, agent=AGENT, clock=clock)
    await storage.start()
    yield storage
    await storage.aclose()


async def save(storage: PostgresStorage) -> str:
    task = make_task(TaskState.TASK_STATE_WORKING)
    await storage.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    return task.id


def open_with(url: str, *migrations: Migration) -> PostgresDatabase:
    return PostgresDatabase.open(url, agent=AGENT, migrations=(*MIGRATIONS, *migrations))


async def test_agents_share_a_database_and_see_nothing_of_each_other(
    opened: PostgresStorage, postgres_url: str
) -> None:
    task_id = await save(opened)
    other = PostgresStorage.open(postgres_url, agent="supervisor")
    await other.start()
    try:
        assert await other.tasks.get(task_id, call()) is None
        assert [event async for event in other.events.subscribe(task_id, after=TaskVersion.MISSING)] == []
    finally:
        await other.aclose()


async def test_an_agent_whose_schema_was_made_for_it_needs_no_right_to_make_one(
    postgres: PostgresServer, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as administrator:
        administrator.execute("CREATE ROLE agent LOGIN PASSWORD 'word'")
        with suppress(psycopg.Error):
            administrator.execute("REVOKE CREATE ON DATABASE postgres FROM PUBLIC, agent")
    try:
        url = postgres.url_for("agent", "word")
        with pytest.raises(ConfigurationError, match=f"let its user make the schema {AGENT}"):
            PostgresDatabase.open(url, agent=AGENT)
        with psycopg.connect(postgres_url, autocommit=True) as administrator:
            administrator.execute(f"CREATE SCHEMA {AGENT} AUTHORIZATION agent")
        storage = PostgresStorage.open(url, agent=AGENT)
        await storage.start()
        assert await storage.tasks.get(await save(storage), call()) is not None
        await storage.aclose()
    finally:
        postgres.clear()
        with psycopg.connect(postgres_url, autocommit=True) as administrator:
            administrator.execute("DROP ROLE agent")


async def test_replicas_that_start_at_once_make_the_tables_once(postgres_url: str) -> None:
    opened = await asyncio.gather(
        *(asyncio.to_thread(PostgresDatabase.open, postgres_url, agent=AGENT) for _ in range(4))
    )
    assert len({database.key for database in opened}) == 1
    for database in opened:
        await database.aclose()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(f"SELECT number FROM {AGENT}.migrations").fetchall() == [(1,), (2,)]  # noqa: S608 -- a name of the test


async def test_a_release_goes_on_and_starts_again_beside_a_newer_one_that_only_adds(
    opened: PostgresStorage, postgres_url: str
) -> None:
    newer = await asyncio.to_thread(open_with, postgres_url, ADDED)
    await newer.aclose()
    assert await opened.tasks.get(await save(opened), call()) is not None
    again = PostgresStorage.open(postgres_url, agent=AGENT)
    await again.start()
    assert await again.tasks.get(await save(again), call()) is not None
    await again.aclose()


async def test_tables_are_not_changed_under_a_release_that_could_not_go_on(
    opened: PostgresStorage, postgres_url: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"an older release \(schema 2\) works with.*stop it first"):
        await asyncio.to_thread(open_with, postgres_url, DROPPED)
    assert await opened.tasks.get(await save(opened), call()) is not None
    await opened.aclose()
    newer = await asyncio.to_thread(open_with, postgres_url, DROPPED)
    await newer.aclose()
    with pytest.raises(ConfigurationError, match=r"a newer release made \(schema 3\)"):
        PostgresDatabase.open(postgres_url, agent=AGENT)


async def test_a_migration_that_older_releases_go_on_with_only_adds(postgres_url: str) -> None:
    """Nothing that they know is gone or another thing, and what they do not know of has a value without them."""
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    for number, migration in enumerate(MIGRATIONS, 1):
        database = PostgresDatabase.open(postgres_url, agent=AGENT, migrations=MIGRATIONS[:number])
        await database.aclose()
        with psycopg.connect(postgres_url) as connection:
            rows = connection.execute(
                "SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, '') "
                "FROM information_schema.columns WHERE table_schema = %s AND is_identity = 'NO'",
                (AGENT,),
            ).fetchall()
        columns = {(table, column): tuple(rest) for table, column, *rest in rows}
        if migration.works_with < number:
            assert known.items() <= columns.items()
            tables = {table for table, _ in known}
            new = [columns[each] for each in columns.keys() - known.keys() if each[0] in tables]
            assert all(is_nullable == "YES" or default for _, is_nullable, default in new)
        known = columns


async def test_a_migration_that_fails_leaves_nothing_behind(opened: PostgresStorage, postgres_url: str) -> None:
    wrong = Migration("ALTER TABLE tasks ADD COLUMN note text; SELECT 1 / 0", works_with=1)
    with pytest.raises(ConfigurationError, match="cannot be made"):
        await asyncio.to_thread(open_with, postgres_url, wrong)
    assert await select(opened, "SELECT count(*) FROM migrations") == [(2,)]
    assert await select(opened, "SELECT 1 FROM information_schema.columns WHERE column_name = 'note'") == []


@pytest.mark.parametrize("what", ["password", "database", "server"])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(postgres: PostgresServer, what: str) -> None:
    url = {
        "password": postgres.url_for("postgres", "wrong-word"),
        "database": f"{postgres.url_for('postgres', postgres.password)}-not-there",
        "server": "postgresql://me:wrong-word@127.0.0.1:1/helpdesk",
    }[what]
    with pytest.raises(ConfigurationError, match="DATABASE_URL names a database that cannot be reached") as caught:
        PostgresStorage.open(url, agent=AGENT, patience=0)
    assert "wrong-word" not in str(caught.value) + caught.value.public_message
    assert postgres.password not in caught.value.public_message


@pytest.mark.parametrize("url", ["postgresql://[::1/name", "postgresql://me@host/name?colour=blue"])
def test_a_url_that_libpq_does_not_take_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL is no URL of PostgreSQL") as caught:
        open_storage(url, agent=AGENT)
    assert url not in caught.value.public_message


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("shared.tasks.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match="install the extra 'postgres' of 'shared'"):
        open_storage("postgresql://host/name", agent=AGENT)


async def test_what_is_written_in_one_turn_of_the_loop_is_one_transaction(opened: PostgresStorage) -> None:
    await asyncio.gather(*(save(opened) for _ in range(10)))
    assert await select(opened, "SELECT count(DISTINCT xmin::text), count(*) FROM tasks") == [(1, 10)]


async def test_one_that_cannot_be_written_takes_nothing_else_down(opened: PostgresStorage) -> None:
    wrong = opened.database.run(("INSERT INTO meta VALUES ('half', '')", ()), ("SELECT 1 / 0", ()))
    results = await asyncio.gather(save(opened), wrong, save(opened), return_exceptions=True)
    assert isinstance(results[1], psycopg.errors.DivisionByZero)
    assert await select(opened, "SELECT count(*) FROM tasks") == [(2,)]
    assert await select(opened, "SELECT 1 FROM meta WHERE name = 'half'") == []


async def test_nothing_waits_for_a_lane_that_has_looked_for_the_last_time(opened: PostgresStorage) -> None:
    """What comes just when the only lane is done has it begin again."""

    async def ask() -> None:
        for _ in range(50):
            await opened.database.run(("SELECT 1", ()))

    async with asyncio.timeout(30):
        await asyncio.gather(*(ask() for _ in range(LANES + 1)))


async def test_two_processes_that_wait_for_each_others_rows_both_go_on(
    opened: PostgresStorage, postgres_url: str
) -> None:
    """Each takes what the other wants next. The server ends one of the two, which is then asked for again by itself."""
    other = PostgresStorage.open(postgres_url, agent=AGENT)
    await other.start()
    try:
        claims = []
        for storage, order in ((opened, ("a", "b")), (other, ("b", "a"))):
            first, second = (
                storage.messages.claim("alice", message_id, f"task of {message_id}") for message_id in order
            )
            pause = storage.database.run(("SELECT pg_sleep(0.3)", ()))
            claims += [first, pause, second]
        found = await asyncio.gather(*claims)
        assert sorted(str(found[place]) for place in (0, 5)) == ["None", "task of a"]
        assert sorted(str(found[place]) for place in (2, 3)) == ["None", "task of b"]
    finally:
        await other.aclose()


async def test_texts_that_postgresql_does_not_know_are_nobodys(opened: PostgresStorage) -> None:
    await save(opened)
    assert await opened.tasks.get("a\0b", call()) is None
    await opened.tasks.delete("a\0b", call())
    assert [event async for event in opened.events.subscribe("a\0b", after=TaskVersion.MISSING)] == []
    assert len((await opened.tasks.list(ListTasksRequest(context_id="a\0b"), call())).tasks) == 0
    message = {"role": "user", "content": [{"text": "a\0b"}]}
    await opened.conversations.append("alice", "context", [message])
    assert await opened.conversations.load("alice", "context") == [message]


async def test_a_follower_in_another_process_is_told_and_need_not_look(
    opened: PostgresStorage, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.tasks.postgres._stream.LOOK_SECONDS", 3600)
    other = PostgresStorage.open(postgres_url, agent=AGENT)
    await other.start()
    try:
        task = make_task()
        version = await opened.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
        async with aclosing(other.events.subscribe(task.id, after=version)) as events, asyncio.timeout(20):
            for text in ("one", "two"):
                event = chunk(task, text, append=text != "one")
                waiting = asyncio.create_task(anext(events))
                version = await opened.tasks.save(task, event=event, prev=None, prev_version=version, context=call())
                assert (await waiting).event == event
    finally:
        await other.aclose()


async def test_a_server_that_goes_away_is_said_to_be_and_used_again_when_it_is_back(
    postgres: PostgresServer, opened: PostgresStorage
) -> None:
    task_id = await save(opened)
    postgres.stop(signal.SIGQUIT)
    try:
        with pytest.raises(UpstreamUnavailable) as caught:
            await opened.tasks.get(task_id, call())
        assert caught.value.retry_after is not None
    finally:
        postgres.start()
    async with asyncio.timeout(30):
        while not opened.database.is_listening:
            with suppress(UpstreamUnavailable):
                await save(opened)
    assert await opened.tasks.get(task_id, call()) is not None
    assert await opened.recovery.fail_abandoned() == 0


async def test_a_connection_that_was_lost_while_nobody_used_it_is_not_noticed(
    opened: PostgresStorage, postgres_url: str
) -> None:
    task_id = await save(opened)
    with psycopg.connect(postgres_url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'helpdesk%'"
        )
    assert await opened.tasks.get(task_id, call()) is not None


async def test_a_process_whose_connection_was_lost_is_given_time_to_come_back(
    opened: PostgresStorage, postgres_url: str, clock: Clock
) -> None:
    await save(opened)
    other = PostgresStorage.open(postgres_url, agent=AGENT, clock=clock)
    await other.start()
    try:
        with psycopg.connect(postgres_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objid::int = %s",
                (opened.database.runner,),
            )
        assert await other.recovery.fail_abandoned() == 0
        async with asyncio.timeout(20):
            while not opened.database.is_listening or not await select(
                other,
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = ?",
                opened.database.runner,
            ):
                await save(opened)
        assert await other.recovery.fail_abandoned() == 0
        clock.advance(60)
        assert await other.recovery.fail_abandoned() == 0
    finally:
        await other.aclose()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM tasks WHERE owner = 'x' AND state IN (0, 1, 2, 6, 8)",
        "SELECT task_id FROM tasks WHERE owner = 'x' ORDER BY status_ns DESC NULLS LAST, task_id DESC LIMIT 51",
        "SELECT id FROM tasks WHERE saved_at < 1 AND state IN (3, 4, 5, 7) ORDER BY saved_at LIMIT 100",
        "SELECT id FROM contexts WHERE used_at < 1 ORDER BY used_at LIMIT 100",
        "SELECT message_id FROM ledger WHERE claimed_at < 1 ORDER BY claimed_at LIMIT 100",
    ],
)
async def test_what_is_looked_for_often_is_found_by_an_index(opened: PostgresStorage, query: str) -> None:
    *_, rows = await opened.database.run(
        ("SET LOCAL enable_seqscan = off", ()), ("SET LOCAL enable_sort = off", ()), (f"EXPLAIN {query}", ())
    )
    plan = "\n".join(line for (line,) in rows)
    assert "Index" in plan, plan
    assert "Sort" not in plan, plan


async def claimed_by_one_that_died(storage: PostgresStorage, url: str, task_id: str) -> None:
    """Another process claims the message `m` for a task, and is no more."""
    other = PostgresStorage.open(url, agent=AGENT)
    await other.start()
    assert await other.messages.claim("alice", "m", task_id) is None
    await other.aclose()
    async with asyncio.timeout(20):
        while await select(storage, "SELECT 1 FROM pg_locks WHERE objid::bigint = ?", other.database.runner):
            pass


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at who lives takes one second of the test's clock, and no time."""
    monkeypatch.setattr("shared.tasks.postgres._ledger.LOOK_SECONDS", 0)
    monkeypatch.setattr(Clock, "__call__", _ticks)


def _ticks(clock: Clock) -> float:
    clock.advance(1)
    return clock.now


@pytest.mark.requirement("C6")
@pytest.mark.usefixtures("ticking")
async def test_a_message_that_a_killed_process_never_took_up_is_anybodys(
    opened: PostgresStorage, postgres_url: str
) -> None:
    await claimed_by_one_that_died(opened, postgres_url, "task-1")
    async with asyncio.timeout(20):
        results = await asyncio.gather(*(opened.messages.claim("alice", "m", f"task-{n}") for n in (2, 3)))
    assert sorted(map(str, results)) in (["None", "task-2"], ["None", "task-3"])


@pytest.mark.requirement("C6")
@pytest.mark.usefixtures("ticking")
@pytest.mark.parametrize("how", ["begun", "gone on with"])
async def test_a_message_that_a_killed_process_took_up_is_not_done_again(
    opened: PostgresStorage, postgres_url: str, how: str
) -> None:
    task = make_task(TaskState.TASK_STATE_INPUT_REQUIRED)
    if how == "begun":
        await claimed_by_one_that_died(opened, postgres_url, task.id)
    version = await opened.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    if how == "gone on with":
        await claimed_by_one_that_died(opened, postgres_url, task.id)
        task.history.append(Message(message_id="m", role=Role.ROLE_USER, parts=[Part(text="Mine")]))
        task.status.state = TaskState.TASK_STATE_WORKING
        await opened.tasks.save(task, event=task, prev=None, prev_version=version, context=call())
    assert await opened.messages.claim("alice", "m", "another") == task.id


@pytest.mark.requirement("C6")
@pytest.mark.usefixtures("ticking")
async def test_a_message_that_goes_on_with_a_task_and_was_never_taken_up_is_anybodys(
    opened: PostgresStorage, postgres_url: str
) -> None:
    task = make_task(TaskState.TASK_STATE_INPUT_REQUIRED)
    await opened.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    await claimed_by_one_that_died(opened, postgres_url, task.id)
    async with asyncio.timeout(20):
        assert await opened.messages.claim("alice", "m", task.id) is None
