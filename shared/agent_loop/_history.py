"""The thread of a conversation, as the model is shown it.

A turn is kept as what was asked, which tools were called with what, and what was answered. What a tool gave is
not kept twice: its words are the answer.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, cast

from a2a.helpers import get_message_text
from a2a.types import Message as A2AMessage
from strands.types.content import Message, Messages

from shared.a2a import own_words_of

RELAYED = "(its answer was relayed to the person)"
MAX_TURN_CHARACTERS = 4000


class Conversations(Protocol):
    """Where conversations are kept, each belonging to its owner: the same id of two owners is two conversations."""

    async def load(self, owner: str, context_id: str) -> list[dict[str, Any]]:
        """The messages so far, oldest first."""
        ...

    async def append(self, owner: str, context_id: str, messages: Sequence[dict[str, Any]]) -> None:
        """Adds the messages of one turn."""
        ...


def opening(messages: Sequence[dict[str, Any]]) -> Messages:
    """The stored messages as a history that every model provider takes: it begins with what a person said."""
    history = cast("Messages", list(messages))
    for index, message in enumerate(history):
        if message["role"] == "user" and all("toolResult" not in block for block in message["content"]):
            return history[index:]
    return []


def own_words(kept: Messages, asked: A2AMessage) -> str:
    """What the person said in this conversation, which no model has written.

    Args:
        kept: The conversation before, as this agent was told it.
        asked: The message that is answered. Where another agent's model wrote it, what the person said is beside it.
    """
    told = own_words_of(asked)
    if told is not None:
        return told
    before = ("\n".join(_texts(message)) for message in kept if message["role"] == "user")
    return "\n".join([*filter(None, before), get_message_text(asked)])


def _texts(message: Message) -> Iterator[str]:
    return (block["text"] for block in message["content"] if "text" in block)


def turn_to_keep(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The new messages of one turn, shortened to what the next turn needs."""
    return [
        {"role": message["role"], "content": [_shortened(block) for block in message["content"]]}
        for message in messages
    ]


def _shortened(block: object) -> dict[str, Any]:
    content = cast("dict[str, Any]", block)
    if "text" in content:
        return {"text": str(content["text"])[:MAX_TURN_CHARACTERS]}
    if "toolResult" in content:
        result = cast("dict[str, Any]", content["toolResult"])
        return {
            "toolResult": {
                "toolUseId": result["toolUseId"],
                "status": result["status"],
                "content": [{"text": RELAYED}],
            }
        }
    return {"toolUse": content["toolUse"]} if "toolUse" in content else {"text": ""}
