"""A person's sign-in in use: begins by a flow, gives access tokens, is renewed, and ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import httpx

from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.signin._authorization_server import AuthorizationServer, DeviceAuthorization, Tokens
from portal.signin._loopback import LoopbackRedirect
from portal.signin._profiles import Desk, Profiles, SignIn
from shared.errors import InvalidToken, OAuthError
from shared.identity import JwksCache, RawToken, verify_id_token

EARLY_SECONDS = 30.0
"""An access token that expires sooner than this is renewed before it is used."""

BROWSER_SECONDS = 300.0
SLOW_DOWN_SECONDS = 5.0
"""RFC 8628 §3.5: each `slow_down` lengthens the interval by this much, for good."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and waiting for it."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class SignInFlows:
    """The ways to sign in at a help desk.

    Args:
        desk: Where.
        http: The process's HTTP client.
        clock: The time.
    """

    def __init__(self, desk: Desk, http: httpx.AsyncClient, *, clock: Clock = Clock()) -> None:
        self._desk = desk
        self._http = http
        self._server = AuthorizationServer(desk, http)
        self._clock = clock

    async def by_device(self, show: Callable[[DeviceAuthorization], Awaitable[None]]) -> SignIn:
        """Device authorization (RFC 8628): the person signs in in any browser, here or elsewhere.

        Args:
            show: Tells the person the code and the address.

        Raises:
            CommandFailed: they did not in time, or said no.
        """
        asked = await self._server.device_authorization_request()
        await show(asked)
        interval, deadline = asked.interval, self._clock.now() + asked.expires_in
        while self._clock.now() < deadline:
            try:
                tokens = await self._server.device_access_token_request(asked.device_code)
            except OAuthError as error:
                if error.error == "slow_down":
                    interval += SLOW_DOWN_SECONDS
                elif error.error == "access_denied":
                    raise CommandFailed("The sign-in was refused in the browser.") from error
                elif error.error == "expired_token":
                    break
                elif error.error != "authorization_pending":
                    raise
            else:
                return await self._signed_in(tokens, nonce=None)
            await self._clock.sleep(interval)
        raise CommandFailed("Nobody entered the code in time: run `helpdesk login` again.")

    async def by_browser(self, open_browser: Callable[[str], None]) -> SignIn:
        """Authorization code with PKCE, back to this machine (RFC 8252): the browser is here.

        Args:
            open_browser: Opens a URL, or asks the person to.

        Raises:
            CommandFailed: they did not sign in in time.
            OAuthError: they, or the server, said no.
        """
        async with LoopbackRedirect() as redirect:
            request = await self._server.authorization_request(redirect.redirect_uri)
            open_browser(request.url)
            code = await redirect.authorization_response(
                state=request.state, issuer=self._desk.issuer, wait_seconds=BROWSER_SECONDS
            )
            tokens = await self._server.authorization_code_request(request, code)
        return await self._signed_in(tokens, nonce=request.nonce)

    async def _signed_in(self, tokens: Tokens, *, nonce: str | None) -> SignIn:
        if tokens.id_token is None:
            raise OAuthError("invalid_response", "the token response holds no ID token")
        discovery_url = f"{self._desk.issuer}.well-known/openid-configuration"
        keys = JwksCache(discovery_url, self._desk.issuer, self._http)
        try:
            who = await verify_id_token(
                RawToken(tokens.id_token), keys=keys, client_id=self._desk.client_id, nonce=nonce, clock=self._clock.now
            )
        except InvalidToken as error:
            raise CommandFailed(
                "The sign-in cannot be trusted: the ID token does not verify.", detail=error.detail
            ) from error
        return SignIn(
            desk=self._desk,
            subject=who.subject,
            name=who.name or who.subject,
            access_token=tokens.access_token,
            expires_at=self._clock.now() + tokens.expires_in,
            refresh_token=tokens.refresh_token,
        )


class Session:
    """One profile's sign-in, as several processes may use it at the same time.

    Args:
        profiles: Where it is kept.
        name: The profile.
        http: The process's HTTP client.
        clock: The time.
    """

    def __init__(
        self,
        profiles: Profiles,
        name: str,
        http: httpx.AsyncClient,
        *,
        clock: Clock = Clock(),
    ) -> None:
        self._profiles = profiles
        self._name = name
        self._http = http
        self._clock = clock

    def sign_in(self) -> SignIn:
        """Who is signed in.

        Raises:
            NotSignedIn: nobody is.
        """
        found = self._profiles.load(self._name)
        if found is None:
            raise NotSignedIn
        return found

    async def access_token(self, *, refused: str | None = None) -> str:
        """An access token that holds for a while yet, renewed if need be.

        Args:
            refused: A token that the supervisor did not take: another one is wanted, whatever its date says.

        Raises:
            NotSignedIn: the sign-in has ended.
            PartAway: the authorization server does not answer.
        """
        sign_in = self.sign_in()
        if self._holds(sign_in, refused):
            return sign_in.access_token
        async with AsyncExitStack() as stack:
            lock = self._profiles.locked(self._name)
            await asyncio.to_thread(lock.__enter__)
            stack.push(lock)
            sign_in = self.sign_in()  # another process may have renewed it meanwhile
            if not self._holds(sign_in, refused):
                sign_in = await self._renewed(sign_in)
                self._profiles.save(self._name, sign_in)
            return sign_in.access_token

    async def end(self) -> bool:
        """Signs out: revokes the refresh token and forgets the sign-in here, even where it cannot be revoked.

        Returns:
            Whether it was revoked.

        Raises:
            NotSignedIn: nobody is signed in.
        """
        sign_in = self.sign_in()
        with self._profiles.locked(self._name):
            self._profiles.remove(self._name)
        if sign_in.refresh_token is None:
            return True
        try:
            await AuthorizationServer(sign_in.desk, self._http).revocation_request(sign_in.refresh_token)
        except (OAuthError, PartAway):
            return False
        return True

    def _holds(self, sign_in: SignIn, refused: str | None) -> bool:
        return sign_in.access_token != refused and self._clock.now() < sign_in.expires_at - EARLY_SECONDS

    async def _renewed(self, sign_in: SignIn) -> SignIn:
        ended = NotSignedIn("Your sign-in has ended: run `helpdesk login`.")
        if sign_in.refresh_token is None:
            raise ended
        try:
            tokens = await AuthorizationServer(sign_in.desk, self._http).refresh_token_request(sign_in.refresh_token)
        except OAuthError as error:
            if error.error in {"invalid_grant", "invalid_client", "unauthorized_client", "access_denied"}:
                raise ended from error
            raise
        return replace(
            sign_in,
            access_token=tokens.access_token,
            expires_at=self._clock.now() + tokens.expires_in,
            refresh_token=tokens.refresh_token or sign_in.refresh_token,
        )
