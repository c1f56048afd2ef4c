"""MCP behind the gateway's door: the protocol is the official package's, the tools are the target's."""

import json
from typing import Any, Final

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.requests import Request

from local.gateway._functions import FunctionFailed
from local.gateway._targets import LambdaTarget
from shared.telemetry import get_logger, resumed, span, traceparent

INVALID_PARAMS: Final = -32602
FAILED: Final = "An internal error occurred while the tool was running."
NAME: Final = "helpdesk-gateway"
CALL: Final = "tools/call"

_log = get_logger()

Context = ServerRequestContext[dict[str, Any], Request]


def create_session_manager(
    target: LambdaTarget, *, gateway_id: str, max_request_bytes: int
) -> StreamableHTTPSessionManager:
    """Serves a target's tools over streamable HTTP, without sessions: each request stands for itself.

    Args:
        target: Whose tools.
        gateway_id: As the functions are told.
        max_request_bytes: Longer bodies are refused.
    """
    tools = {tool.name: tool for tool in target.tools}

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(tools.values()))

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in tools:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name}")
        headers = dict(context.request.headers) if context.request is not None else {}
        with resumed(_traceparent(context)), span(f"{CALL} {params.name}", kind="server") as serving:
            serving.set({"mcp.method.name": CALL, "gen_ai.operation.name": "execute_tool"})
            serving.set({"gen_ai.tool.name": params.name, "mcp.protocol.version": context.protocol_version})
            try:
                answer = await target.call(
                    params.name,
                    params.arguments or {},
                    gateway_id=gateway_id,
                    message_id=str(context.request_id),
                    headers=headers | serving.headers(),
                )
            except FunctionFailed as error:
                serving.fail("tool_error")
                _log.warning("gateway_tool_failed", tool=params.name, detail=str(error))
                return _result(FAILED, is_error=True)
        return _result(json.dumps(answer, ensure_ascii=False), is_error=False)

    server = Server(
        NAME,
        version="1.0.0",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="private")},
    )
    server.middleware.clear()  # its spans, with the arguments in them
    return StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=max_request_bytes
    )


def _traceparent(context: Context) -> str | None:
    """The caller's place in its trace: in the message, where MCP has it, or else where HTTP has it."""
    found = (context.meta or {}).get("traceparent")
    return found if isinstance(found, str) else traceparent()


def _result(text: str, *, is_error: bool) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)
