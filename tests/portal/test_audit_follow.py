"""Whoever follows the record gets each record once, in order, wherever its trail is made, moved or put anew."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portal.record import Follower, Source
from shared.audit import Action, AuditFile, AuditTrail, Outcome, SealingKey, Wanted
from shared.testing import Clock
from tests.portal._trails import event, open_trail, tamper, write
from tests.portal.running import Command


def numbered(*tasks: str) -> list[Any]:
    return [event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, task) for task in tasks]


def begun(*sources: Source, page: int = 100) -> Follower:
    follower = Follower(Wanted(action="request:*"), page=page)
    for source in sources:
        follower.begin(source, most=10)
    return follower


def followed(follower: Follower, source: Source) -> list[str]:
    return [str(one["where"]["task"]) for one in follower.news(source).records]


def trail_of(state: Path, agent: str) -> Source:
    return Source(state / agent / "audit.sqlite3")


@contextmanager
def following(command: Command, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = command.start("audit", "--follow", "--json", *arguments)
    try:
        yield child
    finally:
        child.terminate()
        child.communicate(timeout=20)


def complaint(child: subprocess.Popen[str]) -> str:
    assert child.stderr is not None
    return child.stderr.readline()


def records(child: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    assert child.stdout is not None
    return [json.loads(child.stdout.readline()) for _ in range(count)]


def test_what_was_written_late_comes_once_and_all_of_it(tmp_path: Path) -> None:
    """A record's time is when it happened; an agent whose database was away writes it later."""
    clock, source = Clock(), Source(tmp_path / "trail.sqlite3")
    store, other = (AuditFile.open(tmp_path / "trail.sqlite3", create=True) for _ in range(2))
    trail = AuditTrail.begin(store, SealingKey.generate(), agent="supervisor", clock=clock)
    trail.note(*numbered("before"))
    asyncio.run(trail.settled())
    follower = begun(source)
    assert followed(follower, source) == []
    clock.advance(3600)
    trail.note(*numbered("new"))
    asyncio.run(trail.settled())
    assert followed(follower, source) == ["new"]
    clock.advance(-3000)
    trail.note(*numbered("late"))
    trail.note(event(Action.ACCOUNT_READ, task="not wanted"))
    late = AuditTrail.begin(other, SealingKey.generate(), agent="supervisor", clock=clock)
    late.note(*numbered("of another"))
    for each in (trail, late):
        each.close()
    assert sorted(followed(follower, source)) == ["late", "of another"]
    assert followed(follower, source) == []


def test_trails_that_are_made_later_are_read_from_their_beginning(tmp_path: Path) -> None:
    """Also where there was none at all."""
    command = Command(tmp_path / "var", tmp_path / "home")
    with following(command) as child:
        assert "There is no audit trail yet. It is waited for." in complaint(child)
        for agent, task in (("supervisor", "s1"), ("password_reset", "p1")):
            write(command.state, {agent: numbered(task)})
            found = records(child, 3)
            assert [(one["agent"], one["sequence"]) for one in found] == [(agent, number) for number in (1, 2, 3)]
            assert found[1]["where"]["task"] == task


def test_it_goes_on_where_a_file_is_taken_away_put_anew_or_cut_off(helpdesk: Command, tmp_path: Path) -> None:
    file = helpdesk.state / "supervisor" / "audit.sqlite3"
    with following(helpdesk, "--file", str(file), "--limit", "1") as child:
        assert records(child, 1)[0]["action"] == "trail:chain:close"
        assert "These are the newest 1." in complaint(child)
        for suffix in ("", "-wal", "-shm"):
            if (old := file.with_name(f"{file.name}{suffix}")).exists():
                old.rename(tmp_path / old.name)
        assert "It is waited for." in complaint(child)
        with open_trail(helpdesk.state, "supervisor") as trail:
            trail.note(*numbered("s9"))
        assert "can be read again" in complaint(child)
        read = [(one["writer"], one["sequence"]) for one in records(child, 3)]
        assert read == [(trail.writer, number) for number in (1, 2, 3)]
        tamper(file, "DELETE FROM records WHERE sequence > 1")
        assert "has lost its end" in complaint(child)


