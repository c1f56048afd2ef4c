"""A directory in process, filled from the people file, and callers who ask for something there."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from local.directory import AGENT_SCOPES, DirectoryConfig, Faults, create_app
from local.directory._database import FILE_NAME
from local.directory._identifiers import auth0_subject
from local.directory._seed import user_id
from local.directory.oauth import AuthorizationServer
from shared.directory import ActingCaller, DirectoryClient, TokenSource
from shared.http import create_http_client
from shared.identity import Principal, RawToken
from shared.testing import Clock, KeptTrail, make_principal

BASE_URL = "http://127.0.0.1:8401"
EVERY_SCOPE = frozenset(
    {
        *("okta.users.read", "okta.users.manage", "okta.logs.read", "okta.groups.read"),
        *("okta.devices.read", "okta.policies.read"),
    }
)
SCOPES = {**AGENT_SCOPES, "administrator": EVERY_SCOPE, "nothing": frozenset({"okta.apps.read"})}
ADMINISTRATOR = "adm.rosalind"
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Asker:
    """Who asks an agent: what `shared.a2a.Caller` is to a tool."""

    user: Principal
    user_token: RawToken = field(default_factory=lambda: RawToken("never-sent"))


class GivenTokens:
    """The tokens that people have granted an agent, as the vault would give them; each person has connected before."""

    def __init__(self, world: "World", agent: str) -> None:
        self._world = world
        self._agent = agent
        self.given: dict[str, RawToken] = {}
        self.refusals = 0

    async def token(self, caller: ActingCaller) -> RawToken:
        subject = caller.user.subject
        if subject not in self.given:
            self.given[subject] = RawToken(self._world.issued(self._world.login_of(subject), self._agent))
        return self.given[subject]

    def refused(self, caller: ActingCaller, token: RawToken) -> None:
        self.refusals += 1
        if self.given.get(caller.user.subject) == token:
            del self.given[caller.user.subject]


@dataclass
class World:
    """One directory, its clock, its faults, and clients of it.

    Calls over the wire are made by adm.rosalind, who may do everything, through the application `administrator`,
    unless another is named: an agent, and who has granted it access.
    """

    folder: Path
    clock: Clock
    faults: Faults
    app: Starlette
    http: httpx.AsyncClient
    tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    given: list[str] = field(default_factory=list, repr=False)
    """Every token that was issued here."""
    trail: KeptTrail = field(default_factory=KeptTrail, repr=False)
    """The record of the agents."""

    @property
    def oauth(self) -> AuthorizationServer:
        """The directory's authorization server."""
        server: AuthorizationServer = self.app.state.directory.oauth
        return server

    def client(
        self, agent: str = "password_reset", *, timeout: float = 5.0, tokens: TokenSource | None = None
    ) -> DirectoryClient:
        """The typed client of an agent, which everybody has granted access."""
        source = tokens or GivenTokens(self, agent)
        return DirectoryClient(
            f"{BASE_URL}/api/v1", self.http, source, timeout=timeout, clock=self.clock, trail=self.trail
        )

    async def get(
        self, path: str, *, agent: str = "administrator", who: str = ADMINISTRATOR, **parameters: str
    ) -> httpx.Response:
        """A read over the wire."""
        return await self.http.get(f"{BASE_URL}/api/v1{path}", params=parameters, headers=self.bearer(agent, who))

    async def act(
        self, login: str, operation: str, *, agent: str = "administrator", who: str = ADMINISTRATOR, **parameters: str
    ) -> httpx.Response:
        """A lifecycle operation over the wire."""
        url = f"{BASE_URL}/api/v1/users/{login}/lifecycle/{operation}"
        return await self.http.post(url, params=parameters, headers=self.bearer(agent, who))

    def bearer(self, agent: str, who: str = ADMINISTRATOR) -> dict[str, str]:
        """The header of an agent that acts for somebody."""
        if (agent, who) not in self.tokens:
            self.tokens[agent, who] = self.issued(who, agent)
        return {"Authorization": f"Bearer {self.tokens[agent, who]}"}

    def issued(self, login: str, agent: str) -> str:
        """A token that somebody has granted an agent, with the most that both can have."""
        client = next(client for client in self.oauth.clients.values() if client.name == agent)
        directory = self.app.state.directory
        most = ("openid", *sorted(client.scopes))
        scopes = client.grantable(most, is_administrator=directory.has_role(user_id(login)))
        status = self.status(login)
        self.set_status(login, "ACTIVE")  # granted while they could sign in
        issued = self.oauth.grant(client, user_id(login), scopes).access_token
        self.set_status(login, status)
        self.given.append(issued)
        return issued

    def login_of(self, subject: str) -> str:
        """Whose subject it is; of nobody's, somebody who has no account that belongs to a sign-in."""
        rows = self.rows("SELECT login FROM users WHERE json_extract(profile, '$.auth0Subject') = ?", subject)
        return str(rows[0]["login"]).partition("@")[0] if rows else "tomas.reyes"

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """What the directory's own database holds, read past the directory."""
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def change(self, sql: str, *values: object) -> None:
        """Changes the database past the directory."""
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as connection, connection:
            connection.execute(sql, values)

    def set_profile(self, login: str, **fields: object) -> None:
        """Changes fields of a profile."""
        profile = json.loads(self.user(login)["profile"]) | fields
        self.change("UPDATE users SET profile = ? WHERE login = ?", json.dumps(profile), mail(login))

    def user(self, login: str) -> dict[str, Any]:
        """A user's row."""
        return self.rows("SELECT * FROM users WHERE login = ?", mail(login))[0]

    def set_status(self, login: str, status: str) -> None:
        """Changes a user's status past the directory."""
        self.change("UPDATE users SET status = ? WHERE login = ?", status, mail(login))

    def status(self, login: str) -> str:
        """A user's status."""
        return str(self.user(login)["status"])

    def events(self, event_type: str = "%") -> list[dict[str, Any]]:
        """The system log since the world began, oldest first."""
        rows = self.rows(
            "SELECT event FROM log_events WHERE json_extract(event, '$.eventType') LIKE ? ORDER BY sequence", event_type
        )
        began = NOW.strftime("%Y-%m-%dT%H:%M:%S")
        return [event for event in (json.loads(row["event"]) for row in rows) if event["published"] >= began]

    def outbox(self) -> list[dict[str, Any]]:
        """The mails that were sent, oldest first."""
        return self.rows("SELECT * FROM outbox ORDER BY id")


