"""`helpdesk audit` where the trails are in PostgreSQL: prepared, read, verified, exported and swept by who may."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from shared.audit import Action, AuditTrail, Event, Outcome, SealingKey, Where, Who
from shared.audit.postgres import PostgresAuditStore
from shared.testing import Clock, PostgresServer
from tests.portal.running import Command, Done

AMELIA = Who(issuer="https://tenant.example/", subject="auth0|amelia")
AGENTS = ("supervisor", "password_reset")


@dataclass(frozen=True)
class Desk:
    """A database with the trails of two agents, what each role needs to reach it, and their keys."""

    server: PostgresServer
    folder: Path
    command: Command
    keys: dict[str, SealingKey]
    clock: Clock

    def url(self, role: str) -> str:
        """The file with a role's URL."""
        file = self.folder / f"{role}.url"
        file.write_text(self.server.role(role, may_make_schemas=role == "keeper") + "\n")
        return str(file)

    def audit(self, *arguments: str, role: str = "auditor") -> Done:
        return self.command("audit", *arguments, "--database", self.url(role))

    def open(self, agent: str) -> AuditTrail:
        """A replica's part of the trail."""
        store = PostgresAuditStore.open(self.server.role(agent), agent=agent)
        return AuditTrail.begin(store, self.keys[agent], agent=agent, clock=self.clock)

    def write(self, agent: str, *events: Event) -> None:
        trail = self.open(agent)
        for event in events:
            self.clock.advance(1)
            trail.note(event)
        trail.close()


@pytest.fixture
def desk(postgres: PostgresServer, tmp_path: Path) -> Desk:
    postgres.clear()
    command = Command(tmp_path / "var", tmp_path / "home")
    found = Desk(postgres, tmp_path, command, {agent: SealingKey.generate() for agent in AGENTS}, Clock())
    for agent, key in found.keys.items():
        (tmp_path / "keys" / agent).mkdir(parents=True)
        (tmp_path / "keys" / agent / "key.pem").write_text(key.public_pem())
        postgres.role(agent)
    postgres.role("auditor")
    named = [part for agent in AGENTS for part in ("--agent", agent)]
    done = found.audit("prepare", *named, "--reader", "auditor", role="keeper")
    assert done.code == 0, done.err
    return found


def event(action: Action, outcome: Outcome, task: str, details: dict[str, str | int] | None = None) -> Event:
    return Event(
        action=action, outcome=outcome, who=AMELIA, where=Where(task=task, request="r1"), details=details or {}
    )


def fill(desk: Desk) -> None:
    """What two replicas of one agent recorded, and one of another."""
    asked = event(Action.HOP_CALL, Outcome.SUCCEEDED, "s1", {"agent": "password_reset", "task": "p1"})
    desk.write("supervisor", event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s1"), asked)
    desk.write("password_reset", event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "p1"))
    desk.write("password_reset", event(Action.TASK_END, Outcome.SUCCEEDED, "p1"))


def test_an_operator_reads_what_all_replicas_of_all_agents_recorded(desk: Desk) -> None:
    fill(desk)
    found = desk.audit("--person", "auth0|amelia", "--json").events
    assert [(one["agent"], one["action"]) for one in found] == [
        ("supervisor", "request:message:accept"),
        ("supervisor", "request:hop:call"),
        ("password_reset", "request:message:accept"),
        ("password_reset", "request:task:end"),
    ]
    assert [one["action"] for one in desk.audit("--action", "request:task:*", "--json").events] == ["request:task:end"]
    assert len(desk.audit("--id", "r1", "--json").events) == 4
    assert desk.audit("--id", "r", "--json").events == []
    assert [one["class_uid"] for one in desk.audit("--task", "p1", "--ocsf").events] == [6003, 6003]
    told = desk.audit("story", "p1", "--json").events
    assert [(step["depth"], step["record"]["agent"]) for step in told] == [
        (0, "supervisor"),
        (0, "supervisor"),
        (1, "password_reset"),
        (1, "password_reset"),
    ]


def test_an_agent_s_own_role_reads_its_own_trail_alone(desk: Desk) -> None:
    fill(desk)
    found = desk.audit("--json", role="password_reset").events
    assert {one["agent"] for one in found} == {"password_reset"}


@pytest.mark.requirement("H2")
def test_what_was_cut_off_is_missed_by_the_seals_that_were_kept_the_last_time(desk: Desk) -> None:
    fill(desk)
    keys, anchors = str(desk.folder / "keys"), desk.folder / "anchors"
    anchors.mkdir()
    arguments = ("verify", "--keys", keys, "--anchors", str(anchors), "--keep", "--json")
    first = desk.audit(*arguments)
    assert [(one["trail"], one["whole"], one["chains"]) for one in first.events] == [
        ("password_reset", True, 2),
        ("supervisor", True, 1),
    ]
    newest = desk.open("password_reset")
    asyncio.run(newest.record(event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "p2")))
    assert desk.audit(*arguments).code == 0
    with psycopg.connect(desk.server.url) as connection:
        connection.execute("SET search_path = audit_password_reset")
        connection.execute("DELETE FROM records WHERE writer = %s AND sequence > 1", (newest.writer,))
        connection.execute("DELETE FROM seals WHERE writer = %s AND sequence > 1", (newest.writer,))
    without = desk.audit("verify", "--keys", keys, "--json")
    assert without.code == 0
    again = desk.audit(*arguments)
    assert again.code == 1
    assert again.events[0]["problems"] == [{"chain": newest.writer, "record": 2, "latest": 2, "fault": "cut_off"}]
    newest.close()


