"""What the search tool says, read: whatever is not its answer is a refusal, and never half an article."""

import json
from datetime import date
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.docs_search.gateway import GatewayClient
from agents.docs_search.library import GatewayLibrary, Reader
from shared.errors import UpstreamRefused
from shared.http import create_http_client
from tests.agents.docs_search._documents import Documents

HIT = {
    "article": "vpn-setup", "title": "Set up the VPN", "section": "Steps", "anchor": "steps", "quote": "1. Connect.",
    "score": 3, "confidence": 0.9, "updated": "2026-03-01", "language": "en", "audience": "everyone",
    "related": [{"article": "printer-setup", "title": "Set up a printer"}],
}  # fmt: skip
FOUND = {"hits": [HIT], "corrections": [{"word": "vpm", "read_as": "vpn"}]}


async def asked(documents: Documents, said: Any) -> Any:
    """What the library makes of an answer to a search."""

    async def answer(request: Request) -> Response:
        content = [{"type": "text", "text": json.dumps(said)}]
        return JSONResponse({"jsonrpc": "2.0", "id": (await request.json())["id"], "result": {"content": content}})

    app = Starlette(routes=[Route("/mcp", answer, methods=["POST"])])
    async with create_http_client(app=httpx.ASGITransport(app)) as http:
        library = documents.library(http)
        library = GatewayLibrary(
            GatewayClient("http://gateway.example/mcp", http, scope="docs:read"),
            library._tokens,
            audience=library._audience,
            target="docs",
        )
        return await library.search("vpn", reader=Reader(await documents.caller(), frozenset({"everyone"})))


async def test_an_answer_is_read_as_it_is(documents: Documents) -> None:
    found = await asked(documents, FOUND | {"added_later": True})
    (hit,) = found.hits
    assert (hit.article, hit.updated, hit.related) == (
        "vpn-setup",
        date(2026, 3, 1),
        (("printer-setup", "Set up a printer"),),
    )
    assert found.corrections == (("vpm", "vpn"),)


@pytest.mark.parametrize("member", sorted(HIT.keys() - {"language"}))
async def test_a_hit_that_lacks_something_is_a_refusal(documents: Documents, member: str) -> None:
    lacking = {name: value for name, value in HIT.items() if name != member}
    with pytest.raises(UpstreamRefused):
        await asked(documents, FOUND | {"hits": [lacking]})


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "text",
        {},
        {"hits": None, "corrections": []},
        {"error": {"code": "invalid_arguments", "message": "question is missing."}},
        {"hits": [HIT | {"updated": "yesterday"}], "corrections": []},
        {"hits": [HIT | {"score": "high"}], "corrections": []},
    ],
)
async def test_what_is_no_answer_of_the_search_tool_is_a_refusal(documents: Documents, said: Any) -> None:
    with pytest.raises(UpstreamRefused) as refused:
        await asked(documents, said)
    assert refused.value.reason == "gateway_answer"
