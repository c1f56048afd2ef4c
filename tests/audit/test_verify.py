"""Whoever changes the record afterwards is found out, and nobody else is accused."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.audit import AuditTrail, Fault, SealingKey
from shared.testing import PostgresServer
from tests.audit._trails import EVENT, DatabaseTrails, FileTrails, Trails, database_trails

INSERTED = (
    "INSERT INTO records SELECT writer, sequence + 1, at, action, outcome, subject, resource, task, body, hash "
    "FROM records WHERE sequence = 6"
)


async def test_a_trail_that_nobody_touched_is_whole(trails: Trails) -> None:
    for events in (3, 0, 5):
        await trails.write(events)
    report = trails.verify()
    assert (report.is_whole, report.writers, report.records, report.unclosed) == (True, 3, 14, ())


@pytest.mark.requirement("H3")
async def test_a_process_that_was_killed_leaves_a_trail_that_verifies(trails: Trails) -> None:
    killed = await trails.write(3, closed=False)
    await trails.write(2)
    report = trails.verify()
    assert report.is_whole
    assert report.unclosed == (killed,)


@pytest.mark.requirement("H2")
@pytest.mark.parametrize(
    ("statement", "sequence", "fault"),
    [
        ("UPDATE records SET body = {oscar} WHERE sequence = 3", 3, Fault.CHANGED),
        ("UPDATE records SET hash = :zeros WHERE sequence = 4", 4, Fault.CHANGED),
        ("UPDATE records SET subject = 'auth0|oscar' WHERE sequence = 2", 2, Fault.CHANGED),
        ("UPDATE records SET at = at + 1 WHERE sequence = 5", 5, Fault.CHANGED),
        ("DELETE FROM records WHERE sequence = 3", 3, Fault.MISSING),
        ("DELETE FROM records WHERE sequence = 1", 1, Fault.MISSING),
        ("DELETE FROM records WHERE sequence >= 4", 4, Fault.CUT_OFF),
        ("DELETE FROM seals", 1, Fault.INSERTED),
        ("UPDATE seals SET signature = :zeros WHERE sequence = 4", 4, Fault.SEAL_FORGED),
        ("UPDATE seals SET key_id = 'another' WHERE sequence = 4", 4, Fault.SEAL_FORGED),
        (INSERTED, 7, Fault.CHANGED),
    ],
)  # fmt: skip
async def test_the_first_record_that_is_bad_is_named(
    trails: Trails, statement: str, sequence: int, fault: Fault
) -> None:
    writer = await trails.write(4)  # with its first and its last record, six
    trails.execute((statement.format(oscar=trails.replaced("amelia", "oscar")), {"zeros": bytes(32)}))
    (problem,) = trails.verify().problems
    assert (problem.writer, problem.sequence, problem.fault) == (writer, sequence, fault)


async def test_records_that_changed_places_are_found(trails: Trails) -> None:
    await trails.write(4)
    trails.execute(
        "UPDATE records SET sequence = 99 WHERE sequence = 2",
        "UPDATE records SET sequence = 2 WHERE sequence = 3",
        "UPDATE records SET sequence = 3 WHERE sequence = 99",
    )
    (problem,) = trails.verify().problems
    assert (problem.sequence, problem.fault) == (2, Fault.CHANGED)


async def test_an_end_that_was_cut_off_with_its_seals_is_missed_by_the_anchor(trails: Trails) -> None:
    writer = await trails.write(4)
    trails.execute("DELETE FROM records WHERE sequence > 3", "DELETE FROM seals WHERE sequence > 3")
    assert trails.verify(with_anchors=False).unclosed == (writer,)
    (problem,) = trails.verify().problems
    assert (problem.writer, problem.sequence, problem.fault) == (writer, 4, Fault.CUT_OFF)


async def test_a_whole_chain_that_vanished_is_missed_by_the_next_one(trails: Trails) -> None:
    writer = await trails.write(2)
    await trails.write(2)
    trails.execute(
        ("DELETE FROM records WHERE writer = :writer", {"writer": writer}),
        ("DELETE FROM seals WHERE writer = :writer", {"writer": writer}),
    )
    (problem,) = trails.verify(with_anchors=False).problems
    assert (problem.writer, problem.sequence, problem.fault) == (writer, 1, Fault.CUT_OFF)


async def test_a_chain_that_was_made_anew_with_another_key_is_found(trails: Trails) -> None:
    writer = await trails.write(4)
    trails.make_anew(writer, 3, lambda members: members.update(resource="account:00u9"), SealingKey.generate())
    problem = trails.verify().problems[0]
    assert (problem.sequence, problem.latest, problem.fault) == (3, 3, Fault.CHANGED)


async def test_after_a_rotation_the_old_key_verifies_what_it_sealed(trails: Trails) -> None:
    old = trails.key
    await trails.write(2)
    trails.key = SealingKey.generate()
    await trails.write(2)
    assert trails.verify(old, trails.key).is_whole
    assert trails.verify(old).problems[0].fault is Fault.SEAL_FORGED


async def test_what_was_old_may_go_and_the_rest_verifies(trails: Trails) -> None:
    await trails.write(5)
    trails.clock.advance(40 * 86400)
    await trails.write(2)
    trail = trails.open()
    assert await trail.expire(days=30) == 7
    await trail.aclose()
    report = trails.verify()
    assert (report.is_whole, report.records) == (True, 4 + 3)


async def test_an_ordinary_seal_is_no_leave_to_delete(trails: Trails) -> None:
    writer = await trails.write(5)
    trails.execute(
        "INSERT INTO expired SELECT writer, sequence, hash, key_id, signature FROM seals WHERE sequence = 3",
        "DELETE FROM records WHERE sequence <= 3",
        "DELETE FROM seals WHERE sequence <= 3",
    )
    (problem,) = trails.verify().problems
    assert (problem.writer, problem.fault) == (writer, Fault.EXPIRY_FORGED)


async def test_nonsense_where_a_chain_names_the_others_is_a_change(trails: Trails) -> None:
    writer = await trails.write(1)
    trails.make_anew(writer, 1, lambda members: members.update(details={"x": 7}), trails.key)
    (problem,) = trails.verify(with_anchors=False).problems
    assert (problem.sequence, problem.fault) == (1, Fault.CHANGED)


RUNS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=4)
TAMPERINGS = {
    "change": "UPDATE records SET body = {changed} WHERE {it}",
    "hide": "UPDATE records SET subject = 'nobody at all' WHERE {it}",
    "delete": "DELETE FROM records WHERE {it}",
    "move": "UPDATE records SET sequence = sequence + 1000 WHERE {it}",
    "steal": "UPDATE records SET writer = 'somebody else' WHERE {it}",
    "cut off": "DELETE FROM records WHERE writer = :writer AND sequence >= :sequence",
    "cut off with seals": "DELETE FROM records WHERE writer = :writer AND sequence >= :sequence; "
    "DELETE FROM seals WHERE writer = :writer AND sequence >= :sequence",
    "insert before": "INSERT INTO records SELECT writer, 0, at, action, outcome, subject, resource, task, body, hash "
    "FROM records WHERE {it}",
    "insert": "INSERT INTO records SELECT writer, (SELECT max(sequence) + 1 FROM records WHERE writer = :writer), at, "
    "action, outcome, subject, resource, task, body, hash FROM records WHERE {it}",
}


CASES = {"runs": RUNS, "kind": st.sampled_from(sorted(TAMPERINGS)), "where": st.integers(0, 10_000)}


@pytest.mark.requirement("H2")
@settings(max_examples=120, deadline=None)
@given(**CASES)
def test_every_tampering_with_a_file_is_found_and_nothing_else(
    runs: list[tuple[int, bool]], kind: str, where: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        is_found(FileTrails(Path(folder)), runs, kind, where)


@pytest.fixture(scope="module")
def database(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> DatabaseTrails:
    """One for all examples."""
    return database_trails(postgres, tmp_path_factory.mktemp("trails"))


@pytest.mark.requirement("H2")
@settings(max_examples=20, deadline=None)
@given(**CASES)
def test_every_tampering_with_a_database_is_found_and_nothing_else(
    database: DatabaseTrails, runs: list[tuple[int, bool]], kind: str, where: int
) -> None:
    database.clear()
    with tempfile.TemporaryDirectory() as folder:
        is_found(replace(database, folder=Path(folder)), runs, kind, where)


def is_found(trails: Trails, runs: list[tuple[int, bool]], kind: str, where: int) -> None:
    """Processes write, some of them killed; then somebody tampers with any one record."""

    async def act() -> list[str]:
        return [await trails.write(events, closed=closed) for events, closed in runs]

    writers = asyncio.run(act())
    assert trails.verify().is_whole
    points = [(writer, number) for writer in writers for number in range(1, trails.count(writer) + 1)]
    writer, sequence = points[where % len(points)]
    last = trails.count(writer)
    for statement in TAMPERINGS[kind].split("; "):
        query = statement.format(
            it="writer = :writer AND sequence = :sequence", changed=trails.replaced("agent", "agenT")
        )
        trails.execute((query, {"writer": writer, "sequence": sequence}))
    problems = {problem.writer: problem for problem in trails.verify().problems}
    found, bad = problems[writer], {"insert": last + 1, "insert before": 0}.get(kind, sequence)
    assert found.sequence == bad
    assert bad <= found.latest or kind.startswith("cut")
    assert set(problems) <= {writer, "somebody else"}


async def test_a_trail_that_is_written_to_meanwhile_is_whole(trails: Trails) -> None:
    """Readers see one moment: no record without its seal, no head without its record."""
    writing = [trails.open() for _ in range(2)]

    async def go_on(trail: AuditTrail) -> None:
        while not done.is_set():
            await trail.record(EVENT)

    done = asyncio.Event()
    work = [asyncio.create_task(go_on(trail)) for trail in writing]
    reports = [await asyncio.to_thread(trails.verify) for _ in range(20)]
    done.set()
    await asyncio.gather(*work)
    for trail in writing:
        await trail.aclose()
    assert all(report.is_whole for report in reports)
    assert reports[-1].records > reports[0].records
