"""Tasks and calls to store them with."""

import uuid

from a2a.auth.user import User
from a2a.server.context import ServerCallContext
from a2a.types import Artifact, Message, Part, Role, Task, TaskArtifactUpdateEvent, TaskState


class Somebody(User):
    def __init__(self, key: str) -> None:
        self._key = key

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def user_name(self) -> str:
        return self._key


def call(owner: str = "alice") -> ServerCallContext:
    return ServerCallContext(user=Somebody(owner))


def make_task(
    state: TaskState = TaskState.TASK_STATE_SUBMITTED, *, context_id: str = "context", seconds: int | None = 1_000
) -> Task:
    """A task with one message; `seconds` since 1970 is its status timestamp."""
    task = Task(id=str(uuid.uuid4()), context_id=context_id)
    task.status.state = state
    if seconds is not None:
        task.status.timestamp.FromSeconds(seconds)
    task.history.append(Message(message_id="first", role=Role.ROLE_USER, parts=[Part(text="Hello")]))
    return task


def chunk(task: Task, text: str, *, append: bool = True) -> TaskArtifactUpdateEvent:
    return TaskArtifactUpdateEvent(
        task_id=task.id,
        context_id=task.context_id,
        append=append,
        artifact=Artifact(artifact_id="answer", parts=[Part(text=text)]),
    )
