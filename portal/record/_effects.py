"""Holds the audit trail against what another system has on its own record: each act against each effect."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.audit import SETTLED_BY, UPSTREAM_REQUEST, Action, Outcome

DIRECTORY_EVENTS: Final[Mapping[str, Action]] = {
    "user.account.unlock_by_admin": Action.ACCOUNT_UNLOCK,
    "user.account.reset_password": Action.PASSWORD_RESET,
    "user.account.expire_password": Action.PASSWORD_EXPIRE,
    "user.mfa.factor.reset_all": Action.FACTORS_RESET,
    "user.mfa.factor.deactivate": Action.FACTOR_REMOVE,
}
"""Types of events of Okta's system log that are effects of acts, and the acts."""

ACTS: Final = frozenset(DIRECTORY_EVENTS.values())
_ACT_VALUES: Final = frozenset(action.value for action in ACTS)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that was changed, as the other system has it.

    Attributes:
        action: What.
        resource: To what, as `type:id`.
        request: The other system's name for the request that did it.
    """

    action: str
    resource: str
    request: str


def directory_effects(events: Iterable[Mapping[str, Any]]) -> list[Effect]:
    """The effects that agents brought about, from events of the directory's system log."""
    found = []
    for event in events:
        data = (event.get("debugContext") or {}).get("debugData") or {}
        action = DIRECTORY_EVENTS.get(str(event["eventType"]))
        if action is not None and data.get("clientAppName"):
            account = next(target["id"] for target in event["target"] if target["type"] == "User")
            found.append(Effect(action.value, f"account:{account}", str(data["requestId"])))
    return found


def differences(records: Iterable[Mapping[str, Any]], effects: Iterable[Effect]) -> list[str]:
    """In what the record and the effects do not agree, one line each; none where each has exactly one of the other.

    An act that is on record as having succeeded needs the effect of that very request; one that failed, none; one of
    which it is not known what came of it, one of its kind or none. What was found out later stands for what was not
    seen, and may be on record several times over, but only in the same words, and not against what was seen.

    Args:
        records: Bodies of audit records, in the order of each chain.
        effects: What was changed in the meantime.
    """
    acts: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        if record.get("action") in _ACT_VALUES:
            acts[str(record.get("act", ""))].append(record)
    left = list(effects)
    wrong: list[str] = []
    doubtful: list[Mapping[str, Any]] = []
    for act, records_of in acts.items():
        pair = _pair(records_of)
        if pair is None:
            wrong.append(f"act {act} is on record as {', '.join(_said(record) for record in records_of)}")
        elif pair[-1]["outcome"] == Outcome.SUCCEEDED:
            _take(pair[-1], left, wrong)
        elif pair[-1]["outcome"] != Outcome.FAILED:
            doubtful.append(pair[-1])
    for record in doubtful:
        same = [one for one in left if (one.action, one.resource) == (record["action"], record.get("resource"))]
        if same:
            left.remove(same[0])
    return [*wrong, *(f"{effect.action} of {effect.resource} ({effect.request}) is not on record" for effect in left)]


def _pair(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """What was recorded before an act, and what came of it as far as anybody knows; None where that is no pair.

    An act that was settled as not done needs no record before it: it had not come to that.
    """
    seen = [record for record in records if not _settled_by(record)]
    settled = [record for record in records if _settled_by(record)]
    outcomes = [record["outcome"] for record in seen]
    found = {_end(record) for record in settled}
    if len(found) > 1 or len(outcomes) > 2:  # noqa: PLR2004 -- one before, one after
        return None
    if not seen:
        return settled[:1] if settled[0]["outcome"] == Outcome.FAILED else None
    if outcomes[0] != Outcome.ATTEMPTED:
        return None
    if not settled or outcomes[1:] in ([], [Outcome.UNKNOWN]):
        return [seen[0], *(settled[:1] or seen[1:])]
    agree = _end(seen[1]) in found
    return seen if agree else None


def _end(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """What a record says came of an act."""
    request = str(record.get("details", {}).get(UPSTREAM_REQUEST, ""))
    return str(record["outcome"]), str(record.get("resource", "")), request


def _settled_by(record: Mapping[str, Any]) -> str:
    return str(record.get("details", {}).get(SETTLED_BY, ""))


def _said(record: Mapping[str, Any]) -> str:
    by = _settled_by(record)
    return f"{record['outcome']} by {by}" if by else str(record["outcome"])


def _take(record: Mapping[str, Any], left: list[Effect], wrong: list[str]) -> None:
    _, resource, request = _end(record)
    effect = Effect(str(record["action"]), resource, request)
    if left.count(effect) == 1:
        left.remove(effect)
    else:
        wrong.append(f"{effect.action} of {effect.resource} is on record, and was done {left.count(effect)} times")
