"""A question and what has come of it, as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from markupsafe import Markup

from portal.conversation import Earlier, Reply, Wait
from portal.web._markdown import to_html

APPROVAL: Final = "approval"
CONNECT_ACCOUNT: Final = "connect-account"
TITLE_CHARACTERS: Final = 60

_ENDINGS: Final = {
    "completed": "The answer is complete.",
    "failed": "That did not work.",
    "canceled": "Cancelled.",
    "rejected": "This is not allowed.",
    "input-required": "The help desk asks you something: your next message answers it.",
}


@dataclass(frozen=True, slots=True)
class Speech:
    """What one agent said."""

    agent: str
    html: Markup


@dataclass(frozen=True, slots=True)
class Turn:
    """One question.

    Attributes:
        asked: What the person said.
        task_id: Its task, once there is one.
        context_id: Its conversation.
        state: How it ended, in A2A's words; empty as long as more may come.
        speeches: What agents said.
        words: What came with the state.
        codes: The codes of approvals that are waited for, until when.
        connections: The connections of accounts that are waited for.
        status: Where it is, in one sentence.
    """

    asked: tuple[str, ...]
    task_id: str
    context_id: str
    state: str
    speeches: tuple[Speech, ...]
    words: Markup
    codes: tuple[tuple[str, str], ...]
    connections: tuple[str, ...]
    status: str

    @property
    def is_live(self) -> bool:
        """Whether more may come."""
        return not self.state

    @classmethod
    def of(cls, reply: Reply, asked: Sequence[str] = ()) -> Self:
        """What is shown of a reply."""
        waits = reply.waits if reply.state in {"", "auth-required"} else ()
        connections = tuple(dict.fromkeys(wait.subject for wait in waits if wait.kind == CONNECT_ACCOUNT))
        # What an agent says of a connection names a command of the terminal's: the page says it in its own words.
        words = "" if connections and len(connections) == len(waits) else reply.words
        return cls(
            asked=tuple(asked),
            task_id=reply.task_id,
            context_id=reply.context_id,
            state="" if reply.state == "auth-required" else reply.state,
            speeches=tuple(_speech(agent, text) for agent, text in reply.said.items() if text.strip()),
            words=_html(words),
            codes=tuple((wait.subject, _moment(wait)) for wait in waits if wait.kind == APPROVAL),
            connections=connections,
            status=_status(reply, waits),
        )

    @classmethod
    def before(cls, earlier: Earlier) -> Self:
        """What is shown of a question that was asked before."""
        reply = Reply(earlier.context_id, earlier.task_id)
        for event in earlier.events:
            reply.take(event)
        return cls.of(reply, earlier.said)


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list of earlier ones."""

    context_id: str
    title: str
    when: str


def listed(earlier: Sequence[Earlier]) -> list[Listed]:
    """The conversations of these questions, the last one first, each named after its first question."""
    found: dict[str, Listed] = {}
    for one in earlier:  # the newest first, so that the title ends up that of the oldest
        title = one.said[0] if one.said else ""
        when = found[one.context_id].when if one.context_id in found else _day(one.changed_at)
        found[one.context_id] = Listed(one.context_id, _short(title), when)
    return list(found.values())


def shown(agent: str) -> str:
    """An agent's name for people."""
    return agent.replace("_", " ").strip().capitalize() or "Help desk"


def _speech(agent: str, text: str) -> Speech:
    return Speech(shown(agent), _html(text))


def _html(text: str) -> Markup:
    return Markup(to_html(text))  # noqa: S704 -- made safe there


def _status(reply: Reply, waits: Sequence[Wait]) -> str:
    if reply.state and reply.state != "auth-required":
        return _ENDINGS.get(reply.state, "")
    kinds = {wait.kind for wait in waits}
    if APPROVAL in kinds:
        codes = " and ".join(wait.subject for wait in waits if wait.kind == APPROVAL)
        return f"Waiting for approval, code {codes}. The result will appear here."
    if CONNECT_ACCOUNT in kinds:
        return "Waiting until your account is connected."
    if waits:
        return "Waiting."
    if reply.agents:
        names = [shown(agent) for agent in reply.agents]
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} working …"
    return "Asking …"


def _moment(wait: Wait) -> str:
    return datetime.fromtimestamp(wait.until, UTC).isoformat(timespec="seconds") if wait.until is not None else ""


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1]}…"
