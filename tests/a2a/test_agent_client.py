"""The caller's side of the hop against a peer that is broken, or was taken over."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from a2a.types import StreamResponse, TaskState

from shared.a2a import ASK_AGAIN_KEY, USER_SCHEME, AgentClient, Caller, _client, _held_card, _reaching
from shared.errors import UpstreamError, UpstreamRefused, UpstreamUnavailable
from shared.http import create_http_client
from shared.identity import AccessToken, Principal, RawToken
from shared.testing import make_principal

STREAM = b"text/event-stream"
CALLER = Caller(user=make_principal(), agent=None, user_token=RawToken("token"))
OWN_WORDS = "https://helpdesk.example/a2a/own-words/v1"
WORKING = {"task": {"id": "task", "contextId": "context", "status": {"state": "TASK_STATE_WORKING"}}}
COMPLETED = {"task": WORKING["task"] | {"status": {"state": "TASK_STATE_COMPLETED"}}}


class Tokens:
    """Gives tokens of no worth."""

    async def client_credentials(self, *, audience: str, scopes: Collection[str]) -> AccessToken:
        return AccessToken(RawToken(f"agent-for-{audience}"), time.time() + 60, frozenset(scopes), "Bearer")

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        assert (subject, principal) == (CALLER.user_token, CALLER.user)
        return AccessToken(RawToken(f"user-for-{audience}"), time.time() + 60, frozenset(scopes), "Bearer")


@dataclass
class Peer:
    """Answers GET with a card and POST with an answer, byte by byte as the test wrote them."""

    card: bytes = b""
    answer: bytes = b""
    media_type: bytes = b"application/json"
    drips: bool = False
    breaks: int = 0
    """How many requests are read and not answered."""
    breaks_at_card: int = 0
    answers: list[bytes] = field(default_factory=list)
    """What is answered to one message after the other, in place of `answer`; an empty one breaks the connection."""
    aborts: bool = False
    """Whether an answer breaks off where it ends."""
    heard: list[bytes] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    serving: list[asyncio.Task[Any]] = field(default_factory=list)
    url: str = ""

    def card_document(self, **changes: Any) -> bytes:
        """A card that is in order, but for the changes."""
        interface = {"url": self.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        card = {
            "name": "printer_help",
            "description": "Helps with printers.",
            "version": "1",
            "supportedInterfaces": [interface],
            "capabilities": {"streaming": True},
            "skills": [],
            "securityRequirements": [{"schemes": {USER_SCHEME: {"list": ["printers:read"]}}}],
        }
        return json.dumps(card | changes).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.append(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # the client has gone before it asked
            writer.close()
            return
        self.heard.append(head)
        is_card = head.startswith(b"GET")
        if not is_card:
            length = re.findall(rb"(?i)content-length: (\d+)", head)[0]
            self.bodies.append(json.loads(await reader.readexactly(int(length))))
        if (self.breaks_at_card if is_card else self.breaks) > 0:
            self.breaks, self.breaks_at_card = self.breaks - (not is_card), self.breaks_at_card - is_card
            writer.close()
            return
        answer = self.answers.pop(0) if self.answers and not is_card else self.answer
        body, media_type = (self.card, b"application/json") if is_card else (answer, self.media_type)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + media_type + b"\r\n\r\n" + body)
        if self.drips:
            with contextlib.suppress(OSError):
                while not writer.is_closing():
                    writer.write(b": still here\r\n\r\n" if not is_card else b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
        if self.aborts and not is_card and self.answers:
            await writer.drain()
            writer.transport.abort()
            return
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    listening = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with listening:
        peer.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        peer.card = peer.card_document()
        yield peer
        await asyncio.wait_for(asyncio.gather(*peer.serving), 30)


@pytest.fixture
async def client(peer: Peer) -> AsyncIterator[AgentClient]:
    tokens = Tokens()
    async with create_http_client() as http:
        yield AgentClient(
            url=peer.url, audience="https://x.example/printer", http=http, agent_tokens=tokens, user_tokens=tokens
        )


async def ask(client: AgentClient, *, streaming: bool = True, own_words: str = "") -> list[StreamResponse]:
    call = client.call("hello", caller=CALLER, context_id="c", streaming=streaming, own_words=own_words)
    return [event async for event in call]


def sse(*results: Any) -> bytes:
    bodies = (json.dumps({"jsonrpc": "2.0", "id": "1", "result": result}) for result in results)
    return b"".join(f"data: {body}\r\n\r\n".encode() for body in bodies)


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    "url", ["http://127.0.0.2:1/", "http://127.0.0.1:99999999/", "http://[x", "http://\x00", "", "http://x@127.0.0.1/"]
)
async def test_a_card_whose_interface_is_elsewhere_or_nowhere_is_refused(
    peer: Peer, client: AgentClient, url: str
) -> None:
    interface = {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    peer.card = peer.card_document(supportedInterfaces=[interface])

    with pytest.raises(UpstreamRefused):
        await client.card()


@pytest.mark.parametrize(
    "card",
    [
        b"[" * 100_000,
        b"[1]",
        b'"card"',
        b"null",
        b"\xff",
        b'{"name": 5}',
        b'{"name": "x", "skills": [7]}',
        b'{"name": "x", "securitySchemes": {"a": 7}}',
        b'{"name": "x", "security": [7]}',
    ],
)
async def test_what_is_no_card_is_refused(peer: Peer, client: AgentClient, card: bytes) -> None:
    peer.card = card

    with pytest.raises(UpstreamRefused):
        await client.card()


@pytest.mark.requirement("D3")
@pytest.mark.parametrize("name", ["", "\x1b[31mred", "a\nb", "x" * 65, "\u202eknow"])
async def test_a_card_whose_name_cannot_be_shown_is_refused(peer: Peer, client: AgentClient, name: str) -> None:
    peer.card = peer.card_document(name=name)

    with pytest.raises(UpstreamRefused):
        await client.card()


@pytest.mark.requirement("B4")
@pytest.mark.parametrize(
    "requirements", [[], [{"schemes": {"other": {"list": ["all"]}}}], [{"schemes": {USER_SCHEME: {}}}]]
)
async def test_a_card_that_names_no_scope_gets_no_token_of_the_user(
    peer: Peer, client: AgentClient, requirements: list[Any]
) -> None:
    peer.card = peer.card_document(securityRequirements=requirements)
    with pytest.raises(UpstreamRefused) as refused:
        await ask(client)
    assert "names no scope" in str(refused.value.detail)
    assert [head.split()[0] for head in peer.heard] == [b"GET"]


async def test_a_card_that_never_ends_is_not_waited_for(
    peer: Peer, client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_held_card, "CARD_TIMEOUT_SECONDS", 0.1)
    peer.drips = True

    with pytest.raises(UpstreamUnavailable):
        await client.card()


async def test_an_answer_that_never_ends_is_not_waited_for(
    peer: Peer, client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.card()
    monkeypatch.setattr(_client, "CALL_TIMEOUT_SECONDS", 0.2)
    peer.answer, peer.media_type, peer.drips = sse(WORKING), STREAM, True

    with pytest.raises(UpstreamUnavailable):
        await ask(client)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(("many", "is_taken"), [(5000, True), (10_000, False)])
async def test_of_more_values_than_an_answer_needs_no_messages_are_made(
    peer: Peer, client: AgentClient, many: int, *, is_taken: bool, streaming: bool
) -> None:
    """Making them takes seconds, in which nobody else is served."""
    done = {"id": "task", "contextId": "context", "status": {"state": "TASK_STATE_COMPLETED"}}
    result = {"task": done | {"metadata": {"many": [[]] * many}}}
    peer.answer = sse(result) if streaming else json.dumps({"jsonrpc": "2.0", "id": "1", "result": result}).encode()
    peer.media_type = STREAM if streaming else b"application/json"

    with contextlib.nullcontext() if is_taken else pytest.raises(UpstreamRefused):
        assert [event.task.id for event in await ask(client, streaming=streaming)] == ["task"]


async def test_a_card_of_more_values_than_any_needs_is_refused(peer: Peer, client: AgentClient) -> None:
    peer.card = peer.card_document(skills=[{}] * 10_000)
    with pytest.raises(UpstreamRefused) as refused:
        await client.card()
    assert "more than 10000 values" in refused.value.detail


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        b"[" * 200_000,
        b"{no json",
        b"\xff\xfe",
        b"null",
        b"[1]",
        b'{"result": 5}',
        b'{"error": 5}',
        b'{"error": {"code": "x"}}',
        b'{"jsonrpc": "2.0", "id": "1", "result": {"task": {"id": 5}}}',
        b'{"jsonrpc": "2.0", "id": "1", "error": {"code": -32000, "message": "the-password"}}',
    ],
)
async def test_an_answer_that_is_none_is_an_error_of_ours(
    peer: Peer, client: AgentClient, answer: bytes, *, streaming: bool
) -> None:
    peer.answer = b"data: " + answer + b"\r\n\r\n" if streaming else answer
    peer.media_type = STREAM if streaming else b"application/json"

    with pytest.raises(UpstreamError) as raised:
        await ask(client, streaming=streaming)

    assert "the-password" not in f"{raised.value} {raised.value.public_message}"


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_message_whose_connection_broke_is_sent_again_as_the_same_message(
    peer: Peer, client: AgentClient, *, streaming: bool
) -> None:
    """A replica that ends in the middle is not the agent's end; another answers for the message that came already."""
    await client.card()
    whole = json.dumps({"jsonrpc": "2.0", "id": "1", "result": COMPLETED}).encode()
    peer.answer, peer.media_type = (sse(COMPLETED), STREAM) if streaming else (whole, b"application/json")
    peer.breaks = 1

    (answer,) = await ask(client, streaming=streaming)

    assert answer.task.id == "task"
    assert len(peer.bodies) == 2
    assert len({body["params"]["message"]["messageId"] for body in peer.bodies}) == 1


