"""A loopback server that speaks the wire formats of the model providers."""

import json
import struct
from binascii import crc32
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from shared.settings import AgentSettings
from shared.testing import LoopbackServer

TOOL = "look_up"
ARGUMENTS = {"subject": "the printer", "days": 7}
ANSWER = ("All ", "is ", "well.")
USAGE = (11, 5)  # tokens in, tokens out

Encode = Callable[[bool], Iterator[bytes]]


@dataclass(slots=True)
class Asked:
    """One request that a provider got."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(slots=True)
class Provider:
    """The server: first it calls the tool, then, given the result, it answers in text."""

    server: LoopbackServer
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url.rstrip("/")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with LoopbackServer() as server:
        speaking = Provider(server)

        def answer(media_type: str, encode: Encode) -> Callable[[Request], Any]:
            async def endpoint(request: Request) -> StreamingResponse:
                body = json.loads(await request.body())
                speaking.asked.append(Asked(request.url.path, dict(request.headers), body))
                return StreamingResponse(encode(len(speaking.asked) == 1), media_type=media_type)

            return endpoint

        server.start(
            Starlette(
                routes=[
                    Route("/api/chat", answer("application/x-ndjson", ollama), methods=["POST"]),
                    Route("/v1/chat/completions", answer("text/event-stream", openai), methods=["POST"]),
                    Route("/v1/messages", answer("text/event-stream", anthropic), methods=["POST"]),
                    Route(
                        "/model/{model_id}/converse-stream",
                        answer("application/vnd.amazon.eventstream", bedrock),
                        methods=["POST"],
                    ),
                ]
            )
        )
        yield speaking


@pytest.fixture
def make_settings() -> Callable[..., AgentSettings]:
    def make(**fields: Any) -> AgentSettings:
        return AgentSettings.load(
            **{
                "helpdesk_env": "local",
                "auth0_issuer": "http://127.0.0.1:8400/",
                "audience": "https://helpdesk.example/supervisor",
                "audit_key": "a key",
                **fields,
            }
        )

    return make


def ollama(first: bool) -> Iterator[bytes]:
    """https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion."""
    base = {"model": "m", "created_at": "2026-11-23T10:00:00Z"}
    if first:
        calls = [{"function": {"name": TOOL, "arguments": ARGUMENTS}}]
        yield _line({**base, "message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False})
    else:
        for text in ANSWER:
            yield _line({**base, "message": {"role": "assistant", "content": text}, "done": False})
    end = {"done": True, "done_reason": "stop", "total_duration": 5_000_000}
    counts = {"prompt_eval_count": USAGE[0], "eval_count": USAGE[1]}
    yield _line({**base, "message": {"role": "assistant", "content": ""}, **end, **counts})


def openai(first: bool) -> Iterator[bytes]:
    """https://platform.openai.com/docs/api-reference/chat-streaming."""

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({**base, "choices": [choice]})

    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    if first:
        begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": ""}}
        yield chunk({"role": "assistant", "tool_calls": [begun]})
        for part in _halves(json.dumps(ARGUMENTS)):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
    else:
        for text in ANSWER:
            yield chunk({"content": text})
    yield chunk({}, "tool_calls" if first else "stop")
    usage = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
    yield _event({**base, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def anthropic(first: bool) -> Iterator[bytes]:
    """https://docs.anthropic.com/en/docs/build-with-claude/streaming."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": USAGE[0], "output_tokens": 0}
    stop = {"stop_reason": None, "stop_sequence": None}
    yield _named({"type": "message_start", "message": {**message, **stop, "usage": usage}})
    if first:
        block: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in _halves(json.dumps(ARGUMENTS))]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": text} for text in ANSWER]
    yield _named({"type": "content_block_start", "index": 0, "content_block": block})
    for delta in deltas:
        yield _named({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _named({"type": "content_block_stop", "index": 0})
    reason = "tool_use" if first else "end_turn"
    ended = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": USAGE[1]}}
    yield _named({"type": "message_delta", **ended})
    yield _named({"type": "message_stop"})


def bedrock(first: bool) -> Iterator[bytes]:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html."""
    yield _frame("messageStart", {"role": "assistant"})
    if first:
        start = {"toolUse": {"toolUseId": "tooluse_1", "name": TOOL}}
        yield _frame("contentBlockStart", {"contentBlockIndex": 0, "start": start})
        deltas: list[dict[str, Any]] = [{"toolUse": {"input": part}} for part in _halves(json.dumps(ARGUMENTS))]
    else:
        deltas = [{"text": text} for text in ANSWER]
    for delta in deltas:
        yield _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield _frame("contentBlockStop", {"contentBlockIndex": 0})
    yield _frame("messageStop", {"stopReason": "tool_use" if first else "end_turn"})
    usage = {"inputTokens": USAGE[0], "outputTokens": USAGE[1], "totalTokens": sum(USAGE)}
    yield _frame("metadata", {"usage": usage, "metrics": {"latencyMs": 5}})


def _frame(event: str, payload: Mapping[str, Any]) -> bytes:
    """One message of the event stream encoding (`application/vnd.amazon.eventstream`)."""
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in (
            (":event-type", event),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


def _line(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload).encode() + b"\n"


def _event(payload: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def _named(payload: Mapping[str, Any]) -> bytes:
    return f"event: {payload['type']}\n".encode() + _event(payload)


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]
