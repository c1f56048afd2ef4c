"""Records as events of the Open Cybersecurity Schema Framework, version 1.7.0, for whatever collects those.

Changes of accounts are Account Change (3001); credentials obtained are Authorize Session (3003); everything else,
decisions among it, is API Activity (6003). What the framework has no place for is under `unmapped`.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.audit import Action, Outcome

VERSION: Final = "1.7.0"
PRODUCT: Final = {"name": "Help desk", "vendor_name": "Help desk", "feature": {"name": "audit trail"}}
UNKNOWN, SUCCESS, FAILURE, OTHER = 0, 1, 2, 99
INFORMATIONAL, LOW = 1, 2


class _Class(NamedTuple):
    uid: int
    name: str
    category_uid: int
    category_name: str


ACCOUNT_CHANGE: Final = _Class(3001, "Account Change", 3, "Identity & Access Management")
AUTHORIZE_SESSION: Final = _Class(3003, "Authorize Session", 3, "Identity & Access Management")
API_ACTIVITY: Final = _Class(6003, "API Activity", 6, "Application Activity")

_CHANGES: Final[Mapping[str, tuple[int, str]]] = {
    Action.PASSWORD_RESET: (4, "Password Reset"),
    Action.ACCOUNT_UNLOCK: (12, "Unlock"),
    Action.FACTORS_RESET: (11, "MFA Factor Disable"),
    Action.FACTOR_REMOVE: (11, "MFA Factor Disable"),
    Action.PASSWORD_EXPIRE: (OTHER, "Expire Password"),
}
_STATUS: Final[Mapping[str, tuple[int, str]]] = {
    Outcome.SUCCEEDED: (SUCCESS, "Success"),
    Outcome.ALLOWED: (SUCCESS, "Success"),
    Outcome.FAILED: (FAILURE, "Failure"),
    Outcome.DENIED: (FAILURE, "Failure"),
    Outcome.UNKNOWN: (UNKNOWN, "Unknown"),
    Outcome.ATTEMPTED: (OTHER, "Attempted"),
}


def ocsf(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as an OCSF event: API Activity, where its action is of a newer version."""
    action, outcome = str(record["action"]), str(record["outcome"])
    status_id, status = _STATUS.get(outcome, (OTHER, outcome))
    rule = record.get("rule", {})
    where = record.get("where", {})
    event: dict[str, Any] = {
        "time": record["at"],
        "severity_id": LOW if outcome == Outcome.DENIED else INFORMATIONAL,
        "severity": "Low" if outcome == Outcome.DENIED else "Informational",
        "status_id": status_id,
        "status": status,
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "uid": f"{record['writer']}:{record['sequence']}",
            "event_code": action,
            "log_name": str(record["agent"]),
            **_given(correlation_uid=where.get("trace") or where.get("request", "")),
        },
        **_given(status_code=rule.get("reason") or record.get("result", "")),
        "actor": _actor(record, outcome),
        "unmapped": _unmapped(record),
    }
    if action in _CHANGES:
        _, _, account = str(record.get("resource", "")).partition(":")
        return event | _class(ACCOUNT_CHANGE, *_CHANGES[action]) | {"user": {"uid": account or "unknown"}}
    who = record.get("who", {})
    if action == Action.CREDENTIAL_OBTAIN and who:
        privileges = str(record.get("details", {}).get("scopes", "")).split() or [str(record.get("resource", "token"))]
        session = _given(uid=str(record.get("details", {}).get("token", "")), issuer=who.get("issuer", ""))
        changed = {"user": _user(who), "privileges": privileges, "session": session}
        return event | _class(AUTHORIZE_SESSION, 1, "Assign Privileges") | changed
    return event | _api(record, action)


def _api(record: Mapping[str, Any], action: str) -> dict[str, Any]:
    _, _, verb = action.rpartition(":")
    read = verb in {"read", "search"}
    request = record.get("where", {}).get("request", "")
    resources = [record["resource"]] if record.get("resource") else record.get("rule", {}).get("resources", [])
    caller = record.get("details", {}).get("caller") or record.get("who", {}).get("client") or "unknown"
    return _class(API_ACTIVITY, 2 if read else OTHER, "Read" if read else verb.capitalize()) | {
        "api": {
            "operation": str(record.get("tool") or action),
            "service": {"name": str(record["agent"])},
            **({"request": {"uid": str(request)}} if request else {}),
        },
        "src_endpoint": {"name": str(caller)},
        **({"resources": [_resource(str(name)) for name in resources]} if resources else {}),
    }


def _actor(record: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    who = record.get("who", {})
    actor: dict[str, Any] = {"invoked_by": str(record["agent"])}
    if who:
        actor["user"] = _user(who)
        actor |= _given(app_uid=who.get("client", ""))
        actor["session"] = _given(uid=who.get("token_id", ""), issuer=who.get("issuer", ""))
        actor["idp"] = {"uid": str(who.get("issuer", ""))}
    rule = record.get("rule", {})
    if outcome in {Outcome.ALLOWED, Outcome.DENIED} and rule.get("relation"):
        policy = {"name": str(rule["relation"]), "type": "OpenFGA", **_given(uid=rule.get("model", ""))}
        actor["authorizations"] = [{"decision": outcome, "policy": policy}]
    return actor


def _user(who: Mapping[str, Any]) -> dict[str, Any]:
    return {"uid": str(who.get("subject") or "unknown"), **_given(domain=who.get("issuer", ""))}


def _resource(name: str) -> dict[str, Any]:
    kind, _, identifier = name.partition(":")
    return {"type": kind, "uid": identifier or kind}


def _unmapped(record: Mapping[str, Any]) -> dict[str, Any]:
    who = record.get("who", {})
    kept = {
        "outcome": record["outcome"],
        "actors": who.get("actors", []),
        "audience": who.get("audience", ""),
        "scopes": who.get("scopes", []),
        "act": record.get("act", ""),
        "approval": record.get("approval", {}),
        "where": record.get("where", {}),
        "details": record.get("details", {}),
        "tool": record.get("tool", ""),
    }
    return {name: value for name, value in kept.items() if value}


def _class(kind: _Class, activity_id: int, activity: str) -> dict[str, Any]:
    return {
        "class_uid": kind.uid,
        "class_name": kind.name,
        "category_uid": kind.category_uid,
        "category_name": kind.category_name,
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": kind.uid * 100 + activity_id,
        "type_name": f"{kind.name}: {activity}",
    }


def _given(**members: Any) -> dict[str, str]:
    return {name: str(value) for name, value in members.items() if value}
