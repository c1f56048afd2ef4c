"""The table of who may do what to whom, and how a row is run: from a sign-in, through the supervisor, to the effect."""

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from local.directory._database import FILE_NAME
from tests.authorization._obedient import told
from tests.authorization._servers import ROOT
from tests.flows._approvals import WAITS, at_the_phone, code_of, look
from tests.flows._world import Person, Reply, World
from tests.tenant._ciba import terminal

TOOLS = {
    "see profile": "show_account",
    "see contact": "show_account",
    "see state": "show_account",
    "see security": "show_account",
    "see groups": "list_groups",
    "see devices": "list_devices",
    "read state": "account_state",
    "unlock": "unlock_account",
    "reset": "reset_password",
    "expire": "expire_password",
    "reset factors": "reset_factors",
    "read": "search_docs",
}
SENTENCES = {
    "unlock": "Unlock {account}.",
    "reset": "Reset the password of {account}.",
    "expire": "Expire the password of {account}.",
    "reset factors": "Reset the factors of {account}.",
}
ACTS = frozenset(SENTENCES)
WORKING = "TASK_STATE_WORKING"
ON_CALL = "idris.kamara"
AT_ONCE = 4
NOT_WORKING = frozenset({"SUSPENDED", "STAGED", "DEPROVISIONED"})


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    who: str
    through: str
    action: str
    whom: str
    may: bool
    why: str

    @property
    def own(self) -> bool:
        return self.who == self.whom

    def __str__(self) -> str:
        return f"{self.who} {self.action} {self.whom} through {self.through}"


@dataclass(frozen=True)
class Outcome:
    """What came of a row: whether it happened, and what was said."""

    happened: bool
    said: str


def rows() -> list[Row]:
    """The table."""
    document = yaml.safe_load((ROOT / "tests/authorization/matrix.yaml").read_text(encoding="utf-8"))
    return [Row(**each) for each in document]


def people() -> dict[str, dict[str, Any]]:
    """The people of the local world, by login."""
    document = yaml.safe_load((ROOT / "local/people.yaml").read_text(encoding="utf-8"))
    return {each["login"]: each for each in document}


