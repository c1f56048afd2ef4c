"""Client-initiated backchannel authentication (CIBA Core 1.0), polled: a person is asked on a device of their own.

For each step, one function makes the request and one reads the answer; sending is `TokenEndpoint`'s.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from shared.errors import OAuthError, UpstreamUnavailable
from shared.identity._access_token import AccessToken
from shared.identity._client_authentication import ClientAuthentication
from shared.identity._metadata import AuthorizationServerMetadata, Discovery
from shared.identity._token_client import TIMEOUT_SECONDS
from shared.identity._token_endpoint import (
    TokenEndpoint,
    TokenRequest,
    parse_retry_after,
    process_token_response,
    refusal_of,
    unusable,
)
from shared.identity._wire import AUTHORIZATION_SERVER, Response, parse_object

CIBA: Final = "urn:openid:params:grant-type:ciba"
DEFAULT_INTERVAL_SECONDS: Final = 5.0
"""What holds where the server names no `interval` (CIBA Core §7.3)."""

MAX_EXPIRY_SECONDS: Final = 259_200
MAX_REQUEST_ID_CHARACTERS: Final = 512
_PENDING: Final = "authorization_pending"
_SLOW_DOWN: Final = "slow_down"


@dataclass(frozen=True, slots=True)
class BackchannelRequest:
    """What a person is to be asked.

    Attributes:
        subject: Who: the `sub` of their tokens.
        audience: For which API.
        scopes: What the token is to hold, `openid` among them.
        binding_message: What both sides show.
        authorization_details: What exactly is asked for (RFC 9396).
        requested_expiry: For how many seconds.
    """

    subject: str
    audience: str
    scopes: frozenset[str]
    binding_message: str
    authorization_details: Sequence[Mapping[str, Any]]
    requested_expiry: int


@dataclass(frozen=True, slots=True)
class BackchannelAuthentication:
    """A request that the server has taken (CIBA Core §7.3).

    Attributes:
        auth_req_id: What its answer is asked for by; good for this client alone, and not printed.
        expires_in: For how many seconds.
        interval: The least seconds between two polls.
    """

    auth_req_id: str = field(repr=False)
    expires_in: int
    interval: float


@dataclass(frozen=True, slots=True)
class Pending:
    """The person has not answered yet.

    Attributes:
        wait: The least seconds until the next poll, where the server said so now.
        slow_down: Whether the server was asked too soon (CIBA Core §11): the interval grows for good.
    """

    wait: float | None = None
    slow_down: bool = False


def backchannel_authentication_request(
    server: AuthorizationServerMetadata, client: ClientAuthentication, request: BackchannelRequest
) -> TokenRequest:
    """A backchannel authentication request (CIBA Core §7.1), with Auth0's `audience`.

    Raises:
        UpstreamUnavailable: the server offers none.
    """
    if server.backchannel_authentication_endpoint is None:
        raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail="it names no backchannel_authentication_endpoint")
    proof = client.prove(server.issuer)
    form = {
        "scope": " ".join(sorted(request.scopes)),
        "audience": request.audience,
        "login_hint": json.dumps({"format": "iss_sub", "iss": server.issuer, "sub": request.subject}),
        "binding_message": request.binding_message,
        "authorization_details": json.dumps(list(request.authorization_details)),
        "requested_expiry": str(request.requested_expiry),
    }
    return TokenRequest(
        url=server.backchannel_authentication_endpoint, form={**form, **proof.form}, headers=proof.headers
    )


def process_backchannel_authentication_response(response: Response) -> BackchannelAuthentication:
    """Reads the answer (CIBA Core §7.3).

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        OAuthError: any other refusal; `unknown_user_id`, or `invalid_request` where the person has no device.
        UpstreamRefused: the answer is not what it has to be.
    """
    if response.status != httpx.codes.OK:
        raise refusal_of(response)
    try:
        members = parse_object(response.body)
    except ValueError as error:
        raise unusable(str(error)) from None
    auth_req_id, expires_in = members.get("auth_req_id"), members.get("expires_in")
    if not isinstance(auth_req_id, str) or not 0 < len(auth_req_id) <= MAX_REQUEST_ID_CHARACTERS:
        raise unusable("auth_req_id is missing")
    if isinstance(expires_in, bool) or not isinstance(expires_in, int) or not 0 < expires_in <= MAX_EXPIRY_SECONDS:
        raise unusable("expires_in is not a positive number of seconds")
    interval = _seconds(members.get("interval", DEFAULT_INTERVAL_SECONDS))
    if interval is None:
        raise unusable("interval is not a positive number of seconds")
    return BackchannelAuthentication(auth_req_id, expires_in, interval)


def backchannel_authentication_grant_request(
    server: AuthorizationServerMetadata, client: ClientAuthentication, *, auth_req_id: str
) -> TokenRequest:
    """A poll (CIBA Core §10.1)."""
    proof = client.prove(server.issuer)
    form = {"grant_type": CIBA, "auth_req_id": auth_req_id}
    return TokenRequest(url=server.token_endpoint, form={**form, **proof.form}, headers=proof.headers)


def process_backchannel_authentication_grant_response(
    response: Response, *, scopes: frozenset[str], sent_at: float
) -> AccessToken | Pending:
    """Reads the answer to a poll (CIBA Core §10.1.1, §11).

    Not checked: who approved, and what; whoever acts upon the token verifies it, as its resource server. The ID token
    is not looked at, because nothing rests on it.

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        OAuthError: any other refusal; `access_denied` (Auth0: also of an expired request), `expired_token`,
            `invalid_grant`.
        UpstreamRefused: the answer is not what it has to be.
    """
    try:
        token, _ = process_token_response(response, scopes=scopes, sent_at=sent_at)
    except OAuthError as error:
        if error.error not in {_PENDING, _SLOW_DOWN}:
            raise
        return Pending(_wait(response), slow_down=error.error == _SLOW_DOWN)
    return token


class BackchannelClient:
    """A client of the authorization server that asks people.

    Args:
        discovery_url: Where the issuer's metadata is.
        issuer: The issuer, exactly.
        http: The process's HTTP client.
        client: How this client proves itself.
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
        timeout: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.client_id = client.client_id
        self._client = client
        self._clock = clock
        discovery = Discovery(discovery_url, issuer, http, timeout=timeout)

        def endpoint() -> TokenEndpoint:
            return TokenEndpoint(discovery, http, timeout=timeout, clock=clock, sleep=sleep, jitter=jitter)

        # Two, for "come back later" said of new requests must not keep the answers to earlier ones from being heard.
        self._asking, self._polling = endpoint(), endpoint()

    async def ask(self, request: BackchannelRequest) -> BackchannelAuthentication:
        """Has a person asked.

        Raises:
            ClientAuthenticationError, OAuthError, UpstreamError: see the steps.
        """
        response = await self._asking.send(
            lambda server: backchannel_authentication_request(server, self._client, request)
        )
        return process_backchannel_authentication_response(response)

    async def poll(self, auth_req_id: str, *, scopes: frozenset[str]) -> AccessToken | Pending:
        """Asks once whether they have answered.

        Raises:
            ClientAuthenticationError, OAuthError, UpstreamError: see the steps.
        """
        sent_at = self._clock()
        response = await self._polling.send(
            lambda server: backchannel_authentication_grant_request(server, self._client, auth_req_id=auth_req_id)
        )
        return process_backchannel_authentication_grant_response(response, scopes=scopes, sent_at=sent_at)


def _wait(response: Response) -> float | None:
    """How long to wait: the longer of `interval` in the body and `Retry-After`, which Auth0 both sends."""
    try:
        told = _seconds(parse_object(response.body).get("interval"))
    except ValueError:
        told = None
    after = _seconds(parse_retry_after(response.headers.get("retry-after"), now=time.time()))
    return max((each for each in (told, after) if each is not None), default=None)


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_EXPIRY_SECONDS:
        return None
    return float(value)
