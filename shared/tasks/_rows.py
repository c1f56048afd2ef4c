"""A task as rows: events as they came, and now and then the whole of it."""

from collections.abc import Iterable, Sequence
from typing import Self

from a2a.types import Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent

from shared.tasks._events import INTERRUPTED_STATES, NO_EVENT, TERMINAL_STATES, Event, apply_event, kind_of, parse_event


class Row:
    """What is written for one event: the event, or the whole task, or both."""

    __slots__ = ("event", "kind", "snapshot")

    def __init__(self, kind: int, event: bytes | None, snapshot: bytes | None) -> None:
        self.kind = kind
        self.event = event
        self.snapshot = snapshot

    @classmethod
    def of(cls, task: Task, event: Event | None, *, whole: bool) -> Self:
        """The row of an event that made `task`; with `whole`, the task too."""
        kind = NO_EVENT if event is None else kind_of(event)
        if event is None or event is task:
            return cls(kind, None, task.SerializeToString())
        if isinstance(event, Task):
            body, snapshot = event.SerializeToString(), task.SerializeToString()
            return cls(kind, None if body == snapshot else body, snapshot)
        return cls(kind, event.SerializeToString(), task.SerializeToString() if whole else None)


def is_snapshot_due(task: Task, event: Event | None) -> bool:
    """Whether the whole task is to be written with this event."""
    state = task.status.state
    return (
        not isinstance(event, TaskStatusUpdateEvent | TaskArtifactUpdateEvent)
        or state in TERMINAL_STATES
        or state in INTERRUPTED_STATES
    )


def status_ns(task: Task) -> int | None:
    """The status timestamp, in nanoseconds since 1970."""
    return task.status.timestamp.ToNanoseconds() if task.status.HasField("timestamp") else None


def rebuild(rows: Iterable[Sequence[object]]) -> Task:
    """A task from rows of (kind, event, snapshot), the first of which holds the whole."""
    task: Task | None = None
    for kind, event, snapshot in rows:
        if isinstance(snapshot, bytes):
            task = Task.FromString(snapshot)
        elif isinstance(event, bytes) and isinstance(kind, int) and task is not None:
            change = parse_event(kind, event)
            if isinstance(change, TaskStatusUpdateEvent | TaskArtifactUpdateEvent):
                apply_event(task, change)
    if task is None:
        raise LookupError("The events of a task do not begin with the whole of it.")
    return task


def is_worked_on(task: Task) -> bool:
    """Whether somebody works on the task in this state, who may die."""
    return task.status.state not in TERMINAL_STATES and task.status.state not in INTERRUPTED_STATES
