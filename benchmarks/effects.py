"""What was changed while replicas were killed, counted by everybody who has a record of it.

The directory's own log is what happened. Each effect in it must have one approval, given at the phone; one row of the
ledger that says that it was done; one pair of records in the audit trail; and somebody who was told.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.askers import SENT, Asked
from benchmarks.tables import Row, ledger
from portal.record import Source, check, differences, directory_effects, recorded_acts

RESET_EVENT: Final = "user.account.reset_password"
UNLOCK_EVENT: Final = "user.account.unlock_by_admin"


@dataclass
class Counted:
    """The effects, and what is wrong with them.

    Attributes:
        resets: How many reset links were sent.
        unlocks: How many accounts were unlocked.
        approvals: How many approvals were given.
        told: How many of the resets were told in the task that asked for them.
        found_out: How many more were told of when the person asked what had become of it.
        left: How many rows of the ledger still wait for an answer: nobody was told the code.
        wrong: What does not agree, one line each.
    """

    resets: int = 0
    unlocks: int = 0
    approvals: int = 0
    told: int = 0
    found_out: int = 0
    left: int = 0
    wrong: list[str] = field(default_factory=list)


def count(
    directory: Path,
    database_url: str,
    trails: Sequence[Source],
    asked: Sequence[tuple[str, Asked]],
    *,
    locked: int,
) -> Counted:
    """Counts them.

    Args:
        directory: The directory's folder.
        database_url: Where the ledger is, for somebody who may read it.
        trails: The agents' audit trails.
        asked: What was asked for, with who asked.
        locked: How often an account was locked.
    """
    counted = Counted()
    events, accounts = _directory(directory / "directory.sqlite3")
    effects: Counter[tuple[str, str]] = Counter()
    rows = ledger(database_url)
    for event in events:
        if (event.get("debugContext") or {}).get("debugData", {}).get("clientAppName"):
            account = next(target["id"] for target in event["target"] if target["type"] == "User")
            effects[event["eventType"], accounts[account]] += 1
    counted.resets = sum(number for (kind, _), number in effects.items() if kind == RESET_EVENT)
    counted.unlocks = sum(number for (kind, _), number in effects.items() if kind == UNLOCK_EVENT)
    _compare_with_ledger(counted, effects, rows, accounts)
    _compare_with_people(counted, rows, accounts, asked)
    if counted.unlocks > locked:
        counted.wrong.append(f"{counted.unlocks} times unlocked, {locked} times locked")
    counted.wrong += differences(recorded_acts(trails), directory_effects(events))
    counted.wrong += [f"{trail.name}: {problem}" for trail in trails for problem in check(trail).problems]
    return counted


def _compare_with_ledger(
    counted: Counted, effects: Counter[tuple[str, str]], rows: Sequence[Row], accounts: dict[str, str]
) -> None:
    """Each link has a row that was done, with an approval that no other row has."""
    done = [row for row in rows if row.state == "done"]
    by_login = Counter(accounts[row.account] for row in done)
    for login in sorted({*by_login, *(login for kind, login in effects if kind == RESET_EVENT)}):
        if effects[RESET_EVENT, login] != by_login[login]:
            counted.wrong.append(f"{login}: {effects[RESET_EVENT, login]} links sent, {by_login[login]} in the ledger")
    tokens = [row.token_id for row in done]
    if len(set(tokens)) != len(tokens) or "" in tokens:
        counted.wrong.append("an act was done without an approval of its own")
    under_way = [row for row in rows if row.state in {"approved", "acting", "in_doubt"}]
    counted.wrong += [f"{accounts[row.account]}, code {row.code}: left {row.state}" for row in under_way]
    counted.left = sum(row.state in {"asking", "requested"} for row in rows)


def _compare_with_people(
    counted: Counted, rows: Sequence[Row], accounts: dict[str, str], asked: Sequence[tuple[str, Asked]]
) -> None:
    """Nothing was done that was not approved; what was done was told, and what was told was done."""
    answers = {(login, code): answer for login, each in asked for code, answer in each.codes.items()}
    looked = {login for login, each in asked if each.kind == "what came of it" and each.outcome == "right"}
    counted.approvals = sum(answer == "approve" for answer, _ in answers.values())
    for row in rows:
        login = accounts[row.account]
        answer, words = answers.pop((login, row.code), ("", ""))
        if row.state == "done" and answer != "approve":
            counted.wrong.append(f"{login}, code {row.code}: done, and answered with {answer or 'nothing'}")
        if row.state == "done" and SENT in words:
            counted.told += 1
        elif row.state == "done" and login in looked:
            counted.found_out += 1
        elif row.state == "done":
            counted.wrong.append(f"{login}, code {row.code}: done, and nobody was told: {words!r}")
        elif SENT in words:
            counted.wrong.append(f"{login}, code {row.code}: {row.state} {row.reason}, and told as done")
    counted.wrong += [f"{login}, code {code}: no such row" for login, code in answers]


def _directory(path: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The directory's log, and its accounts: by id, the login."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        events = [
            json.loads(event) for (event,) in connection.execute("SELECT event FROM log_events ORDER BY sequence")
        ]
        accounts = {key: login.partition("@")[0] for key, login in connection.execute("SELECT id, login FROM users")}
    return events, accounts
