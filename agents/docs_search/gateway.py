"""The gateway's client: MCP over streamable HTTP, one call of a tool at a time, for one person at a time.

The `mcp` package's own client brings an HTTP stack of its own, keeps a session that would be shared between people, and
loses the status of a refusal (`docs/adr/0021-own-mcp-client.md`). What is needed of the protocol is one request: in
MCP 2026-07-28 a call stands for itself. A gateway that offers older versions alone is greeted first, for each call.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from shared.errors import InsufficientScope, UpstreamRefused, UpstreamUnavailable
from shared.identity import RawToken
from shared.telemetry import Span, span

PART: Final = "knowledge base"
CALL: Final = "tools/call"
TIMEOUT_SECONDS: Final = 10.0
LEAVE_SECONDS: Final = 1.0
STATELESS: Final = "2026-07-28"
HANDSHAKES: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
"""Older versions, the newest first, in which a session begins with a handshake."""

_ACCEPT: Final = "application/json, text/event-stream"
_CLIENT: Final = {"name": "docs_search", "version": "1"}
_ABOUT_THE_CALL: Final = frozenset({-32602, -32020, -32021})
"""JSON-RPC errors with HTTP status 400 that are not about the version: invalid parameters, headers, capabilities."""

Body = dict[str, Any]


class GatewayClient:
    """Calls the tools of one gateway.

    Args:
        url: The gateway's MCP endpoint.
        http: The process's HTTP client, which keeps its connections.
        scope: The scope that a token needs there, to name it where one lacks it.
        timeout: For a whole call, in seconds.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, *, scope: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._http = http
        self._scope = scope
        self._timeout = timeout
        self._needs_handshake = False

    async def call(
        self, tool: str, arguments: Mapping[str, Any], *, token: RawToken, headers: Mapping[str, str]
    ) -> Any:
        """What a tool answers, which is JSON.

        Cancelling it closes the request, which is how MCP 2026-07-28 cancels a call.

        Args:
            tool: As the gateway lists it: `target___tool`.
            arguments: The tool's.
            token: Of the person, for the gateway.
            headers: What the gateway is told besides.

        Raises:
            InsufficientScope: The token lacks the scope.
            UpstreamUnavailable: Away, slow, or the tool failed: trying again later can help.
            UpstreamRefused: It said no, or its answer is not one.
        """
        params: Body = {"name": tool, "arguments": dict(arguments)}
        try:
            with self._span(tool) as calling:
                sent = {"Authorization": f"Bearer {token.reveal()}", **headers, **calling.headers()}
                async with asyncio.timeout(self._timeout):
                    result = None if self._needs_handshake else await self._stateless(params, sent, calling)
                    if result is None:
                        result = await self._with_handshake(params, sent, calling)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise UpstreamUnavailable(PART, detail=f"no answer within {self._timeout:g} s") from error
        except httpx.HTTPError as error:
            raise UpstreamUnavailable(PART, detail=type(error).__name__) from error
        return _tool_answer(result)

    def _span(self, tool: str) -> AbstractContextManager[Span]:
        address = urlsplit(self._url)
        return span(
            f"{CALL} {tool}",
            kind="client",
            attributes={
                "mcp.method.name": CALL,
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": tool,
                "server.address": address.hostname,
                "server.port": address.port,
            },
        )

    async def _stateless(self, params: Body, headers: Mapping[str, str], calling: Span) -> Body | None:
        """The result of one call that stands for itself, or None from a gateway that does not know such calls."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientInfo": _CLIENT,
            "io.modelcontextprotocol/clientCapabilities": {},
            **calling.headers(),
        }
        calling.set({"mcp.protocol.version": STATELESS})
        response, message = await self._post(
            _request(CALL, {**params, "_meta": meta}),
            {
                **headers,
                "MCP-Protocol-Version": STATELESS,
                "Mcp-Method": CALL,
                "Mcp-Name": params["name"],
            },
        )
        if response.status_code == httpx.codes.BAD_REQUEST and _error(message) not in _ABOUT_THE_CALL:
            self._needs_handshake = True
            return None
        return self._result(response, message)

    async def _with_handshake(self, params: Body, headers: Mapping[str, str], calling: Span) -> Body:
        """The result of a call in a session of its own: begun for it, and ended after it."""
        offer = {"protocolVersion": HANDSHAKES[0], "capabilities": {}, "clientInfo": _CLIENT}
        response, message = await self._post(_request("initialize", offer), headers)
        version = self._result(response, message).get("protocolVersion")
        if version not in HANDSHAKES:
            raise UpstreamRefused(PART, code="gateway_version", detail="it offers no version of MCP that is known here")
        session = {**headers, "MCP-Protocol-Version": str(version)}
        calling.set({"mcp.protocol.version": str(version)})
        session_id = response.headers.get("mcp-session-id")
        if session_id is not None:
            session["Mcp-Session-Id"] = session_id
        try:
            await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}, session)
            call = _request(CALL, {**params, "_meta": calling.headers()})
            return self._result(*await self._post(call, session))
        finally:
            if session_id is not None:
                await self._end(session)

    async def _end(self, session: Mapping[str, str]) -> None:
        """Takes leave of a session; that it does not come to pass changes nothing of the answer, nor holds it up."""
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._http.delete(self._url, headers=session)

    async def _post(self, body: Body, headers: Mapping[str, str]) -> tuple[httpx.Response, Body | None]:
        """Sends one message; the response, and the message in it that answers, if any."""
        sent = {"Accept": _ACCEPT, "Content-Type": "application/json", **headers}
        async with self._http.stream("POST", self._url, content=json.dumps(body), headers=sent) as response:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                return response, await _answer_in(_events(response), body.get("id"))
            return response, _object(await response.aread())

    def _result(self, response: httpx.Response, message: Body | None) -> Body:
        """The result in an answer.

        Raises:
            InsufficientScope, UpstreamUnavailable, UpstreamRefused: see `call`.
        """
        status = response.status_code
        if status == httpx.codes.FORBIDDEN and "insufficient_scope" in response.headers.get("www-authenticate", ""):
            raise InsufficientScope((self._scope,), detail="the gateway says so")
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise UpstreamRefused(PART, code="gateway_refused", detail=f"{status} {_error(message)}")
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise UpstreamUnavailable(
                PART, detail=f"{status}", retry_after=_seconds(response.headers.get("retry-after"))
            )
        result = message.get("result") if message is not None else None
        if not isinstance(result, dict):
            raise UpstreamRefused(PART, code="gateway_answer", detail=f"{status} {_error(message)}")
        return result


def _request(method: str, params: Body) -> Body:
    return {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": method, "params": params}


def _tool_answer(result: Body) -> Any:
    """The JSON in a tool's result: in one text, as a gateway wraps what a Lambda function returns."""
    if result.get("isError"):
        raise UpstreamUnavailable(PART, detail="the tool failed")
    try:
        (content,) = result["content"]
        return json.loads(content["text"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UpstreamRefused(PART, code="gateway_answer", detail="a result that is not JSON in one text") from error


async def _events(response: httpx.Response) -> AsyncIterator[Body | None]:
    """The messages of an event stream (HTML Living Standard §9.2.6, as far as MCP uses it)."""
    data: list[str] = []
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield _object("\n".join(data).encode())
            data.clear()


async def _answer_in(messages: AsyncIterator[Body | None], request_id: Any) -> Body | None:
    """The message that answers; others are news, which nobody here needs."""
    async for message in messages:
        if message is not None and "id" in message and message["id"] == request_id:
            return message
    return None


def _object(content: bytes) -> Body | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _error(message: Body | None) -> Any:
    """The code of a JSON-RPC error, for the log: what it says in words stays there."""
    error = message.get("error") if message is not None else None
    return error.get("code") if isinstance(error, dict) else None


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
