"""What an agent says, as A2A artifacts: one per speaker, in chunks of a sensible size.

A chunk that is stored on its own costs a write, so that what comes in small pieces is gathered for a moment
before it is sent; somebody who does not stream gets each artifact once, whole.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from a2a.types import Artifact, Part, TaskArtifactUpdateEvent

FLUSH_AFTER_SECONDS = 0.05
FLUSH_CHARACTERS = 400


class Events(Protocol):
    """Where the events of a task go: the SDK's event queue."""

    async def enqueue_event(self, event: TaskArtifactUpdateEvent) -> None:
        """Hands an event on."""
        ...


@dataclass(slots=True)
class _Speaker:
    """One artifact under way: what waits to be sent, and whether anything was."""

    name: str
    waiting: list[str] = field(default_factory=list)
    waiting_characters: int = 0
    begun: bool = False


class AnswerWriter:
    """Writes the answer of one task.

    Args:
        events: Where the events go.
        task_id: The task's id.
        context_id: The task's context id.
        streaming: Whether anybody follows the answer as it is said.
    """

    def __init__(self, events: Events, task_id: str, context_id: str, *, streaming: bool) -> None:
        self._events = events
        self._task_id = task_id
        self._context_id = context_id
        self.streaming = streaming
        self._speakers: dict[str, _Speaker] = {}
        self._sending = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    @property
    def has_said_anything(self) -> bool:
        """Whether anything was written at all."""
        return bool(self._speakers)

    def has_spoken(self, artifact_id: str) -> bool:
        """Whether anything was written to this artifact."""
        return artifact_id in self._speakers

    async def write(self, artifact_id: str, name: str, text: str) -> None:
        """Adds `text` to the artifact, which is begun under `name` if it is new."""
        if not text:
            return
        speaker = self._speakers.setdefault(artifact_id, _Speaker(name))
        speaker.waiting.append(text)
        speaker.waiting_characters += len(text)
        if not self.streaming:
            return
        if speaker.waiting_characters >= FLUSH_CHARACTERS:
            await self._flush(artifact_id)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_SECONDS, self._flush_now)

    async def finish(self) -> None:
        """Sends what still waits; nothing may be written afterwards."""
        self.discard()
        if self._flushing is not None:
            await self._flushing
        for artifact_id in self._speakers:
            await self._flush(artifact_id, last=True)

    def discard(self) -> None:
        """Stops the timer; what waits is not sent unless `finish` follows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_now(self) -> None:
        self._timer = None
        self._flushing = asyncio.create_task(self._flush_all())

    async def _flush_all(self) -> None:
        for artifact_id in list(self._speakers):
            await self._flush(artifact_id)

    async def _flush(self, artifact_id: str, *, last: bool = False) -> None:
        speaker = self._speakers[artifact_id]
        async with self._sending:
            if not speaker.waiting:
                return
            text = "".join(speaker.waiting)
            speaker.waiting.clear()
            speaker.waiting_characters = 0
            append, speaker.begun = speaker.begun, True
            await self._events.enqueue_event(
                TaskArtifactUpdateEvent(
                    task_id=self._task_id,
                    context_id=self._context_id,
                    artifact=Artifact(artifact_id=artifact_id, name=speaker.name, parts=[Part(text=text)]),
                    append=append,
                    last_chunk=last,
                )
            )
