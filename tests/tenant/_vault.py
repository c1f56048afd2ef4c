"""A tenant beside the directory whose accounts people connect, both on loopback ports and on one clock."""

import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.directory import DirectoryConfig
from local.directory import create_app as create_directory
from local.tenant._codes import code_challenge_of
from local.tenant.testing import COMMAND_LINE, LocalTenant
from shared.testing import LoopbackServer

GRANT = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
UPSTREAM_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token"
LOOKUP = "Account lookup API client"
RESET = "Password reset API client"
READ, MANAGE = "directory-read", "directory-manage"
TOKEN_PATH, REVOKE_PATH = "/oauth2/v1/token", "/oauth2/v1/revoke"


@dataclass
class Ear:
    """Counts what the directory is asked for, by path, and keeps its answers.

    `meanwhile` is done once, while the next token response is on its way.
    """

    app: ASGIApp
    asked: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard(message: Message) -> None:
            if message["type"] == "http.response.body":
                self.answers.append((scope["path"], message.get("body", b"")))
            if scope.get("path") == TOKEN_PATH and self.meanwhile is not None:
                meanwhile, self.meanwhile = self.meanwhile, None
                await meanwhile()
            await send(message)

        if scope["type"] == "http":
            self.asked[scope["path"]] += 1
        await self.app(scope, receive, heard)

    def issued(self) -> list[dict[str, Any]]:
        """Every token response."""
        return [json.loads(body) for path, body in self.answers if path == TOKEN_PATH]


@dataclass(frozen=True)
class Connecting:
    """A request to connect an account, as the client that began it knows it."""

    token: str
    auth_session: str
    url: str
    redirect_uri: str
    state: str
    code_verifier: str

    def completion(self, connect_code: str, **changes: Any) -> dict[str, Any]:
        """What the client completes it with; a member given as None is left out."""
        body = {
            "auth_session": self.auth_session,
            "connect_code": connect_code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.code_verifier,
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}


class Vault:
    """The tenant, and the directory that its connections lead to.

    Args:
        tenant: The tenant, which knows the directory at the server's address.
        server: Where the directory answers.
    """

    def __init__(self, tenant: LocalTenant, server: LoopbackServer) -> None:
        self.tenant = tenant
        self.server = server
        self._config = DirectoryConfig(
            tenant.settings.helpdesk_var / "directory",
            public_url=server.url.rstrip("/"),
            callbacks=(self.callback,),
            clock=lambda: datetime.fromtimestamp(tenant.clock(), UTC),
        )
        self._app: Starlette = create_directory(self._config)
        self.ear = Ear(self._app)
        self.passkeys: dict[str, str] = json.loads((self._config.folder / "users.json").read_text(encoding="utf-8"))
        server.start(self.ear)

    def start_directory(self) -> None:
        """Starts the directory again, after its server was stopped."""
        self._app = self.ear.app = create_directory(self._config)
        self.server.start(self.ear)

    @property
    def callback(self) -> str:
        """Where the directory sends people back to."""
        return f"{self.tenant.issuer}login/callback"

    def revoke_upstream(self, user: str) -> None:
        """The directory's administrator ends all that this person has granted."""
        assert self._app.state.directory.oauth.revoke_user(user) > 0

    def upstream_user(self) -> str:
        """Whom the directory issued its last tokens for."""
        rows = self._app.state.directory.oauth.store.one("SELECT user_id FROM grants ORDER BY rowid DESC LIMIT 1")
        return str(rows["user_id"])

    async def connect(self, login: str = "amelia.hart", connection: str = READ, **how: Any) -> httpx.Response:
        """Connects somebody's account, as they do in their browser."""
        passkey = self.passkeys[how.get("upstream_login", login)]
        return await self.tenant.connect_account(login, connection, passkey=passkey, **how)

    async def begin(self, login: str = "amelia.hart", **changes: Any) -> Connecting:
        """Begins to connect an account."""
        token, verifier = await self.tenant.my_account_token(login), secrets.token_urlsafe(32)
        body = self.beginning(verifier) | changes
        response = await self.tenant.my_account("POST", "connect", token, body)
        assert response.status_code == 201, response.text
        begun = response.json()
        url = f"{begun['connect_uri']}?ticket={begun['connect_params']['ticket']}"
        return Connecting(token, begun["auth_session"], url, body["redirect_uri"], body["state"], verifier)

    def beginning(self, code_verifier: str = "x" * 43) -> dict[str, Any]:
        """A request to begin with."""
        return {
            "connection": READ,
            "redirect_uri": self.tenant.tenant.clients.named(COMMAND_LINE).definition.callbacks[0],
            "state": secrets.token_urlsafe(8),
            "code_challenge": code_challenge_of(code_verifier),
            "code_challenge_method": "S256",
        }

    async def browse(
        self,
        url: str,
        redirect_uri: str,
        login: str = "amelia.hart",
        *,
        action: str = "allow",
        http: httpx.AsyncClient | None = None,
    ) -> dict[str, str]:
        """Plays a person's browser at the directory, and says what came to `redirect_uri`."""
        fields = {"username": login, "passkey": self.passkeys[login], "action": action}
        return await self.tenant.visit(url, redirect_uri, fields, http=http)

    async def complete(self, connecting: Connecting, connect_code: str, **changes: Any) -> httpx.Response:
        """Completes it."""
        token = changes.pop("token", connecting.token)
        return await self.tenant.my_account("POST", "complete", token, connecting.completion(connect_code, **changes))

    async def subject_token(self, login: str = "amelia.hart", agent: str = "account_lookup") -> str:
        """The token of a person that an agent was called with."""
        return await self.tenant.exchange(await self.tenant.sign_in(login), self.tenant.api(agent))

    async def exchange(self, subject_token: str, client: str = LOOKUP, **changes: str | None) -> httpx.Response:
        """Asks for the directory's token; a parameter given as None is left out."""
        form = {
            "grant_type": GRANT,
            "subject_token": subject_token,
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": UPSTREAM_TOKEN,
            "connection": READ,
            **self.tenant.credentials(client),
            **changes,
        }
        return await self.tenant.request_token({name: value for name, value in form.items() if value is not None})

    async def refusal(self, subject_token: str, client: str = LOOKUP, **changes: str | None) -> tuple[int, str]:
        """How an exchange is refused."""
        response = await self.exchange(subject_token, client, **changes)
        return response.status_code, response.json().get("error", "ok")
