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
from shared.directory import DirectoryClient, StaticTokenSource
from shared.http import create_http_client
from shared.identity import Principal, RawToken
from shared.testing import Clock, make_principal

BASE_URL = "http://127.0.0.1:8401"
EVERY_SCOPE = frozenset(
    {
        *("okta.users.read", "okta.users.manage", "okta.logs.read", "okta.groups.read"),
        *("okta.devices.read", "okta.policies.read"),
    }
)
SCOPES = {**AGENT_SCOPES, "administrator": EVERY_SCOPE, "nothing": frozenset({"okta.apps.read"})}
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Asker:
    """Who asks an agent: what `shared.a2a.Caller` is to a tool."""

    user: Principal


@dataclass
class World:
    """One directory, its clock, its faults, and clients of it."""

    folder: Path
    clock: Clock
    faults: Faults
    app: Starlette
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(repr=False)

    def client(self, agent: str = "password_reset", *, timeout: float = 5.0) -> DirectoryClient:
        """The typed client, with the token of an agent."""
        tokens = StaticTokenSource(RawToken(self.tokens[agent]))
        return DirectoryClient(f"{BASE_URL}/api/v1", self.http, tokens, timeout=timeout, clock=self.clock)

    async def get(self, path: str, *, agent: str = "administrator", **parameters: str) -> httpx.Response:
        """A read over the wire."""
        return await self.http.get(f"{BASE_URL}/api/v1{path}", params=parameters, headers=self.bearer(agent))

    async def act(
        self, login: str, operation: str, *, agent: str = "administrator", **parameters: str
    ) -> httpx.Response:
        """A lifecycle operation over the wire."""
        url = f"{BASE_URL}/api/v1/users/{login}/lifecycle/{operation}"
        return await self.http.post(url, params=parameters, headers=self.bearer(agent))

    def bearer(self, agent: str) -> dict[str, str]:
        """The header of an agent."""
        return {"Authorization": f"Bearer {self.tokens[agent]}"}

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
    """A folder with a database that was filled at `NOW`."""
    create_app(config(folder, Clock(NOW.timestamp()), Faults())).state.directory.database.close()
    return folder


@asynccontextmanager
async def opened(template: Path, folder: Path, **more: Any) -> AsyncIterator[World]:
    """A world of its own, as it was at `NOW`."""
    shutil.copytree(template, folder)
    clock, faults = Clock(NOW.timestamp()), Faults()
    app = create_app(config(folder, clock, faults, **more))
    tokens = {name: (folder / "tokens" / name).read_text() for name in SCOPES}
    async with create_http_client(app=httpx.ASGITransport(app=app)) as http:
        yield World(folder, clock, faults, app, http, tokens)
    app.state.directory.database.close()


def texts_of(messages: Sequence[Any]) -> Iterator[str]:
    """What the tools answered, in order."""
    for message in messages:
        for block in message["content"]:
            if "toolResult" in block:
                yield "".join(part.get("text", "") for part in block["toolResult"]["content"])
