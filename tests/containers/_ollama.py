"""Ollama's API, as far as a client of a model calls it, with the offline planner where a model would be.

For tests of what stands around a model: the wire is Ollama's (https://github.com/ollama/ollama/blob/main/docs/api.md),
what is said there is not. It runs in the image `helpdesk/local`, which has all that it needs.
"""

import json
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from shared.models.offline import OfflinePlanner

CREATED = "2026-11-26T00:00:00Z"
PLANNER = OfflinePlanner()
MODELS = ("qwen3",)


async def tags(_: Request) -> JSONResponse:
    """The models that were pulled."""
    return JSONResponse({"models": [{"name": f"{name}:latest", "model": f"{name}:latest"} for name in MODELS]})


async def chat(request: Request) -> StreamingResponse | JSONResponse:
    """A completion, streamed line by line."""
    asked = await request.json()
    if asked["model"].removesuffix(":latest") not in MODELS:
        return JSONResponse({"error": f"model '{asked['model']}' not found"}, 404)
    sys.stdout.write(json.dumps({"event": "chat", "model": asked["model"], "tools": len(asked["tools"])}) + "\n")
    sys.stdout.flush()
    return StreamingResponse(_lines(asked), media_type="application/x-ndjson")


async def _lines(asked: dict[str, Any]) -> AsyncIterator[str]:
    base = {"model": asked["model"], "created_at": CREATED}
    calls: list[dict[str, Any]] = []
    async for event in PLANNER.stream(_messages(asked["messages"]), _specifications(asked["tools"])):
        use = event.get("contentBlockStart", {}).get("start", {}).get("toolUse")
        if use is not None:
            calls.append({"name": use["name"], "arguments": ""})
        delta = event.get("contentBlockDelta", {}).get("delta", {})
        if "toolUse" in delta:
            calls[-1]["arguments"] += delta["toolUse"]["input"]
        if "text" in delta:
            yield _line(base | {"message": {"role": "assistant", "content": delta["text"]}, "done": False})
    for call in calls:
        function = {"name": call["name"], "arguments": json.loads(call["arguments"] or "{}")}
        message = {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}
        yield _line(base | {"message": message, "done": False})
    counts = {"total_duration": 1_000_000, "prompt_eval_count": 1, "eval_count": 1}
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    yield _line(base | end | counts)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _specifications(tools: list[dict[str, Any]]) -> Any:
    """Ollama's tools as Strands' specifications."""
    functions = [tool["function"] for tool in tools]
    return [
        {"name": one["name"], "description": one["description"], "inputSchema": {"json": one["parameters"]}}
        for one in functions
    ]


def _messages(messages: list[dict[str, Any]]) -> Any:
    """Ollama's messages as Strands' conversation: a result follows the call that it answers, in the same order."""
    found: list[dict[str, Any]] = []
    waiting: list[str] = []
    for message in messages:
        role = message["role"]
        if role == "system":
            continue
        if role == "tool":
            content = {"text": message["content"]}
            block = {"toolResult": {"toolUseId": waiting.pop(0), "content": [content], "status": "success"}}
            found.append({"role": "user", "content": [block]})
        elif message.get("tool_calls"):
            for call in message["tool_calls"]:
                function = call["function"]
                waiting.append(uuid.uuid4().hex)
                use = {"toolUseId": waiting[-1], "name": function["name"], "input": function["arguments"]}
                found.append({"role": "assistant", "content": [{"toolUse": use}]})
        else:
            found.append({"role": role, "content": [{"text": message.get("content", "")}]})
    return _merged(found)


def _merged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one side says in a row is one message."""
    merged: list[dict[str, Any]] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += message["content"]
        else:
            merged.append({"role": message["role"], "content": list(message["content"])})
    return merged


app = Starlette(routes=[Route("/api/tags", tags), Route("/api/chat", chat, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=11434, log_level="warning")  # noqa: S104 -- inside a container
