"""A call of another agent, as it is put on record when it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from a2a.types import StreamResponse

from shared.a2a._caller import Caller
from shared.audit import Action, Event, Outcome, Rule, Trail, Who, try_note
from shared.identity import AccessToken


@dataclass(slots=True)
class HopRecord:
    """What is known of a call so far.

    Attributes:
        trail: The record.
        agent: The agent's name.
        task_id: The task that it came to there.
        token: What the user's token for it is called.
    """

    trail: Trail
    agent: str
    task_id: str = ""
    token: str = ""

    def carries(self, token: AccessToken) -> None:
        """Takes the name of the user's token."""
        self.token = self.trail.name_of(token.token)

    def saw(self, response: StreamResponse) -> None:
        """Takes the task from what the agent says; where one was cut off and it was asked again, the one after it."""
        said = response.task.id or response.status_update.task_id or response.artifact_update.task_id
        self.task_id = said or self.task_id


@contextmanager
def recorded_hop(trail: Trail, caller: Caller, *, agent: str, task_id: str = "") -> Iterator[HopRecord]:
    """Records a call when it has ended, however it did.

    Args:
        trail: The record.
        caller: On whose behalf.
        agent: The agent that is called.
        task_id: The task there that it goes on with.
    """
    hop = HopRecord(trail, agent, task_id)
    outcome, reason = Outcome.SUCCEEDED, ""
    try:
        yield hop
    except GeneratorExit:  # nobody wanted the rest
        outcome, reason = Outcome.FAILED, "not_awaited"
        raise
    except BaseException as error:
        outcome, reason = Outcome.FAILED, getattr(error, "reason", type(error).__name__)
        raise
    finally:
        details = {"agent": hop.agent, "task": hop.task_id, "token": hop.token}
        event = Event(
            action=Action.HOP_CALL,
            outcome=outcome,
            who=Who.of(caller.user),
            rule=Rule(reason=reason),
            details={name: value for name, value in details.items() if value},
        )
        try_note(trail, event)
