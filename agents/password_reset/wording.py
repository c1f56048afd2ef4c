"""What password_reset says, from what the directory holds. No link and no password is ever part of it.

An answer speaks to the person whose account it is (`own`), or about them to somebody who helps.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.answers import count, day, moment, plain, relative
from shared.directory import (
    AccountStatus,
    PasswordPolicy,
    Reset,
    User,
    account_of,
    actor_text,
    capital,
    next_step,
    password_of,
    state_of,
)


def policy_text(policy: PasswordPolicy, user: User, now: datetime) -> str:
    """The rules for a password, and how long the person's own still works."""
    rules = [f"- at least {count(policy.min_length, 'character')}"]
    kinds = (
        (policy.min_lower_case, "lower-case letter"),
        (policy.min_upper_case, "upper-case letter"),
        (policy.min_number, "digit"),
        (policy.min_symbol, "symbol"),
    )
    rules += [f"- at least {count(number, kind)}" for number, kind in kinds if number]
    if policy.excludes_login:
        rules.append("- no part of your login")
    if policy.excludes_common:
        rules.append("- no common password")
    if policy.history:
        rules.append(f"- none of your last {count(policy.history, 'password')}")
    if policy.min_age_minutes:
        rules.append(f"- no change within {count(policy.min_age_minutes, 'minute')} of the last one")
    parts = [f"**The password policy for your account: {plain(policy.name)}**", "\n".join(rules)]
    parts.append(" ".join((_lifetime(policy, user, now), _lockout(policy), _links(policy))).strip())
    return "\n\n".join(parts)


def state_text(
    user: User,
    policy: PasswordPolicy,
    resets: Sequence[datetime],
    reasons: Sequence[str | None],
    now: datetime,
    *,
    own: bool,
) -> str:
    """The state of an account and what led to it, its password's age and end, and links that were sent lately."""
    lines = [
        f"- Password last changed: {_when(user.password_changed, now) if user.password_changed else 'never'}",
        f"- Password expires: {_expiry(policy, user, now)}",
        f"- Last sign-in that worked: {_when(user.last_login, now) if user.last_login else 'never'}",
    ]
    if resets:
        lines.append(f"- Last reset link sent: {_when(resets[0], now)}")
    heading = f"**{capital(account_of(user, own=own))} is {state_of(user, now)}.**"
    parts = [heading, *reasons, "\n".join(lines), next_step(user, own=own)]
    return "\n\n".join(part for part in parts if part)


def resets_text(resets: Sequence[Reset], policy: PasswordPolicy, user: User, now: datetime, *, own: bool) -> str:
    """What became of the resets of the last weeks, the newest first."""
    if not resets:
        return f"{capital(password_of(user, own=own))} was not reset in the last 30 days, so no link was sent."
    newest, *earlier = resets
    asked = actor_text(newest.by, user, own=own)
    parts = [
        f"**{capital(password_of(user, own=own))} was last reset on {_when(newest.at, now)}, by {asked}.**",
        _link(newest, policy, now, own=own),
    ]
    if earlier:
        lines = [f"- {moment(one.at)}: {_short_link(one, policy, now)}" for one in earlier]
        parts.append("Before that:\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _link(reset: Reset, policy: PasswordPolicy, now: datetime, *, own: bool) -> str:
    """What became of the newest link."""
    if reset.used_at:
        return f"The link was used {relative(reset.used_at, now)}, on {moment(reset.used_at)}: a new password is set."
    if not reset.mailed:
        return "The directory's log does not show that a link was mailed."
    ends = policy.link_works_until(reset.at)
    whose = "your" if own else "their"
    if ends is None:
        return f"The link went to {whose} recovery address, and has not been used yet."
    if ends > now:
        return (
            f"The link went to {whose} recovery address, and has not been used yet. It works until {_when(ends, now)}."
        )
    again = " Say “reset my password” to have another sent." if own else ""
    return (
        f"The link went to {whose} recovery address, and was not used. It stopped working on {_when(ends, now)}.{again}"
    )


def _short_link(reset: Reset, policy: PasswordPolicy, now: datetime) -> str:
    if reset.used_at:
        return f"the link was used on {moment(reset.used_at)}"
    ends = policy.link_works_until(reset.at)
    if reset.replaced_at and (ends is None or reset.replaced_at < ends):
        return "a newer link replaced it before it was used"
    return "the link was not used" if ends is None or ends <= now else "the link has not been used yet"


def _when(at: datetime, now: datetime) -> str:
    return f"{moment(at)} ({relative(at, now)})"


def _expiry(policy: PasswordPolicy, user: User, now: datetime) -> str:
    expires = policy.expires_at(user.password_changed)
    if user.status is AccountStatus.RECOVERY:
        return "it no longer works; a new one has to be chosen"
    if user.status is AccountStatus.PASSWORD_EXPIRED:
        return f"it has expired ({day(expires)})" if expires and expires <= now else "it has expired"
    if expires is None:
        return "never" if user.has_password else "no password is set"
    return f"{day(expires)} ({relative(expires, now)})"


def _lifetime(policy: PasswordPolicy, user: User, now: datetime) -> str:
    if not policy.max_age_days:
        return "A password lasts until you change it."
    expires = policy.expires_at(user.password_changed)
    warning = f" You are reminded {count(policy.warn_days, 'day')} before." if policy.warn_days else ""
    own = "" if expires is None else f" Yours {'expired' if expires <= now else 'lasts until'} {_on(expires, now)}."
    return f"A password lasts {count(policy.max_age_days, 'day')}.{warning}{own}"


def _on(expires: datetime, now: datetime) -> str:
    return f"on {day(expires)}" if expires <= now else f"{day(expires)} ({relative(expires, now)})"


def _lockout(policy: PasswordPolicy) -> str:
    if not policy.max_attempts:
        return ""
    until = (
        f"for {count(policy.auto_unlock_minutes, 'minute')}"
        if policy.auto_unlock_minutes
        else "until it is unlocked: say “unlock my account”"
    )
    return f"After {count(policy.max_attempts, 'wrong password')} in a row an account is locked {until}."


def _links(policy: PasswordPolicy) -> str:
    if not policy.link_lifetime_minutes:
        return ""
    return f"A reset link works once, for {count(policy.link_lifetime_minutes, 'minute')}."
