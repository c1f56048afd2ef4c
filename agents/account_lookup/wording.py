"""What account_lookup says, from what the directory holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.answers import count, day, masked_address, masked_number, moment, plain, relative
from shared.directory import Device, Factor, Group, SignIn, User, next_step, state_of

_PLATFORMS: Final = {"MACOS": "macOS", "WINDOWS": "Windows", "IOS": "iOS", "ANDROID": "Android", "LINUX": "Linux"}
_FACTORS: Final = {
    "push": "Push notification",
    "signed_nonce": "Okta FastPass",
    "token:software:totp": "Code of an authenticator app",
    "token:hardware": "Hardware token",
    "webauthn": "Security key or passkey",
    "sms": "Text message",
    "call": "Phone call",
    "email": "Mail",
    "question": "Security question",
}
_TOGETHER: Final = timedelta(minutes=10)
_NUMBERED: Final = frozenset({"sms", "call"})
_REASONS: Final = {
    "INVALID_CREDENTIALS": "wrong password",
    "LOCKED_OUT": "the account was locked",
    "PASSWORD_EXPIRED": "the password had expired",
    "VERIFICATION_ERROR": "the second factor was not confirmed",
    "UNKNOWN_USER": "unknown login",
}


def account_text(user: User, now: datetime) -> str:
    """The profile and the state of an account."""
    signed_in = f"{moment(user.last_login)} ({relative(user.last_login, now)})" if user.last_login else "never"
    lines = [
        f"- Status: {state_of(user, now)}",
        f"- Login: {plain(user.login)}",
        f"- Job title: {plain(user.title)}",
        f"- Department: {plain(user.department)}",
        f"- Manager: {plain(user.manager)}",
        f"- City: {plain(user.city)}",
        f"- Mobile number: {plain(user.mobile)}",
        f"- Employee number: {plain(user.employee_number)}",
        f"- Recovery address: {masked_address(user.recovery_email) if user.recovery_email else 'none registered'}",
        f"- Password last changed: {day(user.password_changed) if user.password_changed else 'never'}",
        f"- Last sign-in that worked: {signed_in}",
    ]
    return _answer(f"**Your account: {plain(user.display_name)}**", lines, next_step(user))


def groups_text(groups: Sequence[Group]) -> str:
    """The groups; the one that holds everybody is not worth a line."""
    own = [group for group in groups if not group.built_in]
    if not own:
        return "You are in no group but the one that holds everybody."
    lines = [
        f"- {plain(group.name)}" + (f": {plain(group.description, limit=160)}" if group.description else "")
        for group in own
    ]
    return _answer(f"**You are in {count(len(own), 'group')}**", lines, None)


def devices_text(devices: Sequence[Device], factors: Sequence[Factor]) -> str:
    """The devices and the factors, in two lists."""
    found = [_device(device) for device in devices]
    enrolled = [_factor(factor) for factor in factors]
    parts = [
        _answer(f"**{count(len(found), 'device')} registered to you**", found, None)
        if found
        else "No device is registered to you.",
        _answer(f"**{count(len(enrolled), 'factor')} to confirm that it is you**", enrolled, None)
        if enrolled
        else "You have enrolled no factor to confirm a sign-in with.",
    ]
    if found or enrolled:
        parts.append("If one of them is not yours, or is lost, tell the service desk at once.")
    return "\n\n".join(parts)


def sign_ins_text(sign_ins: Sequence[SignIn], *, days: int, limit: int, result: str, most: int) -> str:
    """The sign-ins, newest first, after what they come to."""
    kind = "" if result == "both" else f"{result} "
    period = f"of the last {count(days, 'day')}" if days > 1 else "of the last 24 hours"
    if not sign_ins:
        return f"There were no {kind}sign-ins to your account in the last {count(days, 'day')}."
    failed = sum(not one.succeeded for one in sign_ins)
    total = f"{'at least ' if len(sign_ins) >= most else ''}{len(sign_ins)}"
    told = f": {total}" + (f", of which {failed} failed" if failed and result == "both" else "")
    runs = list(_runs(sign_ins))
    shown_runs = runs[:limit]
    lines = [_run(run) for run in shown_runs]
    shown = f"Shown are the newest {sum(map(len, shown_runs))}. " if len(runs) > limit else ""
    step = f"{shown}If you do not recognise one of them, say “reset my password” and tell the security team."
    return _answer(f"**Your {kind}sign-ins {period}**{told}", lines, step)


def _device(device: Device) -> str:
    managed = "managed by the company" if device.managed else "not managed by the company"
    since = f", registered on {day(device.since)}" if device.since else ""
    state = "" if device.status in {"ACTIVE", ""} else f", {plain(device.status.lower())}"
    platform = _PLATFORMS.get(device.platform, plain(device.platform, missing="unknown system"))
    return f"- {plain(device.name)}: {platform}, {managed}{since}{state}"


def _factor(factor: Factor) -> str:
    kind = _FACTORS.get(factor.kind, plain(factor.kind))
    name = masked_number(factor.name) if factor.name and factor.kind in _NUMBERED else plain(factor.name, missing="")
    since = f", enrolled on {day(factor.since)}" if factor.since else ""
    state = "" if factor.status in {"ACTIVE", ""} else f", {plain(factor.status.replace('_', ' ').lower())}"
    return f"- {kind}{f' ({name})' if name else ''}{since}{state}"


def _runs(sign_ins: Sequence[SignIn]) -> Iterator[list[SignIn]]:
    """Failures that follow each other within minutes, from the same place with the same thing, stand together."""
    run: list[SignIn] = []
    for one in sign_ins:
        if run and not _goes_on(run[-1], one):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _goes_on(later: SignIn, earlier: SignIn) -> bool:
    alike = replace(later, at=earlier.at) == earlier
    return alike and not earlier.succeeded and later.at - earlier.at <= _TOGETHER


def _run(run: Sequence[SignIn]) -> str:
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


def _answer(heading: str, lines: Sequence[str], step: str | None) -> str:
    body = "\n".join(lines)
    return "\n\n".join(part for part in (heading, body, step) if part)
