"""`GET /activity`: what was done on a person's behalf, told to that person and to nobody else.

Each agent tells what is in its own record, for whom its door has verified; the supervisor asks the others as well, on
the person's behalf, as for anything else.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.a2a import AgentClient, Caller, caller_of
from shared.audit import Action, AuditTrail, Outcome
from shared.errors import HelpdeskError
from shared.telemetry import get_logger

PATH: Final = "/activity"
MOST: Final = 500
LATEST: Final = 253_402_300_799
"""The last second of the year 9999."""

_OF_THE_TRAIL: Final = frozenset({Action.TRAIL_OPEN, Action.TRAIL_CLOSE, Action.TRAIL_EXPIRE})

_log = get_logger()


class Activity:
    """Tells people what was done on their behalf.

    Args:
        trail: This agent's record.
        peers: The agents that it asks.
    """

    def __init__(self, trail: AuditTrail, peers: Sequence[AgentClient] = ()) -> None:
        self._trail = trail
        self._peers = peers

    def route(self) -> Route:
        """Where it is asked for, behind the door."""
        return Route(PATH, self._answer, methods=["GET"])

    async def _answer(self, request: Request) -> JSONResponse:
        caller = caller_of(request.scope)
        asked = _Asked(
            _number(request, "since", 0, 2**53),
            _number(request, "until", 2**53, 2**53),
            _number(request, "limit", MOST, MOST),
        )
        own, *others = await asyncio.gather(
            self._own(caller, asked), *(self._of(peer, caller, asked) for peer in self._peers)
        )
        told = [each for each in (own, *others) if each is not None]
        found = sorted((record for each in told for record in each.records), key=lambda record: int(record["at"]))
        away = [peer.name for peer, each in zip(self._peers, others, strict=True) if each is None]
        more = len(found) > asked.most or any(each.more for each in told)
        answer = {"records": found[-asked.most :], "away": away, "more": more}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def _own(self, caller: Caller, asked: "_Asked") -> "_Found":
        user = caller.user
        records = await self._trail.of_person(
            user.issuer, user.subject, since=asked.since, until=asked.until, most=asked.most + 1
        )
        newest = [_told(record) for record in records[-asked.most :] if record["action"] not in _OF_THE_TRAIL]
        return _Found(newest, more=len(records) > asked.most)

    async def _of(self, peer: AgentClient, caller: Caller, asked: "_Asked") -> "_Found | None":
        parameters = {"since": str(asked.since), "until": str(asked.until), "limit": str(asked.most)}
        try:
            answer = await peer.get(PATH, caller=caller, parameters=parameters)
            records = [_checked(record) | {"agent": peer.name} for record in answer["records"][: asked.most]]
            return _Found([one for one in records if one["at"] < asked.until], more=answer.get("more") is True)
        except (HelpdeskError, AttributeError, KeyError, TypeError, ValueError) as error:
            _log.info("activity_not_told", agent=peer.name, detail=type(error).__name__)
            return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: of this time, in milliseconds since 1970, and at most so much, the newest."""

    since: int
    until: int
    most: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What one agent tells, and whether there is older that it left out."""

    records: list[dict[str, Any]]
    more: bool


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the person is told of a record.

    Not why something was denied, nor of what: that would tell who exists. Nor how many were found, for the same reason.
    """
    who = record.get("who", {})
    is_denied = record["outcome"] == Outcome.DENIED
    told = {
        "at": record["at"],
        "agent": record["agent"],
        "action": record["action"],
        "outcome": record["outcome"],
        "tool": record.get("tool", ""),
        "resource": "" if is_denied else record.get("resource", ""),
        "act": record.get("act", ""),
        "task": record.get("where", {}).get("task", ""),
        "client": who.get("client", ""),
        "scopes": who.get("scopes", []),
        "until": who.get("until", 0),
        "approver": record.get("approval", {}).get("approver", ""),
    }
    return {name: value for name, value in told.items() if value}


def _checked(record: Any) -> dict[str, Any]:
    """Another agent's record, as far as it has the members that are told; it speaks for itself alone."""
    kinds = {"at": int, "action": str, "outcome": str}
    if not isinstance(record, dict) or any(not isinstance(record.get(name), kind) for name, kind in kinds.items()):
        raise ValueError("no record")
    if not all(0 <= seconds <= LATEST for seconds in (record["at"] // 1000, record.get("until") or 0)):
        raise ValueError("no time")  # nor one that anybody could show
    return _told_again(record)


def _told_again(record: Mapping[str, Any]) -> dict[str, Any]:
    texts = ("action", "outcome", "tool", "resource", "act", "task", "client", "approver")
    told: dict[str, Any] = {name: record[name][:256] for name in texts if isinstance(record.get(name), str)}
    numbers = {name: record[name] for name in ("at", "until") if isinstance(record.get(name), int)}
    scopes = record.get("scopes")
    return told | numbers | ({"scopes": [str(one)[:256] for one in scopes[:64]]} if isinstance(scopes, list) else {})


def _number(request: Request, name: str, otherwise: int, most: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < len(str(2**53)) + 1 else otherwise
