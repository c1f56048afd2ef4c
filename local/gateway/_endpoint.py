"""What a request to the gateway passes, in order: address, token, size and form, interceptor, protocol."""

import json
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.gateway._authorizer import Authorizer
from local.gateway._functions import LambdaFunction
from local.gateway._interception import Passed, intercept
from local.gateway._refusals import Refusal, respond
from shared.errors import UpstreamUnavailable
from shared.telemetry import get_logger, resumed

MAX_REQUEST_BYTES: Final = 6 * 1024 * 1024
"""AgentCore's limit for a request to a gateway, and Lambda's for what a function is called with."""

HIDDEN: Final = frozenset({b"authorization", b"cookie", b"proxy-authorization"})
"""Headers that nothing behind the gateway sees."""

_OLDEST: Final = "2024-11-05"
_BLANKS: Final = b" \t"
"""Around a header's value they are none of it (RFC 9110 §5.5), and not every server takes them away."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Door:
    """What stands before the protocol.

    Attributes:
        authorizer: Checks the token.
        interceptor: Called at the REQUEST point, with the request's headers.
        security: The names that `Host` and `Origin` may have.
        metadata_url: Where the protected resource metadata is.
        scopes: What a token needs, for challenges.
        newest_handshake: What is offered to a client that asks for a version older than any here.
    """

    authorizer: Authorizer
    interceptor: LambdaFunction
    security: TransportSecuritySettings
    metadata_url: str
    scopes: tuple[str, ...]
    newest_handshake: str


class Endpoint:
    """The MCP endpoint as an ASGI app.

    Args:
        app: What speaks MCP.
        door: What stands before it.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door
        self._addresses = TransportSecurityMiddleware(door.security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        refused = await self._addresses.validate_request(request)
        if refused is not None:
            _log.warning("gateway_refused", status=refused.status_code, reason="address")
            await refused(scope, receive, send)
            return
        try:
            admitted = await self._admit(request)
        except Refusal as refusal:
            _log.info("gateway_refused", status=refusal.status, reason=refusal.reason)
            admitted = respond(refusal, metadata_url=self._door.metadata_url, scopes=self._door.scopes)
        if isinstance(admitted, Passed):
            with resumed(request.headers.get("traceparent")):
                await self._forward(scope, receive, send, admitted)
        else:
            await admitted(scope, receive, send)

    async def _admit(self, request: Request) -> Passed | Response:
        """The request that goes on, or the answer in its place.

        Raises:
            Refusal: where it goes no further.
        """
        try:
            await self._door.authorizer.check(request.headers.getlist("authorization"))
        except UpstreamUnavailable as error:
            raise Refusal(503, "Service unavailable", reason=error.reason) from error
        with resumed(request.headers.get("traceparent")):  # only those whose token was accepted
            return await self._read_and_intercept(request)

    async def _read_and_intercept(self, request: Request) -> Passed | Response:
        if request.method != "POST":  # without sessions there is nothing to listen to, and nothing to end
            return Response(status_code=405, headers={"Allow": "POST"})
        try:
            text = (await _read(request)).decode()
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "Parse error", reason="no_json") from error
        return await intercept(self._door.interceptor, request, text, body)

    async def _forward(self, scope: Scope, receive: Receive, send: Send, passed: Passed) -> None:
        """Hands the request on: with the interceptor's headers in place of the client's, without credentials."""
        body = json.dumps(self._with_known_version(passed.body)).encode()
        added = [(name.lower().encode(), value.encode()) for name, value in passed.headers.items()]
        added.append((b"content-length", str(len(body)).encode()))
        replaced = HIDDEN | {name for name, _ in added}
        kept = [(name, value.strip(_BLANKS)) for name, value in scope["headers"] if name.lower() not in replaced]
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self._app({**scope, "headers": kept + added}, replay, send)

    def _with_known_version(self, body: Any) -> Any:
        """MCP's first version is none of AgentCore's: a client that asks for it is offered the newest of its kind."""
        params = body.get("params") if isinstance(body, dict) and body.get("method") == "initialize" else None
        if isinstance(params, dict) and params.get("protocolVersion") == _OLDEST:
            return {**body, "params": {**params, "protocolVersion": self._door.newest_handshake}}
        return body


async def _read(request: Request) -> bytes:
    """The body.

    Raises:
        Refusal: 413, where it is too long.
    """
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > MAX_REQUEST_BYTES:
            raise Refusal(413, "Request too large", reason="too_large")
        parts.append(part)
    return b"".join(parts)