def task(state: str, *artifacts: str, **more: Any) -> dict[str, Any]:
    said = [{"artifactId": f"a{number}", "parts": [{"text": text}]} for number, text in enumerate(artifacts, 1)]
    status = {"state": f"TASK_STATE_{state}"}
    return {"task": {"id": "task", "contextId": "context", "status": status, "artifacts": said, **more}}


def chunk(text: str, *, append: bool = True) -> dict[str, Any]:
    artifact = {"artifactId": "a1", "parts": [{"text": text}]}
    return {"artifactUpdate": {"taskId": "task", "contextId": "context", "artifact": artifact, "append": append}}


def status(state: str, **metadata: Any) -> dict[str, Any]:
    found = {"taskId": "task", "contextId": "context", "status": {"state": f"TASK_STATE_{state}"}}
    return {"statusUpdate": found | ({"metadata": metadata} if metadata else {})}


def texts(events: list[StreamResponse]) -> list[str]:
    updates = [event.artifact_update.artifact for event in events if event.HasField("artifact_update")]
    return [part.text for artifact in updates for part in artifact.parts]


def methods(peer: Peer) -> list[str]:
    return [body["method"] for body in peer.bodies]


@pytest.mark.parametrize("aborts", [False, True])
async def test_a_stream_that_broke_off_is_followed_on_and_nothing_is_told_twice(
    peer: Peer, client: AgentClient, *, aborts: bool
) -> None:
    peer.media_type, peer.aborts = STREAM, aborts
    peer.answers = [
        sse(WORKING, chunk("one ", append=False)),
        sse(task("WORKING", "one two ")),
        sse(task("WORKING", "one two ", "and"), chunk("three"), status("COMPLETED")),
    ]
    events = await ask(client)
    assert methods(peer) == ["SendStreamingMessage", "SubscribeToTask", "SubscribeToTask"]
    assert {body["params"]["id"] for body in peer.bodies[1:]} == {"task"}
    assert texts(events) == ["one ", "two ", "and", "three"]
    assert sum(event.HasField("task") for event in events) == 1
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


