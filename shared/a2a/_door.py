"""The door: one ASGI middleware that lets in whom the entry admits, and takes the credentials from what goes further.

Tokens that were verified before are known without waiting. What is open without a token is listed, nothing is open by
default.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.a2a._caller import DELEGATED_USER_HEADER, SESSION_HEADER, Caller
from shared.a2a._context import CALLER, record
from shared.a2a._entry import Entry
from shared.a2a._errors import HeadersTooLarge
from shared.a2a._limits import Limits, OpenRequests, RateLimit
from shared.a2a._request_trace import begin_trace
from shared.a2a._responses import send_error
from shared.agentcore import WORKLOAD_TOKEN_HEADERS, RuntimeToken, runtime_token
from shared.errors import (
    AuthenticationError,
    CallerNotAllowed,
    HelpdeskError,
    InsufficientScope,
    InvalidMessage,
    InvalidToken,
    TokenMissing,
)
from shared.identity import RawToken

MAX_SESSIONS: Final = 10_000
MAX_HEADERS: Final = 100
DELEGATED: Final = DELEGATED_USER_HEADER.lower().encode()
SESSION: Final = SESSION_HEADER.lower().encode()
WORKLOAD_TOKENS: Final = tuple(name.lower().encode() for name in WORKLOAD_TOKEN_HEADERS)
CREDENTIALS: Final = frozenset(
    {
        b"authorization",
        DELEGATED,
        b"cookie",
        b"proxy-authorization",
        *WORKLOAD_TOKENS,
        b"x-amz-security-token",
    }
)
"""Headers that nothing behind the door sees."""

TOKEN_PARAMETERS: Final = frozenset(
    {"access_token", "authorization", "delegated_user_token", DELEGATED_USER_HEADER.lower()}
)
_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
_SCHEME: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr]( |$)")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_WORKLOAD_TOKEN: Final = re.compile(rb"[\x21-\x7e]+")
_SESSION_ID: Final = re.compile(rb"[A-Za-z0-9_.:-]{33,256}")


class Door:
    """Wraps the agent's app.

    Args:
        app: What is behind the door.
        entry: Who is let in.
        limits: How much each may ask for.
        open_paths: What is answered without a token: GET and HEAD alone.
        resource_metadata: The URL of the protected resource metadata, for challenges.
        replicas: How many replicas share what each may ask for.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        entry: Entry,
        limits: Limits,
        open_paths: frozenset[str],
        resource_metadata: str,
        replicas: Callable[[], int] = lambda: 1,
    ) -> None:
        self._app = app
        self._entry = entry
        self._limits = limits
        self._open_paths = open_paths
        self._resource_metadata = resource_metadata
        self._users = RateLimit(limits.user_requests_per_minute, replicas=replicas)
        self._clients = RateLimit(limits.client_requests_per_minute, replicas=replicas)
        self._open = OpenRequests(
            limits.open_requests, words=f"{limits.open_requests} of your requests are being answered; end one first."
        )
        self._sessions: OrderedDict[bytes, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        is_open = scope["method"] in {"GET", "HEAD"} and (
            path.removeprefix(scope.get("root_path", "")) in self._open_paths
        )
        try:
            _check_query(scope["query_string"])
            workload = self._workload_token(scope)
            bearer, delegated, session = self._credentials(scope, is_open=is_open)
            if not is_open:
                caller = self._entry.admit_cached(bearer, delegated) or await self._entry.admit(bearer, delegated)
                scope[CALLER] = caller  # from here on a refusal is on record as theirs
                self._note(caller, scope)
                self._users.take(caller.user.key)
                self._clients.take((caller.agent or caller.user).client_id)
                self._bind(session, caller)
                self._open.take(caller.user.key)
        except HelpdeskError as error:
            await send_error(error, scope, send, headers=self._challenge(error))
            return
        digest = bearer.digest() if bearer is not None else None
        with runtime_token(RuntimeToken(workload, digest) if workload is not None else None):
            if is_open:
                await self._app(scope, receive, send)
                return
            try:
                with begin_trace(scope, caller).active():
                    await self._app(scope, receive, send)
            finally:
                self._open.give_back(caller.user.key)

    def _workload_token(self, scope: Scope) -> RawToken | None:
        """What AgentCore Runtime hands in; whether it is believed is for whoever uses it."""
        handed = dict(scope["headers"])  # the last of a name: the runtime comes after the client
        for name in WORKLOAD_TOKENS:
            value = handed.get(name)
            if value is not None and _WORKLOAD_TOKEN.fullmatch(value) is not None:
                return RawToken(value.decode("ascii"))
        return None

    def _credentials(self, scope: Scope, *, is_open: bool) -> tuple[RawToken | None, RawToken | None, bytes | None]:
        """Takes the credentials out of the headers."""
        bearer = delegated = session = None
        size = 0
        kept = []
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name not in CREDENTIALS:
                kept.append((name, value))
                if name == SESSION:
                    session = value
            elif is_open:
                continue
            elif name == b"authorization":
                if bearer is not None:
                    raise InvalidMessage("The Authorization header stands twice.", code="duplicate_header")
                bearer = self._bearer(value)
            elif name == DELEGATED:
                if delegated is not None:
                    raise InvalidMessage(f"The {DELEGATED_USER_HEADER} header stands twice.", code="duplicate_header")
                delegated = self._raw(value)
        if size > self._limits.header_bytes or len(kept) > MAX_HEADERS:
            raise HeadersTooLarge
        scope["headers"] = kept
        return bearer, delegated, session

    def _bearer(self, value: bytes) -> RawToken:
        found = _BEARER.fullmatch(value)
        if found is not None:
            return self._raw(found[1])
        if _SCHEME.match(value) is None:  # another scheme is no bearer token at all (RFC 6750 §3)
            raise TokenMissing(detail="another authentication scheme")
        raise InvalidToken(code="token_malformed", detail="not a bearer token")

    def _raw(self, value: bytes) -> RawToken:
        if len(value) > self._limits.token_bytes:
            raise InvalidToken(code="token_too_long", detail=f"{len(value)} bytes")
        if _TOKEN.fullmatch(value) is None:
            raise InvalidToken(code="token_malformed", detail="characters that no token has")
        return RawToken(value.decode("ascii"))

    def _bind(self, session: bytes | None, caller: Caller) -> None:
        """Ties an AgentCore session to its first user: its id is an address, and proves nothing about who sends it."""
        if session is None:
            return
        if _SESSION_ID.fullmatch(session) is None:
            raise InvalidMessage(f"The {SESSION_HEADER} is not of 33 to 256 plain characters.", code="session_id")
        owner = self._sessions.setdefault(session, caller.user.key)
        self._sessions.move_to_end(session)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        if owner != caller.user.key:
            raise CallerNotAllowed(detail="the session is another user's")

    def _note(self, caller: Caller, scope: Scope) -> None:
        line = record(scope)
        line["client"] = (caller.agent or caller.user).client_id
        line["token_id"] = caller.user.token_id

    def _challenge(self, error: HelpdeskError) -> list[tuple[bytes, bytes]]:
        """`WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1): what was wrong, and where to learn what is needed."""
        parts = [f'resource_metadata="{self._resource_metadata}"']
        if isinstance(error, InsufficientScope):
            parts = ['error="insufficient_scope"', f'scope="{" ".join(error.scopes)}"', *parts]
        elif isinstance(error, InvalidToken):
            parts = ['error="invalid_token"', f'error_description="{error.public_message}"', *parts]
        elif isinstance(error, InvalidMessage) and error.reason in {"duplicate_header", "token_in_query"}:
            parts = ['error="invalid_request"', *parts]
        elif not isinstance(error, AuthenticationError):
            return []
        return [(b"www-authenticate", f"Bearer {', '.join(parts)}".encode())]


def _check_query(query: bytes) -> None:
    """Refuses tokens in the URL, which ends up in logs and histories (RFC 6750 §2.3, RFC 9700 §4.3.2)."""
    if query and not TOKEN_PARAMETERS.isdisjoint(
        name.lower() for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    ):
        raise InvalidMessage("Tokens are not taken in the query; send them in headers.", code="token_in_query")
