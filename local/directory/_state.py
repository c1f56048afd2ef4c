"""What the endpoints share, and how each of them is entered."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from local.directory._config import NO_FAULTS, DirectoryConfig, Faults
from local.directory._database import Database
from local.directory._errors import OktaError
from local.directory._identifiers import random_identifier, timestamp
from local.directory._paging import base_url
from local.directory._rights import Rights, role_of
from local.directory._services import ServiceTokens
from local.directory._tokens import bearer_token, challenge
from local.directory.oauth import AuthorizationServer, UserGrant
from local.directory.oauth import Call as RecordedCall

_WINDOW = 60  # seconds that a rate limit counts over


@dataclass
class RateLimiter:
    """Counts calls in windows of a minute, for each client and user, as Okta does for each token."""

    limit: int
    _windows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, client_id: str, now: float) -> tuple[int, int]:
        """Counts one call; returns how many remain (below zero: refuse) and the window's end, in epoch seconds."""
        window = int(now) // _WINDOW
        before, used = self._windows.get(client_id, (window, 0))
        used = used + 1 if before == window else 1
        self._windows[client_id] = (window, used)
        return self.limit - used, (window + 1) * _WINDOW


@dataclass(frozen=True, slots=True)
class Directory:
    """The parts of a running directory."""

    config: DirectoryConfig
    database: Database
    oauth: AuthorizationServer
    services: ServiceTokens
    limiter: RateLimiter

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.config.clock().astimezone(UTC)

    def timestamp(self) -> str:
        """The time, as it is kept."""
        return timestamp(self.now())

    def login_of(self, user_id: str) -> str | None:
        """A user's login."""
        return login_of(self.database, user_id)

    def has_role(self, user_id: str) -> bool:
        """Whether a user has an administrator role."""
        return role_of(self.database, user_id) is not None


def login_of(database: Database, user_id: str) -> str | None:
    """A user's login."""
    row = database.one("SELECT login FROM users WHERE id = ?", (user_id,))
    return str(row["login"]) if row is not None else None


def may_be_used(database: Database, user_id: str) -> bool:
    """Whether an account is one to sign in with: not if it is suspended, closed, or not activated yet.

    A locked account, or one with an expired password, is: that concerns the password alone.
    """
    row = database.one("SELECT status FROM users WHERE id = ?", (user_id,))
    return row is not None and row["status"] not in {"SUSPENDED", "DEPROVISIONED", "STAGED"}


@dataclass(frozen=True, slots=True)
class Call:
    """One authorized call to the API.

    Attributes:
        grant: Who calls, and through which application.
        scope: The scope that the endpoint asks for, in whichever form the token has it.
        rights: What the person may do, and to whom.
    """

    request: Request
    directory: Directory
    grant: UserGrant
    scope: str
    rights: Rights
    request_id: str

    @property
    def base_url(self) -> str:
        """Where the caller reached the directory."""
        return base_url(self.request)

    def flag(self, name: str, *, default: bool | None) -> bool:
        """A query parameter that is true or false.

        Raises:
            OktaError: where it is neither, or missing without a default.
        """
        text = self.request.query_params.get(name)
        if text is None and default is not None:
            return default
        if text is None:
            raise OktaError("E0000028", causes=(f"{name} is required.",))
        if text.lower() not in {"true", "false"}:
            raise OktaError("E0000001", name, (f"{name}: must be true or false.",))
        return text.lower() == "true"


Endpoint = Callable[[Call], Awaitable[Response]]


def protected(scope: str, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Makes an endpoint that is entered with a token of this scope alone, within the rate limit.

    Args:
        scope: Okta's OAuth scope; `….manage` grants what `….read` does.
        endpoint: What answers then; its `OktaError`s become Okta's error bodies.
    """

    async def enter(request: Request) -> Response:
        directory: Directory = request.app.state.directory
        request_id = random_identifier("", 24)
        headers = {"x-okta-request-id": request_id, "cache-control": "no-cache, no-store"}
        callers: list[UserGrant] = []
        try:
            response = await _enter(request, directory, request_id, headers, callers)
        except OktaError as error:
            response = error.response()
        response.headers.update(headers)
        for caller in callers:
            _record(directory, request, caller, response.status_code)
        return response

    async def _enter(
        request: Request, directory: Directory, request_id: str, headers: dict[str, str], callers: list[UserGrant]
    ) -> Response:
        faults = directory.config.faults
        if faults.acts_only and request.method == "GET":
            faults = NO_FAULTS
        if faults.delay:
            await asyncio.sleep(faults.delay)
        if faults.away:
            raise OktaError("E0000010")
        grant = _grant(request, directory, scope)
        callers.append(grant)
        rights = Rights(directory.database, grant.user_id, grant.scopes, is_service=grant.is_service)
        if not rights.enters(scope):
            raise _insufficient(request, scope)
        _limit(directory, grant, faults, headers)
        if faults.body is not None:
            return Response(faults.body, media_type="application/json")
        response = await endpoint(Call(request, directory, grant, scope, rights, request_id))
        return Response(status_code=502) if faults.lose_answers else response

    return enter


def _grant(request: Request, directory: Directory, scope: str) -> UserGrant:
    token = bearer_token(request.headers.getlist("authorization"))
    grant = directory.services.check(token) or directory.oauth.check(token)
    if grant is None:
        place = {"base_url": base_url(request), "scope": scope, "resource": request.url.path}
        raise OktaError("E0000011", headers=challenge("invalid_token", "The access token is invalid.", **place))
    return grant


def _insufficient(request: Request, scope: str) -> OktaError:
    place = {"base_url": base_url(request), "scope": scope, "resource": request.url.path}
    description = "The access token provided does not contain the required scopes."
    return OktaError("E0000006", headers=challenge("insufficient_scope", description, **place))


def _record(directory: Directory, request: Request, caller: UserGrant, status: int) -> None:
    """Adds a call to the record: every call of a person, reads too, and whether it was let in or not."""
    directory.oauth.store.record(
        RecordedCall(
            at=directory.timestamp(),
            method=request.method,
            path=request.url.path,
            status=status,
            client_name=caller.client_name,
            user_id=caller.user_id,
            login=caller.login,
            token_id=caller.token_id,
        )
    )


def _limit(directory: Directory, grant: UserGrant, faults: Faults, headers: dict[str, str]) -> None:
    now = directory.now().timestamp()
    remaining, reset = directory.limiter.take(f"{grant.client_id} {grant.user_id}", now)
    if faults.rate_limited_for is not None:
        remaining, reset = -1, int(now) + faults.rate_limited_for
    headers["x-rate-limit-limit"] = str(directory.limiter.limit)
    headers["x-rate-limit-remaining"] = str(max(0, remaining))
    headers["x-rate-limit-reset"] = str(reset)
    if remaining < 0:
        raise OktaError("E0000047")


def client_address(request: Request) -> str | None:
    """The address that the call came from, where it is one."""
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
