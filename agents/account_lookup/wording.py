"""What account_lookup says, from what the directory holds: to the person it is about, or to somebody who may see it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from shared.answers import count, day, masked_address, masked_number, moment, plain, relative
from shared.directory import (
    Application,
    Device,
    Factor,
    Group,
    SignIn,
    User,
    account_of,
    capital,
    next_step,
    person_line,
    run_line,
    runs_of,
    state_of,
)

CONTACT: Final = "can_view_contact"
SECURITY: Final = "can_view_security"
STATE: Final = "can_view_state"
FIELDS: Final = (CONTACT, STATE, SECURITY)
"""The relations that widen what is shown of an account."""

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
_NUMBERED: Final = frozenset({"sms", "call"})


def account_text(user: User, now: datetime, *, own: bool, may: Collection[str]) -> str:
    """The profile and, as far as whoever asks may see it, the contact details and the state of an account.

    Args:
        user: Whose account it is.
        now: The time.
        own: Whether they are told themselves.
        may: Which of `FIELDS` hold.
    """
    signed_in = f"{moment(user.last_login)} ({relative(user.last_login, now)})" if user.last_login else "never"
    lines = [
        (STATE, f"- Status: {state_of(user, now)}"),
        (None, f"- Login: {plain(user.login)}"),
        (None, f"- Job title: {plain(user.title)}"),
        (None, f"- Department: {plain(user.department)}"),
        (None, f"- Manager: {plain(user.manager)}"),
        (None, f"- City: {plain(user.city)}"),
        (CONTACT, f"- Mobile number: {plain(user.mobile)}"),
        (CONTACT, f"- Employee number: {plain(user.employee_number)}"),
        (SECURITY, f"- Recovery address: {_recovery_address(user, own=own)}"),
        (STATE, f"- Password last changed: {day(user.password_changed) if user.password_changed else 'never'}"),
        (SECURITY, f"- Last sign-in that worked: {signed_in}"),
    ]
    heading = f"**Your account: {plain(user.display_name)}**" if own else f"**{plain(user.display_name)}**"
    step = next_step(user, own=own) if STATE in may else None
    return _answer(heading, [line for field, line in lines if field is None or field in may], step)


def people_text(users: Sequence[User], *, called: str, more: bool) -> str:
    """People who were found, in the order of their names, with what tells them apart."""
    heading = f"**{'1 person' if len(users) == 1 else f'{len(users)} people'} found by “{plain(called)}”**"
    step = "There may be more: say more of the name." if more else None
    return _answer(heading, [person_line(user) for user in users], step)


def groups_text(groups: Sequence[Group], user: User, *, own: bool) -> str:
    """The groups; the one that holds everybody is not worth a line."""
    listed = [group for group in groups if not group.built_in]
    who = "You are" if own else f"{plain(user.display_name)} is"
    if not listed:
        return f"{who} in no group but the one that holds everybody."
    lines = [
        f"- {plain(group.name)}" + (f": {plain(group.description, limit=160)}" if group.description else "")
        for group in listed
    ]
    return _answer(f"**{who} in {count(len(listed), 'group')}**", lines, None)


def applications_text(applications: Sequence[Application], user: User, *, own: bool) -> str:
    """The applications that somebody has."""
    who = "You have" if own else f"{plain(user.display_name)} has"
    if not applications:
        return f"{who} no application."
    lines = [f"- {plain(one.label)}{' (hidden)' if one.hidden else ''}" for one in applications]
    step = "They come with groups: to get another, ask for the group that gives it." if own else None
    return _answer(f"**{who} {count(len(lines), 'application')}**", lines, step)


def devices_text(devices: Sequence[Device], factors: Sequence[Factor], user: User, *, own: bool) -> str:
    """The devices and the factors, in two lists."""
    found = [_device(device) for device in devices]
    enrolled = [_factor(factor) for factor in factors]
    name = "you" if own else plain(user.display_name)
    parts = [
        _answer(f"**{count(len(found), 'device')} registered to {name}**", found, None)
        if found
        else f"No device is registered to {name}.",
        _answer(f"**{count(len(enrolled), 'factor')} to confirm that it is {name}**", enrolled, None)
        if enrolled
        else f"{'You have' if own else f'{name} has'} enrolled no factor to confirm a sign-in with.",
    ]
    if own and (found or enrolled):
        parts.append("If one of them is not yours, or is lost, tell the service desk at once.")
    return "\n\n".join(parts)


def sign_ins_text(
    sign_ins: Sequence[SignIn], user: User, *, own: bool, days: int, limit: int, result: str, most: int
) -> str:
    """The sign-ins, newest first, after what they come to."""
    kind = "" if result == "both" else f"{result} "
    period = f"of the last {count(days, 'day')}" if days > 1 else "of the last 24 hours"
    if not sign_ins:
        return f"There were no {kind}sign-ins to {account_of(user, own=own)} in the last {count(days, 'day')}."
    failed = sum(not one.succeeded for one in sign_ins)
    total = f"{'at least ' if len(sign_ins) >= most else ''}{len(sign_ins)}"
    told = f": {total}" + (f", of which {failed} failed" if failed and result == "both" else "")
    runs = list(runs_of(sign_ins))
    shown_runs = runs[:limit]
    shown = f"Shown are the newest {sum(map(len, shown_runs))}. " if len(runs) > limit else ""
    step = "If you do not recognise one of them, say “reset my password” and tell the security team." if own else ""
    whose = f"Your {kind}sign-ins" if own else f"{kind}sign-ins of {plain(user.display_name)}"
    return _answer(
        f"**{capital(whose)} {period}**{told}", [run_line(run) for run in shown_runs], f"{shown}{step}".strip()
    )


def _recovery_address(user: User, *, own: bool) -> str:
    if user.recovery_email is None:
        return "none registered"
    return masked_address(user.recovery_email) if own else "registered"


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


def _answer(heading: str, lines: Sequence[str], step: str | None) -> str:
    body = "\n".join(lines)
    return "\n\n".join(part for part in (heading, body, step) if part)
