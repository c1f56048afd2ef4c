"""The status updates of one task: who is at work, what is waited for, how it ended."""

import uuid
from collections.abc import Awaitable, Callable, Sequence

from a2a.helpers import new_task
from a2a.types import Message, Part, Role, Task, TaskState, TaskStatus, TaskStatusUpdateEvent
from strands.types.tools import ToolUse

from shared.a2a import CALLS_KEY, WAITING_KEY, Wait, waiting_metadata
from shared.errors import WaitsForPerson

WORKING_KEY = "helpdesk/working"
CHANGES_KEY = "helpdesk/changes"
"""In the metadata of a task that may have changed something."""
TRACE_KEY = "helpdesk/trace"
"""In the metadata of a task: the trace that it began in (`traceparent`). Whoever has it go on in another trace, after a
restart say, links to that one."""


class Status:
    """The status updates of one task."""

    def __init__(
        self, enqueue: Callable[[TaskStatusUpdateEvent], Awaitable[None]], task_id: str, context_id: str
    ) -> None:
        self._enqueue = enqueue
        self._task_id = task_id
        self._context_id = context_id
        self._has_calls = False

    async def working(self, speaker: str, calls: Sequence[Wait] = ()) -> None:
        """Says who is at work now, for those who follow, and which calls can be made again after a crash."""
        event = self._event(TaskState.TASK_STATE_WORKING)
        event.metadata.update({WORKING_KEY: speaker})
        self._note(event, calls)
        await self._enqueue(event)

    async def changes(self) -> None:
        """Says that from now on something may be changed."""
        event = self._event(TaskState.TASK_STATE_WORKING)
        event.metadata.update({CHANGES_KEY: True})
        await self._enqueue(event)

    async def goes_on(self, calls: Sequence[Wait] = ()) -> None:
        """Says that nothing is waited for any more, and which calls can be made again after a crash."""
        event = self._event(TaskState.TASK_STATE_WORKING)
        event.metadata.update({WAITING_KEY: []})
        self._note(event, calls)
        await self._enqueue(event)

    async def wait(self, calls: Sequence[tuple[ToolUse, WaitsForPerson]]) -> int:
        """Has the task wait, and says for what, in words and for programs; since when it does, in nanoseconds."""
        waits = [
            Wait(
                error.waits_for,
                error.subject,
                error.url,
                error.expires_at,
                tool=str(tool_use["name"]),
                arguments=tool_use["input"] if isinstance(tool_use["input"], dict) else {},
                resume=error.resume,
            )
            for tool_use, error in calls
        ]
        words = dict.fromkeys(error.public_message for _, error in calls)
        event = waiting_event(self._task_id, self._context_id, waits, "\n\n".join(words))
        await self._enqueue(self._without_calls(event))
        return int(event.status.timestamp.ToNanoseconds())

    async def end(self, state: TaskState, words: str | None = None) -> None:
        """Ends the turn, with words for the person where there are any."""
        await self._enqueue(self._without_calls(_event(self._task_id, self._context_id, state, words)))

    def _note(self, event: TaskStatusUpdateEvent, calls: Sequence[Wait]) -> None:
        if calls:
            event.metadata.update(waiting_metadata(calls, key=CALLS_KEY))
            self._has_calls = True

    def _without_calls(self, event: TaskStatusUpdateEvent) -> TaskStatusUpdateEvent:
        """The same, and that no call is under way any more."""
        if self._has_calls:
            event.metadata.update({CALLS_KEY: []})
        return event

    def _event(self, state: TaskState) -> TaskStatusUpdateEvent:
        return _event(self._task_id, self._context_id, state)


def begun(task_id: str, context_id: str, message: Message | None, *, trace: str | None) -> Task:
    """A task that has just begun, in a trace."""
    task = new_task(task_id, context_id, TaskState.TASK_STATE_WORKING, history=[message] if message else [])
    if trace is not None:
        task.metadata.update({TRACE_KEY: trace})
    return task


def trace_of(task: Task) -> str | None:
    """The trace that a task began in, as `traceparent`, where it says so."""
    return str(task.metadata[TRACE_KEY]) if TRACE_KEY in task.metadata else None


def waiting_event(task_id: str, context_id: str, waits: Sequence[Wait], words: str) -> TaskStatusUpdateEvent:
    """Has a task wait, and says for what: in words, and for programs."""
    event = _event(task_id, context_id, TaskState.TASK_STATE_AUTH_REQUIRED, words)
    event.metadata.update(waiting_metadata(waits))
    return event


def _event(task_id: str, context_id: str, state: TaskState, words: str | None = None) -> TaskStatusUpdateEvent:
    status = TaskStatus(state=state)
    status.timestamp.GetCurrentTime()
    if words:
        status.message.CopyFrom(
            Message(
                message_id=uuid.uuid4().hex,
                role=Role.ROLE_AGENT,
                task_id=task_id,
                context_id=context_id,
                parts=[Part(text=words)],
            )
        )
    return TaskStatusUpdateEvent(task_id=task_id, context_id=context_id, status=status)