async def test_of_a_task_that_ended_while_its_stream_was_broken_the_rest_is_looked_up(
    peer: Peer, client: AgentClient
) -> None:
    ended = {"jsonrpc": "2.0", "id": "1", "error": {"code": -32004, "message": "It has ended."}}
    got = {"jsonrpc": "2.0", "id": "1", "result": task("COMPLETED", "one two")["task"]}
    peer.media_type = STREAM
    peer.answers = [
        sse(WORKING, chunk("one ", append=False)),
        f"data: {json.dumps(ended)}\r\n\r\n".encode(),
        json.dumps(got).encode(),
    ]
    events = await ask(client)
    assert methods(peer) == ["SendStreamingMessage", "SubscribeToTask", "GetTask"]
    assert texts(events) == ["one ", "two"]
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


async def test_a_task_whose_agent_is_gone_for_good_is_given_up(
    peer: Peer, client: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reaching, "RESUME_SECONDS", (0.0, 0.0))
    peer.media_type, peer.answer = STREAM, sse(WORKING)
    events = await ask(client)
    assert methods(peer) == ["SendStreamingMessage", "SubscribeToTask", "SubscribeToTask"]
    assert [event.WhichOneof("payload") for event in events] == ["task"]


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_task_that_was_cut_off_before_it_changed_anything_is_asked_for_again_once(
    peer: Peer, client: AgentClient, *, streaming: bool
) -> None:
    cut_off = {ASK_AGAIN_KEY: True}
    failed, done = task("FAILED", metadata=cut_off), task("COMPLETED", "all")
    if streaming:
        peer.media_type = STREAM
        peer.answers = [sse(WORKING, status("FAILED", **cut_off)), sse(done)]
    else:
        peer.answers = [json.dumps({"jsonrpc": "2.0", "id": "1", "result": each}).encode() for each in (failed, done)]
    events = await ask(client, streaming=streaming)
    sent = [body["params"]["message"] for body in peer.bodies]
    assert [event.task.status.state for event in events if event.HasField("task")][-1] == TaskState.TASK_STATE_COMPLETED
    assert not any(event.status_update.status.state == TaskState.TASK_STATE_FAILED for event in events)
    assert [each["messageId"] for each in sent] == [sent[0]["messageId"], f"{sent[0]['messageId']}:again"]
    assert sent[0]["parts"] == sent[1]["parts"]

    peer.answers = [sse(WORKING, status("FAILED", **cut_off))] * 2
    peer.media_type = STREAM
    assert (await ask(client))[-1].status_update.status.state == TaskState.TASK_STATE_FAILED


