"""The file: private, one agent's, of a known release; and what is written together is there together."""

import asyncio
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from a2a.server.cluster import TaskVersion

from shared.errors import ConfigurationError
from shared.tasks import Database, SqliteStorage
from tests.tasks._tasks import call, chunk, make_task


def test_the_file_and_its_log_are_private(sqlite: SqliteStorage) -> None:
    assert sqlite.database.path.parent.stat().st_mode & 0o077 == 0
    for file in sqlite.database.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_another_agents_file_is_refused(sqlite: SqliteStorage) -> None:
    """Owners are the same people everywhere: one agent would list and continue the other's tasks."""
    with pytest.raises(ConfigurationError, match="belongs to account_lookup: give supervisor a file of its own"):
        SqliteStorage.open(sqlite.database.path, agent="supervisor")


def test_a_newer_releases_file_is_refused(sqlite: SqliteStorage) -> None:
    sqlite.database.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match="a newer release made"):
        SqliteStorage.open(sqlite.database.path, agent="account_lookup")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and longer than a header would be " * 40)
    with pytest.raises(ConfigurationError, match="cannot be used as a database"):
        SqliteStorage.open(file, agent="account_lookup")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        SqliteStorage.open(tmp_path / "file" / "agent.sqlite3", agent="account_lookup")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "postgresql://host/name", "/path"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        SqliteStorage.open(url, agent="account_lookup")


def test_a_url_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SqliteStorage.open("sqlite:///var/relative.sqlite3", agent="account_lookup").close()
    SqliteStorage.open(f"sqlite:///{tmp_path}/var/absolute.sqlite3", agent="account_lookup").close()
    assert {file.name for file in (tmp_path / "var").iterdir()} == {"relative.sqlite3", "absolute.sqlite3"}


async def test_what_is_written_in_one_turn_of_the_loop_is_committed_once(sqlite: SqliteStorage) -> None:
    commits: list[str] = []
    sqlite.database.connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    tasks = [make_task() for _ in range(10)]
    await asyncio.gather(
        *(
            sqlite.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
            for task in tasks
        )
    )
    assert commits == ["COMMIT"]


async def test_a_save_returns_when_others_can_see_it(sqlite: SqliteStorage) -> None:
    reader = sqlite3.connect(sqlite.database.path)
    try:
        task = make_task()
        await sqlite.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
    finally:
        reader.close()


async def test_a_commit_that_fails_is_told_to_all_who_wait_for_it(sqlite: SqliteStorage) -> None:
    """A deferred foreign key makes the commit itself fail."""
    connection = sqlite.database.connection
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE b (a INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED)")
    task = make_task()
    saving = asyncio.create_task(
        sqlite.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    )
    with sqlite.database.write() as writing:
        writing.execute("INSERT INTO b VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError):
        await saving
    assert await sqlite.tasks.get(task.id, call()) is None
    await sqlite.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())


async def test_what_belongs_together_and_could_not_be_written_whole_is_not_written_in_part(
    sqlite: SqliteStorage,
) -> None:
    task = make_task()
    version = await sqlite.tasks.save(task, event=task, prev=None, prev_version=TaskVersion.MISSING, context=call())
    sqlite.database.connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT raise(FAIL, 'full'); END"
    )
    event = chunk(task, "one", append=False)
    with pytest.raises(sqlite3.Error, match="full"):
        await sqlite.tasks.save(task, event=event, prev=None, prev_version=version, context=call())
    with suppress(sqlite3.Error):
        await sqlite.database.committed()
    stored = await sqlite.tasks.get(task.id, call())
    assert stored is not None
    assert stored.version == version
    sqlite.database.connection.execute("DROP TRIGGER full")
    await sqlite.tasks.save(task, event=event, prev=None, prev_version=version, context=call())


def test_the_log_is_copied_back_at_the_end(path: Path) -> None:
    database = Database(path, agent="account_lookup").start()
    database.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    reopened = Database(path, agent="account_lookup")
    reopened.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM tasks WHERE owner = 'x' AND state IN (0, 1, 2, 6, 8)",
        "SELECT runner FROM tasks WHERE state IN (0, 1, 2, 6, 8) AND runner IS NOT NULL",
        "SELECT task_id FROM tasks WHERE owner = 'x' ORDER BY status_ns DESC, task_id DESC LIMIT 51",
        "SELECT id FROM contexts WHERE used_at < 1 ORDER BY used_at LIMIT 100",
    ],
)
def test_what_is_looked_for_often_is_found_by_an_index(sqlite: SqliteStorage, query: str) -> None:
    plan = " ".join(row[3] for row in sqlite.database.connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert "USING" in plan, plan
    assert "TEMP B-TREE" not in plan, plan
