"""Auth0's My Account API, asked as the person's own client.

https://auth0.com/docs/manage-users/my-account-api
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from portal._environment import typed
from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.signin import LoopbackRedirect
from shared.errors import AuthorizationDenied, OAuthError

BROWSER_SECONDS = 300.0
PAGE = 20


class MyAccountTokens(Protocol):
    """Gives the person's token for the My Account API: `portal.session.Session` is one."""

    async def my_account_token(self) -> str:
        """The token."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """An account that a person has connected."""

    id: str
    connection: str
    scopes: tuple[str, ...]
    created_at: str


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """A connection under way: where the browser goes, and for how many seconds that makes sense."""

    connection: str
    url: str
    expires_in: float


class Accounts:
    """The accounts of one person.

    Args:
        issuer: The tenant, with its trailing slash.
        tokens: The person's sign-in.
        http: The process's HTTP client.
    """

    def __init__(self, issuer: str, tokens: MyAccountTokens, http: httpx.AsyncClient) -> None:
        self._base = f"{issuer}me/v1/connected-accounts"
        self._issuer = issuer
        self._tokens = tokens
        self._http = http

    async def connected(self) -> list[Account]:
        """What is connected, the newest first.

        Raises:
            NotSignedIn, AuthorizationDenied, PartAway, CommandFailed: as every method here.
        """
        found: list[Account] = []
        start: str | None = None
        while True:
            query = urlencode({"take": PAGE, **({"from": start} if start else {})})
            page = await self._send("GET", f"/accounts?{query}")
            found += [
                Account(str(one["id"]), str(one["connection"]), tuple(one["scopes"]), str(one["created_at"]))
                for one in page["accounts"]
            ]
            start = page.get("next")
            if not start:
                return found

    async def connections(self) -> list[str]:
        """The names of the connections that accounts can be connected of."""
        return [str(one["name"]) for one in (await self._send("GET", "/connections"))["connections"]]

    async def connect(self, connection: str, open_browser: Callable[[ConnectRequest], None]) -> Account:
        """Connects an account: the person agrees in their browser, at the other system, and comes back here.

        Args:
            connection: Which.
            open_browser: Opens the address, or asks the person to.

        Raises:
            CommandFailed: they did not in time, or said no.
        """
        code_verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        async with LoopbackRedirect(parameter="connect_code", done="Your account is connected") as redirect:
            asked = {"connection": connection, "redirect_uri": redirect.redirect_uri, "state": state}
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
            begun = await self._send("POST", "/connect", asked)
            url = f"{begun['connect_uri']}?{urlencode({'ticket': begun['connect_params']['ticket']})}"
            open_browser(ConnectRequest(connection, url, float(begun["expires_in"])))
            try:
                code = await redirect.authorization_response(
                    state=state, issuer=self._issuer, wait_seconds=min(BROWSER_SECONDS, float(begun["expires_in"]))
                )
            except OAuthError as error:
                raise CommandFailed(
                    f"{connection} was not connected: access was refused in the browser.", detail=error.detail
                ) from error
            done = {"auth_session": begun["auth_session"], "connect_code": code}
            done |= {"redirect_uri": redirect.redirect_uri, "code_verifier": code_verifier}
            made = await self._send("POST", "/complete", done)
        return Account(str(made["id"]), str(made["connection"]), tuple(made["scopes"]), str(made["created_at"]))

    async def disconnect(self, account: Account) -> None:
        """Disconnects an account: the vault forgets its tokens."""
        await self._send("DELETE", f"/accounts/{account.id}")

    async def _send(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {await self._tokens.my_account_token()}"}
        try:
            response = await self._http.request(method, f"{self._base}{path}", json=body, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise self._away(type(error).__name__) from error
        if response.is_server_error:
            raise self._away(f"status {response.status_code}")
        try:
            document = response.json() if response.content else {}
        except ValueError as error:
            raise self._away("not JSON") from error
        if response.is_error:
            raise self._refused(response.status_code, str(document.get("detail", "")))
        return document

    def _refused(self, status: int, words: str) -> NotSignedIn | AuthorizationDenied | CommandFailed:
        if status == httpx.codes.UNAUTHORIZED:
            return NotSignedIn(f"The authorization server does not accept your sign-in: run `{typed('login')}`.")
        if status == httpx.codes.FORBIDDEN:
            return AuthorizationDenied(f"Your sign-in does not allow this. {words}".strip())
        return CommandFailed(f"That cannot be done: {words or f'status {status}'}")

    def _away(self, detail: str) -> PartAway:
        return PartAway(
            "authorization server",
            f"The authorization server at {self._issuer} does not answer: see `{typed('status')}`.",
            detail=detail,
        )
