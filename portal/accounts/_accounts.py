"""Auth0's My Account API, asked as the person's own client.

https://auth0.com/docs/manage-users/my-account-api
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from portal._environment import typed
from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.session import code_challenge_of
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
    """A connection under way.

    Attributes:
        connection: Which.
        url: Where the browser goes.
        expires_in: For how many seconds that makes sense.
        redirect_uri: Where the browser comes back to.
        state: What it brings back.
        code_verifier: Proves that it comes back to who began (RFC 7636).
        auth_session: What the tenant knows the connection by.
    """

    connection: str
    url: str
    expires_in: float
    redirect_uri: str
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    auth_session: str = field(repr=False)


class Accounts:
    """The accounts of one person.

    Args:
        issuer: The tenant, with its trailing slash.
        tokens: The person's sign-in.
        http: The process's HTTP client.
        base: Where this process reaches the tenant, if not at the issuer.
    """

    def __init__(
        self, issuer: str, tokens: MyAccountTokens, http: httpx.AsyncClient, *, base: str | None = None
    ) -> None:
        self._tenant = base or issuer
        self._base = f"{self._tenant}me/v1/connected-accounts"
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
        async with LoopbackRedirect(parameter="connect_code", done="Your account is connected") as redirect:
            request = await self.connect_request(connection, redirect.redirect_uri)
            open_browser(request)
            try:
                code = await redirect.authorization_response(
                    state=request.state, issuer=self._issuer, wait_seconds=min(BROWSER_SECONDS, request.expires_in)
                )
            except OAuthError as error:
                raise CommandFailed(
                    f"{connection} was not connected: access was refused in the browser.", detail=error.detail
                ) from error
            return await self.complete_request(request, code)

    async def connect_request(self, connection: str, redirect_uri: str) -> ConnectRequest:
        """Begins to connect an account: the browser goes on with it."""
        code_verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        asked = {"connection": connection, "redirect_uri": redirect_uri, "state": state}
        asked |= {"code_challenge": code_challenge_of(code_verifier), "code_challenge_method": "S256"}
        begun = await self._send("POST", "/connect", asked)
        try:
            url = self._for_browser(str(begun["connect_uri"]))
            ticket, auth_session = str(begun["connect_params"]["ticket"]), str(begun["auth_session"])
            expires_in = float(begun["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._away("its answer is not whole") from error
        url = f"{url}?{urlencode({'ticket': ticket})}"
        return ConnectRequest(connection, url, expires_in, redirect_uri, state, code_verifier, auth_session)

    async def complete_request(self, request: ConnectRequest, code: str) -> Account:
        """Ends what `connect_request` began, with the code that the browser brought back."""
        done = {"auth_session": request.auth_session, "connect_code": code}
        done |= {"redirect_uri": request.redirect_uri, "code_verifier": request.code_verifier}
        made = await self._send("POST", "/complete", done)
        return Account(str(made["id"]), str(made["connection"]), tuple(made["scopes"]), str(made["created_at"]))

    async def disconnect(self, account: Account) -> None:
        """Disconnects an account: the vault forgets its tokens."""
        await self._send("DELETE", f"/accounts/{account.id}")

    def _for_browser(self, url: str) -> str:
        """An address of the tenant as a browser reaches it.

        Raises:
            CommandFailed: it is not the tenant's.
        """
        for base in (self._tenant, self._issuer):
            if url.startswith(base):
                return f"{self._issuer}{url.removeprefix(base)}"
        raise CommandFailed("The authorization server sends the browser to somebody else.", detail=url)

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
