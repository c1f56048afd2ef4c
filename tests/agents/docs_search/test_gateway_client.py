"""The gateway's client, against gateways that refuse, fail, are slow, are old, or say what nobody asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agents.docs_search.gateway import GatewayClient
from shared.errors import HelpdeskError, InsufficientScope, UpstreamRefused, UpstreamUnavailable
from shared.http import create_http_client
from shared.identity import RawToken
from shared.testing import LoopbackServer

URL = "http://gateway.example/mcp"
TOKEN = RawToken("a-token")
Answer = Callable[[dict[str, Any]], Response]


def client_of(answer: Callable[[Request], Any], *, timeout: float = 5.0) -> GatewayClient:
    """A client of a gateway that answers so."""
    app = Starlette(routes=[Route("/mcp", answer, methods=["POST", "DELETE"])])
    http = create_http_client(app=httpx.ASGITransport(app))
    return GatewayClient(URL, http, scope="docs:read", timeout=timeout)


async def call(client: GatewayClient, **arguments: Any) -> Any:
    return await client.call("docs___echo", arguments, token=TOKEN, headers={"X-Note": "a note"})


def result(request: dict[str, Any], answer: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": json.dumps(answer)}]
    return {"jsonrpc": "2.0", "id": request["id"], "result": {"content": content, "isError": False}}


async def test_one_request_says_all() -> None:
    heard: list[tuple[Mapping[str, str], dict[str, Any]]] = []

    async def answer(request: Request) -> Response:
        body = await request.json()
        heard.append((request.headers, body))
        return JSONResponse(result(body, {"said": "so"}))

    assert await call(client_of(answer), a=1) == {"said": "so"}
    ((headers, body),) = heard
    assert headers["authorization"] == "Bearer a-token"
    assert headers["mcp-protocol-version"] == "2026-07-28"
    assert (headers["mcp-method"], headers["mcp-name"], headers["x-note"]) == ("tools/call", "docs___echo", "a note")
    assert body["params"]["name"] == "docs___echo"
    assert body["params"]["arguments"] == {"a": 1}


async def test_an_answer_may_come_as_a_stream_after_other_news() -> None:
    async def answer(request: Request) -> Response:
        body = await request.json()

        async def events() -> AsyncIterator[str]:
            yield ": ping\r\n\r\n"
            yield 'event: message\r\ndata: {"jsonrpc": "2.0", "method": "notifications/progress"}\r\n\r\n'
            yield "data: no JSON\n\n"
            yield f"event: message\ndata: {json.dumps(result({'id': 'another'}, 'not this'))}\n\n"
            yield f"event: message\ndata: {json.dumps(result(body, {'said': 'so'}))}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    assert await call(client_of(answer)) == {"said": "so"}


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, UpstreamRefused),
        (403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="docs:read"'}, InsufficientScope),
        (403, {}, UpstreamRefused),
        (404, {}, UpstreamRefused),
        (429, {"Retry-After": "7"}, UpstreamUnavailable),
        (500, {}, UpstreamUnavailable),
        (503, {}, UpstreamUnavailable),
        (302, {"Location": "https://evil.example/"}, UpstreamRefused),
        (200, {}, UpstreamRefused),
    ],
)
async def test_a_refusal_keeps_its_kind(status: int, headers: dict[str, str], expected: type[HelpdeskError]) -> None:
    async def answer(_: Request) -> Response:
        error = {"code": -32002, "message": "a secret of the gateway's"}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status, headers=headers)

    with pytest.raises(expected) as refused:
        await call(client_of(answer))
    assert "secret" not in refused.value.public_message + refused.value.detail
    if status == 429:
        assert isinstance(refused.value, UpstreamUnavailable)
        assert refused.value.retry_after == 7


@pytest.mark.parametrize(
    "said",
    [
        "",
        "<html>",
        "[]",
        '{"result": []}',
        '{"result": {"content": []}}',
        '{"result": {"content": [{"type": "image", "data": "eA=="}]}}',
        '{"result": {"content": [{"type": "text", "text": "no JSON"}]}}',
        '{"result": {"content": [{"type": "text", "text": "{}"}, {"type": "text", "text": "{}"}]}}',
        "[" * 100_000,
    ],
)
async def test_what_is_no_answer_is_a_refusal_and_no_crash(said: str) -> None:
    async def answer(_: Request) -> Response:
        return Response(said, media_type="application/json")

    with pytest.raises(UpstreamRefused):
        await call(client_of(answer))


async def test_a_tool_that_failed_may_work_later() -> None:
    async def answer(request: Request) -> Response:
        failed = {"content": [{"type": "text", "text": "a secret"}], "isError": True}
        return JSONResponse({"jsonrpc": "2.0", "id": (await request.json())["id"], "result": failed})

    with pytest.raises(UpstreamUnavailable) as refused:
        await call(client_of(answer))
    assert "secret" not in str(refused.value)


async def test_a_gateway_that_is_not_there_is_away() -> None:
    server = LoopbackServer()
    server.stop()
    async with create_http_client() as http:
        with pytest.raises(UpstreamUnavailable):
            await call(GatewayClient(f"{server.url}mcp", http, scope="docs:read"))


async def test_a_gateway_that_does_not_answer_is_not_waited_for() -> None:
    async def answer(_: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    with pytest.raises(UpstreamUnavailable):
        await call(client_of(answer, timeout=0.05))


async def test_cancelling_a_call_closes_its_request() -> None:
    begun, left = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await receive()
        loop.call_soon_threadsafe(begun.set)
        while (await receive())["type"] != "http.disconnect":
            pass
        loop.call_soon_threadsafe(left.set)

    server = LoopbackServer().start(app)
    try:
        async with create_http_client() as http, asyncio.timeout(30):
            calling = asyncio.create_task(call(GatewayClient(f"{server.url}mcp", http, scope="docs:read")))
            await begun.wait()
            calling.cancel()
            await left.wait()
            with pytest.raises(asyncio.CancelledError):
                await calling
    finally:
        server.stop()


@asynccontextmanager
async def older_gateway(*, stateless: bool) -> AsyncIterator[tuple[GatewayClient, list[str]]]:
    """The official server as it was before calls could stand for themselves: each version has a handshake."""

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text=json.dumps(params.arguments))])

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[types.Tool(name="docs___echo", input_schema={"type": "object"})])

    server = Server("older", on_call_tool=call_tool, on_list_tools=list_tools)
    sessions = StreamableHTTPSessionManager(server, stateless=stateless)
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        version = dict(scope["headers"]).get(b"mcp-protocol-version", b"").decode()
        heard.append(f"{scope['method']} {version}".strip())
        if version == "2026-07-28":
            error = {"code": -32600, "message": "Bad Request: Unsupported protocol version"}
            await JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 400)(scope, receive, send)
        else:
            await sessions.handle_request(scope, receive, send)

    async with sessions.run(), create_http_client(app=httpx.ASGITransport(app)) as http:
        yield GatewayClient(URL, http, scope="docs:read"), heard


async def test_an_older_gateway_is_greeted_and_taken_leave_of_for_each_call() -> None:
    async with older_gateway(stateless=False) as (client, heard):
        assert await call(client, a=1) == {"a": 1}
        assert heard == ["POST 2026-07-28", "POST", "POST 2025-11-25", "POST 2025-11-25", "DELETE 2025-11-25"]
        heard.clear()
        assert await call(client, a=2) == {"a": 2}
        assert heard == ["POST", "POST 2025-11-25", "POST 2025-11-25", "DELETE 2025-11-25"]


async def test_a_session_that_cannot_be_taken_leave_of_changes_nothing_of_the_answer() -> None:
    async def answer(request: Request) -> Response:
        if request.method == "DELETE":
            raise httpx.ReadError("broken")
        body = await request.json()
        if request.headers.get("mcp-protocol-version") == "2026-07-28":
            return JSONResponse({}, 400)
        if body["method"] == "initialize":
            greeting = {"jsonrpc": "2.0", "id": body["id"], "result": {"protocolVersion": "2025-06-18"}}
            return JSONResponse(greeting, headers={"Mcp-Session-Id": "a-session"})
        return Response(status_code=202) if "id" not in body else JSONResponse(result(body, {"said": "so"}))

    assert await call(client_of(answer)) == {"said": "so"}


async def test_an_older_gateway_without_sessions_will_do() -> None:
    async with older_gateway(stateless=True) as (client, _):
        assert await call(client, a=1) == {"a": 1}


async def test_a_gateway_of_an_unknown_version_is_refused() -> None:
    async def answer(request: Request) -> Response:
        body = await request.json()
        if body["method"] == "tools/call":
            return JSONResponse({}, 400)
        return JSONResponse({"jsonrpc": "2.0", "id": body["id"], "result": {"protocolVersion": "2024-11-05"}})

    with pytest.raises(UpstreamRefused) as refused:
        await call(client_of(answer))
    assert refused.value.reason == "gateway_version"


async def test_arguments_that_are_refused_are_not_tried_in_another_version() -> None:
    heard: list[str] = []

    async def answer(request: Request) -> Response:
        body = await request.json()
        heard.append(body["method"])
        return JSONResponse({"jsonrpc": "2.0", "id": body["id"], "error": {"code": -32602, "message": "no"}}, 400)

    with pytest.raises(UpstreamRefused):
        await call(client_of(answer))
    assert heard == ["tools/call"]
