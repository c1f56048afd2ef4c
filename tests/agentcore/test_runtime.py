"""The workload access token that AgentCore Runtime hands in: taken at the door, for one request, under either name."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

from shared.a2a import Anonymous, Caller, Limits
from shared.a2a._door import Door
from shared.agentcore import RuntimeToken, current_runtime_token
from shared.http import create_http_client
from shared.identity import RawToken
from shared.testing import make_principal

NEWER, OLDER = "X-Amz-Bedrock-AgentCore-Identity-WAT", "WorkloadAccessToken"
BEARER = RawToken("bearer")


async def handed_in(headers: list[tuple[str, str]]) -> tuple[RuntimeToken | None, bytes]:
    """What is held while such a request is worked on, and the headers that it still has."""
    held: list[RuntimeToken | None] = []
    seen: list[bytes] = []

    async def app(scope: MutableMapping[str, Any], _: Any, send: Any) -> None:
        held.append(current_runtime_token())
        seen.append(b" ".join(value for _, value in scope["headers"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    caller = Caller(make_principal(), None, BEARER)
    door = Door(app, entry=Anonymous(caller), limits=Limits(), open_paths=frozenset(), resource_metadata="https://x/")
    async with create_http_client(app=httpx.ASGITransport(door)) as http:
        await http.post("http://agent/", headers=[("Authorization", "Bearer bearer"), *headers])
    assert current_runtime_token() is None, "the next request finds nothing of it"
    return held[0], seen[0]


@pytest.mark.parametrize("name", [NEWER, OLDER, OLDER.lower()])
async def test_either_name_is_read_and_goes_no_further(name: str) -> None:
    held, seen = await handed_in([(name, "a.workload+token/=")])
    assert held is not None
    assert held.token == RawToken("a.workload+token/=")
    assert held.is_for(BEARER)
    assert not held.is_for(RawToken("another"))
    assert b"workload+token" not in seen


async def test_the_name_that_no_client_can_send_comes_first() -> None:
    held, _ = await handed_in([(OLDER, "older"), (NEWER, "newer")])
    assert held is not None
    assert held.token == RawToken("newer")


@pytest.mark.parametrize("headers", [[], [(OLDER, "two words")], [(OLDER, "")]])
async def test_what_is_no_token_is_none(headers: list[tuple[str, str]]) -> None:
    held, _ = await handed_in(headers)
    assert held is None
