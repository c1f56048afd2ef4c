"""What happens while a question is answered, read from the updates of its A2A task."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from a2a.types import Artifact, Role, StreamResponse, Task, TaskState, TaskStatusUpdateEvent
from google.protobuf.json_format import MessageToDict

WORKING_KEY = "helpdesk/working"
"""In a status update's metadata: the agent that is at work (`shared.agent_loop`, which is too heavy to import here)."""

WAITING_KEY = "helpdesk/waiting"
"""In a task's metadata: what it waits for (`shared.a2a`). A place that it names is never opened: it is a peer's."""

GO_ON = "Please go on."
"""What a task is told that waited, once the person has done what it waited for."""

STATES = {
    TaskState.TASK_STATE_COMPLETED: "completed",
    TaskState.TASK_STATE_FAILED: "failed",
    TaskState.TASK_STATE_CANCELED: "canceled",
    TaskState.TASK_STATE_REJECTED: "rejected",
    TaskState.TASK_STATE_INPUT_REQUIRED: "input-required",
    TaskState.TASK_STATE_AUTH_REQUIRED: "auth-required",
}
"""The states in which nothing more is said, in A2A's words."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The supervisor has taken the question."""

    task_id: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Working:
    """An agent is at work."""

    agent: str


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer; pieces with the same `artifact_id` belong together, in order."""

    agent: str
    artifact_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a person has to do before the task can go on.

    Attributes:
        kind: What, in one word: `connect-account`, `approval`.
        subject: Which one: the connection, the code.
        until: Until when it makes sense to wait, in seconds since the epoch, if that was said.
    """

    kind: str
    subject: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The task waits for what a person does elsewhere, and goes on by itself: the words that say so, and for what."""

    words: str
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more is said: the task's state in A2A's words, the words that came with it, and what it waits for."""

    state: str
    words: str
    waits: tuple[Wait, ...] = ()


Event = Begun | Working | Said | Waiting | Ended


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked before.

    Attributes:
        questions: The last changed first.
        more: Whether there are others, which were left out.
    """

    questions: "tuple[Earlier, ...]" = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """A question that was asked before.

    Attributes:
        task_id: Its task.
        context_id: Its conversation.
        said: What the person said in it, in order.
        events: What has come of it until now.
        changed_at: When it last changed, in seconds since the epoch.
    """

    task_id: str
    context_id: str
    said: tuple[str, ...]
    events: tuple[Event, ...]
    changed_at: float

    @classmethod
    def read(cls, task: Task) -> Self:
        """Reads a task."""
        texts = [
            "".join(part.text for part in message.parts) for message in task.history if message.role == Role.ROLE_USER
        ]
        events = Reading(through_waiting=True).events(StreamResponse(task=task))
        changed_at = task.status.timestamp.ToNanoseconds() / 1e9
        said = tuple(text for text in texts if text != GO_ON)
        return cls(task.id, task.context_id, said, tuple(events), changed_at)


class Reading:
    """Turns a task's updates into events: each word once, whether it came in a piece or with the whole task."""

    def __init__(
        self, heard: Collection[str] = (), *, through_waiting: bool = False, waiting: Waiting | None = None
    ) -> None:
        self.begun = False
        self.ended = False
        self.count = 0
        self._heard = frozenset(heard)
        self._lengths: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._through_waiting = through_waiting
        self._waiting = waiting

    def events(self, response: StreamResponse) -> list[Event]:
        """What an update means for the person."""
        self.count += 1
        kind = response.WhichOneof("payload")
        if kind == "task":
            task = response.task
            begun = self._begin(task.id, task.context_id)
            said = [event for artifact in task.artifacts for event in self._said(artifact, whole=True)]
            return [*begun, *said, *self._status(task, "")]
        if kind == "status_update":
            update = response.status_update
            begun = self._begin(update.task_id, update.context_id)
            working = update.metadata[WORKING_KEY] if WORKING_KEY in update.metadata else ""  # noqa: SIM401 -- no `get`
            return [*begun, *self._status(update, str(working))]
        if kind == "artifact_update":
            piece = response.artifact_update
            return [*self._begin(piece.task_id, piece.context_id), *self._said(piece.artifact, whole=not piece.append)]
        if kind == "message":  # an agent may answer without a task
            self.begun = self.ended = True
            words = "".join(part.text for part in response.message.parts)
            return [Ended("completed", words)]
        return []

    def _begin(self, task_id: str, context_id: str) -> list[Event]:
        if self.begun:
            return []
        self.begun = True
        return [Begun(task_id, context_id)]

    def _said(self, artifact: Artifact, *, whole: bool = False) -> list[Event]:
        """A piece of an artifact, or what is new in the whole of it."""
        name, key = self._names.setdefault(artifact.artifact_id, artifact.name), artifact.artifact_id
        text = "".join(part.text for part in artifact.parts) if key not in self._heard else ""
        text = text[self._lengths.get(key, 0) :] if whole else text
        self._lengths[key] = self._lengths.get(key, 0) + len(text)
        return [Said(name, key, text)] if text else []

    def _status(self, source: Task | TaskStatusUpdateEvent, working: str) -> list[Event]:
        status = source.status
        if self._through_waiting and status.state == TaskState.TASK_STATE_AUTH_REQUIRED:
            waiting = Waiting("".join(part.text for part in status.message.parts), _waits(source))
            is_new, self._waiting = waiting != self._waiting, waiting
            return [waiting] if is_new else []
        if status.state in STATES and not self.ended:
            self.ended = True
            words = "".join(part.text for part in status.message.parts)
            return [Ended(STATES[status.state], words, _waits(source))]
        self._waiting = None
        return [Working(working)] if working else []


def _waits(source: Task | TaskStatusUpdateEvent) -> tuple[Wait, ...]:
    if source.status.state != TaskState.TASK_STATE_AUTH_REQUIRED:
        return ()
    listed = MessageToDict(source.metadata).get(WAITING_KEY)
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(
        Wait(str(entry.get("kind", "")), str(entry.get("subject", "")), _seconds(entry.get("until")))
        for entry in entries
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
