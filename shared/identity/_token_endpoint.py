"""The token endpoint: how a request is sent there, and what every answer has to be (RFC 6749 §5)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from shared.errors import ClientAuthenticationError, HelpdeskError, OAuthError, UpstreamRefused, UpstreamUnavailable
from shared.identity._access_token import AccessToken
from shared.identity._metadata import AuthorizationServerMetadata, Discovery
from shared.identity._raw_token import RawToken
from shared.identity._wire import AUTHORIZATION_SERVER, TRANSPORT_ERRORS, Response, exchange, parse_object
from shared.telemetry import get_logger, redact

ATTEMPTS: Final = 3
BACKOFF_SECONDS: Final = 0.2
DEFAULT_RETRY_AFTER_SECONDS: Final = 1.0
MAX_RETRY_AFTER_SECONDS: Final = 3600.0
MAX_LIFETIME_SECONDS: Final = 2_592_000
"""Thirty days: the longest that Auth0 offers."""

MAX_TOKEN_CHARACTERS: Final = 16 * 1024
MAX_DESCRIPTION_CHARACTERS: Final = 300

_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6749 A.12, without the space that no header could carry
_ERROR = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}")  # RFC 6749 §5.2
_log = get_logger()


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request, ready to be sent. It holds secrets and does not print them."""

    url: str
    form: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class TokenEndpoint:
    """Sends requests to one authorization server's token endpoint.

    Tries again, a bounded number of times and ever later, where the connection failed or the server did (5xx); each
    time with a fresh request, because an assertion is good for one. A refusal (4xx) is an answer and stands. After a
    429 or a 503 that says when to come back, nothing is sent until then.

    Args:
        discovery: Where the endpoint is.
        http: The process's HTTP client.
        timeout: For one attempt, in seconds.
        clock: Seconds since the epoch.
        sleep: Waits so many seconds.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        discovery: Discovery,
        http: httpx.AsyncClient,
        *,
        timeout: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self._discovery = discovery
        self._http = http
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._closed_until = 0.0

    async def send(self, make_request: Callable[[AuthorizationServerMetadata], TokenRequest]) -> Response:
        """Sends what `make_request` makes for each attempt, and returns an answer below 500 other than 429.

        Raises:
            UpstreamUnavailable: the server is away, fails, or has said to come back later.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._sleep(BACKOFF_SECONDS * 2 ** (attempt - 1) * (0.5 + self._jitter()))
            wait = self._closed_until - self._clock()
            if wait > 0:
                raise UpstreamUnavailable(AUTHORIZATION_SERVER, retry_after=wait, detail="it said to come back later")
            request = make_request(await self._discovery.metadata())
            try:
                response = await exchange(
                    self._http, "POST", request.url, form=request.form, headers=request.headers, timeout=self._timeout
                )
            except (TimeoutError, httpx.ReadTimeout) as error:  # it is at work: asking twice would not help it
                raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{request.url}: too slow") from error
            except TRANSPORT_ERRORS as error:
                problem = UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{request.url}: {type(error).__name__}")
                problem.__cause__ = error
                continue
            retry_after = self._retry_after(response)
            if retry_after is not None:
                self._closed_until = max(self._closed_until, self._clock() + retry_after)
                _log.warning("token_endpoint_closed", status=response.status, retry_after=retry_after)
                raise UpstreamUnavailable(
                    AUTHORIZATION_SERVER, retry_after=retry_after, detail=f"{request.url}: status {response.status}"
                )
            if response.status < httpx.codes.INTERNAL_SERVER_ERROR:
                return response
            problem = UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{request.url}: status {response.status}")
        self._discovery.forget()
        raise problem

    def _retry_after(self, response: Response) -> float | None:
        """Seconds until the server wants to hear from us again (RFC 9110 §10.2.3); None if it did not say so."""
        limited = response.status == httpx.codes.TOO_MANY_REQUESTS
        if not limited and response.status != httpx.codes.SERVICE_UNAVAILABLE:
            return None
        wait = parse_retry_after(response.headers.get("retry-after"), now=self._clock())
        if wait is None:
            return DEFAULT_RETRY_AFTER_SECONDS if limited else None
        return min(wait, MAX_RETRY_AFTER_SECONDS)


def parse_retry_after(value: str | None, *, now: float) -> float | None:
    """`Retry-After` in seconds from now: it is a number of seconds or an HTTP date (RFC 9110 §10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def process_token_response(
    response: Response, *, scopes: frozenset[str] | None, sent_at: float
) -> tuple[AccessToken, dict[str, Any]]:
    """Reads a token response (RFC 6749 §5.1): the token, and all members for the grant's own checks.

    Not checked: the token itself, which is opaque to its client and which its resource server verifies.

    Args:
        response: With a status below 500.
        scopes: What was asked for; None where scopes are not asked for, and those in the answer are taken.
        sent_at: When the request was sent, in seconds since the epoch: the lifetime counts from there at the latest.

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        OAuthError: the server's refusal.
        UpstreamRefused: the answer is not what it has to be.
    """
    if response.status != httpx.codes.OK:
        raise refusal_of(response)
    try:
        members = parse_object(response.body)
    except ValueError as error:
        raise unusable(str(error)) from None
    token, token_type, lifetime = (members.get(name) for name in ("access_token", "token_type", "expires_in"))
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise unusable("access_token is not a token")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise unusable("token_type is not Bearer")
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or not 0 < lifetime <= MAX_LIFETIME_SECONDS:
        raise unusable("expires_in is not a positive number of seconds")
    granted = _granted(members, scopes)
    return AccessToken(
        token=RawToken(token),
        expires_at=sent_at + lifetime,
        scopes=granted,
        token_type="Bearer",  # noqa: S106 -- a type, not a secret
        missing_scopes=scopes - granted if scopes is not None else frozenset(),
    ), members


def unusable(problem: str) -> UpstreamRefused:
    """The server answered, but not as the specification says."""
    return UpstreamRefused(AUTHORIZATION_SERVER, detail=f"token response: {problem}")


def _granted(members: Mapping[str, Any], asked: frozenset[str] | None) -> frozenset[str]:
    """`scope`: what was asked for, if absent (RFC 6749 §5.1). More than was asked for is not taken."""
    scope = members.get("scope")
    if scope is None:
        return asked or frozenset()
    if not isinstance(scope, str):
        raise unusable("scope is not a string")
    granted = frozenset(filter(None, scope.split(" ")))
    if asked is not None and granted - asked:
        raise unusable("more scopes were granted than were asked for")
    return granted


def refusal_of(response: Response) -> HelpdeskError:
    """The server's refusal by RFC code; Auth0 says 401 `access_denied` where RFC 6749 §5.2 says `invalid_client`."""
    try:
        members = parse_object(response.body)
    except ValueError:
        members = {}
    error, description = members.get("error"), members.get("error_description")
    if not isinstance(error, str) or not _ERROR.fullmatch(error):
        return unusable(f"status {response.status} without an error code")
    text = _one_line(description) if isinstance(description, str) else ""
    if error == "invalid_client" or (response.status == httpx.codes.UNAUTHORIZED and error == "access_denied"):
        return ClientAuthenticationError(detail=f"{response.status} {error}: {text}")
    return OAuthError(error, text, status=response.status)


def _one_line(description: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in description)
    return str(redact(printable))[:MAX_DESCRIPTION_CHARACTERS]
