"""What is recorded is on the disk before anybody goes on, and what cannot be recorded is said."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import textwrap
from base64 import urlsafe_b64encode
from contextlib import closing
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.audit import (
    Action,
    Approval,
    AuditFile,
    AuditTrail,
    Event,
    Outcome,
    Rule,
    SealingKey,
    Wanted,
    Where,
    Who,
    acting_under,
)
from shared.audit._chain import canonical
from shared.errors import AuditUnavailable, ConfigurationError
from shared.identity import RawToken
from shared.telemetry import bind_ids
from shared.testing import make_principal
from tests.audit._trails import AGENT, EVENT, FileTrails, Trails, store_at

TOKEN = ".".join(urlsafe_b64encode(part).decode() for part in (b'{"alg":"RS256"}', b'{"sub":"amelia"}', b"signature"))


async def test_an_event_says_who_through_whom_what_and_what_came_of_it(trails: Trails) -> None:
    principal = make_principal(actors=("supervisor-api", "command-line"), scopes={"b", "a"})
    trail = trails.open()
    await trail.record(replace(EVENT, who=Who.of(principal)))
    (_, body) = trails.bodies()
    await trail.aclose()
    assert body["who"] == {
        "issuer": principal.issuer,
        "subject": principal.subject,
        "actors": ["supervisor-api", "command-line"],
        "client": principal.client_id,
        "audience": principal.audience,
        "scopes": ["a", "b"],
        "token_id": principal.token_id,
        "until": principal.expires_at,
    }
    assert (body["action"], body["outcome"]) == ("account:lock:remove", "attempted")
    assert (body["agent"], body["writer"], body["sequence"]) == ("password_reset", trail.writer, 2)


async def test_a_note_is_written_soon_and_in_order(trails: Trails) -> None:
    trail = trails.open()
    for number in range(50):
        trail.note(replace(EVENT, details={"number": number}))
    await trail.record(EVENT)
    numbers = [body["details"]["number"] for body in trails.bodies() if "number" in body.get("details", {})]
    await trail.aclose()
    assert numbers == list(range(50))


async def test_what_many_record_at_once_is_written_together(trails: Trails) -> None:
    trail = trails.open()
    await asyncio.gather(*(trail.record(EVENT) for _ in range(200)))
    await trail.aclose()
    ((seals,),) = trails.execute("SELECT count(*) FROM seals")
    ((records,),) = trails.execute("SELECT count(*) FROM records")
    assert records == 202
    assert seals < 50
    assert trails.verify().is_whole


@pytest.mark.requirement("H5")
async def test_where_nothing_can_be_written_who_waits_is_told_and_notes_are_kept(trails: Trails) -> None:
    trail = trails.open()
    with trails.broken():
        trail.note(replace(EVENT, details={"number": 1}))
        with pytest.raises(AuditUnavailable) as told:
            await trail.record(EVENT)
    assert told.value.outcome_unknown is told.value.may_be_kept is False
    await trail.record(replace(EVENT, details={"number": 2}))
    await trail.aclose()
    numbers = [body["details"] for body in trails.bodies() if "number" in body.get("details", {})]
    assert numbers == [{"number": 1}, {"number": 2}]
    assert trails.verify().is_whole


@pytest.mark.requirement("H5")
async def test_after_the_end_nothing_is_recorded_and_that_is_said(trails: Trails) -> None:
    trail = trails.open()
    await trail.aclose()
    with pytest.raises(AuditUnavailable):
        await trail.record(EVENT)
    with pytest.raises(AuditUnavailable):
        trail.note(EVENT)


PEM = SealingKey.generate().private_pem()


@pytest.mark.requirement("H4")
@pytest.mark.parametrize(
    "event",
    [
        replace(EVENT, resource=TOKEN),
        replace(EVENT, details={"key": PEM}),
        replace(EVENT, who=Who(scopes=(TOKEN,))),
        replace(EVENT, where=Where(context=TOKEN)),
        replace(EVENT, rule=Rule(resources=("document:a", f"document:{TOKEN}"))),
        replace(EVENT, result=f"Bearer {TOKEN}"),
    ],
)
async def test_a_credential_is_written_as_redacted_whoever_put_it_there(trails: Trails, event: Event) -> None:
    trail = trails.open()
    await trail.record(event)
    await trail.aclose()
    text = str(trails.execute("SELECT * FROM records")) + json.dumps(trails.bodies())
    assert "[redacted]" in text
    assert not [secret for secret in (TOKEN, PEM.splitlines()[1]) if secret in text]
    assert trails.verify().is_whole


async def test_what_is_too_long_or_too_many_is_cut_and_keeps_no_event_out(trails: Trails) -> None:
    trail = trails.open()
    long = replace(
        EVENT,
        resource="x" * 10_000,
        who=Who(actors=tuple(f"actor {number}" for number in range(200))),
        details={f"key {number}": number for number in range(200)},
        where=Where(context="half of a pair: \ud800", task="another half: \udc00, and a \0"),
    )
    await trail.record(long)
    await trail.aclose()
    body: dict[str, Any] = trails.bodies()[1]
    assert len(body["resource"]) == 256
    assert len(body["who"]["actors"]) == len(body["details"]) == 64
    assert body["where"] == {"context": "half of a pair: ?", "task": "another half: ?, and a \0"}
    with closing(trails.reader()) as store:
        assert len(store.search(Wanted(task=body["where"]["task"]), most=2)) == 1
    assert trails.verify().is_whole


@given(
    st.recursive(
        st.text() | st.integers(-(2**53) + 1, 2**53 - 1),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
        max_leaves=20,
    )
)
def test_the_form_of_a_record_is_canonical_json(value: object) -> None:
    members = {"member": value}
    assert canonical(members) == rfc8785.dumps(members)  # type: ignore[arg-type]


def test_an_event_says_where_it_happened_as_the_log_does_and_under_which_approval() -> None:
    def happening() -> Event:
        bind_ids(request_id="r1", task_id="t1", context_id="c1", trace_id="a1")
        with acting_under(Approval(id="p1", action_hash="h1")):
            return Event(action=Action.ACCOUNT_READ, outcome=Outcome.SUCCEEDED)

    event = copy_context().run(happening)
    assert event.where == Where(task="t1", context="c1", request="r1", trace="a1")
    assert event.approval == Approval(id="p1", action_hash="h1")
    assert Event(action=Action.ACCOUNT_READ, outcome=Outcome.SUCCEEDED).approval == Approval()


async def test_what_was_noted_before_is_on_the_disk_once_the_trail_has_settled(trails: Trails) -> None:
    trail = trails.open()
    trail.note(EVENT)
    await trail.settled()
    assert len(trails.bodies()) == 2
    await trail.aclose()


async def test_a_token_has_one_name_for_each_agent_which_does_not_give_it_away(trails: Trails) -> None:
    trail, again = trails.open(), trails.open()
    other = AuditTrail.begin(store_at(str(trails.folder / "other.sqlite3")), SealingKey.generate(), agent="supervisor")
    names = [one.name_of(RawToken(TOKEN)) for one in (trail, again, other)]
    for one in (trail, again, other):
        await one.aclose()
    assert names[0] == names[1] != names[2]
    assert TOKEN not in names


async def test_the_file_is_readable_by_this_user_alone(file_trails: FileTrails) -> None:
    await file_trails.write(1)
    assert stat.S_IMODE(file_trails.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file_trails.anchors.stat().st_mode) == 0o700


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and rather longer than a header would be" * 20)
    for path in (tmp_path / "text", tmp_path / "missing" / "file"):
        with pytest.raises(ConfigurationError, match="AUDIT_FILE"):
            AuditFile.open(path, create=False)


@pytest.mark.parametrize("pem", ["", "no key", SealingKey.generate().public_pem()])
def test_a_key_that_is_none_is_named(pem: str) -> None:
    with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
        SealingKey.read(pem)


def test_a_key_is_kept_and_read_again() -> None:
    key = SealingKey.generate()
    assert SealingKey.read(key.private_pem()).key_id == key.key_id


KILLED = """
    import asyncio, os, sys
    from shared.audit import AuditTrail, SealingKey
    from tests.audit._trails import AGENT, EVENT, store_at

    async def main() -> None:
        trail = AuditTrail.begin(store_at(sys.argv[1]), SealingKey.read(sys.stdin.read()), agent=AGENT)
        print("open", flush=True)
        await asyncio.gather(*(forever(trail) for _ in range(4)))

    async def forever(trail) -> None:
        for number in range(1_000_000):
            await trail.record(EVENT)
            if number == 5:
                print("busy", flush=True)

    asyncio.run(main())
"""


@pytest.mark.requirement("H3")
async def test_several_processes_write_at_once_and_one_is_killed_while_it_writes(trails: Trails) -> None:
    trails.folder.mkdir(parents=True)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(KILLED),
        trails.place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(trails.key.private_pem().encode())
    child.stdin.close()
    assert await asyncio.wait_for(child.stdout.readline(), 30) == b"open\n"
    trail = trails.open()
    await asyncio.gather(*(trail.record(EVENT) for _ in range(20)))
    assert await asyncio.wait_for(child.stdout.readline(), 30) == b"busy\n"
    child.kill()
    await child.wait()
    await trail.record(EVENT)
    await trail.aclose()
    report = trails.verify()
    assert report.is_whole
    assert report.writers == 2
    assert len(report.unclosed) == 1


async def test_a_trail_without_anchors_writes_none(trails: Trails) -> None:
    trail = AuditTrail.begin(store_at(trails.place), trails.key, agent=AGENT, clock=trails.clock)
    await trail.record(Event(action=Action.ACCOUNT_READ, outcome=Outcome.SUCCEEDED))
    await trail.aclose()
    assert not trails.anchors.exists()
