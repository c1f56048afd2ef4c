"""What `helpdesk audit` shows of the record, and what it says where somebody has changed it."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from portal.record import DONE, Source, differences, directory_effects, local_trails, ocsf, search, story
from portal.record._trails import PAGE
from shared.audit import Action, Approval, AuditFile, AuditTrail, Event, Outcome, Rule, SealingKey, Wanted, Where
from tests.portal._trails import AMELIA, PASSWORD_RESET, SUPERVISOR, event, open_trail, tamper, write
from tests.portal.running import Command


def shown(helpdesk: Command, *arguments: str) -> list[tuple[str, str, str]]:
    done = helpdesk("audit", *arguments, "--json")
    assert done.code == 0, done.err
    return [(one["agent"], one["action"], one["outcome"]) for one in done.events]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (
            ("--person", "auth0|oscar"),
            {("supervisor", "request:message:accept"), ("password_reset", "tool:call:authorize")},
        ),
        (("--agent", "supervisor", "--task", "s1", "--action", "request:task:*"), {("supervisor", "request:task:end")}),
        (("--decision", "denied"), {("password_reset", "tool:call:authorize")}),
        (("--resource", "account:00u1", "--decision", "attempted"), {("password_reset", "account:lock:remove")}),
        (("--since", "2100-01-01"), set()),
        (("--until", "2000-01-01T00:00"), set()),
        (("--since", "5m"), set()),
    ],
)
def test_records_are_found_by_what_is_asked_for(
    helpdesk: Command, arguments: tuple[str, ...], wanted: set[tuple[str, str]]
) -> None:
    assert {(agent, action) for agent, action, _ in shown(helpdesk, *arguments)} == wanted


def test_the_newest_are_shown_in_the_order_of_time(helpdesk: Command) -> None:
    everything, last = shown(helpdesk), shown(helpdesk, "--limit", "3")
    assert len(everything) == len(SUPERVISOR) + len(PASSWORD_RESET) + 4
    assert last == everything[-3:]


def test_people_read_a_table_that_says_who_what_and_why(helpdesk: Command) -> None:
    said = helpdesk("audit", "--task", "p1").out
    assert "auth0|amelia" in said
    assert "is about to unlock an account" in said
    assert "can_unlock" in said


def test_a_time_that_is_none_and_a_world_without_a_trail_are_said_in_one_line(
    helpdesk: Command, tmp_path: Path
) -> None:
    assert "'yesterday' is no time" in helpdesk("audit", "--since", "yesterday").err
    assert "no audit trail" in Command(tmp_path / "empty", tmp_path / "home")("audit").err


@pytest.mark.requirement("H2")
def test_a_whole_record_verifies_and_one_that_was_changed_names_where(helpdesk: Command) -> None:
    assert helpdesk("audit", "verify").code == 0
    path = helpdesk.state / "password_reset" / "audit.sqlite3"
    tamper(path, "DELETE FROM records WHERE sequence = 4")
    done = helpdesk("audit", "verify")
    assert done.code == 1
    assert "password_reset: NOT WHOLE" in done.out
    assert "record 4 is missing" in done.out
    assert "supervisor: whole" in done.out
    found = {Path(one["file"]).parent.name: one["problems"] for one in helpdesk("audit", "verify", "--json").events}
    assert [one["record"] for one in found["password_reset"]] == [4]
    assert found["supervisor"] == []


@pytest.mark.requirement("H2")
def test_an_end_that_was_cut_off_is_missed_by_the_anchors_of_this_machine(helpdesk: Command) -> None:
    path = helpdesk.state / "supervisor" / "audit.sqlite3"
    tamper(path, "DELETE FROM records WHERE sequence > 1")
    tamper(path, "DELETE FROM seals WHERE sequence > 1")
    assert "record 2 (or a later one, up to 6) is missing, with all after it" in helpdesk("audit", "verify").out


def test_a_trail_from_elsewhere_is_verified_with_the_keys_that_are_named(helpdesk: Command, tmp_path: Path) -> None:
    file = helpdesk.state / "supervisor" / "audit.sqlite3"
    keys, others = helpdesk.state / "supervisor" / "audit-keys", helpdesk.state / "password_reset" / "audit-keys"
    anchors = helpdesk.state / "audit-anchors" / "supervisor"
    named = ("audit", "verify", "--file", str(file))
    elsewhere = Command(tmp_path / "empty", tmp_path / "home")
    assert elsewhere(*named, "--keys", str(keys), "--anchors", str(anchors)).code == 0
    assert "has a seal of nobody who may seal it" in elsewhere(*named, "--keys", str(others)).out
    assert "Nobody's key is known" in elsewhere(*named).err
    assert elsewhere("audit", "verify", "--anchors", str(anchors)).code == 2


def test_replicas_with_a_file_each_verify_and_read_together(helpdesk: Command, tmp_path: Path) -> None:
    """Each process has its chain; which of them share a file makes no difference."""
    write(tmp_path / "replica", {"supervisor": SUPERVISOR})
    files = [root / "supervisor" / "audit.sqlite3" for root in (helpdesk.state, tmp_path / "replica")]
    for root, file in zip((helpdesk.state, tmp_path / "replica"), files, strict=True):
        done = helpdesk("audit", "verify", "--file", str(file), "--keys", str(root / "supervisor" / "audit-keys"))
        assert done.code == 0, done.out
    both = [option for file in files for option in ("--file", str(file))]
    assert len(shown(helpdesk, *both, "--task", "s1")) == 6


@pytest.mark.parametrize("task", ["s1", "p1"])
def test_the_story_of_a_task_goes_through_all_agents_whichever_task_is_named(helpdesk: Command, task: str) -> None:
    steps = list(story(local_trails(helpdesk.state), task))
    assert [(step.depth, step.record["agent"], step.record["action"]) for step in steps] == [
        (0, "supervisor", "request:message:accept"),
        (0, "supervisor", "request:hop:call"),
        (0, "supervisor", "request:task:end"),
        (1, "password_reset", "request:message:accept"),
        (1, "password_reset", "tool:call:authorize"),
        (1, "password_reset", "account:lock:remove"),
        (1, "password_reset", "account:lock:remove"),
    ]
    said = helpdesk("audit", "story", task)
    assert said.out.startswith("auth0|amelia asked on ")
    assert "password_reset  did unlock an account, account:00u1  (unlock)" in said.out
    assert helpdesk("audit", "story", "nothing").code == 1


def test_the_story_of_a_task_is_whole_however_long_it_is(tmp_path: Path) -> None:
    """In the order of time, across pages and agents, with what several agents did in one moment from the top down."""
    count = 3 * PAGE + 7
    worked = [
        event(Action.TOOL_AUTHORIZE, Outcome.ALLOWED, "p1", details={"number": number}) for number in range(count)
    ]
    calls = [
        event(Action.HOP_CALL, task="s1", details={"agent": "password_reset", "task": task}) for task in ("p0", "p1")
    ]
    write(tmp_path, {"supervisor": [*SUPERVISOR[:1], *calls], "password_reset": worked})
    for named in ("s1", "p1"):
        steps = list(story(local_trails(tmp_path), named))
        assert [step.record["details"]["number"] for step in steps if step.depth] == list(range(count))
        assert [step.depth for step in steps] == [0] * 3 + [1] * count
        assert [step.record["at"] for step in steps] == sorted(step.record["at"] for step in steps)


def test_whoever_does_not_see_all_is_told_so_and_how_to_see_the_rest(helpdesk: Command) -> None:
    everything = helpdesk("audit", "--json").events
    for form in ("--json", "--ocsf"):
        cut = helpdesk("audit", form, "--limit", "3")
        assert len(cut.events) == 3
        assert "These are the newest 3. For older ones: --until " in cut.err
    until = cut.err.split("--until ")[1].split(",")[0]
    assert helpdesk("audit", "--json", "--until", until).events == everything[:-2], "those of the same moment, too"
    for whole in (helpdesk("audit"), helpdesk("audit", "--limit", str(len(everything)))):
        assert whole.err == ""


@cache
def _validator(class_uid: int) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.7.0"))
    return Draft202012Validator(schema.get_class_schema(schema.lookup_class_name_from_uid(class_uid)))


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_record_is_an_event_of_ocsf(action: Action, outcome: Outcome) -> None:
    """Held against OCSF's own schema, version 1.7.0."""
    full = event(
        action,
        outcome,
        "p1",
        tool="unlock",
        resource="account:00u1",
        act="x",
        rule=Rule(relation="can_unlock", reason="person_lacks_relation", model="01M"),
        approval=Approval(id="a", approver="auth0|amelia", action_hash="h"),
        details={"caller": "m2m", "token": "abc"},
    )
    for one in (full, Event(action=action, outcome=outcome, where=Where())):
        record = {"writer": "password_reset-1", "sequence": 3, "agent": "password_reset", "at": 1, **one.members()}
        found = ocsf(json.loads(json.dumps(record)))
        problems = [problem.message for problem in _validator(found["class_uid"]).iter_errors(found)]
        assert problems == []
        assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]


