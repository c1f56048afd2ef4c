"""What an agent's entry puts on record: whom it refused, what it took up, and what became of it."""

from typing import Any, Final

from a2a.types import Task, TaskState
from starlette.types import Scope

from shared.a2a._caller import Caller
from shared.a2a._context import CALLER
from shared.a2a._limits import RateLimit
from shared.audit import NOBODY, Action, Event, Outcome, Rule, Trail, Where, Who, try_note
from shared.errors import HelpdeskError, TooManyRequests
from shared.tasks import INTERRUPTED_STATES, TERMINAL_STATES

REFUSALS_PER_MINUTE: Final = 60
_NOBODY_S: Final = ""
_OUTCOMES: Final = {"error": Outcome.FAILED}


class CallRecord:
    """Records requests and tasks of one agent.

    Refusals are recorded one by one up to a rate, for each user and for all who were not verified together; beyond it
    they are counted, and the next one says how many there were. Nobody can fill the disk by being refused.

    Args:
        trail: The record.
    """

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._rate = RateLimit(REFUSALS_PER_MINUTE)
        self._left_out = 0

    def refused(self, error: Exception, outcome: str, scope: Scope) -> None:
        """A request was refused, or failed; whether that could be recorded changes nothing for it."""
        caller: Caller | None = scope.get(CALLER)
        try:
            self._rate.take(caller.user.key if caller is not None else _NOBODY_S)
        except TooManyRequests:
            self._left_out += 1
            return
        details: dict[str, str | int] = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        try_note(
            self._trail,
            Event(
                action=Action.REQUEST_REFUSE,
                outcome=_OUTCOMES.get(outcome, Outcome.DENIED),
                who=NOBODY if caller is None else Who.of(caller.user),
                rule=Rule(reason=error.reason if isinstance(error, HelpdeskError) else type(error).__name__),
                details=details | _client(caller),
            ),
        )

    def accepted(self, caller: Caller, *, task_id: str, context_id: str) -> None:
        """A message is about to be worked on.

        Raises:
            AuditUnavailable: that cannot be recorded, so it is not.
        """
        self._trail.note(self._about(Action.REQUEST_ACCEPT, Outcome.ALLOWED, caller, task_id, context_id))

    def resumed(self, caller: Caller, *, task_id: str, context_id: str) -> None:
        """A task goes on by itself.

        Raises:
            AuditUnavailable: that cannot be recorded, so it does not.
        """
        self._trail.note(self._about(Action.TASK_RESUME, Outcome.ALLOWED, caller, task_id, context_id))

    def cancelled(self, caller: Caller, task: Task) -> None:
        """A task was to be cancelled."""
        is_over = task.status.state == TaskState.TASK_STATE_CANCELED
        outcome = Outcome.SUCCEEDED if is_over else Outcome.FAILED
        try_note(self._trail, self._about(Action.TASK_CANCEL, outcome, caller, task.id, task.context_id))

    def left(self, caller: Caller, task: Task | None) -> None:
        """Nobody works on a task any more: it has ended, or it waits for somebody."""
        if task is None:
            return
        state = task.status.state
        if state not in INTERRUPTED_STATES and state not in TERMINAL_STATES:
            return
        is_bad = state in {TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED}
        action = Action.TASK_WAIT if state in INTERRUPTED_STATES else Action.TASK_END
        outcome = Outcome.FAILED if is_bad else Outcome.SUCCEEDED
        result = TaskState.Name(state).removeprefix("TASK_STATE_").lower()
        try_note(self._trail, self._about(action, outcome, caller, task.id, task.context_id, result=result))

    def _about(
        self, action: Action, outcome: Outcome, caller: Caller, task_id: str, context_id: str, **more: Any
    ) -> Event:
        here = Where.here()
        return Event(
            action=action,
            outcome=outcome,
            who=Who.of(caller.user),
            where=Where(task=task_id, context=context_id, request=here.request, trace=here.trace),
            details=_client(caller),
            **more,
        )


def _client(caller: Caller | None) -> dict[str, str | int]:
    """The client that called, where it is an agent: whose token it sent is said already."""
    return {"caller": caller.agent.client_id} if caller is not None and caller.agent is not None else {}
