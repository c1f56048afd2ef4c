"""What an approval leaves on record, and in the counts: each thing that happens to one, once."""

from shared.approval._ledger import Entry, State
from shared.audit import Action, Approval, Event, Outcome, Rule, Trail, Where, Who, try_note
from shared.authorization import object_name
from shared.telemetry import metrics


def record_request(trail: Trail, entry: Entry) -> None:
    """A person is being asked."""
    metrics.APPROVALS.add(str(State.REQUESTED))
    _record(trail, entry, Action.APPROVAL_REQUEST, Outcome.SUCCEEDED)


def record_approval(trail: Trail, entry: Entry) -> None:
    """They approved it: verified, and noted in the ledger."""
    metrics.APPROVALS.add(str(State.APPROVED))
    _record(trail, entry, Action.APPROVAL_RECEIVE, Outcome.ALLOWED, result=State.APPROVED.value)


def record_end(trail: Trail, entry: Entry, state: State, reason: str) -> None:
    """It ended otherwise: they said no, or nothing, or nobody waits for it any more."""
    metrics.APPROVALS.add(str(state))
    outcome = Outcome.DENIED if state is State.DENIED else Outcome.FAILED
    _record(trail, entry, Action.APPROVAL_RECEIVE, outcome, result=state.value, reason=reason)


def _record(
    trail: Trail, entry: Entry, action: Action, outcome: Outcome, *, result: str = "", reason: str = ""
) -> None:
    length, _, key = entry.owner.partition(":")  # `Principal.key`
    issuer, subject = key[: int(length)], key[int(length) :]
    event = Event(
        action=action,
        outcome=outcome,
        who=Who(issuer=issuer, subject=subject),
        tool=entry.operation,
        resource=object_name("account", entry.account),
        rule=Rule(reason=reason),
        approval=Approval(id=entry.id, approver=entry.approver, action_hash=entry.digest),
        where=Where(task=entry.task_id),
        result=result,
    )
    try_note(trail, event)
