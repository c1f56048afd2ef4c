"""The system log: what happened, to whom, by whom; appended to, never changed."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from local.directory._database import Database
from local.directory._errors import OktaError, validation_failed
from local.directory._filter import ALWAYS, Attribute, Condition, Dialect
from local.directory._identifiers import parse_timestamp, timestamp
from local.directory._paging import cursor_of, limit_of, page
from local.directory._state import Call, client_address

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_DEFAULT_PERIOD = timedelta(days=7)
_LONGEST_PERIOD = timedelta(days=180)
_LONGEST_KEYWORD, _MOST_KEYWORDS = 40, 10

_OBJECTS = frozenset({"actor", "client", "device", "outcome", "transaction", "debugContext", "authenticationContext"})
_FIELDS = frozenset({"uuid", "eventType", "version", "severity", "displayMessage", "legacyEventType"})


def _resolve(name: str) -> Attribute | None:
    head, _, rest = name.partition(".")
    if head == "target" and rest:
        return Attribute(f"json_extract(value, '$.{rest}')", array="json_each(event, '$.target')")
    if name == "actor.id":
        return Attribute("actor_id")
    if (head in _OBJECTS and rest) or name in _FIELDS:
        return Attribute(f"json_extract(event, '$.{name}')")
    return None


_DIALECT = Dialect(
    _resolve,
    frozenset({"eq", "ne", "sw", "ew", "co", "gt", "ge", "lt", "le", "pr", "not"}),
    error="E0000053",
    ignores_case=False,
)


def append(database: Database, event: dict[str, Any]) -> None:
    """Adds one event. What every event has is filled in where it is missing."""
    whole = {"uuid": str(uuid.uuid4()), "version": "0", "severity": "INFO", "target": None, **event}
    database.insert("log_events", {"published": whole["published"], "actor_id": whole["actor"]["id"], "event": whole})


def user_entity(row: sqlite3.Row | dict[str, Any], display_name: str) -> dict[str, Any]:
    """A user as the actor or the target of an event."""
    return {
        "id": row["id"],
        "type": "User",
        "alternateId": row["login"],
        "displayName": display_name,
        "detailEntry": None,
    }


def application_entity(client_id: str, name: str) -> dict[str, Any]:
    """An application as the actor or the target of an event."""
    return {
        "id": client_id,
        "type": "PublicClientApp",
        "alternateId": client_id,
        "displayName": name,
        "detailEntry": None,
    }


def append_act(call: Call, event_type: str, message: str, targets: Sequence[dict[str, Any]]) -> None:
    """Adds the event of something that a person did through the API: who, through which application."""
    actor = call.directory.database.one("SELECT * FROM users WHERE id = ?", (call.grant.user_id,))
    assert actor is not None  # noqa: S101 -- the token was checked against it
    append(
        call.directory.database,
        {
            "published": call.directory.timestamp(),
            "eventType": event_type,
            "displayMessage": message,
            "actor": user_entity(actor, json.loads(actor["profile"])["displayName"]),
            "client": {
                "id": call.grant.client_id,
                "ipAddress": client_address(call.request),
                "userAgent": {
                    "rawUserAgent": call.request.headers.get("user-agent", "")[:255],
                    "os": "Unknown",
                    "browser": "UNKNOWN",
                },
                "zone": "null",
                "device": "Unknown",
                "geographicalContext": None,
            },
            "outcome": {"result": "SUCCESS", "reason": None},
            "target": list(targets),
            "transaction": {
                "type": "WEB",
                "id": call.request_id,
                "detail": {"requestApiTokenId": call.grant.token_id},
            },
            "debugContext": {
                "debugData": {
                    "requestId": call.request_id,
                    "requestUri": call.request.url.path,
                    "clientAppId": call.grant.client_id,
                    "clientAppName": call.grant.client_name,
                }
            },
        },
    )


async def list_log_events(call: Call) -> Response:
    """`GET /api/v1/logs`: events in the order of time, filtered, a page at a time."""
    parameters = call.request.query_params
    order = parameters.get("sortOrder", "ASCENDING")
    if order not in {"ASCENDING", "DESCENDING"}:
        raise validation_failed("sortOrder", "must be ASCENDING or DESCENDING.")
    limit = limit_of(call.request, default=_DEFAULT_PAGE, most=_LARGEST_PAGE, clamp=False)
    conditions = [
        _visible(call),
        _period(call),
        _keywords(parameters.get("q", "")),
        _after(call, descending=order == "DESCENDING"),
    ]
    if expression := parameters.get("filter"):
        conditions.append(_DIALECT.compile(expression))
    direction = "ASC" if order == "ASCENDING" else "DESC"
    rows = call.directory.database.rows(
        f"SELECT sequence, published, event FROM log_events WHERE {' AND '.join(item.sql for item in conditions)} "  # noqa: S608 -- compiled; values are bound
        f"ORDER BY published {direction}, sequence {direction} LIMIT ?",
        (*(value for item in conditions for value in item.values), limit + 1),
    )
    shown = rows[:limit]
    is_polling = order == "ASCENDING" and "until" not in parameters
    after = None
    if len(rows) > limit or (is_polling and shown):
        after = f"{shown[-1]['published']}|{shown[-1]['sequence']}"
    elif is_polling:
        after = cursor_of(call.request) or _end(call)
    return page(call.request, [json.loads(row["event"]) for row in shown], after=after)


def _visible(call: Call) -> Condition:
    """Which events a person may see: all with an administrator role, else what they caused or what concerns them."""
    if call.rights.reads_others(call.scope):
        return ALWAYS
    own = "(actor_id = ? OR EXISTS (SELECT 1 FROM json_each(event, '$.target') WHERE json_extract(value, '$.id') = ?))"
    return Condition(own, (call.grant.user_id, call.grant.user_id))


def _end(call: Call) -> str:
    """The cursor behind the last event that there is."""
    last = call.directory.database.one("SELECT coalesce(max(sequence), 0) AS sequence FROM log_events")
    return f"{call.directory.timestamp()}|{last['sequence'] if last else 0}"


def _period(call: Call) -> Condition:
    parameters, now = call.request.query_params, call.directory.now()
    moments = {}
    for name in ("since", "until"):
        try:
            moments[name] = parse_timestamp(parameters[name]) if name in parameters else None
        except ValueError:
            raise validation_failed(
                f"'{name}': The date format in your query is not recognized. "
                "Please enter dates using ISO8601 string format.",
                "must be a valid date-time or empty.",
            ) from None
    until = moments["until"] or now
    since = moments["since"] or until - _DEFAULT_PERIOD
    if now - since > _LONGEST_PERIOD:
        raise OktaError("E0000053", causes=("The since parameter is over 180 days prior to the current day.",))
    return Condition("published >= ? AND published <= ?", (timestamp(since), timestamp(until)))


def _after(call: Call, *, descending: bool) -> Condition:
    cursor = cursor_of(call.request)
    if cursor is None:
        return ALWAYS
    published, _, sequence = cursor.partition("|")
    if not sequence.isdecimal():
        raise OktaError("E0000029")
    return Condition(f"(published, sequence) {'<' if descending else '>'} (?, ?)", (published, int(sequence)))


def _keywords(text: str) -> Condition:
    words = text.split()
    if len(words) > _MOST_KEYWORDS or any(len(word) > _LONGEST_KEYWORD for word in words):
        raise validation_failed(
            "'q': Freeform search cannot contain items longer than 40 characters, nor more than 10 of them.",
            "use a filter instead.",
        )
    found = "EXISTS (SELECT 1 FROM json_tree(event) WHERE type = 'text' AND instr(fold(value), ?) > 0)"
    return Condition(" AND ".join(["1", *([found] * len(words))]), tuple(word.casefold() for word in words))
