"""Refusals are on record, at a rate that fills no disk; what is over is never failed by the record."""

from typing import Any

import pytest

from shared.a2a._caller import Caller
from shared.a2a._context import CALLER
from shared.a2a._recording import REFUSALS_PER_MINUTE, CallRecord
from shared.audit import Outcome
from shared.errors import CallerNotAllowed, TokenMissing
from shared.identity import RawToken
from shared.testing import KeptTrail, make_principal


def caller(subject: str) -> Caller:
    return Caller(user=make_principal(subject=subject), agent=None, user_token=RawToken("token"))


@pytest.mark.requirement("H1")
def test_who_was_not_verified_is_recorded_as_nobody_and_who_was_as_themselves() -> None:
    trail = KeptTrail()
    calls = CallRecord(trail)
    calls.refused(TokenMissing(), "denied", {"type": "http"})
    calls.refused(CallerNotAllowed(), "denied", {"type": "http", CALLER: caller("auth0|amelia")})
    nobody, amelia = trail.events
    assert (nobody.who.subject, nobody.rule.reason) == ("", "token_missing")
    assert (amelia.who.subject, amelia.outcome) == ("auth0|amelia", Outcome.DENIED)


@pytest.mark.requirement("H5")
def test_a_flood_of_refusals_is_counted_and_crowds_out_nobody_else_s() -> None:
    trail = KeptTrail()
    calls = CallRecord(trail)
    for _ in range(10_000):
        calls.refused(TokenMissing(), "denied", {"type": "http"})
    recorded = len(trail.events)
    assert recorded <= REFUSALS_PER_MINUTE
    calls.refused(CallerNotAllowed(), "denied", {"type": "http", CALLER: caller("auth0|amelia")})
    assert trail.events[-1].who.subject == "auth0|amelia"
    assert trail.events[-1].details["left_out"] == 10_000 - recorded


def test_where_the_record_is_away_a_refusal_stands_and_nothing_else_breaks() -> None:
    trail = KeptTrail()
    trail.away = True
    calls, scope = CallRecord(trail), dict[str, Any](type="http")
    calls.refused(TokenMissing(), "denied", scope)
    calls.left(caller("auth0|amelia"), None)
    assert trail.events == []
