"""What password_reset says, from what the directory holds. No link and no password is ever part of it."""

from collections.abc import Sequence
from datetime import datetime

from shared.answers import count, day, masked_address, moment, plain, relative, span
from shared.directory import AccountKind, AccountStatus, PasswordPolicy, User, next_step, state_of


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


def state_text(user: User, policy: PasswordPolicy, resets: Sequence[datetime], now: datetime) -> str:
    """The state of an account, its password's age and end, and links that were sent lately."""
    lines = [
        f"- Password last changed: {_when(user.password_changed, now) if user.password_changed else 'never'}",
        f"- Password expires: {_expiry(policy, user, now)}",
        f"- Last sign-in that worked: {_when(user.last_login, now) if user.last_login else 'never'}",
    ]
    if resets:
        lines.append(f"- Last reset link sent: {_when(resets[0], now)}")
    parts = [f"**Your account is {state_of(user, now)}.**", "\n".join(lines), next_step(user)]
    return "\n\n".join(part for part in parts if part)


def unlock_explained() -> str:
    """The act was asked about, not for."""
    return (
        "If you want your account unlocked, say “unlock my account”: your password stays the same. "
        "Nothing was changed so far."
    )


def reset_explained(user: User) -> str:
    """The act was asked about, not for."""
    where = f"your recovery address {masked_address(user.recovery_email)}" if user.recovery_email else "you"
    return (
        f"If you want a new password, say “reset my password”: the directory then sends a link to {where}, "
        "with which you choose one, and your old password stops working. Nothing was changed so far."
    )


def unlocked(user: User, now: datetime) -> str:
    """The account was locked, and is not any more."""
    since = f" It had been locked since {_when(user.status_changed, now)}." if user.status_changed else ""
    return (
        f"**Your account is unlocked.**{since} Your password is the same as before.\n\n"
        "If it is locked again soon, a phone or a mail program may still be trying an old password: "
        "change it there. If you no longer know your password, say “reset my password”. "
        "If the wrong passwords were not yours, tell the security team."
    )


def not_locked(user: User, now: datetime) -> str:
    """Nothing to unlock."""
    step = next_step(user) or (
        "If you cannot sign in, that has another reason: say “reset my password” if you no longer know your password."
    )
    return f"Your account is not locked, so there was nothing to unlock: it is {state_of(user, now)}. {step}"


def no_longer_locked() -> str:
    """It was unlocked in the meantime."""
    return "Your account is not locked any more: somebody unlocked it a moment ago. Please try to sign in."


def link_sent(recovery_email: str) -> str:
    """A reset link was sent."""
    return (
        "**A link to choose a new password is on its way** to your recovery address "
        f"{masked_address(recovery_email)}.\n\n"
        "It works once, and only for a while; the mail says until when. From now on your old password no longer works. "
        "I never see the link or your password, and nobody at the help desk will ask you for them.\n\n"
        "If that address is not yours any more, tell the service desk at once."
    )


def throttled(resets: Sequence[datetime], again_at: datetime, now: datetime) -> str:
    """Too many links lately."""
    return (
        f"{count(len(resets), 'reset link').capitalize()} for your account went out within the last hour, "
        f"the newest {relative(resets[0], now)}, so I do not send another one yet. Please use the newest link: "
        "those before it no longer work. "
        f"You can ask again in {span(again_at - now)}. If you did not ask for these links, tell the security team."
    )


def no_recovery_address() -> str:
    """Nowhere to send a link to."""
    return (
        "The directory has no recovery address for you, so there is nowhere to send a reset link to, and nothing was "
        "changed. Please go to the service desk with your staff badge: they check who you are and register an address."
    )


def not_resettable(user: User, now: datetime) -> str:
    """An account that is in no state for a reset."""
    return f"I cannot reset the password: your account is {state_of(user, now)}. Nothing was changed. {next_step(user)}"


def privileged(done: str, user: User) -> str:
    """An account that no agent changes."""
    kind = {
        AccountKind.ADMINISTRATOR: "an administrator's account",
        AccountKind.SERVICE: "a service account",
    }.get(user.kind, "not marked as a personal account")
    return (
        f"This is {kind}, and such accounts are never {done} here. Nothing was changed. "
        "Please ask the security team, who do it with two people."
    )


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
