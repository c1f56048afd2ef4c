"""Attempts to sign in, as lines of an answer: failures that follow each other closely stand together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final

from shared.answers import moment, plain
from shared.directory._types import SignIn

_TOGETHER: Final = timedelta(minutes=10)
_REASONS: Final = {
    "INVALID_CREDENTIALS": "wrong password",
    "LOCKED_OUT": "the account was locked",
    "PASSWORD_EXPIRED": "the password had expired",
    "VERIFICATION_ERROR": "the second factor was not confirmed",
    "UNKNOWN_USER": "unknown login",
}


def runs_of(sign_ins: Sequence[SignIn]) -> Iterator[list[SignIn]]:
    """Failures that follow each other within minutes, from the same place with the same thing, stand together."""
    run: list[SignIn] = []
    for one in sign_ins:
        if run and not _goes_on(run[-1], one):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def run_line(run: Sequence[SignIn]) -> str:
    """One line for one sign-in, or for failures that stand together, newest first."""
    one, first = run[0], run[-1]
    reason = _REASONS.get(
        one.reason or "", plain((one.reason or "").replace("_", " ").lower(), missing="no reason given")
    )
    times = f"{len(run)} times, " if len(run) > 1 else ""
    outcome = "worked" if one.succeeded else f"**failed** ({times}{reason})"
    place = ", ".join(plain(part) for part in (one.city, one.country) if part) or "unknown place"
    means = plain(one.client, missing=plain(one.device, missing="unknown device"))
    address = f", address {plain(one.ip_address)}" if one.ip_address else ""
    when = moment(one.at) if len(run) == 1 else f"{moment(first.at)}, to {one.at.astimezone(UTC):%H:%M} UTC"
    return f"- {when}: {outcome}, from {place}{address}, with {means}"


def _goes_on(later: SignIn, earlier: SignIn) -> bool:
    alike = replace(later, at=earlier.at) == earlier
    return alike and not earlier.succeeded and later.at - earlier.at <= _TOGETHER
