"""The ways to sign in: with a code in any browser, or in a browser on this machine."""

from collections.abc import Awaitable, Callable

import httpx

from portal._environment import typed
from portal._errors import CommandFailed
from portal.session import SYSTEM_CLOCK, AuthorizationServer, Clock, Desk, DeviceAuthorization, SignIn, Tokens
from portal.signin._loopback import LoopbackRedirect
from shared.errors import InvalidToken, OAuthError
from shared.identity import JwksCache, RawToken, verify_id_token

BROWSER_SECONDS = 300.0
SLOW_DOWN_SECONDS = 5.0
"""RFC 8628 §3.5: each `slow_down` lengthens the interval by this much, for good."""


class SignInFlows:
    """The ways to sign in at a help desk.

    Args:
        desk: Where.
        http: The process's HTTP client.
        clock: The time.
    """

    def __init__(self, desk: Desk, http: httpx.AsyncClient, *, clock: Clock = SYSTEM_CLOCK) -> None:
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
        raise CommandFailed(f"Nobody entered the code in time: run `{typed('login')}` again.")

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
        keys = JwksCache(self._desk.metadata_url, self._desk.issuer, self._http)
        return (await process_sign_in(self._desk, tokens, keys=keys, nonce=nonce, clock=self._clock))[0]


async def process_sign_in(
    desk: Desk, tokens: Tokens, *, keys: JwksCache, nonce: str | None, clock: Clock = SYSTEM_CLOCK
) -> tuple[SignIn, str | None]:
    """Who has signed in, by the token response of a flow, and the `sid` of their session at the issuer.

    Args:
        desk: Where.
        tokens: The response.
        keys: The issuer's keys.
        nonce: What the authorization request named; None where there was none (device flow).
        clock: The time.

    Raises:
        CommandFailed: the ID token does not verify.
        OAuthError: there is none.
    """
    if tokens.id_token is None:
        raise OAuthError("invalid_response", "the token response holds no ID token")
    try:
        who = await verify_id_token(
            RawToken(tokens.id_token), keys=keys, client_id=desk.client_id, nonce=nonce, clock=clock.now
        )
    except InvalidToken as error:
        raise CommandFailed(
            "The sign-in cannot be trusted: the ID token does not verify.", detail=error.detail
        ) from error
    sign_in = SignIn(
        desk=desk,
        subject=who.subject,
        name=who.name or who.subject,
        access_token=tokens.access_token,
        expires_at=clock.now() + tokens.expires_in,
        refresh_token=tokens.refresh_token,
    )
    return sign_in, who.session_id
