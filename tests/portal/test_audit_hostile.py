"""`helpdesk audit` of trails that somebody has written to: what is in them is shown, and acts on nobody."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.activity import Activity
from portal.command._activity import _line
from portal.command._audit import moment
from portal.record import ocsf
from shared.audit import Action, AuditFile, AuditTrail, Outcome, SealingKey, write_anchor
from tests.portal._trails import event, open_trail, tamper
from tests.portal.running import Command

FORGED = "account:1\n2026-01-01 00:00:00  supervisor      auth0|oscar       did unlock an account"
ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp\u2028\u200b\r\t\x00"


@pytest.mark.parametrize("command", [("--task", "t1"), ("story", "t1")])
def test_no_value_makes_a_line_of_its_own_or_acts_on_the_terminal(helpdesk: Command, command: tuple[str, ...]) -> None:
    with open_trail(helpdesk.state, "password_reset") as trail:
        for resource in (FORGED, f"account:{ESCAPES}"):
            done = event(Action.ACCOUNT_READ, task="t1", resource=resource, tool=ESCAPES, result=FORGED)
            trail.note(done)
    said = helpdesk("audit", *command).out
    lines = said.splitlines()[command[0] == "story" :]
    assert len(lines) == 2, said
    assert all("password_reset" in line and "read an account" in line for line in lines)
    assert "account:1\\n2026-01-01" in lines[0]
    assert "\\x1b[2J" in lines[1]
    assert said.replace("\n", "").isprintable()


def test_programs_get_each_record_exactly_and_on_a_line_of_its_own(helpdesk: Command) -> None:
    with open_trail(helpdesk.state, "password_reset") as trail:
        trail.note(event(Action.ACCOUNT_READ, task="t1", resource=FORGED, tool=ESCAPES))
    for form in ("--json", "--ocsf"):
        out = helpdesk("audit", "--task", "t1", form).out
        assert len(out.splitlines()) == 1
        assert out.replace("\n", "").isprintable()
        assert json.dumps(FORGED.partition(":")[2])[1:-1] in out


UNREADABLE = [
    "nothing",
    "[" * 100_000,
    "[]",
    "{}",
    json.dumps({"writer": "w", "sequence": 4, "agent": "a", "at": 10**30, "action": "a", "outcome": "b"}),
    json.dumps({"writer": "w", "sequence": 4, "agent": "a", "at": 1, "action": "a", "outcome": "b", "who": "x"}),
    json.dumps({"writer": "w", "sequence": 4, "agent": 7, "at": 1, "action": "a", "outcome": "b"}),
]


@pytest.mark.requirement("H2")
@pytest.mark.parametrize("number", range(len(UNREADABLE)))
def test_a_record_that_was_made_unreadable_keeps_nobody_from_reading_the_others(helpdesk: Command, number: int) -> None:
    body = UNREADABLE[number].encode()
    tamper(helpdesk.state / "password_reset" / "audit.sqlite3", "UPDATE records SET body = ? WHERE sequence = 4", body)
    done = helpdesk("audit")
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 13
    assert done.out.count("cannot be read: it was changed") == 1
    assert helpdesk("audit", "story", "p1").code == 0
    for form in ("--json", "--ocsf"):
        events = helpdesk("audit", form).events
        assert len(events) == 13
        assert "trail:record:unreadable" in str(events)
    checked = helpdesk("audit", "verify", "--json")
    assert checked.code == 1
    assert [(one["trail"], [each["record"] for each in one["problems"]]) for one in checked.events] == [
        ("password_reset", [4]),
        ("supervisor", []),
    ]


def test_an_action_of_a_newer_version_is_shown_by_its_name_and_mapped_as_far_as_can_be() -> None:
    record = {"writer": "a-2", "sequence": 1, "agent": "a", "at": 1, "action": "door:lock:open", "outcome": "delayed"}
    found = ocsf(record | {"act": "x"})
    assert (found["class_name"], found["status_id"], found["metadata"]["event_code"]) == (
        "API Activity",
        99,
        "door:lock:open",
    )


def test_a_file_that_is_damaged_is_said_in_a_line(helpdesk: Command) -> None:
    file = helpdesk.state / "supervisor" / "audit.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    for command in ((), ("verify",), ("story", "s1"), ("export", str(helpdesk.state / "copies"))):
        done = helpdesk("audit", *command)
        assert done.code == 1
        assert "The trail of supervisor cannot be read" in done.err


def test_a_trail_is_found_whatever_its_folder_is_called(helpdesk: Command) -> None:
    folder = helpdesk.state / "a#b?mode=rwc%41"
    (helpdesk.state / "supervisor").rename(folder)
    assert len(helpdesk("audit", "--file", str(folder / "audit.sqlite3"), "--json").events) == 6


@pytest.mark.requirement("H2")
@pytest.mark.parametrize("writer", ["../../taken", "/nowhere/taken", "a\0b", "w" * 500, ".", "password_reset-2026\n"])
def test_no_name_of_a_chain_leads_out_of_the_folder_of_anchors(tmp_path: Path, writer: str) -> None:
    anchors = tmp_path / "below" / "anchors"
    write_anchor(anchors, SealingKey.generate().seal(writer, 1, b"h" * 32))
    assert [path.parent for path in tmp_path.rglob("*.json")] == [anchors]


@pytest.mark.requirement("H2")
def test_anchors_of_a_chain_with_any_name_are_missed_the_next_time(helpdesk: Command, tmp_path: Path) -> None:
    file, keys, anchors = tmp_path / "x.sqlite3", tmp_path / "keys", tmp_path / "anchors"
    key = SealingKey.generate()
    keys.mkdir()
    anchors.mkdir()
    (keys / "key.pem").write_text(key.public_pem())
    trail = AuditTrail.begin(AuditFile.open(file, create=True), key, agent="../out/of")
    trail.note(event(Action.REQUEST_ACCEPT, Outcome.ALLOWED))
    trail.close()
    verify = ("audit", "verify", "--file", str(file), "--keys", str(keys), "--anchors", str(anchors), "--keep")
    assert helpdesk(*verify).code == 0
    tamper(file, "DELETE FROM records WHERE sequence > 1")
    tamper(file, "DELETE FROM seals WHERE sequence > 1")
    assert "record 2 (or a later one, up to 3) is missing" in helpdesk(*verify).out


@pytest.mark.parametrize("said", ["", "99999999999999999d", "9" * 5000 + "s", "-2h", "2 h", "2026-13-01", "now"])
def test_a_time_that_is_none_is_said_to_be_none(helpdesk: Command, said: str) -> None:
    for option in ("--since", "--until"):
        done = helpdesk("audit", f"{option}={said}")
        assert (done.code, "is no time" in done.err) == (1, True), done.err


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        ("2026-12-24T18:00", "2026-12-24T18:00"),
        ("2026-12-24", "2026-12-24T00:00"),
        ("2026-12-24T18:00Z", "2026-12-24T18:00"),
        ("2026-12-24T18:00+01:00", "2026-12-24T17:00"),
        ("2026-12-24 18:00-05:30", "2026-12-24T23:30"),
        ("0001-01-01T00:00+14:00", None),
        ("9999-12-31T23:59-14:00", None),
    ],
)
def test_a_time_is_utc_or_of_the_zone_that_it_names(
    said: str, utc: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    found = moment(said)
    assert isinstance(found, int)
    if utc is not None:
        assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1000


@pytest.mark.parametrize("option", ["--person", "--agent", "--resource", "--task", "--action", "--id"])
@pytest.mark.parametrize("said", ["' OR 1=1 --", "%", "_", "[a-z]", "?", "\\", '"', "\udcff", ESCAPES[:-1]])
def test_no_filter_finds_more_than_it_says(helpdesk: Command, option: str, said: str) -> None:
    done = helpdesk("audit", f"{option}={said}", "--json")
    assert (done.code, done.events) == (0, []), done.err


def test_an_activity_s_words_make_no_line_of_their_own() -> None:
    told = {"at": 1, "agent": "a\nb", "action": "account:profile:read", "outcome": "succeeded", "resource": FORGED}
    (deed,) = Activity((told,), ()).deeds
    assert _line(deed).plain.isprintable()


@pytest.mark.parametrize("outcome", ["allowed", "denied", "delayed", "{}", ""])
@pytest.mark.parametrize("action", ["account:lock:remove", "trail:record:unreadable", "door:lock:open"])
def test_an_activity_of_any_words_is_shown(action: str, outcome: str) -> None:
    """Each agent tells its own, and what one says must not keep a person from the others'."""
    (deed,) = Activity(({"at": 1, "agent": "a", "action": action, "outcome": outcome, "act": "x"},), ()).deeds
    assert _line(deed).plain.startswith("1970-01-01 00:00:00Z  a ")


@pytest.mark.requirement("H2")
def test_a_trail_that_is_empty_is_not_whole_and_one_without_anchors_is_told_apart(
    helpdesk: Command, tmp_path: Path
) -> None:
    keys = str(helpdesk.state / "supervisor" / "audit-keys")
    (tmp_path / "empty.jsonl").touch()
    done = helpdesk("audit", "verify", "--file", str(tmp_path / "empty.jsonl"), "--keys", keys)
    assert (done.code, "NOT WHOLE, nothing is on record" in done.out) == (1, True)
    file = ("audit", "verify", "--file", str(helpdesk.state / "supervisor" / "audit.sqlite3"), "--keys", keys)
    assert "without anchors" in helpdesk(*file).out
    assert "without anchors" not in helpdesk("audit", "verify").out
    away = helpdesk(*file, "--anchors", str(tmp_path / "away"))
    assert (away.code, "is no folder of anchors" in away.err) == (1, True)
    assert helpdesk(*file, "--anchors", str(tmp_path / "away"), "--keep").code == 0
    assert "without anchors" not in helpdesk(*file, "--anchors", str(tmp_path / "away")).out
