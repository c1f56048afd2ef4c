"""What a person asked, as far as tools look at it: the words of their messages."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from strands.types.tools import ToolUse

Messages = Sequence[Mapping[str, Any]]


class Talking(Protocol):
    """The agent that a tool is called by, as far as it is looked at here."""

    messages: Messages


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    tool_use: ToolUse
    invocation_state: dict[str, Any]

    @property
    def agent(self) -> Talking:
        """Whose tool it is."""


def request_text(messages: Messages) -> str:
    """The words of the last message that a person sent; what tools answered is none."""
    for message in reversed(messages):
        texts = [block["text"] for block in message["content"] if "text" in block]
        if message["role"] == "user" and texts:
            return "\n".join(texts)
    return ""


def own_words(call: ToolCall) -> str:
    """What the person said in this conversation, as the agent's loop hands it to tools: no model has written it."""
    return str(call.invocation_state["own_words"])
