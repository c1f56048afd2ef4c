"""Two replicas as real processes, of which one is killed while somebody reads what it says."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from a2a.types import StreamResponse, TaskState

from shared.a2a import AgentClient
from shared.http import create_http_client
from shared.identity import AccessToken, Principal, RawToken
from tests.a2a._agent import message
from tests.a2a._replica import Replica
from tests.a2a.test_agent_client import CALLER, Tokens

ALL = [f"{number} " for number in range(100)]
FIRST = 20


@dataclass
class Pair:
    """Two replicas, and an address that leads to the first that lives."""

    http: httpx.AsyncClient
    replicas: list[Replica] = field(default_factory=list)
    order: list[Replica] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hands a connection on, as a balancer does."""
        for replica in list(self.order):
            try:
                upstream = await asyncio.open_connection("127.0.0.1", replica.port)
            except OSError:
                continue
            with suppress(asyncio.CancelledError):  # the test is over
                await asyncio.gather(pipe(reader, upstream[1]), pipe(upstream[0], writer))
            return
        writer.close()

    async def stream(
        self, replica: Replica, method: str, params: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a stream, until it ends or breaks."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            async with self.http.stream("POST", replica.url, json=body, timeout=30) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))["result"]
        except httpx.ReadError:
            return

    @property
    def agent(self) -> AgentClient:
        """Reaches the agent as another agent does."""
        tokens = WellFormed()
        return AgentClient(
            url=self.url, audience="https://x.example/a", http=self.http, agent_tokens=tokens, user_tokens=tokens
        )


class WellFormed(Tokens):
    """Gives tokens of no worth that look like some."""

    async def client_credentials(self, *, audience: str, scopes: Collection[str]) -> AccessToken:
        return replace(await super().client_credentials(audience=audience, scopes=scopes), token=RawToken("agent"))

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        found = await super().exchange(subject, principal, audience=audience, scopes=scopes)
        return replace(found, token=RawToken("user"))


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands on what comes; where one side ends, so does the other."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[Pair]:
    async with create_http_client() as http:
        pair = Pair(http)
        server = await asyncio.start_server(pair.serve, "127.0.0.1", 0)
        pair.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        pair.replicas = [Replica(postgres_url, pair.url) for _ in range(2)]
        try:
            for replica in pair.replicas:
                await replica.started()
            pair.order = list(pair.replicas)
            yield pair
        finally:
            server.close()
            for replica in pair.replicas:
                replica.kill()


class Heard:
    """What somebody has heard who reads a stream, and another after that broke off."""

    def __init__(self) -> None:
        self.task_id = ""
        self.said: list[str] = []
        self.states: list[str] = []

    def take(self, event: dict[str, Any]) -> None:
        """Takes an event; a task as it is now must begin with what was heard of it before."""
        if "artifactUpdate" in event:
            self.said += [part["text"] for part in event["artifactUpdate"]["artifact"]["parts"]]
        elif "task" in event:
            self.task_id = event["task"]["id"]
            known = [part["text"] for artifact in event["task"].get("artifacts", []) for part in artifact["parts"]]
            assert known[: len(self.said)] == self.said
            self.said = known
            self.states.append(event["task"]["status"]["state"])
        else:
            self.states.append(event["statusUpdate"]["status"]["state"])


@pytest.mark.parametrize("killed", ["works", "only streams"])
async def test_a_stream_is_resumed_at_the_other_replica_with_nothing_lost_and_nothing_doubled(
    pair: Pair, killed: str
) -> None:
    one, other = pair.replicas
    heard, working = Heard(), pair.stream(one, "SendStreamingMessage", message("count 100"))
    async with aclosing(working), asyncio.timeout(40):
        if killed == "works":
            reading, left = working, other
        else:
            heard.take(await anext(working))
            reading, left = pair.stream(other, "SubscribeToTask", {"id": heard.task_id}), one
        async with aclosing(reading):
            async for event in reading:
                heard.take(event)
                if len(heard.said) == FIRST:
                    (one if killed == "works" else other).kill()
        assert FIRST <= len(heard.said) < len(ALL)
        async with aclosing(pair.stream(left, "SubscribeToTask", {"id": heard.task_id})) as rest:
            async for event in rest:
                heard.take(event)
    assert heard.said == ALL[: len(heard.said)]
    if killed == "works":
        assert heard.states[-1] == "TASK_STATE_FAILED"
    else:
        assert (heard.states[-1], heard.said) == ("TASK_STATE_COMPLETED", ALL)


async def call(pair: Pair, text: str, *, kill_after: int) -> tuple[list[str], list[StreamResponse]]:
    """What another agent is told by the first replica, which is killed after so many words, and then by the other."""
    said: list[str] = []
    events: list[StreamResponse] = []
    one, _ = pair.replicas
    async with asyncio.timeout(40):
        async for event in pair.agent.call(text, caller=CALLER, context_id="c", streaming=True):
            events.append(event)
            said += [part.text for part in event.artifact_update.artifact.parts]
            if len(said) == kill_after and len(pair.order) > 1:
                pair.order.remove(one)
                one.kill()
    return said, events


async def test_a_hop_whose_replica_is_killed_before_it_said_anything_brings_the_whole_answer(pair: Pair) -> None:
    said, events = await call(pair, "think 20", kill_after=0)
    assert said == ALL[:20]
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED
    assert len({event.task.id for event in events if event.HasField("task")}) == 2


async def test_a_hop_whose_replica_is_killed_in_the_middle_tells_what_was_said_once_and_that_it_stopped(
    pair: Pair,
) -> None:
    said, events = await call(pair, "count 100", kill_after=FIRST)
    assert FIRST <= len(said) < len(ALL)
    assert said == ALL[: len(said)]
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_FAILED
    assert "Please ask again" in events[-1].status_update.status.message.parts[0].text


async def test_a_hop_that_only_followed_at_the_replica_that_is_killed_misses_nothing(pair: Pair) -> None:
    one, other = pair.replicas
    said: list[str] = []
    async with aclosing(pair.stream(one, "SendStreamingMessage", message("count 100"))) as working:
        task_id = (await anext(working))["task"]["id"]
        pair.order = [other, one]
        async with asyncio.timeout(40):
            async for event in pair.agent.follow(task_id, caller=CALLER, context_id="c"):
                said += [part.text for artifact in event.task.artifacts for part in artifact.parts]
                said += [part.text for part in event.artifact_update.artifact.parts]
                if len(said) >= FIRST and other in pair.order:
                    pair.order.remove(other)
                    other.kill()
    assert "".join(said) == "".join(ALL)
    assert event.status_update.status.state == TaskState.TASK_STATE_COMPLETED


async def test_a_message_and_a_cancellation_reach_a_task_of_the_other_process(pair: Pair) -> None:
    one, other = pair.replicas
    async with aclosing(pair.stream(one, "SendStreamingMessage", message("think 1"))) as working, asyncio.timeout(40):
        task_id = (await anext(working))["task"]["id"]
        follow_up = asyncio.create_task(rpc(pair, other, "SendMessage", message("count 1", taskId=task_id)))
        cancelled = await rpc(pair, other, "CancelTask", {"id": task_id})
        assert cancelled["result"]["status"]["state"] == "TASK_STATE_CANCELED"
        last = [event async for event in working][-1]  # its stream ends, though it would have thought for ever
        assert last["task"]["status"]["state"] == "TASK_STATE_CANCELED"
        answer = await follow_up
        assert "error" in answer or answer["result"]["task"]["status"]["state"] == "TASK_STATE_CANCELED"


async def test_an_older_release_goes_on_and_starts_again_beside_a_newer_one(pair: Pair, postgres_url: str) -> None:
    """As replicas are replaced one after the other: the first new one changes the tables while the old ones work."""
    old, other = pair.replicas
    heard = Heard()
    async with aclosing(pair.stream(old, "SendStreamingMessage", message("count 100"))) as working:
        heard.take(await anext(working))
        newer = Replica(postgres_url, pair.url, is_newer=True)
        pair.replicas.append(newer)
        await newer.started()
        follower = Heard()
        async with aclosing(pair.stream(newer, "SendStreamingMessage", message("count 3"))) as begun:
            follower.take(await anext(begun))
            async with aclosing(pair.stream(other, "SubscribeToTask", {"id": follower.task_id})) as following:
                async for event in following:
                    follower.take(event)
        async for event in working:
            heard.take(event)
    assert (heard.said, heard.states[-1]) == (ALL, "TASK_STATE_COMPLETED")
    assert (follower.said, follower.states[-1]) == (ALL[:3], "TASK_STATE_COMPLETED")
    again = Replica(postgres_url, pair.url)
    pair.replicas.append(again)
    await again.started()
    answer = await rpc(pair, again, "SendMessage", message("count 2"))
    assert answer["result"]["task"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def rpc(pair: Pair, replica: Replica, method: str, params: dict[str, Any]) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    found: dict[str, Any] = (await pair.http.post(replica.url, json=body, timeout=30)).json()
    return found
