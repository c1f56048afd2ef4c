"""Holds the audit trail against what another system has on its own record: each act against each effect."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.audit import Action, Outcome

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
    which it is not known what came of it, one of its kind or none.

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
    for act, pair in acts.items():
        outcomes = [record["outcome"] for record in pair]
        if outcomes[:1] != [Outcome.ATTEMPTED] or len(outcomes) > 2:  # noqa: PLR2004 -- one before, one after
            wrong.append(f"act {act} is on record as {', '.join(outcomes)}")
        elif outcomes[1:] == [Outcome.SUCCEEDED]:
            _take(pair[1], left, wrong)
        elif outcomes[1:] != [Outcome.FAILED]:
            doubtful.append(pair[-1])
    for record in doubtful:
        same = [one for one in left if (one.action, one.resource) == (record["action"], record.get("resource"))]
        if same:
            left.remove(same[0])
    return [*wrong, *(f"{effect.action} of {effect.resource} ({effect.request}) is not on record" for effect in left)]


def _take(record: Mapping[str, Any], left: list[Effect], wrong: list[str]) -> None:
    request = str(record.get("details", {}).get("upstream_request", ""))
    effect = Effect(str(record["action"]), str(record.get("resource", "")), request)
    if left.count(effect) == 1:
        left.remove(effect)
    else:
        wrong.append(f"{effect.action} of {effect.resource} is on record, and was done {left.count(effect)} times")
