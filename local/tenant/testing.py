"""A local tenant for tests and benchmarks: the real application, in process or on a loopback port of its own.

    with LocalTenant(tmp_path) as tenant:
        token = await tenant.sign_in("amelia.hart", audience=tenant.api("supervisor"), scopes=["helpdesk:ask"])

Everything goes through the tenant's own HTTP interface; nothing is patched. What a test may want to change is an
argument (the clock, the people, the definition, any setting) or a method (`fail`, `block`, `rotate_keys`, `stop`).
"""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from local.tenant._assertions import ASSERTION_TYPE
from local.tenant._clients import Client, load_private_key
from local.tenant._clock import Clock
from local.tenant._codes import code_challenge_of
from local.tenant._people import user_id_of
from local.tenant._system import MANAGEMENT_CLIENT
from local.tenant._tenant import Tenant
from local.tenant._test_server import Door, Fault, KeyPool, ManualClock, ThreadedServer
from local.tenant.app import create_app
from local.tenant.grants.token_exchange import ACCESS_TOKEN_TYPE
from local.tenant.grants.token_exchange import GRANT_TYPE as TOKEN_EXCHANGE
from local.tenant.settings import LOCAL_KEYWORDS, TenantSettings
from shared.http import create_http_client

ROOT = Path(__file__).resolve().parents[2]
COMMAND_LINE = "Help desk command line"
SUPERVISOR = "Supervisor"
SUPERVISOR_API_CLIENT = "Supervisor API client"

__all__ = ["ClientAccount", "LocalTenant", "ManualClock", "claims_of"]


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified: for tests to look at."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@dataclass(frozen=True, slots=True)
class ClientAccount:
    """What a client's owner knows of it: the id, and the secret or the private key, whichever it has."""

    name: str
    client_id: str
    client_secret: str | None
    private_key_pem: str | None