class Runner:
    """Runs rows in one world, whose agents have obedient models."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self._world = world
        self._http = http
        self._people = people()
        self._signed_in: dict[str, Person] = {}
        self._enrolled: set[str] = set()

    async def run(self, table: Iterable[Row]) -> dict[Row, Outcome]:
        """What came of each row: those that look at the same time, those that act one after the other."""
        table = list(table)
        some = asyncio.Semaphore(AT_ONCE)

        async def begin(login: str) -> None:
            async with some:
                await self.sign_in(login)

        await asyncio.gather(*(begin(login) for login in sorted({row.who for row in table})))

        async def look(row: Row) -> tuple[Row, Outcome]:
            async with some:
                return row, await self._look(row)

        looked = await asyncio.gather(*(look(row) for row in table if row.action not in ACTS))
        return dict(looked) | {row: await self._act(row) for row in table if row.action in ACTS}

    async def sign_in(self, login: str) -> None:
        """Signs somebody in, once."""
        if login not in self._signed_in:
            works = self._people[login]["status"] not in NOT_WORKING  # the directory lets nobody else in
            self._signed_in[login] = await Person.sign_in(self._world, login, self._http, connects=works)

    async def _look(self, row: Row) -> Outcome:
        said = (await self._say(row)).text
        return Outcome(any(sign in said for sign in self._signs(row)), said)

    async def _act(self, row: Row) -> Outcome:
        self._prepare(row)
        if row.action == "reset" and row.may:
            await self._with_phone(row.whom)
        before = self._state(row.whom)
        reply = await self._say(row)
        waits = reply.task.get("metadata", {}).get("helpdesk/waiting", []) if reply.state == WAITS else []
        approves = any(wait["kind"] == "approval" for wait in waits)
        said = await self._approved(row, reply.task) if approves else reply.text
        return Outcome(self._state(row.whom) != before, said)

    async def _with_phone(self, login: str) -> None:
        """Has somebody a device to approve on."""
        if login not in self._enrolled and "push" not in self._people[login]["factors"]:
            async with self._world.tenant.http() as browser:
                await terminal(self._world.tenant, browser, login)
        self._enrolled.add(login)

    async def _approved(self, row: Row, task: dict[str, Any]) -> str:
        """What is said once the person who is asked has approved, for the table is about relations."""
        approver = ON_CALL if row.action == "reset factors" else row.whom
        await at_the_phone(self._world, approver, "approve", code_of(task))
        for _ in range(300):
            now = await look(self._signed_in[row.who], task["id"])
            if now["status"]["state"] not in {WAITS, WORKING}:
                return Reply([{"task": now}]).text
            await asyncio.sleep(0.1)
        raise AssertionError(now)

    async def _say(self, row: Row) -> Reply:
        arguments: dict[str, Any] = {} if row.own else {"person": row.whom}
        text = "Please."
        if row.action == "read":
            arguments = {"query": self._title(row.whom)}
        elif row.action in SENTENCES:
            text = SENTENCES[row.action].format(account="my account" if row.own else row.whom)
            if row.action in {"expire", "reset factors"}:
                arguments = {"person": row.whom}
        elif not row.own:
            text = f"Tell me about {row.whom}, please."
        message = told(text, agent=row.through, tool=TOOLS[row.action], arguments=arguments)
        return await self._signed_in[row.who].ask(message)

    def _signs(self, row: Row) -> list[str]:
        """What a reply holds where it shows what the row asks for, and nowhere else."""
        if row.action == "read":
            return [f"**{self._title(row.whom)}"]
        person = self._people[row.whom]
        signs: dict[str, list[str]] = {
            "see profile": [person["title"]],
            "see contact": [str(person["mobile"])],
            "see state": ["- Status: "],
            "see security": ["- Recovery address: "],
            "see groups": person["groups"],
            "see devices": person["devices"] or ["No device is registered"],
            "read state": ["- Password expires: "],
        }
        return signs[row.action]

    @staticmethod
    def _title(article: str) -> str:
        text = (ROOT / f"agents/docs_search/articles/{article}.md").read_text(encoding="utf-8")
        return str(yaml.safe_load(text.split("---")[1])["title"])

    def _prepare(self, row: Row) -> None:
        """Has the account in a state in which the act would do something, if it is allowed."""
        if self._people[row.whom]["status"] in NOT_WORKING:
            return
        status = "LOCKED_OUT" if row.action == "unlock" else "ACTIVE"
        with closing(sqlite3.connect(self._database())) as connection, connection:
            connection.execute("UPDATE users SET status = ? WHERE login = ?", (status, self._mail(row.whom)))

    def _state(self, login: str) -> str:
        """All that an act may change of an account, and all that the directory's log says was done to it."""
        with closing(sqlite3.connect(self._database())) as connection:
            user = connection.execute(
                "SELECT id, status, password_hash FROM users WHERE login = ?", (self._mail(login),)
            ).fetchone()
            factors = connection.execute("SELECT id FROM factors WHERE user_id = ? ORDER BY id", (user[0],)).fetchall()
            events = connection.execute(
                "SELECT count(*) FROM log_events WHERE json_extract(event, '$.eventType') NOT LIKE 'user.session.%' "
                "AND event LIKE ?",
                (f"%{user[0]}%",),
            ).fetchone()
            mails = connection.execute("SELECT count(*) FROM outbox").fetchone()
        return json.dumps([user, factors, events, mails])

    def _database(self) -> str:
        return str(self._world.directory_config.folder / FILE_NAME)

    @staticmethod
    def _mail(login: str) -> str:
        return f"{login}@helpdesk.example"
