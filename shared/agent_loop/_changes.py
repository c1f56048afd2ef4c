"""Whether a task may have changed something: noted before a tool that changes things is called.

A task whose process died before that may be asked again by whoever asked, as if it had never been: nothing came of it.
"""

from typing import Any, Final

from a2a.types import Task, TaskState, TaskStatusUpdateEvent
from strands.hooks import BeforeToolCallEvent
from strands.interventions import InterventionHandler, OnError, Proceed

from shared.a2a import ASK_AGAIN_KEY
from shared.agent_loop._status import CHANGES_KEY, Status
from shared.authorization import Needs, declaration_of
from shared.tasks import ABANDONED, status_event

NAME: Final = "changes"


class NoteChanges(InterventionHandler):
    """Has the task say so before a tool is called that does more than read; made for one run.

    Args:
        status: The task's.
    """

    def __init__(self, status: Status) -> None:
        self._status = status

    @property
    def name(self) -> str:
        """The name under which Strands knows it."""
        return NAME

    @property
    def on_error(self) -> OnError:
        """What cannot be noted is not done."""
        return "deny"

    async def before_tool_call(self, event: BeforeToolCallEvent, **_: Any) -> Proceed:
        """Notes it, unless the tool declares that it changes nothing."""
        declaration = declaration_of(event.selected_tool)
        if not isinstance(declaration, Needs) or declaration.irreversible:
            await self._status.changes()
        return Proceed()


def cut_off_unchanged(task: Task) -> TaskStatusUpdateEvent | None:
    """The end of a task that was cut off before it changed anything; None where it may have."""
    if CHANGES_KEY in task.metadata.fields:
        return None
    event = status_event(task, TaskState.TASK_STATE_FAILED, ABANDONED)
    event.metadata.update({ASK_AGAIN_KEY: True})
    return event