def test_each_kind_of_record_has_the_class_that_fits(helpdesk: Command) -> None:
    done = helpdesk("audit", "--ocsf", "--task", "p1")
    found = [(one["class_name"], one["activity_name"]) for one in done.events]
    assert found == [
        ("API Activity", "Accept"),
        ("API Activity", "Authorize"),
        ("Account Change", "Unlock"),
        ("Account Change", "Unlock"),
    ]
    decision = done.events[1]
    assert decision["actor"]["authorizations"] == [
        {"decision": "allowed", "policy": {"name": "can_unlock", "type": "OpenFGA", "uid": "01M"}}
    ]


@pytest.mark.requirement("H2")
def test_an_exported_trail_reads_and_verifies_like_its_file_and_shows_a_change(
    helpdesk: Command, tmp_path: Path
) -> None:
    """Lines of anything else may stand between: a collector's, say."""
    lines, key = tmp_path / "log.jsonl", SealingKey.generate()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "key.pem").write_text(key.public_pem())
    with lines.open("w") as export:
        store = AuditFile.open(tmp_path / "session.sqlite3", create=True)
        trail = AuditTrail.begin(store, key, agent="password_reset", export=export)
        for one in PASSWORD_RESET:
            trail.note(one)
        trail.close()
    text = '{"event": "request", "audit": 3}\nplain text\n' + lines.read_text()
    lines.write_text(text)
    named = ("--file", str(lines))
    assert len(shown(helpdesk, *named, "--task", "p1")) == 4
    assert helpdesk("audit", "verify", *named, "--keys", str(tmp_path / "keys")).code == 0
    for changed in (text.replace("account:00u1", "account:00u9"), "\n".join(text.splitlines()[:-3])):
        lines.write_text(changed)
        assert helpdesk("audit", "verify", *named, "--keys", str(tmp_path / "keys")).code == 1


