"""An act is on record before it is done and after it, or it is not done."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.audit import Action, Event, Outcome, recorded
from shared.errors import AuditUnavailable, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import counted
from shared.testing import KeptTrail
from tests.audit._trails import EVENT, FileTrails


def act(trail: KeptTrail, error: BaseException | None = None) -> Callable[[], Awaitable[str]]:
    """An act that looks whether it is on record already."""

    async def done() -> str:
        assert trail.events[-1].outcome is Outcome.ATTEMPTED
        if error is not None:
            raise error
        return "upstream-1"

    return done


@pytest.mark.requirement("H1")
async def test_both_records_have_one_act_id_and_the_second_says_what_came_of_it() -> None:
    trail = KeptTrail()
    await recorded(trail, EVENT, act(trail))
    before, after = trail.events
    assert (before.outcome, after.outcome) == (Outcome.ATTEMPTED, Outcome.SUCCEEDED)
    assert before.act == after.act != ""
    assert after.details == {"upstream_request": "upstream-1"}


@pytest.mark.requirement("H1")
@pytest.mark.parametrize(
    ("error", "outcome", "result"),
    [
        (UpstreamRefused("directory", code="status_forbids"), Outcome.FAILED, "status_forbids"),
        (UpstreamUnavailable("directory"), Outcome.FAILED, "upstream_unavailable"),
        (UpstreamUnavailable("directory", outcome_unknown=True), Outcome.UNKNOWN, "upstream_unavailable"),
        (RuntimeError("broken"), Outcome.UNKNOWN, "RuntimeError"),
        (asyncio.CancelledError(), Outcome.UNKNOWN, "CancelledError"),
    ],
)
async def test_an_act_that_did_not_succeed_is_on_record_as_that(
    error: BaseException, outcome: Outcome, result: str
) -> None:
    trail = KeptTrail()
    with pytest.raises(type(error)):
        await recorded(trail, EVENT, act(trail, error))
    assert [(event.outcome, event.result) for event in trail.events] == [(Outcome.ATTEMPTED, ""), (outcome, result)]


@pytest.mark.requirement("H5")
async def test_without_a_record_nothing_is_done() -> None:
    trail = KeptTrail()
    trail.away = True
    with pytest.raises(AuditUnavailable):
        await recorded(trail, EVENT, act(trail, AssertionError("it was done")))
    assert trail.events == []


async def test_what_was_done_is_not_said_to_have_failed_where_the_second_record_is_late(
    file_trails: FileTrails,
) -> None:
    """The trail is away after the act alone: the record is written as soon as that can be."""
    trail = file_trails.open()
    tries: list[Event] = []

    class LateOnce:
        name_of = trail.name_of
        note = trail.note

        async def record(self, event: Event) -> None:
            tries.append(event)
            if event.outcome is Outcome.SUCCEEDED:
                raise AuditUnavailable
            await trail.record(event)

    async def done() -> str:
        return ""

    await recorded(LateOnce(), EVENT, done)
    await trail.settled()
    await trail.aclose()
    assert [event.outcome for event in tries] == [Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert file_trails.count(trail.writer) == 4


async def test_the_request_s_line_names_its_acts_and_the_chain_that_they_are_in(file_trails: FileTrails) -> None:
    trail = file_trails.open()

    async def done() -> str:
        return ""

    with counted() as tally:
        trail.note(EVENT)
        for _ in range(20):
            await recorded(trail, EVENT, done)
        await trail.settled()
    await trail.aclose()
    line = tally.fields()
    acts = [body["act"] for body in file_trails.bodies() if body["outcome"] == "succeeded" and "act" in body]
    assert len(acts) == 20
    assert line == {"audit_events": 41, "audit_chain": trail.writer, "acts": acts[:16]}


def test_the_vocabulary_says_area_object_and_action() -> None:
    assert all(len(action.value.split(":")) == 3 for action in Action)