class LocalTenant:
    """A tenant whose state is in `folder`.

    Args:
        folder: Takes the place of `var`; a second tenant on the same folder is the same tenant, restarted.
        serve: Whether to listen on a loopback port; without, only `http()` reaches it, in process.
        clock: Tells the time, in seconds since the epoch.
        port: The port to listen on; 0 takes a free one.
        settings: Fields of TenantSettings, such as `tenant_people` or `tenant_requests_per_minute`.
    """

    def __init__(
        self, folder: Path, *, serve: bool = True, clock: Clock = time.time, port: int = 0, **settings: Any
    ) -> None:
        self._server = ThreadedServer(port) if serve else None
        self._keys = KeyPool()
        values: dict[str, Any] = {
            "helpdesk_env": "local",
            "helpdesk_var": folder,
            "port": self._server.port if self._server is not None else 8400,
            "tenant_definition": ROOT / "deploy/auth0/tenant.yaml",
            "tenant_people": ROOT / "local/people.yaml",
        }
        try:
            self.settings = TenantSettings.load(**values | settings)
            self.app = create_app(self.settings, clock=clock, make_key=self._keys.take)
        except BaseException:
            if self._server is not None:
                self._server.stop()
            raise
        self.clock = clock
        self._door = Door(self.app)

    @property
    def issuer(self) -> str:
        """The issuer, with its trailing slash."""
        return self.settings.issuer

    @property
    def discovery_url(self) -> str:
        """Where the metadata is."""
        return f"{self.issuer}.well-known/openid-configuration"

    @property
    def tenant(self) -> Tenant:
        """The tenant behind the application."""
        tenant: Tenant = self.app.state.tenant
        return tenant

    @property
    def requests(self) -> Counter[str]:
        """How often each path was asked for."""
        return self._door.requests

    @property
    def writes(self) -> Counter[tuple[str, str]]:
        """How often each path was asked for by a method that changes something, by method and path."""
        return self._door.writes

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begins to listen; after `stop`, on the same port."""
        if self._server is not None:
            self._server.start(self._door)

    def stop(self) -> None:
        """Stops listening, as if the tenant were away; what it knows stays."""
        if self._server is not None:
            self._server.stop()

    def close(self) -> None:
        """Stops for good."""
        self.stop()
        self.tenant.close()
        self._keys.give_back()

    def http(self) -> httpx.AsyncClient:
        """A new client that keeps cookies, as a browser does."""
        client = create_http_client(app=None if self._server is not None else httpx.ASGITransport(self._door))
        client.cookies.jar.set_policy(DefaultCookiePolicy())
        return client

    def api(self, agent: str) -> str:
        """The identifier of an agent's API: `api("docs_search")`."""
        base = self.settings.keywords.get("API_BASE", LOCAL_KEYWORDS["API_BASE"])
        return f"{base}/{agent}"

    def user_id(self, login: str) -> str:
        """The `sub` of tokens about this person."""
        return user_id_of(login)

    def password(self, login: str) -> str:
        """The password that was made for this person."""
        passwords: dict[str, str] = json.loads((self.settings.folder / "users.json").read_text(encoding="utf-8"))
        return passwords[login]

    def client(self, name: str) -> ClientAccount:
        """The credentials of a client, by its name in the definition, as written to the client's folder."""
        folder = self.settings.folder / "clients" / self._registered(name).definition.slug

        def read(file: str) -> str | None:
            path = folder / file
            return path.read_text(encoding="utf-8").strip() if path.exists() else None

        return ClientAccount(name, read("client_id") or "", read("client_secret"), read("key.pem"))

    def credentials(self, name: str, **claims: Any) -> dict[str, str]:
        """The parameters with which a client authenticates; `claims` replace those of a private_key_jwt assertion."""
        account = self.client(name)
        method = self._registered(name).definition.authentication_method
        if method == "private_key_jwt":
            return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(name, **claims)}
        if account.client_secret is not None:
            return {"client_id": account.client_id, "client_secret": account.client_secret}
        return {"client_id": account.client_id}

    def assertion(
        self, name: str, *, alg: str = "RS256", headers: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A private_key_jwt assertion of a client; a claim given as None is left out."""
        account, now = self.client(name), int(self.clock())
        values = {
            "iss": account.client_id,
            "sub": account.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            **claims,
        }
        payload = {claim: value for claim, value in values.items() if value is not None}
        key = _private_key(account.private_key_pem or "")
        return jwt.encode(payload, key, algorithm=alg, headers=dict(headers or {}))

    async def request_token(
        self, parameters: Mapping[str, str], *, http: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        """Posts a form to the token endpoint."""
        if http is not None:
            return await http.post(f"{self.issuer}oauth/token", data=dict(parameters))
        async with self.http() as own:
            return await own.post(f"{self.issuer}oauth/token", data=dict(parameters))

    async def client_credentials(
        self, audience: str, *, client: str = SUPERVISOR, scopes: Collection[str] | None = None
    ) -> str:
        """An access token of a client itself."""
        parameters = {"grant_type": "client_credentials", "audience": audience, **self.credentials(client)}
        return str(_tokens(await self.request_token(parameters | _scope(scopes)))["access_token"])

    async def exchange(
        self,
        subject_token: str,
        audience: str,
        *,
        client: str = SUPERVISOR_API_CLIENT,
        scopes: Collection[str] | None = None,
    ) -> str:
        """An access token on behalf of the person of `subject_token` (On-Behalf-Of exchange)."""
        parameters = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject_token,
            "subject_token_type": ACCESS_TOKEN_TYPE,
            "requested_token_type": ACCESS_TOKEN_TYPE,
            "audience": audience,
            **self.credentials(client),
        }
        return str(_tokens(await self.request_token(parameters | _scope(scopes)))["access_token"])

    async def sign_in(
        self,
        login: str,
        client: str = COMMAND_LINE,
        scopes: Collection[str] = ("helpdesk:ask",),
        audience: str | None = None,
    ) -> str:
        """An access token of a person, by the authorization code flow with PKCE through the sign-in page.

        Args:
            login: Who signs in.
            client: The client's name.
            scopes: What to ask for.
            audience: The API's identifier; the supervisor's, if none is given.
        """
        tokens = await self.sign_in_tokens(login, client, scopes, audience or self.api("supervisor"))
        return str(tokens["access_token"])

    async def sign_in_tokens(
        self,
        login: str,
        client: str = COMMAND_LINE,
        scopes: Collection[str] = ("helpdesk:ask",),
        audience: str | None = None,
        *,
        http: httpx.AsyncClient | None = None,
        **parameters: str,
    ) -> dict[str, Any]:
        """The whole token response of a sign-in.

        Args:
            login: Who signs in.
            client: The client's name.
            scopes: What to ask for.
            audience: The API's identifier, if any.
            http: The browser, if it is to be kept.
            parameters: Further parameters of the authorization request.
        """
        code_verifier, redirect_uri = secrets.token_urlsafe(32), self._registered(client).definition.callbacks[0]
        query = {
            "response_type": "code",
            "client_id": self.client(client).client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": secrets.token_urlsafe(8),
            "code_challenge": code_challenge_of(code_verifier),
            "code_challenge_method": "S256",
            **({"audience": audience} if audience is not None else {}),
            **parameters,
        }
        browser = http or self.http()
        try:
            answer = await self.browse(browser, query, login)
            code = answer["code"]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
            form |= {"code_verifier": code_verifier, **self.credentials(client)}
            return _tokens(await self.request_token(form, http=browser))
        finally:
            if http is None:
                await browser.aclose()

    async def my_account_token(self, login: str, *, client: str = COMMAND_LINE) -> str:
        """An access token of a person for the My Account API, by the refresh token of their sign-in."""
        scopes = ("openid", "offline_access", "helpdesk:ask")
        tokens = await self.sign_in_tokens(login, client, scopes, self.api("supervisor"))
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **self.credentials(client)}
        return str(_tokens(await self.request_token(form | {"audience": f"{self.issuer}me/"}))["access_token"])

    async def my_account(self, method: str, path: str, token: str, body: Any = None) -> httpx.Response:
        """Calls the My Account API: `my_account("GET", "accounts", token)`."""
        async with self.http() as http:
            return await http.request(
                method,
                f"{self.issuer}me/v1/connected-accounts/{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )

    async def connect_account(
        self, login: str, connection: str, *, passkey: str, upstream_login: str | None = None, agrees: bool = True
    ) -> httpx.Response:
        """Connects a person's account of another system, playing their browser there.

        Args:
            login: Who connects.
            connection: Which connection.
            passkey: What they prove themselves with there.
            upstream_login: Who they are there, if not the same.
            agrees: Whether they allow what is asked for.

        Returns:
            What the completion answers.
        """
        token, code_verifier = await self.my_account_token(login), secrets.token_urlsafe(32)
        redirect_uri = self._registered(COMMAND_LINE).definition.callbacks[0]
        body = {"connection": connection, "redirect_uri": redirect_uri, "state": secrets.token_urlsafe(8)}
        body |= {"code_challenge": code_challenge_of(code_verifier), "code_challenge_method": "S256"}
        begun = (await self.my_account("POST", "connect", token, body)).json()
        url = f"{begun['connect_uri']}?ticket={begun['connect_params']['ticket']}"
        fields = {"username": upstream_login or login, "passkey": passkey, "action": "allow" if agrees else "deny"}
        answer = await self.visit(url, redirect_uri, fields)
        done = {"auth_session": begun["auth_session"], "connect_code": answer.get("connect_code", "")}
        done |= {"redirect_uri": redirect_uri, "code_verifier": code_verifier}
        return await self.my_account("POST", "complete", token, done)

    async def visit(
        self, url: str, redirect_uri: str, fields: Mapping[str, str], *, http: httpx.AsyncClient | None = None
    ) -> dict[str, str]:
        """Follows a link in a browser, fills in the forms on the way, and says what came to `redirect_uri`.

        Args:
            url: The link.
            redirect_uri: Where the way ends.
            fields: What is filled in.
            http: The browser, if it is to be kept; a new one otherwise.
        """
        async with nullcontext(http) if http is not None else self.http() as browser:
            response = await browser.get(url)
            for _ in range(12):
                location = urljoin(str(response.url), response.headers.get("location", ""))
                if response.is_redirect and location.startswith(redirect_uri):
                    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
                if response.is_redirect:
                    response = await browser.get(location)
                    continue
                form = re.search(r'<form method="post" action="([^"]+)">.*?name="state" value="([^"]+)"', response.text)
                if form is None:
                    raise AssertionError(f"{response.status_code}: {response.text}")
                data = {"state": form[2], **fields}
                response = await browser.post(urljoin(str(response.url), form[1]), data=data)
        raise AssertionError("it does not come to an end")

    async def browse(self, browser: httpx.AsyncClient, query: Mapping[str, str], login: str) -> dict[str, str]:
        """Plays a person at a browser, from `/authorize` to the client's callback.

        Returns:
            The parameters of the callback, whether a code or an error.
        """
        response = await browser.get(f"{self.issuer}authorize", params=dict(query))
        for _ in range(8):
            location = urljoin(str(response.url), response.headers.get("location", ""))
            if response.is_redirect and not location.startswith(self.issuer):
                return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
            if response.is_redirect:
                response = await browser.get(location)
                continue
            form = re.search(r'name="form_token" value="([0-9a-f]+)"', response.text)
            if form is None:
                raise AssertionError(f"{response.status_code}: {response.text}")
            fields = {"form_token": form[1], "username": login, "password": self.password(login), "action": "accept"}
            response = await browser.post(response.url, data=fields)
        raise AssertionError("the sign-in does not come to an end")

    async def manage(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Calls the Management API: `manage("POST", "keys/signing/rotate")`."""
        token = await self.client_credentials(f"{self.issuer}api/v2/", client=MANAGEMENT_CLIENT)
        async with self.http() as http:
            headers = {"Authorization": f"Bearer {token}"}
            return await http.request(method, f"{self.issuer}api/v2/{path}", json=body, headers=headers)

    def fail(
        self,
        path: str,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        delay: float = 0.0,
    ) -> None:
        """Answers the next requests for a path with this instead, after so many seconds."""
        self._door.faults.append(Fault(path, Response(body, status, headers=dict(headers or {})), times, delay))

    def mend(self) -> None:
        """Answers everything by itself again."""
        self._door.faults.clear()

    def expire_account(self, login: str, connection: str) -> None:
        """Has the access token of a connected account run out, so that the vault renews it when it is asked next."""
        for account in self.tenant.connected_accounts.of(self.user_id(login), connection):
            self.tenant.connected_accounts.expire(account)

    def overhear(self, path: str) -> list[tuple[str, bytes]]:
        """Keeps the bodies of all that is asked and answered at a path from now on: "request" or "answer", and which.

        For a test that looks for them where they must not be.
        """
        return self._door.overheard.setdefault(path, [])

    def vaulted(self) -> set[str]:
        """Every token of another system that the vault holds now; likewise for a test to look for elsewhere."""
        return self.tenant.connected_accounts.held()

    def block(self, login: str, *, blocked: bool = True) -> None:
        """Blocks a person in the tenant, or unblocks them."""
        self.tenant.people.set_blocked(user_id_of(login), blocked=blocked)

    def rotate_keys(self) -> str:
        """Makes the next signing key the current one and returns its `kid`."""
        return self.tenant.keys.rotate().kid

    def _registered(self, name: str) -> Client:
        return self.tenant.clients.named(name)


@cache
def _private_key(pem: str) -> rsa.RSAPrivateKey:
    return load_private_key(pem)


def _scope(scopes: Collection[str] | None) -> dict[str, str]:
    return {} if scopes is None else {"scope": " ".join(scopes)}


def _tokens(response: httpx.Response) -> dict[str, Any]:
    if response.status_code != httpx.codes.OK:
        raise AssertionError(f"{response.status_code}: {response.text}")
    tokens: dict[str, Any] = response.json()
    return tokens