@pytest.mark.parametrize("name", ["audit.sqlite3.1", "rotated/audit.sqlite3"])
def test_what_was_written_just_before_a_file_was_rotated_comes_first(tmp_path: Path, name: str) -> None:
    """It is found beside the new file, or in the folder of a trail; nothing of it is told twice."""
    write(tmp_path, {"supervisor": numbered("before")})
    source = trail_of(tmp_path, "supervisor")
    follower = begun(source)
    write(tmp_path, {"supervisor": numbered("unread")})
    moved = (tmp_path if "/" in name else tmp_path / "supervisor") / name
    moved.parent.mkdir(exist_ok=True)
    (tmp_path / "supervisor" / "audit.sqlite3").rename(moved)
    write(tmp_path, {"supervisor": numbered("anew")})
    sources = [Source(moved), source] if "/" in name else [source]
    told = [task for _ in range(3) for each in sources for task in followed(follower, each)]
    assert told == ["unread", "anew"]


def test_a_copy_of_a_trail_is_no_news_as_far_as_it_was_read(tmp_path: Path) -> None:
    write(tmp_path, {"supervisor": numbered("before")})
    source = trail_of(tmp_path, "supervisor")
    follower = begun(source)
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes((tmp_path / "supervisor" / "audit.sqlite3").read_bytes())
    assert followed(follower, Source(copy)) == []
    tamper(copy, "UPDATE records SET hash = X'00' WHERE sequence = 3")
    forger = begun(source)
    assert followed(forger, Source(copy)) == ["before"], "what is not the same chain hides nothing"


def test_a_chain_that_was_taken_away_before_its_end_is_named(tmp_path: Path) -> None:
    source = trail_of(tmp_path, "supervisor")
    with open_trail(tmp_path, "supervisor") as killed:
        asyncio.run(killed.record(*numbered("before")))
        follower = begun(source)
        (tmp_path / "supervisor").rename(tmp_path / "away")
    write(tmp_path, {"supervisor": numbered("anew")})
    news = follower.news(source)
    assert news.gone == (killed.writer,)
    assert follower.news(source).gone == ()
    moved = trail_of(tmp_path, "away")
    assert followed(follower, moved) == []
    (tmp_path / "supervisor").rename(tmp_path / "again")
    write(tmp_path, {"supervisor": numbered("once more")})
    assert follower.news(source).gone == (), "it had ended"


def test_a_chain_that_is_read_where_it_was_moved_to_is_not_missed(tmp_path: Path) -> None:
    source, moved = trail_of(tmp_path, "supervisor"), trail_of(tmp_path, "away")
    with open_trail(tmp_path, "supervisor") as killed:
        asyncio.run(killed.record(*numbered("before")))
        follower = begun(source)
        (tmp_path / "supervisor").rename(tmp_path / "away")
        asyncio.run(killed.record(*numbered("there")))
        assert followed(follower, moved) == ["there"]
    write(tmp_path, {"supervisor": numbered("anew")})
    assert follower.news(source).gone == ()


def test_much_at_once_is_read_a_page_at_a_time_and_in_order(tmp_path: Path) -> None:
    write(tmp_path, {"supervisor": numbered("before")})
    source = trail_of(tmp_path, "supervisor")
    follower = begun(source, page=10)
    wanted = [str(number) for number in range(35)]
    write(tmp_path, {"supervisor": numbered(*wanted)})
    told, pages, is_more = [], 0, True
    while is_more:
        news = follower.news(source)
        told += [one["where"]["task"] for one in news.records]
        pages, is_more = pages + 1, news.more
    assert (told, pages) == (wanted, 4)
    assert followed(follower, source) == []
