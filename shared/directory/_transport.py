"""One call to the Okta API: its token, its time, its answer, and what each refusal means."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from shared.directory._access import ActingCaller, TokenSource
from shared.errors import AuthorizationDenied, HelpdeskError, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import get_logger, outbound

PART: Final = "directory"
_LONGEST_WAIT = 300.0  # seconds; a reset further away says nothing

# Okta's codes that tools tell apart (developer.okta.com/docs/reference/error-codes), as codes of ours.
_REASONS = {
    "E0000007": "account_not_found",
    "E0000017": "status_forbids",
    "E0000032": "unlock_not_allowed",
    "E0000038": "status_forbids",
}

_PATH_WORDS: Final = frozenset(
    {
        *("", "users", "appLinks", "groups", "devices", "factors", "logs", "lifecycle"),
        *("unlock", "reset_password", "expire_password", "reset_factors"),
    }
)

_log = get_logger()


class Transport:
    """Sends calls; every failure becomes one of our errors, without anything of what was sent.

    Args:
        base_url: The API, up to and with `/api/v1`.
        http: The process's client.
        tokens: Gives the token for each call.
        timeout: Seconds that one call may take, from its start to the last byte of its answer.
        clock: The time, in seconds since the epoch.
    """

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        timeout: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._tokens = tokens
        self._timeout = timeout
        self._clock = clock

    async def get(
        self, caller: ActingCaller, path: str, scope: str, parameters: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Reads. Where a connection broke, the transport has tried once more: aiohttp does so for GET alone.

        Where the directory does not accept the token, another is tried, once.

        Raises:
            UpstreamError: as `_failure` says.
            AuthorizationDenied: where the token may not.
        """
        try:
            response = await self._send("GET", caller, path, parameters)
            if response.status_code == httpx.codes.UNAUTHORIZED:  # its token ended early: once more, with a fresh one
                response = await self._send("GET", caller, path, parameters)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._away(path, error) from None
        return self._checked(path, response, scope)

    async def post(
        self, caller: ActingCaller, path: str, scope: str, parameters: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Acts, once: what may have happened is never asked for again, and a token that was refused is not replaced.

        Raises:
            UpstreamUnavailable: with `outcome_unknown` where the act may have happened.
            UpstreamRefused: where the directory said no.
            AuthorizationDenied: where the token may not.
        """
        return await self._act("POST", caller, path, scope, parameters)

    async def delete(self, caller: ActingCaller, path: str, scope: str) -> httpx.Response:
        """Removes, as `post` acts; but the transport may try once more where a connection broke, as for a read.

        What is removed twice is removed once (RFC 9110 §9.2.2); that it is not there then is `UpstreamRefused`.
        """
        return await self._act("DELETE", caller, path, scope, None)

    async def _act(
        self, method: str, caller: ActingCaller, path: str, scope: str, parameters: Mapping[str, str] | None
    ) -> httpx.Response:
        try:
            response = await self._send(method, caller, path, parameters)
        except (httpx.HTTPError, TimeoutError) as error:
            not_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise self._away(path, error, outcome_unknown=not not_sent) from None
        return self._checked(path, response, scope, acts=True)

    async def _send(
        self, method: str, caller: ActingCaller, path: str, parameters: Mapping[str, str] | None
    ) -> httpx.Response:
        token = await self._tokens.token(caller)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token.reveal()}"}
        with outbound(PART, method, _template(path), url=self._base_url) as call:
            async with asyncio.timeout(self._timeout):
                response = await self._http.request(
                    method, f"{self._base_url}{path}", params=parameters, headers=headers, timeout=self._timeout
                )
            call.status = response.status_code
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.refused(caller, token)
        return response

    def _checked(self, path: str, response: httpx.Response, scope: str, *, acts: bool = False) -> httpx.Response:
        if response.status_code in {httpx.codes.OK, httpx.codes.NO_CONTENT}:
            return response
        error = self._failure(response, scope, acts=acts)
        _log.warning(
            "directory_call_failed",
            path=path,
            status=response.status_code,
            reason=error.reason,
            detail=error.detail,
            upstream_request_id=response.headers.get("x-okta-request-id"),
        )
        raise error

    def _failure(self, response: httpx.Response, scope: str, *, acts: bool) -> HelpdeskError:
        status, code = response.status_code, _error_code(response)
        detail = f"{status} {code}".strip()
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return UpstreamUnavailable(PART, retry_after=self._retry_after(response), detail=detail)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status < httpx.codes.BAD_REQUEST:
            unknown = acts and status != httpx.codes.SERVICE_UNAVAILABLE
            return UpstreamUnavailable(PART, detail=detail, outcome_unknown=unknown)
        if status == httpx.codes.UNAUTHORIZED:
            return UpstreamRefused(
                PART,
                "The directory does not accept your connection to it any more; nothing was changed. Please ask again; "
                "if it stays like this, disconnect your account and connect it again (`helpdesk accounts`).",
                detail=detail,
                code="directory_token_refused",
            )
        if code in _REASONS:
            return UpstreamRefused(PART, detail=detail, code=_REASONS[code])
        if status == httpx.codes.FORBIDDEN:
            return _forbidden(response, scope, detail)
        return UpstreamRefused(PART, detail=detail)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds until Okta's rate limit window ends; None where the header tells nothing usable."""
        try:
            wait = float(response.headers.get("x-rate-limit-reset", "")) - self._clock()
        except ValueError:
            return None
        return max(1.0, wait) if wait <= _LONGEST_WAIT else None

    def _away(self, path: str, error: Exception, *, outcome_unknown: bool = False) -> UpstreamUnavailable:
        detail = type(error).__name__  # its text may hold what was sent
        _log.warning("directory_away", path=path, detail=detail, outcome_unknown=outcome_unknown)
        return UpstreamUnavailable(PART, detail=detail, outcome_unknown=outcome_unknown)


def _forbidden(response: httpx.Response, scope: str, detail: str) -> HelpdeskError:
    """The token has not the scope, or the person not the right: the first can be mended by connecting again."""
    if "insufficient_scope" not in response.headers.get("www-authenticate", ""):
        return AuthorizationDenied("Your role in the directory does not allow it.", detail=detail)
    return UpstreamRefused(
        PART,
        f"Your connection to the directory does not allow it: it lacks `{scope}`. If your role there does, disconnect "
        "your account and connect it again (`helpdesk accounts`).",
        detail=f"{detail} {scope}",
        code="connection_too_narrow",
    )


def unexpected(path: str, detail: str, *, outcome_unknown: bool = False) -> UpstreamUnavailable:
    """An answer that is not what the API's reference says: logged, never shown."""
    _log.error("directory_answer_unexpected", path=path, detail=detail)
    return UpstreamUnavailable(PART, detail=f"unexpected answer: {detail}", outcome_unknown=outcome_unknown)


def _template(path: str) -> str:
    """The path without ids and names, as traces tell it."""
    return "/".join(part if part in _PATH_WORDS else "{id}" for part in path.split("/"))


def _error_code(response: httpx.Response) -> str:
    """Okta's error code, where the body has one."""
    try:
        code = response.json().get("errorCode")
    except (ValueError, AttributeError):
        return ""
    return code if isinstance(code, str) and code.isalnum() else ""