async def test_what_was_said_in_part_is_not_asked_for_again(peer: Peer, client: AgentClient) -> None:
    peer.media_type = STREAM
    peer.answers = [sse(WORKING, chunk("one ", append=False), status("FAILED", **{ASK_AGAIN_KEY: True}))]
    events = await ask(client)
    assert methods(peer) == ["SendStreamingMessage"]
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_FAILED


async def test_a_task_is_looked_at_again_where_the_connection_broke(peer: Peer, client: AgentClient) -> None:
    await client.card()
    peer.answer = json.dumps({"jsonrpc": "2.0", "id": "1", "result": task("COMPLETED")["task"]}).encode()
    peer.breaks = 2
    assert (await client.task("task", caller=CALLER, context_id="c")).id == "task"
    assert methods(peer) == ["GetTask"] * 3


async def test_a_card_whose_connection_broke_is_fetched_again(peer: Peer, client: AgentClient) -> None:
    peer.breaks_at_card = 1
    assert (await client.card()).name == "printer_help"


async def test_another_path_whose_connection_broke_is_asked_for_again(peer: Peer, client: AgentClient) -> None:
    await client.card()
    peer.breaks_at_card = 1
    assert (await client.get("/elsewhere", caller=CALLER, parameters={}))["name"] == "printer_help"


async def test_an_agent_that_breaks_every_connection_is_away(peer: Peer, client: AgentClient) -> None:
    await client.card()
    peer.breaks = 99

    with pytest.raises(UpstreamUnavailable):
        await ask(client)

    assert len(peer.bodies) == _reaching.ATTEMPTS


async def test_a_cancellation_that_is_answered_with_nonsense_is_no_error(peer: Peer, client: AgentClient) -> None:
    await client.card()
    peer.answer = b"[" * 200_000

    await client.cancel("task", caller=CALLER, context_id="c")

    assert peer.heard[-1].startswith(b"POST")


async def test_an_agent_is_told_what_the_person_said_where_its_card_asks_for_it(
    peer: Peer, client: AgentClient
) -> None:
    extensions = [{"uri": "https://x.example/another"}, {"uri": OWN_WORDS}]
    peer.card = peer.card_document(capabilities={"streaming": True, "extensions": extensions})
    peer.answer, peer.media_type = sse(COMPLETED), STREAM
    await ask(client, own_words="unlock Kim,\nplease")
    message = peer.bodies[-1]["params"]["message"]
    assert (message["metadata"], message["extensions"]) == (
        {"helpdesk/own-words": "unlock Kim,\nplease"},
        [OWN_WORDS],
    )
    assert message["parts"] == [{"text": "hello"}]


async def test_an_agent_that_does_not_ask_for_it_is_told_no_more_than_concerns_it(
    peer: Peer, client: AgentClient
) -> None:
    peer.answer, peer.media_type = sse(COMPLETED), STREAM
    await ask(client, own_words="unlock Kim, and where is the VPN guide?")
    assert peer.bodies[-1]["params"]["message"].keys() == {"messageId", "contextId", "role", "parts"}


async def test_of_more_than_fits_the_latest_whole_words_are_told(peer: Peer, client: AgentClient) -> None:
    peer.card = peer.card_document(capabilities={"streaming": True, "extensions": [{"uri": OWN_WORDS}]})
    peer.answer, peer.media_type = sse(COMPLETED), STREAM
    await ask(client, own_words="äöü-" * 2000 + "Kim " + "ß" * 3000 + " unlock it")
    await ask(client, own_words="Kim-" * 3000)
    told = [body["params"]["message"]["metadata"]["helpdesk/own-words"] for body in peer.bodies]
    assert told == [" " + "ß" * 3000 + " unlock it", ""]
