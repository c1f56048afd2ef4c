"""Events as bytes, and what an event does to a task."""

from typing import Final

from a2a.server.tasks.task_manager import append_artifact_to_task
from a2a.types import Message, Task, TaskArtifactUpdateEvent, TaskState, TaskStatusUpdateEvent

Event = Message | Task | TaskStatusUpdateEvent | TaskArtifactUpdateEvent

TERMINAL_STATES: Final = frozenset(
    {
        TaskState.TASK_STATE_COMPLETED,
        TaskState.TASK_STATE_CANCELED,
        TaskState.TASK_STATE_FAILED,
        TaskState.TASK_STATE_REJECTED,
    }
)
"""The task has ended (A2A 1.0 §4.1.3)."""

INTERRUPTED_STATES: Final = frozenset({TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED})
"""The task waits for somebody."""

NO_EVENT: Final = 0
_TYPES: Final[dict[int, type[Event]]] = {1: Task, 2: Message, 3: TaskStatusUpdateEvent, 4: TaskArtifactUpdateEvent}
_KINDS: Final[dict[type, int]] = {type_: kind for kind, type_ in _TYPES.items()}


def kind_of(event: Event) -> int:
    """The number under which this type of event is stored."""
    return _KINDS[type(event)]


def parse_event(kind: int, body: bytes) -> Event:
    """An event from its stored form."""
    event: Event = _TYPES[kind].FromString(body)
    return event


def apply_event(task: Task, event: TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> None:
    """Changes `task` as the SDK's `TaskManager` does: a status message that is replaced goes into the history.

    Raises:
        InvalidAgentResponseError: if a chunk is to be appended to an artifact that is not there.
    """
    if isinstance(event, TaskArtifactUpdateEvent):
        append_artifact_to_task(task, event)
        return
    if task.status.HasField("message"):
        task.history.append(task.status.message)
    if event.HasField("metadata"):
        task.metadata.MergeFrom(event.metadata)
    task.status.CopyFrom(event.status)
