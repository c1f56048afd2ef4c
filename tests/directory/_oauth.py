"""People with browsers and applications with secrets, at the directory's authorization server."""

import base64
import hashlib
import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from local._vault_clients import FOLDER, VaultClient, vault_client
from local.directory._config import DEFAULT_CALLBACK
from local.directory.oauth import CONNECTIONS
from shared.http import create_http_client
from tests.directory._world import BASE_URL, EVERY_SCOPE, World

VERIFIER = "a-verifier-that-is-long-enough-for-the-rfc-0123456789"
SIGN_IN, CONSENT = "Sign in to the directory", "Allow access to your account?"
SIGN_IN_SCOPES = frozenset({"openid", "offline_access"})
EVERYTHING = " ".join(sorted(SIGN_IN_SCOPES | EVERY_SCOPE | {"okta.users.read.self", "okta.users.manage.self"}))
HOUR = 3600


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def answer_in(response: httpx.Response) -> dict[str, str]:
    """What the application is told, in the address that the browser is sent to."""
    assert response.status_code == 302, response.text
    assert response.headers["location"].startswith(f"{DEFAULT_CALLBACK}?")
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def field_of(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def offered(page: httpx.Response) -> list[str]:
    """The scopes that a person is asked to agree to."""
    assert CONSENT in page.text
    return re.findall(r"<li>[^<]*<code>([^<]*)</code></li>", page.text)


@dataclass
class Browser:
    """A person's browser, with cookies of its own."""

    world: World
    http: httpx.AsyncClient

    async def authorize(self, agent: str = "account_lookup", /, **changed: str | None) -> httpx.Response:
        asked = {
            "client_id": application(self.world, agent).client_id,
            "redirect_uri": DEFAULT_CALLBACK,
            "response_type": "code",
            "scope": "openid offline_access okta.users.read.self",
            "state": "of the application",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        } | changed
        parameters = {name: value for name, value in asked.items() if value is not None}
        return await self.http.get(f"{BASE_URL}/oauth2/v1/authorize", params=parameters)

    async def sign_in(self, page: httpx.Response, who: str, passkey: str | None = None) -> httpx.Response:
        codes = json.loads((self.world.folder / "users.json").read_text(encoding="utf-8"))
        form = {"state": field_of(page, "state"), "username": who, "passkey": passkey or codes.get(who, "")}
        return await self.http.post(f"{BASE_URL}/oauth2/v1/sign-in", data=form)

    async def decide(self, page: httpx.Response, action: str = "allow") -> httpx.Response:
        return await self.http.post(
            f"{BASE_URL}/oauth2/v1/consent", data={"state": field_of(page, "state"), "action": action}
        )

    async def code(self, agent: str = "account_lookup", who: str = "amelia.hart", **changed: str | None) -> str:
        page = await self.authorize(agent, **changed)
        if SIGN_IN in page.text:
            page = await self.sign_in(page, who)
        return answer_in(await self.decide(page))["code"]


@dataclass
class Session:
    """Opens browsers, and makes the calls of applications."""

    world: World
    secrets: list[str] = field(default_factory=list)
    """Whatever was handed out that nobody else may read."""

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        async with create_http_client(app=httpx.ASGITransport(app=self.world.app), keep_cookies=True) as http:
            yield Browser(self.world, http)
            self.secrets.extend(value for value in http.cookies.values() if value)

    async def post(
        self, path: str, *, agent: str = "account_lookup", secret: str | None = None, **form: str
    ) -> httpx.Response:
        client = application(self.world, agent)
        credentials = (client.client_id, client.client_secret if secret is None else secret)
        return await self.world.http.post(f"{BASE_URL}/oauth2/v1/{path}", data=form, auth=credentials)

    async def redeem(self, code: str, *, agent: str = "account_lookup", **changed: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": DEFAULT_CALLBACK}
        return await self.post("token", agent=agent, **(form | {"code_verifier": VERIFIER} | changed))

    async def refresh(self, refresh_token: str, *, agent: str = "account_lookup", **more: str) -> httpx.Response:
        return await self.post("token", agent=agent, grant_type="refresh_token", refresh_token=refresh_token, **more)

    async def connected(
        self, agent: str = "account_lookup", who: str = "amelia.hart", **changed: str | None
    ) -> dict[str, Any]:
        """Somebody lets an agent act for them; the tokens that it gets."""
        async with self.browser() as browser:
            code = await browser.code(agent, who, **changed)
        issued = await self.redeem(code, agent=agent)
        assert issued.status_code == 200, issued.text
        tokens: dict[str, Any] = issued.json()
        self.secrets += [code, *(tokens[name] for name in ("access_token", "refresh_token", "id_token"))]
        return tokens

    async def introspect(self, token: str, *, agent: str = "account_lookup") -> dict[str, Any]:
        body: dict[str, Any] = (await self.post("introspect", agent=agent, token=token)).json()
        return body

    async def call(self, token: str, path: str = "/users/me", method: str = "GET") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.world.http.request(method, f"{BASE_URL}/api/v1{path}", headers=headers)


def application(world: World, agent: str) -> VaultClient:
    """What the token vault has of an agent's application."""
    return vault_client(world.folder.parent / FOLDER, CONNECTIONS.get(agent, agent))


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["error"]
