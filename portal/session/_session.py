"""A person's sign-in in use: it gives access tokens, is renewed, and ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import httpx

from portal._environment import typed
from portal._errors import NotSignedIn, PartAway
from portal.session._authorization_server import AuthorizationServer, Tokens
from portal.session._profiles import SignIn
from shared.errors import OAuthError
from shared.identity import ClientAuthentication

EARLY_SECONDS = 30.0
"""An access token that expires sooner than this is renewed before it is used."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and waiting for it."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


SYSTEM_CLOCK = Clock()


class Place(Protocol):
    """Where one sign-in is kept."""

    def load(self) -> SignIn | None:
        """The sign-in, if it is there."""
        ...

    def save(self, sign_in: SignIn) -> None:
        """Keeps it in place of the one before."""
        ...

    def remove(self) -> None:
        """Forgets it."""
        ...

    def locked(self) -> AbstractAsyncContextManager[None]:
        """Holds it against everybody else who would renew it."""
        ...


class Session:
    """A sign-in, as several may use it at the same time.

    Args:
        place: Where it is kept.
        http: The process's HTTP client.
        authentication: How the client proves itself; None for a public client.
        clock: The time.
    """

    def __init__(
        self,
        place: Place,
        http: httpx.AsyncClient,
        *,
        authentication: ClientAuthentication | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._place = place
        self._http = http
        self._authentication = authentication
        self._clock = clock
        self._my_account: tuple[str, float] | None = None
        self._begun: set[asyncio.Task[str]] = set()

    def sign_in(self) -> SignIn:
        """Who is signed in.

        Raises:
            NotSignedIn: nobody is.
        """
        found = self._place.load()
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
        return await self._to_its_end(self._renewed_access_token(refused))

    async def my_account_token(self) -> str:
        """An access token for the My Account API, where this person's accounts at other systems are connected.

        Raises:
            NotSignedIn: the sign-in has ended, or is none that is kept.
            PartAway: the authorization server does not answer.
        """
        return await self._to_its_end(self._renewed_my_account_token())

    async def end(self) -> bool:
        """Signs out: revokes the refresh token and forgets the sign-in here, even where it cannot be revoked.

        Returns:
            Whether it was revoked.

        Raises:
            NotSignedIn: nobody is signed in.
        """
        async with self._place.locked():
            sign_in = self.sign_in()
            self._place.remove()
        if sign_in.refresh_token is None:
            return True
        try:
            await self._server(sign_in).revocation_request(sign_in.refresh_token)
        except (OAuthError, PartAway):
            return False
        return True

    async def _renewed_access_token(self, refused: str | None) -> str:
        async with self._place.locked():
            sign_in = self.sign_in()  # somebody else may have renewed it meanwhile
            if not self._holds(sign_in, refused):
                sign_in = await self._renewed(sign_in)
                self._place.save(sign_in)
            return sign_in.access_token

    async def _renewed_my_account_token(self) -> str:
        async with self._place.locked():
            sign_in = self.sign_in()
            if self._my_account is not None and self._clock.now() < self._my_account[1] - EARLY_SECONDS:
                return self._my_account[0]
            tokens = await self._refreshed(sign_in, audience=f"{sign_in.desk.issuer}me/")
            self._place.save(replace(sign_in, refresh_token=tokens.refresh_token))
            self._my_account = tokens.access_token, self._clock.now() + tokens.expires_in
        return tokens.access_token

    async def _to_its_end(self, renewal: Coroutine[None, None, str]) -> str:
        """Waits for a renewal, which goes on where nobody waits any more.

        A refresh token that was sent is used up. If its successor were lost, because a browser went away meanwhile,
        the next renewal would look like a thief's, and end the sign-in everywhere.
        """
        task = asyncio.create_task(renewal)
        self._begun.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[str]) -> None:
        self._begun.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits is told; nobody else is

    def _holds(self, sign_in: SignIn, refused: str | None) -> bool:
        return sign_in.access_token != refused and self._clock.now() < sign_in.expires_at - EARLY_SECONDS

    async def _renewed(self, sign_in: SignIn) -> SignIn:
        tokens = await self._refreshed(sign_in)
        return replace(
            sign_in,
            access_token=tokens.access_token,
            expires_at=self._clock.now() + tokens.expires_in,
            refresh_token=tokens.refresh_token,
        )

    async def _refreshed(self, sign_in: SignIn, *, audience: str | None = None) -> Tokens:
        """What the refresh token gives; the one in it replaces it, and has to be kept."""
        ended = NotSignedIn(f"Your sign-in has ended: run `{typed('login')}`.")
        if sign_in.refresh_token is None:
            raise ended
        try:
            tokens = await self._server(sign_in).refresh_token_request(sign_in.refresh_token, audience=audience)
        except OAuthError as error:
            if error.error in {"invalid_grant", "invalid_client", "unauthorized_client", "access_denied"}:
                raise ended from error
            raise
        return replace(tokens, refresh_token=tokens.refresh_token or sign_in.refresh_token)

    def _server(self, sign_in: SignIn) -> AuthorizationServer:
        return AuthorizationServer(sign_in.desk, self._http, authentication=self._authentication)
