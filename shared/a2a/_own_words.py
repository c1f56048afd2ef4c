"""An extension of A2A: beside the message that a model has written goes what the person said, word for word.

Between a person and an agent that another agent asks stands that agent's model, which says in the message what concerns
the agent asked. Where an act depends on what the person themselves said, the agent's card asks for their words. The
caller's code, which no model steers, adds them to each message, and only to agents that ask for them: to others they
would be more of the conversation than concerns them.
"""

import re
from typing import Final

from a2a.types import AgentCard, AgentExtension, Message

OWN_WORDS: Final = AgentExtension(
    uri="https://helpdesk.example/a2a/own-words/v1",
    description="What the person said in this conversation, word for word, in the message's metadata.",
)
OWN_WORDS_KEY: Final = "helpdesk/own-words"
OWN_WORDS_BYTES: Final = 6 * 1024
"""So many of the latest words are sent: a message may hold 8 KiB besides its text."""

_BEGUN: Final = re.compile(r"^\S+")


def asks_for_own_words(card: AgentCard) -> bool:
    """Whether an agent wants to be told what the person said."""
    return any(extension.uri == OWN_WORDS.uri for extension in card.capabilities.extensions)


def add_own_words(message: Message, words: str) -> None:
    """Puts the person's words beside a message; of more than can be sent, the latest that are whole."""
    encoded = words.encode()
    if len(encoded) > OWN_WORDS_BYTES:
        words = _BEGUN.sub("", encoded[-OWN_WORDS_BYTES:].decode(errors="ignore"))
    message.extensions.append(OWN_WORDS.uri)
    message.metadata[OWN_WORDS_KEY] = words


def own_words_of(message: Message) -> str | None:
    """The person's words beside a message; None where there are none."""
    if OWN_WORDS_KEY not in message.metadata:
        return None
    words = message.metadata[OWN_WORDS_KEY]
    return words if isinstance(words, str) else ""
