"""What was heard of a task at another agent, so that where a stream broke off only what is new is told."""

from collections.abc import Iterator
from typing import Final

from a2a.types import Artifact, Part, StreamResponse, Task, TaskArtifactUpdateEvent, TaskState, TaskStatusUpdateEvent

ASK_AGAIN_KEY: Final = "helpdesk/ask-again"
"""In the metadata of the status that ends a task: it was cut off before it changed anything, and may be asked again."""


class Heard:
    """What one call has heard so far.

    Args:
        task_id: The task that is followed, where that is known before anything is heard.
    """

    def __init__(self, task_id: str = "") -> None:
        self.task_id = task_id
        self.is_settled = False
        self.has_said = False
        self.may_be_asked_again = False
        self._has_task = False
        self._characters: dict[str, int] = {}

    def news(self, response: StreamResponse) -> Iterator[StreamResponse]:
        """What of a response was not heard before; a task that is told once more is told as what came of it since."""
        kind = response.WhichOneof("payload")
        if kind == "task":
            yield from self._task(response.task)
        elif kind == "artifact_update":
            self.task_id = response.artifact_update.task_id
            self._chunk(response.artifact_update)
            yield response
        elif kind == "status_update":
            self.task_id = response.status_update.task_id
            self._status(response.status_update)
            yield response
        else:  # a message is the whole answer
            self.is_settled = self.has_said = True
            yield response

    def _task(self, task: Task) -> Iterator[StreamResponse]:
        is_first = not (self._has_task or self._characters)
        self._has_task, self.task_id = True, task.id
        update = TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=task.status)
        update.metadata.CopyFrom(task.metadata)
        new = [chunk for artifact in task.artifacts if (chunk := self._more(task, artifact)) is not None]
        for chunk in new:
            self._chunk(chunk)
        self._status(update)
        if is_first:
            yield StreamResponse(task=task)
            return
        for chunk in new:
            yield StreamResponse(artifact_update=chunk)
        if self.is_settled:
            yield StreamResponse(status_update=update)

    def _more(self, task: Task, artifact: Artifact) -> TaskArtifactUpdateEvent | None:
        """What an artifact has grown by; what of it is no text was told with its first words."""
        known = self._characters.get(artifact.artifact_id)
        if known is None:
            return TaskArtifactUpdateEvent(task_id=task.id, context_id=task.context_id, artifact=artifact)
        text = "".join(part.text for part in artifact.parts)[known:]
        if not text:
            return None
        grown = Artifact(artifact_id=artifact.artifact_id, name=artifact.name, parts=[Part(text=text)])
        return TaskArtifactUpdateEvent(task_id=task.id, context_id=task.context_id, artifact=grown, append=True)

    def _chunk(self, event: TaskArtifactUpdateEvent) -> None:
        known = self._characters.get(event.artifact.artifact_id, 0) if event.append else 0
        length = sum(len(part.text) for part in event.artifact.parts)
        self._characters[event.artifact.artifact_id] = known + length
        self.has_said = self.has_said or length > 0

    def _status(self, event: TaskStatusUpdateEvent) -> None:
        self.is_settled = is_final(event.status.state)
        self.may_be_asked_again = (
            event.status.state == TaskState.TASK_STATE_FAILED and ASK_AGAIN_KEY in event.metadata.fields
        )


def is_final(state: TaskState) -> bool:
    """Whether a task in this state will not go on by itself."""
    return state not in {TaskState.TASK_STATE_UNSPECIFIED, TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING}
