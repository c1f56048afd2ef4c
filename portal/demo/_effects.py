"""What the conversations did, seen in the directory itself: its log, its record of calls, and the mails it sent."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.record import check, differences, directory_effects, local_trails, recorded_acts

_SYNC = "relationships"
"""The program that reads everybody before the agents start, to synchronise who may do what."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that had to happen, and whether it did."""

    what: str
    seen: bool
    detail: str = ""


class DirectoryRecord:
    """Reads what the directory keeps, past its API, which nobody is let into but people through agents.

    Args:
        folder: Where it keeps it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def unlocked(self, login: str, *, by: str) -> Effect:
        """The account was unlocked once, by this person, through the password agent."""
        events = [event for event in self._acts("user.account.unlock") if _target(event) == self._login(login)]
        wanted = [event for event in events if _actor(event) == self._login(by) and _through(event) == "password_reset"]
        return Effect(
            f"{login} was unlocked: once, by {by}, through password_reset",
            len(events) == len(wanted) == 1,
            f"unlocked {len(events)} times, {len(wanted)} of them so",
        )

    def sent_mail(self, login: str, transcript: str) -> Effect:
        """One mail with a link went to the registered recovery address; the chat does not show the link."""
        [[profile]] = self._rows("directory", "SELECT profile FROM users WHERE login = ?", self._login(login))
        mails = self._rows("directory", "SELECT recipient, link FROM outbox")
        wanted = [mail for mail in mails if mail[0] == json.loads(profile)["secondEmail"]]
        return Effect(
            f"{login} was sent one mail with a link, which the chat does not show",
            len(mails) == len(wanted) == 1 and mails[0][1] not in transcript,
            f"{len(mails)} mails in the outbox, {len(wanted)} of them so",
        )

    def not_reset(self, login: str) -> Effect:
        """No reset of this account came about: it was denied."""
        events = [event for event in self._acts("user.account.reset_password") if _target(event) == self._login(login)]
        return Effect(f"{login} denied the reset, and there was none", not events, f"reset {len(events)} times")

    def nobody_else(self, *logins: str) -> Effect:
        """No agent changed any other account."""
        kinds = ("user.account", "user.lifecycle", "user.mfa")
        changed = {_target(event) for kind in kinds for event in self._acts(kind)}
        wanted = {self._login(login) for login in logins}
        return Effect("no other account was changed", changed == wanted, ", ".join(sorted(changed)))

    def own_token_each(self, logins: set[str], *, helped: Mapping[str, Sequence[str]]) -> Effect:
        """Every agent's call was made with a token of one of these people, about themselves or whom they helped.

        Args:
            logins: Who asked.
            helped: By helpers, whom they helped.
        """
        about = {self._login(helper): [self._id(login) for login in others] for helper, others in helped.items()}
        calls = self._rows("oauth", "SELECT login, user_id, path, status FROM calls WHERE login <> ?", _SYNC)
        strangers = {login for login, *_ in calls} - {self._login(login) for login in logins}
        others = [
            path
            for login, user_id, path, _ in calls
            if "/users/" in path and not _is_about(path, user_id, *about.get(login, ()))
        ]
        return Effect(
            f"each of the agents' {len(calls)} calls had the token of who asked, about them or whom they helped",
            bool(calls) and not strangers and not others,
            f"by others: {sorted(strangers)}; about others: {others}",
        )

    def all_on_record(self, state: Path) -> list[Effect]:
        """Each change has its pair of records in an audit trail, and each pair its change; the trails are whole.

        Args:
            state: Where the agents keep their trails.
        """
        trails, effects = local_trails(state), directory_effects(self._acts(""))
        acts = recorded_acts(trails)
        wrong = differences(acts, effects)
        problems = [f"{trail.name}: {problem}" for trail in trails for problem in check(trail).problems]
        return [
            Effect(
                f"each of the {len(effects)} changes is on the agents' own record, before and after, and none besides",
                bool(effects) and not wrong,
                "; ".join(wrong),
            ),
            Effect(
                f"nobody has changed the record: {len(trails)} audit trails are whole",
                bool(trails) and not problems,
                "; ".join(problems),
            ),
        ]

    def _login(self, login: str) -> str:
        """The directory's own name for a person."""
        return str(self._rows("directory", "SELECT login FROM users WHERE login LIKE ?", f"{login}@%")[0][0])

    def _id(self, login: str) -> str:
        return str(self._rows("directory", "SELECT id FROM users WHERE login = ?", self._login(login))[0][0])

    def _acts(self, kind: str) -> list[dict[str, Any]]:
        """The log's events of a kind, or of all kinds that begin with it, that an agent brought about."""
        rows = self._rows("directory", "SELECT event FROM log_events ORDER BY sequence")
        events: list[dict[str, Any]] = [json.loads(event) for (event,) in rows]
        return [event for event in events if event["eventType"].startswith(kind) and _through(event)]

    def _rows(self, name: str, query: str, *values: str) -> list[tuple[Any, ...]]:
        path = self._folder / f"{name}.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()


def _is_about(path: str, *user_ids: str) -> bool:
    return path.split("/users/", 1)[1].split("/", 1)[0] in {"me", *user_ids}


def _target(event: dict[str, Any]) -> str:
    return str(next((target["alternateId"] for target in event["target"] or [] if target["type"] == "User"), ""))


def _actor(event: dict[str, Any]) -> str:
    return str(event["actor"]["alternateId"])


def _through(event: dict[str, Any]) -> str:
    """The application, if it was one that acted for somebody."""
    return str(((event.get("debugContext") or {}).get("debugData") or {}).get("clientAppName") or "")