def test_a_key_seals_the_trail_of_its_own_agent_alone(desk: Desk) -> None:
    fill(desk)
    keys = desk.folder / "keys"
    (keys / "supervisor" / "key.pem").rename(keys / "password_reset" / "other.pem")
    (keys / "supervisor" / "other.pem").write_text(desk.keys["password_reset"].public_pem())
    done = desk.audit("verify", "--keys", str(keys), "--json")
    assert [(one["trail"], one["whole"]) for one in done.events] == [("password_reset", True), ("supervisor", False)]


@pytest.mark.requirement("H2")
def test_a_copy_can_be_verified_elsewhere_also_of_what_began_anew_as_it_was_old(desk: Desk) -> None:
    fill(desk)
    desk.clock.advance(40 * 86400)
    trail = desk.open("password_reset")
    assert asyncio.run(trail.expire(days=30)) == 6
    desk.clock.advance(1)
    asyncio.run(trail.record(event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "p2")))
    copies, keys = desk.folder / "copies", str(desk.folder / "keys" / "password_reset")
    assert desk.audit("export", str(copies)).code == 0
    trail.close()
    copy = copies / "password_reset.jsonl"
    verified = desk.command("audit", "verify", "--file", str(copy), "--keys", keys, "--json")
    (report,) = verified.events
    assert (report["whole"], report["records"]) == (True, 4)
    copy.write_text(copy.read_text().replace('"task":"p2"', '"task":"p3"'))
    assert desk.command("audit", "verify", "--file", str(copy), "--keys", keys).code == 1


@pytest.mark.requirement("H4")
def test_trails_of_a_database_and_a_file_of_the_same_name_are_exported_apart(desk: Desk) -> None:
    fill(desk)
    copies, more = desk.folder / "copies", desk.folder / "more"
    assert desk.audit("export", str(copies)).code == 0
    done = desk.audit("export", str(more), "--file", str(copies / "supervisor.jsonl"), "--json")
    assert [(Path(one["file"]).name, one["records"]) for one in done.events] == [
        ("password_reset.jsonl", 6),
        ("supervisor.jsonl", 4),
        ("copies-supervisor.jsonl", 4),
    ]
    assert (more / "supervisor.jsonl").read_text() == (more / "copies-supervisor.jsonl").read_text()
    again = desk.audit("export", str(more))
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.requirement("H2")
def test_an_agent_that_was_taken_over_cannot_speak_for_another_in_its_own_trail(desk: Desk) -> None:
    """Its key is good for its own trail, and what it writes there under another's name is no part of that."""
    fill(desk)
    store = PostgresAuditStore.open(desk.server.role("password_reset"), agent="password_reset")
    trail = AuditTrail.begin(store, desk.keys["password_reset"], agent="supervisor", clock=desk.clock)
    trail.note(event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s9"))
    trail.close()
    done = desk.audit("verify", "--keys", str(desk.folder / "keys"), "--json")
    assert done.code == 1
    assert {one["trail"]: one["problems"] for one in done.events} == {
        "password_reset": [{"chain": trail.writer, "record": 1, "latest": 1, "fault": "misplaced"}],
        "supervisor": [],
    }


def test_what_was_let_go_is_deleted_by_who_keeps_the_trail_and_nobody_else(desk: Desk) -> None:
    fill(desk)
    desk.clock.advance(40 * 86400)
    trail = desk.open("password_reset")
    assert asyncio.run(trail.expire(days=30)) == 6
    trail.close()
    keys = ("--keys", str(desk.folder / "keys"))
    assert desk.audit("sweep", *keys, "--days", "0", role="auditor").code == 1
    kept = desk.audit("sweep", *keys, "--days", "1", "--json", role="keeper").events
    assert [(one["trail"], one["records"], len(one["kept"])) for one in kept] == [
        ("password_reset", 0, 2),
        ("supervisor", 0, 0),
    ]
    swept = desk.audit("sweep", *keys, "--days", "0", "--json", role="keeper").events
    assert [(one["trail"], one["records"], one["kept"]) for one in swept] == [
        ("password_reset", 6, []),
        ("supervisor", 0, []),
    ]
    assert desk.audit("verify", *keys).code == 0


def test_what_is_wrong_with_a_database_is_said_in_a_line(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "away.url").write_text("postgresql://nobody:secret-word@127.0.0.1:1/nothing")
    for file, said in (("away.url", "cannot be reached"), ("missing.url", "cannot be read")):
        done = desk.command("audit", "--database", str(tmp_path / file))
        assert done.code == 1
        assert said in done.err
        assert "secret-word" not in done.err
    empty = desk.audit(role="somebody")
    assert "no audit trail" in empty.err


def test_who_follows_reads_replicas_and_trails_that_are_made_later(desk: Desk) -> None:
    accepted = event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s1")
    desk.write("supervisor", accepted)
    arguments = ("--follow", "--json", "--limit", "1", "--database", desk.url("auditor"))
    child = desk.command.start("audit", *arguments)
    assert child.stdout is not None
    try:
        assert json.loads(child.stdout.readline())["action"] == "trail:chain:close"
        desk.write("supervisor", accepted)
        assert [json.loads(child.stdout.readline())["sequence"] for _ in range(3)] == [1, 2, 3]
        desk.keys["docs_search"] = SealingKey.generate()
        desk.server.role("docs_search")
        assert desk.audit("prepare", "--agent", "docs_search", "--reader", "auditor", role="keeper").code == 0
        desk.write("docs_search", accepted)
        read = [json.loads(child.stdout.readline()) for _ in range(3)]
        assert [(one["agent"], one["sequence"]) for one in read] == [("docs_search", number) for number in (1, 2, 3)]
    finally:
        child.terminate()
        child.communicate(timeout=20)
