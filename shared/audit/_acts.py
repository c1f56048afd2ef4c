"""An irreversible act, with a record before it and a record after it."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from shared.audit._event import Event
from shared.audit._trail import Trail
from shared.audit._vocabulary import Outcome
from shared.errors import AuditUnavailable, HelpdeskError, UpstreamUnavailable
from shared.telemetry import get_logger, span, tally

SETTLED_BY: Final = "settled_by"
"""The detail that tells an outcome that was found out later from one that was seen: by what it was found out."""

UPSTREAM_REQUEST: Final = "upstream_request"
"""The detail that is the other system's name for the request that did it."""

_log = get_logger()


async def recorded(trail: Trail, event: Event, act: Callable[[], Awaitable[str]]) -> None:
    """Acts, once it is on record that it is about to be tried; then records what came of it.

    Both records have the same act id: the event's own, by which another process can name it later, or else a new one;
    and so has the span that is around all three. A record after the act that cannot be written at once is written as
    soon as that can be: what has happened is not undone by that, and not said to have failed.

    Args:
        trail: The record.
        event: What is done; its outcome is set here, and its act id where it has none.
        act: Does it, and gives the name under which the other system keeps it on its own record, or "".

    Raises:
        AuditUnavailable: it could not be recorded, and was not done.
        HelpdeskError: as `act`.
    """
    event = replace(event, outcome=Outcome.ATTEMPTED, act=event.act or uuid.uuid4().hex)
    tally().act(event.act)
    with span(f"act {event.action.value}", attributes={"helpdesk.act.id": event.act}):
        await _recorded(trail, event, act)


async def _recorded(trail: Trail, event: Event, act: Callable[[], Awaitable[str]]) -> None:
    try:
        await trail.record(event)
    except AuditUnavailable as error:
        if error.may_be_kept:  # the record before may come to stand there: then it must say that nothing was done
            try_note(trail, replace(event, outcome=Outcome.FAILED, result=error.reason))
        raise
    try:
        kept_as = await act()
    except HelpdeskError as error:
        unknown = isinstance(error, UpstreamUnavailable) and error.outcome_unknown
        outcome = Outcome.UNKNOWN if unknown else Outcome.FAILED
        await _after(trail, replace(event, outcome=outcome, result=error.reason))
        raise
    except BaseException as error:  # stopped in the middle, or broken: it may have happened
        try_note(trail, replace(event, outcome=Outcome.UNKNOWN, result=type(error).__name__))
        raise
    details = event.details if not kept_as else {**event.details, UPSTREAM_REQUEST: kept_as}
    await _after(trail, replace(event, outcome=Outcome.SUCCEEDED, details=details))


async def settled(trail: Trail, event: Event, *, by: str, kept_as: str = "") -> None:
    """Records what came of an act whose process did not see that, or did not live to say it.

    Whoever comes that way after a crash records the same again; readers take equal records of one act as one.

    Args:
        trail: The record.
        event: What was done, or was not, with the act id of the record before it.
        by: By what that is known.
        kept_as: As `act` gives it to `recorded`.
    """
    tally().act(event.act)
    kept = {UPSTREAM_REQUEST: kept_as} if kept_as else {}
    with span(f"settle {event.action.value}", attributes={"helpdesk.act.id": event.act}):
        await _after(trail, replace(event, details={**event.details, SETTLED_BY: by, **kept}))


async def _after(trail: Trail, event: Event) -> None:
    try:
        await trail.record(event)
    except AuditUnavailable:
        _log.error("audit_outcome_not_recorded", act=event.act, outcome=event.outcome.value, exc_info=True)
        try_note(trail, event)


def try_note(trail: Trail, event: Event) -> None:
    """Records an event of something that is over: where that cannot be done it is only said in the log."""
    try:
        trail.note(event)
    except AuditUnavailable as error:
        fields = {"act": event.act} if event.act else {}
        _log.error(
            "audit_event_lost", action=event.action.value, outcome=event.outcome.value, detail=error.detail, **fields
        )
