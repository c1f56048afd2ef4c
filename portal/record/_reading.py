"""Records as they are shown: also those that somebody has changed so that they are none any more.

Whoever can write to a trail must not be able to keep it from being read. What is wrong with it is for `verify` to say.
"""

import json
from typing import Any, Final

from shared.audit import Row

UNREADABLE: Final = "trail:record:unreadable"
"""In place of the action: no record has it."""

LATEST: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""

_TEXTS: Final = ("writer", "agent", "action", "outcome")
_PARTS: Final = ("who", "rule", "approval", "where", "details")


def read_record(row: Row) -> dict[str, Any]:
    """What a record says, if it says anything of the form that a record has; or else what `unreadable` says of it."""
    try:
        members = json.loads(row.record.body)
    except (ValueError, RecursionError, TypeError):
        return unreadable(row)
    return members if isinstance(members, dict) and _is_record(members) else unreadable(row)


def unreadable(row: Row) -> dict[str, Any]:
    """What is known of a record that cannot be read: which it is, and the time that stands beside it."""
    writer, at = str(row.record.writer), row.columns[0]
    return {
        "writer": writer,
        "sequence": row.record.sequence,
        "agent": writer.partition("-")[0],
        "at": at if _is_time(at) else 0,
        "action": UNREADABLE,
        "outcome": "unknown",
    }


def _is_record(members: dict[str, Any]) -> bool:
    rule, who = members.get("rule", {}), members.get("who", {})
    return (
        all(isinstance(members.get(name), str) for name in _TEXTS)
        and all(isinstance(members.get(name, {}), dict) for name in _PARTS)
        and isinstance(members.get("sequence"), int)
        and _is_time(members.get("at"))
        and isinstance(rule.get("resources", []), list)
        and isinstance(who.get("actors", []), list)
    )


def _is_time(at: Any) -> bool:
    return isinstance(at, int) and 0 <= at <= LATEST