def test_every_action_has_words() -> None:
    assert set(DONE) == set(Action)


def test_what_is_recorded_meanwhile_is_shown_by_who_follows(helpdesk: Command) -> None:
    child = helpdesk.start("audit", "--follow", "--json", "--person", "auth0|nadia")
    assert child.stdout is not None
    try:
        with open_trail(helpdesk.state, "supervisor") as trail:
            nadia = replace(AMELIA, subject="auth0|nadia")
            trail.note(event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s3", who=nadia))
        assert json.loads(child.stdout.readline())["who"]["subject"] == "auth0|nadia"
    finally:
        child.terminate()
        child.communicate(timeout=20)


EFFECT = {
    "eventType": "user.account.unlock_by_admin",
    "debugContext": {"debugData": {"clientAppName": "password_reset", "requestId": "q1"}},
    "target": [{"type": "User", "id": "00u1"}],
}
BEFORE = {"action": "account:lock:remove", "act": "x", "outcome": "attempted", "resource": "account:00u1"}
DONE_ = BEFORE | {"outcome": "succeeded", "details": {"upstream_request": "q1"}}
UNKNOWN = BEFORE | {"outcome": "unknown"}
FOUND_DONE = BEFORE | {"outcome": "succeeded", "details": {"upstream_request": "q1", "settled_by": "directory_log"}}
FOUND_NOT_DONE = BEFORE | {"outcome": "failed", "details": {"settled_by": "directory_log"}}


@pytest.mark.parametrize(
    ("records", "effects", "said"),
    [
        ([BEFORE, DONE_], [EFFECT], []),
        ([BEFORE, BEFORE | {"outcome": "failed"}], [], []),
        ([BEFORE, BEFORE | {"outcome": "unknown"}], [EFFECT], []),
        ([BEFORE, BEFORE | {"outcome": "unknown"}], [], []),
        ([BEFORE], [EFFECT], []),
        ([], [EFFECT], ["is not on record"]),
        ([BEFORE, DONE_], [], ["was done 0 times"]),
        ([BEFORE, DONE_], [EFFECT, EFFECT], ["was done 2 times", "is not on record", "is not on record"]),
        ([BEFORE, BEFORE | {"outcome": "failed"}], [EFFECT], ["is not on record"]),
        ([DONE_], [EFFECT], ["is on record as succeeded", "is not on record"]),
        ([BEFORE, DONE_, DONE_], [EFFECT], ["is on record as", "is not on record"]),
        ([BEFORE, FOUND_DONE], [EFFECT], []),
        ([FOUND_DONE, BEFORE, UNKNOWN], [EFFECT], []),
        ([BEFORE, FOUND_DONE, FOUND_DONE], [EFFECT], []),
        ([BEFORE, DONE_, FOUND_DONE], [EFFECT], []),
        ([BEFORE, FOUND_NOT_DONE], [], []),
        ([FOUND_NOT_DONE], [], []),
        ([BEFORE, FOUND_DONE], [], ["was done 0 times"]),
        ([BEFORE, FOUND_NOT_DONE], [EFFECT], ["is not on record"]),
        ([FOUND_DONE], [EFFECT], ["is on record as succeeded by directory_log", "is not on record"]),
        ([BEFORE, FOUND_DONE, FOUND_NOT_DONE], [EFFECT], ["is on record as attempted, succeeded", "is not on record"]),
        ([BEFORE, DONE_, FOUND_NOT_DONE], [EFFECT], ["failed by directory_log", "is not on record"]),
        ([BEFORE, DONE_ | {"resource": "account:00u2"}], [EFFECT], ["was done 0 times", "is not on record"]),
    ],
)
def test_the_record_and_the_effects_must_agree_one_for_one(
    records: list[dict[str, Any]], effects: list[dict[str, Any]], said: list[str]
) -> None:
    found = differences(records, directory_effects(effects))
    assert len(found) == len(said)
    assert all(words in line for words, line in zip(said, found, strict=True))


def test_a_trail_that_is_none_is_said_in_one_line(tmp_path: Path, helpdesk: Command) -> None:
    (tmp_path / "none").write_text("nothing")
    assert "AUDIT_FILE" in helpdesk("audit", "--file", str(tmp_path / "none")).err
    assert search([Source(helpdesk.state / "supervisor" / "audit.sqlite3")], Wanted(task="s2"), most=5)[0]["sequence"]
