"""An agent as a client of the authorization server: the tokens with which it calls other agents."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import httpx

from shared.errors import ConfigurationError
from shared.identity._access_token import AccessToken
from shared.identity._client_authentication import ClientAuthentication
from shared.identity._grants import (
    client_credentials_request,
    connection_token_request,
    process_client_credentials_response,
    process_connection_token_response,
    process_token_exchange_response,
    token_exchange_request,
)
from shared.identity._metadata import Discovery
from shared.identity._principal import Principal
from shared.identity._raw_token import RawToken
from shared.identity._subject import check_subject
from shared.identity._token_cache import TokenCache
from shared.identity._token_endpoint import TokenEndpoint
from shared.telemetry import get_logger

TIMEOUT_SECONDS: Final = 5.0

_log = get_logger()


class TokenClient:
    """One client of the authorization server, with the tokens that it was issued.

    An agent is two clients in Auth0, and so has two of these: a machine-to-machine client for `client_credentials`,
    and a Custom API client, linked to the agent's own API, for `exchange` and
    `connection_token`.

    Tokens are held until shortly before they expire and renewed in the background before that; concurrent callers for
    the same token share one request.

    Args:
        discovery_url: Where the issuer's metadata is.
        issuer: The issuer, exactly.
        http: The process's HTTP client.
        client: How this client proves itself.
        resource_server_identifier: The API that this client is linked to, if it exchanges: the audience that subject
            tokens must have been verified for.
        cache_size: How many tokens of each grant are held.
        timeout: For one request, in seconds.
        clock: Seconds since the epoch.
        sleep: Waits so many seconds between attempts.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        discovery_url: str,
        issuer: str,
        http: httpx.AsyncClient,
        client: ClientAuthentication,
        *,
        resource_server_identifier: str | None = None,
        cache_size: int = 4096,
        timeout: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.issuer = issuer
        self._client = client
        self._resource_server_identifier = resource_server_identifier
        self._clock = clock
        discovery = Discovery(discovery_url, issuer, http, timeout=timeout)
        self._endpoint = TokenEndpoint(discovery, http, timeout=timeout, clock=clock, sleep=sleep, jitter=jitter)
        self._machine_tokens = TokenCache(size=cache_size, clock=clock, jitter=jitter, grant="client_credentials")
        self._delegated_tokens = TokenCache(size=cache_size, clock=clock, jitter=jitter, grant="token_exchange")
        self._connection_tokens = TokenCache(
            size=cache_size, clock=clock, jitter=jitter, renews=False, grant="connection_token"
        )

    async def client_credentials(self, *, audience: str, scopes: Collection[str]) -> AccessToken:
        """A machine-to-machine token: this client, in its own name, at `audience`.

        Args:
            audience: The API identifier.
            scopes: What to ask for, at least one: asking for none would give all that the client is granted.

        Raises:
            ClientAuthenticationError, InsufficientScope, OAuthError, UpstreamError: see `shared.identity`.
        """
        asked = _scopes(scopes)

        async def fetch() -> AccessToken:
            sent_at = self._clock()
            response = await self._endpoint.send(
                lambda server: client_credentials_request(server, self._client, audience=audience, scopes=asked)
            )
            token = process_client_credentials_response(response, scopes=asked, sent_at=sent_at)
            return self._reported(token, "client_credentials", audience)

        return await self._machine_tokens.get((audience, asked), fetch)

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        """The user's token exchanged for one at `audience`, in which this client is the actor (RFC 8693).

        Never handed out for longer than the user's own token lasts.

        Args:
            subject: The token that came in.
            principal: What it was verified to be, for our own audience. Auth0 does not check that a client may
                exchange just this token for this user in this request; the pair is the proof that somebody did.
            audience: The API identifier of the next hop.
            scopes: What to ask for, at least one: asking for none would give all that the user holds there.

        Raises:
            InvalidToken: the principal is not this token's, is not for us, is no person, or has expired.
            ClientAuthenticationError, InsufficientScope, OAuthError, UpstreamError: see `shared.identity`.
        """
        asked = _scopes(scopes)
        self._check_subject(subject, principal)

        async def fetch() -> AccessToken:
            sent_at = self._clock()
            response = await self._endpoint.send(
                lambda server: token_exchange_request(
                    server, self._client, subject_token=subject, audience=audience, scopes=asked
                )
            )
            token = process_token_exchange_response(response, scopes=asked, sent_at=sent_at)
            return self._reported(token, "token_exchange", audience)

        key = (principal.issuer, principal.subject, subject.digest(), audience, asked)
        return await self._delegated_tokens.get(key, fetch, not_after=principal.expires_at)

    async def connection_token(self, subject: RawToken, principal: Principal, *, connection: str) -> AccessToken:
        """The token that another system issued for this user, from Auth0's Token Vault, until that token expires.

        Held by (issuer, subject, connection): a later request of the same user does without an exchange.

        Args:
            subject: The token that came in.
            principal: What it was verified to be, for our own audience: see `exchange`.
            connection: Which system, by the name of its connection in Auth0.

        Raises:
            InvalidToken: the principal is not this token's, is not for us, is no person, or has expired.
            ClientAuthenticationError, OAuthError, UpstreamError: see `shared.identity`.
        """
        self._check_subject(subject, principal)

        async def fetch() -> AccessToken:
            sent_at = self._clock()
            response = await self._endpoint.send(
                lambda server: connection_token_request(
                    server, self._client, subject_token=subject, connection=connection
                )
            )
            return process_connection_token_response(response, sent_at=sent_at)

        return await self._connection_tokens.get((principal.issuer, principal.subject, connection), fetch)

    def forget_connection_token(self, principal: Principal, *, connection: str, token: RawToken) -> None:
        """Lets go of a token that the other system refused, or that is to be asked for anew."""
        self._connection_tokens.forget((principal.issuer, principal.subject, connection), token)

    def _check_subject(self, subject: RawToken, principal: Principal) -> None:
        if self._resource_server_identifier is None:
            raise ConfigurationError("This client exchanges no tokens: name the API that it is linked to.")
        check_subject(
            subject, principal, issuer=self.issuer, audience=self._resource_server_identifier, now=self._clock()
        )

    def _reported(self, token: AccessToken, grant: str, audience: str) -> AccessToken:
        if token.missing_scopes:
            _log.info(
                "scopes_not_granted",
                grant=grant,
                client_id=self._client.client_id,
                audience=audience,
                scopes=sorted(token.missing_scopes),
            )
        return token


def _scopes(scopes: Collection[str]) -> frozenset[str]:
    asked = frozenset(scopes)
    if not asked or isinstance(scopes, str):
        raise ValueError("scopes are a collection of at least one: asking for none gives all")
    return asked
