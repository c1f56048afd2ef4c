"""MCP at the gateway, as the official client speaks it in each version, and what a browser or a liar would send."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from local.gateway.app import TOOLS, VERSIONS
from shared.http import create_http_client
from tests.gateway._gateway import MODERN, SEARCH, Gateway, answer, parts_of

SEARCH_NAME, SEARCH_ARGUMENTS = SEARCH


@asynccontextmanager
async def connect(gateway: Gateway, *, mode: str) -> AsyncIterator[Client]:
    """The `mcp` package's own client, which brings its own HTTP."""
    headers = {"Authorization": f"Bearer {gateway.token()}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False) as http,
        Client(streamable_http_client(gateway.url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["legacy", "auto", MODERN])
async def test_the_official_client_lists_and_calls_the_tools(gateway: Gateway, mode: str) -> None:
    async with connect(gateway, mode=mode) as client:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [f"docs___{d['name']}" for d in json.loads(TOOLS.read_text("utf-8"))]
        result = await client.call_tool(SEARCH_NAME, SEARCH_ARGUMENTS)
        assert not result.is_error
        assert result.content[0].type == "text"
        assert json.loads(result.content[0].text)["hits"][0]["article"] == "vpn-setup"
        with pytest.raises(MCPError):
            await client.call_tool("docs___delete_article", {})


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != MODERN])
async def test_a_handshake_gives_the_version_that_was_asked_for(gateway: Gateway, version: str) -> None:
    assert await shake_hands(gateway, version) == version


@pytest.mark.parametrize("version", ["2024-11-05", "2031-01-01"])
async def test_a_version_that_is_not_offered_gets_the_newest_with_a_handshake(gateway: Gateway, version: str) -> None:
    assert await shake_hands(gateway, version) == "2025-11-25"


async def shake_hands(gateway: Gateway, version: str) -> str:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    headers = {"Authorization": f"Bearer {gateway.token()}", "Accept": "application/json, text/event-stream"}
    async with create_http_client() as http:
        response = await http.post(gateway.url, json=body, headers=headers)
    assert "mcp-session-id" not in response.headers
    return str(response.json()["result"]["protocolVersion"])


async def test_what_is_offered_can_be_asked(gateway: Gateway) -> None:
    result = (await gateway.post("server/discover")).json()["result"]
    assert result["supportedVersions"] == [MODERN]
    assert set(result["capabilities"]) == {"tools"}


async def test_a_version_without_a_handshake_that_is_unknown_is_refused_with_those_there_are(gateway: Gateway) -> None:
    response = await gateway.post("tools/list", version="2031-01-01")
    assert response.status_code == 400
    assert MODERN in response.json()["error"]["data"]["supported"]


@pytest.mark.requirement("G6")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
    ],
)
async def test_a_page_of_another_site_is_refused_though_its_token_is_good(
    gateway: Gateway, headers: dict[str, str], status: int
) -> None:
    assert (await gateway.call(*SEARCH, headers=headers)).status_code == status


async def test_this_machines_own_names_are_answered(gateway: Gateway) -> None:
    for headers in ({"Origin": gateway.server.url.rstrip("/")}, {"Host": f"localhost:{gateway.server.port}"}):
        assert (await gateway.call(*SEARCH, headers=headers)).status_code == 200


@pytest.mark.requirement("G6")
async def test_a_session_id_opens_nothing(gateway: Gateway) -> None:
    """There are no sessions; whatever id is sent, each request stands on its own token."""
    headers = {"Mcp-Session-Id": "somebody-elses-session"}
    assert (await gateway.call(*SEARCH, token="", headers=headers)).status_code == 401
    assert answer(await gateway.call(*SEARCH, headers=headers))["hits"]


@pytest.mark.requirement("G6")
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_nothing_but_post_is_answered(gateway: Gateway, method: str) -> None:
    async with create_http_client() as http:
        headers = {"Accept": "text/event-stream"}
        assert (await http.request(method, gateway.url, headers=headers)).status_code == 401
        headers["Authorization"] = f"Bearer {gateway.token()}"
        response = await http.request(method, gateway.url, headers=headers)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"\xff\xfe{\x00}\x00", 400), (b"[" * 100_000, 400), (b"[]", 403), (b'"text"', 403), (b"{}", 403)],
)
async def test_what_is_no_request_is_refused(gateway: Gateway, content: bytes, status: int) -> None:
    async with create_http_client() as http:
        headers = {"Authorization": f"Bearer {gateway.token()}", "Content-Type": "application/json"}
        response = await http.post(gateway.url, content=content, headers=headers)
    assert response.status_code == status


async def test_a_body_over_six_megabytes_is_refused(gateway: Gateway) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(6 * 16 + 1):
            yield b" " * (64 * 1024)

    async with create_http_client() as http:
        headers = {"Authorization": f"Bearer {gateway.token()}", "Content-Type": "application/json"}
        response = await http.post(gateway.url, content=content(), headers=headers)
    assert response.status_code == 413


async def test_the_tool_gets_the_bare_arguments_and_the_documented_context(tmp_path: Path) -> None:
    with Gateway(tmp_path, parts=parts_of()) as gateway:
        response = await gateway.call("test___echo", {"a": [1, {"b": None}]})
    said = answer(response)
    assert said["event"] == {"a": [1, {"b": None}]}
    assert said["custom"] == {
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreAwsRequestId": said["custom"]["bedrockAgentCoreAwsRequestId"],
        "bedrockAgentCoreMcpMessageId": response.json()["id"],
        "bedrockAgentCoreGatewayId": "helpdesk-local",
        "bedrockAgentCoreTargetId": "TARGET",
        "bedrockAgentCoreToolName": "test___echo",
        "bedrockAgentCorePropagatedHeaders": {},
    }


async def test_arguments_that_will_not_do_come_back_from_the_tool_in_words(gateway: Gateway) -> None:
    said: Any = answer(await gateway.call(SEARCH_NAME, {**SEARCH_ARGUMENTS, "audiences": ["it"]}))
    assert said["error"]["code"] == "invalid_arguments"


async def test_health_needs_no_token_and_says_that_it_is_a_stand_in(gateway: Gateway) -> None:
    async with create_http_client() as http:
        response = await http.get(f"{gateway.server.url}healthz")
    assert response.json() == {"status": "ok", "note": "a local stand-in for Amazon Bedrock AgentCore Gateway"}
