"""What was said so far, as the planner needs it."""

import json
from dataclasses import dataclass

from strands.types.content import Message, Messages
from strands.types.tools import ToolResult


@dataclass(slots=True)
class Turn:
    """One thing that the person said, and what came of it."""

    text: str
    tools: list[str]
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns before, what is said now, and the tools' results where these are what came last."""

    earlier: tuple[Turn, ...]
    text: str
    results: tuple[ToolResult, ...]


def read_conversation(messages: Messages) -> Conversation:
    """Reads Strands' messages; what is neither text nor a tool's use or result is passed over."""
    turns: list[Turn] = []
    results: tuple[ToolResult, ...] = ()
    order: list[str] = []
    for message in messages:
        text = _text(message)
        if message["role"] == "assistant":
            order = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
            if turns:
                turns[-1].tools.extend(block["toolUse"]["name"] for block in message["content"] if "toolUse" in block)
                turns[-1].reply = text or turns[-1].reply
            results = ()
            continue
        found = [block["toolResult"] for block in message["content"] if "toolResult" in block]
        if found:
            places = {tool_use_id: place for place, tool_use_id in enumerate(order)}
            results = tuple(sorted(found, key=lambda result: places.get(result["toolUseId"], len(places))))
        elif text.strip():
            turns.append(Turn(text=text, tools=[]))
            results = ()
    current = turns.pop().text if turns else ""
    return Conversation(earlier=tuple(turns), text=current, results=results)


def result_text(result: ToolResult) -> str:
    """What a tool answered, as text."""
    parts = [
        block["text"] if "text" in block else json.dumps(block["json"], ensure_ascii=False)
        for block in result["content"]
        if "text" in block or "json" in block
    ]
    return "\n".join(parts)


def _text(message: Message) -> str:
    return "\n".join(block["text"] for block in message["content"] if "text" in block)
