"""Audit trails as agents on this machine leave them, for whoever reads them."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from portal.stack import Plan, free_ports
from shared.audit import Action, AuditFile, AuditTrail, Event, Outcome, Rule, SealingKey, Where, Who

AMELIA = Who(
    issuer="https://tenant.example/",
    subject="auth0|amelia",
    actors=("supervisor-api", "command-line"),
    client="command-line",
    audience="https://helpdesk.example/password_reset",
    scopes=("account:unlock",),
    token_id="t1",
)
OSCAR = replace(AMELIA, subject="auth0|oscar")


def event(action: Action, outcome: Outcome = Outcome.SUCCEEDED, task: str = "", **more: Any) -> Event:
    given: dict[str, Any] = {"who": AMELIA, "where": Where(task=task, context="c1", request="r1", trace="a1")}
    return Event(action=action, outcome=outcome, **given | more)


SUPERVISOR = [
    event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s1"),
    event(Action.HOP_CALL, task="s1", details={"agent": "password_reset", "task": "p1"}),
    event(Action.TASK_END, task="s1", result="completed"),
    event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "s2", who=OSCAR),
]
PASSWORD_RESET = [
    event(Action.REQUEST_ACCEPT, Outcome.ALLOWED, "p1", details={"caller": "supervisor-m2m"}),
    event(
        Action.TOOL_AUTHORIZE,
        Outcome.ALLOWED,
        "p1",
        tool="unlock_account",
        resource="account:00u1",
        rule=Rule(relation="can_unlock", model="01M"),
    ),
    event(Action.ACCOUNT_UNLOCK, Outcome.ATTEMPTED, "p1", resource="account:00u1", act="x", tool="unlock"),
    event(Action.ACCOUNT_UNLOCK, Outcome.SUCCEEDED, "p1", resource="account:00u1", act="x", tool="unlock"),
    event(Action.TOOL_AUTHORIZE, Outcome.DENIED, "p2", who=OSCAR, rule=Rule(relation="can_reset", reason="agent")),
]


def write(state: Path, events: dict[str, Sequence[Event]]) -> None:
    """Has agents record, each with the files and the key that the local world gives it."""
    at = iter(range(1_795_000_000, 1_796_000_000))
    for agent, recorded in events.items():
        with open_trail(state, agent, clock=lambda: float(next(at))) as trail:
            for one in recorded:
                trail.note(one)


@contextmanager
def open_trail(state: Path, agent: str, *, clock: Callable[[], float] = time.time) -> Iterator[AuditTrail]:
    settings = Plan(state, free_ports())._agent(agent)
    key = SealingKey.read(Path(settings["AUDIT_KEY_FILE"]).read_text())
    anchors = Path(settings["AUDIT_ANCHORS"])
    store = AuditFile.open(Path(settings["AUDIT_FILE"]), create=True)
    trail = AuditTrail.begin(store, key, agent=agent, anchors=anchors, clock=clock)
    yield trail
    trail.close()


def tamper(path: Path, statement: str, *values: bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)