def mail(login: str) -> str:
    """A login as the directory has it."""
    return login if "@" in login else f"{login}@helpdesk.example"


def asker(login: str, scopes: Collection[str], **claims: Any) -> Asker:
    """Somebody whose tokens were verified."""
    return Asker(make_principal(auth0_subject(login), scopes=scopes, **claims))


def config(folder: Path, clock: Clock, faults: Faults, **more: Any) -> DirectoryConfig:
    """How the tests start a directory."""
    return DirectoryConfig(
        folder=folder, clock=lambda: datetime.fromtimestamp(clock(), UTC), faults=faults, scopes=SCOPES, **more
    )


def filled(folder: Path) -> Path:
    """A folder with a directory that was filled at `NOW`, beside what it agreed on with the tenant's vault."""
    directory = create_app(config(folder, Clock(NOW.timestamp()), Faults())).state.directory
    directory.oauth.store.close()
    directory.database.close()
    return folder


@asynccontextmanager
async def opened(template: Path, folder: Path, **more: Any) -> AsyncIterator[World]:
    """A world of its own, as it was at `NOW`."""
    shutil.copytree(template, folder)
    if template.parent != folder.parent:
        shutil.copytree(template.parent / "token-vault", folder.parent / "token-vault", dirs_exist_ok=True)
    clock, faults = Clock(NOW.timestamp()), Faults()
    app = create_app(config(folder, clock, faults, **more))
    async with create_http_client(app=httpx.ASGITransport(app=app)) as http:
        yield World(folder, clock, faults, app, http)
    app.state.directory.oauth.store.close()
    app.state.directory.database.close()


def texts_of(messages: Sequence[Any]) -> Iterator[str]:
    """What the tools answered, in order."""
    for message in messages:
        for block in message["content"]:
            if "toolResult" in block:
                yield "".join(part.get("text", "") for part in block["toolResult"]["content"])
