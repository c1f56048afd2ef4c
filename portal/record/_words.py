"""What is on record, in words for people: the vocabulary is closed, and so is this."""

from collections.abc import Mapping
from typing import Any, Final

from portal.record._reading import UNREADABLE
from shared.audit import SETTLED_BY, Action, Outcome

DONE: Final[Mapping[Action, str]] = {
    Action.TRAIL_OPEN: "began its trail",
    Action.TRAIL_CLOSE: "ended its trail",
    Action.TRAIL_EXPIRE: "deleted what was old",
    Action.REQUEST_REFUSE: "refused a request",
    Action.REQUEST_ACCEPT: "took up a message",
    Action.TASK_WAIT: "waits for somebody",
    Action.TASK_RESUME: "goes on by itself",
    Action.TASK_CANCEL: "was told to cancel",
    Action.TASK_END: "ended the task",
    Action.HOP_CALL: "asked another agent",
    Action.CARD_REFUSE: "refused another agent's card",
    Action.TOOL_AUTHORIZE: "decided about a tool",
    Action.ACCOUNT_READ: "read an account",
    Action.ACCOUNT_GROUPS_READ: "read groups",
    Action.ACCOUNT_APPLICATIONS_READ: "read applications",
    Action.ACCOUNT_DEVICES_READ: "read devices",
    Action.ACCOUNT_FACTORS_READ: "read factors",
    Action.ACCOUNT_SIGN_INS_READ: "read sign-ins",
    Action.ACCOUNT_HISTORY_READ: "read what was done to an account",
    Action.ACCOUNT_SEARCH: "looked for people",
    Action.PASSWORD_RESET: "have a reset link sent",
    Action.PASSWORD_EXPIRE: "have a password expire",
    Action.ACCOUNT_UNLOCK: "unlock an account",
    Action.FACTORS_RESET: "remove all factors",
    Action.FACTOR_REMOVE: "remove a factor",
    Action.DOCUMENTS_SEARCH: "searched the articles",
    Action.DOCUMENT_READ: "quoted an article",
    Action.CREDENTIAL_OBTAIN: "obtained a credential",
    Action.APPROVAL_REQUEST: "asked a person to approve",
    Action.APPROVAL_RECEIVE: "heard from that person",
}
"""Each action: of an irreversible act, what is done; of everything else, what happened."""

_ACT: Final[Mapping[str, str]] = {
    Outcome.ATTEMPTED: "is about to {}",
    Outcome.SUCCEEDED: "did {}",
    Outcome.FAILED: "did not {}",
    Outcome.UNKNOWN: "may or may not have had it done: {}",
}

_SETTLED: Final[Mapping[str, str]] = {
    Outcome.SUCCEEDED: "found out that it did {}",
    Outcome.FAILED: "found out that it did not {}",
}
"""Of an act whose process did not see that."""


def words_for(record: Mapping[str, Any]) -> str:
    """What a record says happened."""
    action, outcome = str(record["action"]), str(record["outcome"])
    if action == UNREADABLE:
        return f"record {record.get('sequence')} of chain {record.get('writer')} cannot be read: it was changed"
    try:
        done = DONE[Action(action)]
    except ValueError:  # of a newer version
        return action
    if record.get("details", {}).get(SETTLED_BY):
        return _SETTLED.get(outcome, "{}").format(done)
    return _ACT.get(outcome, "{}").format(done) if record.get("act") else done


def why(record: Mapping[str, Any]) -> str:
    """By which rule, under which approval, with which result; ids and codes alone."""
    rule, approval, details = record.get("rule", {}), record.get("approval", {}), record.get("details", {})
    parts = [
        str(record.get("tool", "")),
        str(rule.get("relation", "")),
        str(rule.get("reason", "")),
        str(record.get("result", "")),
        f"settled by {details[SETTLED_BY]}" if SETTLED_BY in details else "",
        f"approved by {approval['approver']}" if approval.get("approver") else "",
        f"{details['resources']} resources" if "resources" in details else "",
        f"found {details['found']}" if "found" in details else "",
        f"of {details['agent']}"
        if record["action"] in {Action.HOP_CALL, Action.CARD_REFUSE} and "agent" in details
        else "",
        f"{details['left_out']} more not recorded" if "left_out" in details else "",
    ]
    return ", ".join(part for part in parts if part)
