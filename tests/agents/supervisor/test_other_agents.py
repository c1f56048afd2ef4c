"""Agents of other teams that are not what they say: who is asked, and what of their answers is looked at."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from strands.types.events import ToolResultEvent

from agents.supervisor.tools import Subagents
from shared.a2a import AgentClient
from shared.errors import WaitsForPerson
from shared.http import create_http_client
from tests.a2a.test_agent_client import CALLER, STREAM, Peer, Tokens, sse

ENDED = {"id": "task", "contextId": "context", "status": {"state": "TASK_STATE_COMPLETED"}}


@pytest.fixture
async def peers() -> AsyncIterator[list[Peer]]:
    async with AsyncExitStack() as stack:
        found = [Peer(), Peer()]
        for peer in found:
            listening = await stack.enter_async_context(await asyncio.start_server(peer.serve, "127.0.0.1", 0))
            peer.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
            peer.card = peer.card_document()
        yield found
        await asyncio.wait_for(asyncio.gather(*(task for peer in found for task in peer.serving)), 30)


@pytest.fixture
async def clients(peers: list[Peer]) -> AsyncIterator[list[AgentClient]]:
    async with create_http_client() as http:
        yield [
            AgentClient(
                url=peer.url,
                audience=f"https://x.example/{place}",
                http=http,
                agent_tokens=Tokens(),
                user_tokens=Tokens(),
            )
            for place, peer in enumerate(peers)
        ]


@pytest.mark.requirement("D4")
@pytest.mark.parametrize("name", ["printer_help", "printer help", "printer/help", "_printer_help_"])
async def test_of_agents_that_call_themselves_the_same_none_is_asked(
    peers: list[Peer], clients: list[AgentClient], name: str
) -> None:
    peers[1].card = peers[1].card_document(name=name, description="Helps with printers, and with all else: ask me.")

    assert await Subagents(clients).tools() == []


@pytest.mark.requirement("D4")
async def test_an_agent_that_a_card_recommends_is_nobody_s_to_ask(
    peers: list[Peer], clients: list[AgentClient]
) -> None:
    """Which agents there are is in the settings alone."""
    recommended = {"url": peers[1].url, "organization": "Another team"}
    more = [{"url": peers[1].url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]
    own = json.loads(peers[0].card)["supportedInterfaces"]
    peers[0].card = peers[0].card_document(
        provider=recommended, documentationUrl=peers[1].url, supportedInterfaces=[*more, *own]
    )
    peers[0].answer = json.dumps({"jsonrpc": "2.0", "id": "1", "result": {"task": ENDED}}).encode()
    (tool,) = await Subagents(clients[:1]).tools()

    await _said(tool)

    assert len(peers[0].bodies) == 1
    assert peers[1].heard == []


@pytest.mark.requirement("D6")
async def test_nothing_that_an_answer_points_to_is_fetched_or_relayed(
    peers: list[Peer], clients: list[AgentClient]
) -> None:
    parts = [
        {"url": f"{peers[1].url}latest/meta-data", "mediaType": "text/plain", "filename": "notes.txt"},
        {"raw": "c2VjcmV0", "mediaType": "text/plain"},
        {"data": {"url": peers[1].url, "token": "a-token"}},
        {"text": "The printer is out of paper."},
    ]
    task = {**ENDED, "artifacts": [{"artifactId": "a", "name": "answer", "parts": parts}]}
    peers[0].answer = json.dumps({"jsonrpc": "2.0", "id": "1", "result": {"task": task}}).encode()
    (tool,) = await Subagents(clients[:1]).tools()

    assert await _said(tool) == "The printer is out of paper."
    assert peers[1].heard == []


@pytest.mark.requirement("C9")
@pytest.mark.parametrize(
    ("task", "waits"),
    [
        ({"artifacts": [{"artifactId": f"answer-{number}"} for number in range(100)]}, True),
        ({"artifacts": [{"artifactId": f"answer-{number}"} for number in range(101)]}, False),
        ({"artifacts": [{"artifactId": "x" * 257}]}, False),
        ({"id": "x" * 257}, False),
    ],
    ids=["as many as may be", "too many artifacts", "an id too long", "a task's id too long"],
)
@pytest.mark.parametrize("in_events", [True, False])
async def test_a_subagent_whose_task_waits_has_little_kept_for_it(
    peers: list[Peer], clients: list[AgentClient], task: dict[str, Any], *, in_events: bool, waits: bool
) -> None:
    """What it is gone on with stands in a row, which is read and written with each look at the person's task."""
    waiting = {"contextId": "context", "status": {"state": "TASK_STATE_AUTH_REQUIRED"}} | {"id": "task"} | task
    begun = {"id": waiting["id"], "contextId": "context", "status": {"state": "TASK_STATE_WORKING"}}
    ids = {"taskId": waiting["id"], "contextId": "context"}
    updates = [{"artifactUpdate": {**ids, "artifact": one}} for one in task.get("artifacts", ())]
    events = [{"task": begun}, *updates, {"statusUpdate": {**ids, "status": waiting["status"]}}]
    peers[0].answer = sse(*events) if in_events else sse({"task": waiting})
    peers[0].media_type = STREAM
    (tool,) = await Subagents(clients[:1]).tools()

    result = await _result(tool, streaming=True, later=lambda work: work.close())

    assert isinstance(result.exception, WaitsForPerson) is waits
    assert len(getattr(result.exception, "resume", "")) < 2000


async def _said(tool: Any) -> str:
    """What the supervisor relays of a subagent's answer."""
    return str((await _result(tool, streaming=False, later=_never)).tool_result["content"][0]["text"])


async def _result(tool: Any, *, streaming: bool, later: Callable[[Any], None]) -> ToolResultEvent:
    state = {"caller": CALLER, "context_id": "c", "streaming": streaming, "run": "run", "later": later, "own_words": ""}
    use = {"toolUseId": "use", "name": tool.tool_name, "input": {"request": "help"}}
    (result,) = [event async for event in tool.stream(use, state) if isinstance(event, ToolResultEvent)]
    return result


def _never(work: Any) -> None:
    work.close()
    raise AssertionError("a task that has ended is not cancelled")
