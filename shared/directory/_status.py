"""What the state of an account means: to the person it belongs to, or to somebody who helps them."""

from datetime import datetime

from shared.answers import moment, plain, relative
from shared.directory._types import AccountKind, AccountStatus, User

_STATES = {
    AccountStatus.STAGED: "not activated yet",
    AccountStatus.PROVISIONED: "waiting for its first password",
    AccountStatus.ACTIVE: "active",
    AccountStatus.RECOVERY: "waiting for a new password",
    AccountStatus.LOCKED_OUT: "locked",
    AccountStatus.PASSWORD_EXPIRED: "active, with an expired password",
    AccountStatus.SUSPENDED: "suspended",
    AccountStatus.DEPROVISIONED: "closed",
    AccountStatus.UNKNOWN: "in a state that I do not know",
}
_NEXT_STEPS = {
    AccountStatus.STAGED: "It is activated on your first day: the service desk can tell you when.",
    AccountStatus.PROVISIONED: (
        "Open the link in the welcome mail to choose a password; the service desk can send another."
    ),
    AccountStatus.RECOVERY: (
        "Open the link that was sent to your recovery address. If it does not work any more, "
        "say “reset my password” and another is sent."
    ),
    AccountStatus.LOCKED_OUT: "Say “unlock my account” to have it unlocked; your password stays the same.",
    AccountStatus.PASSWORD_EXPIRED: (
        "Choose a new password when you next sign in, or say “reset my password” to have a link sent."
    ),
    AccountStatus.SUSPENDED: "It was suspended on purpose: your manager or the service desk can tell you why.",
    AccountStatus.DEPROVISIONED: "If it should not be, your manager has to ask for a new one.",
    AccountStatus.UNKNOWN: "The service desk can tell you more.",
}
_NEXT_STEPS_OF_OTHERS = {
    AccountStatus.STAGED: "It is activated on their first day.",
    AccountStatus.PROVISIONED: "The link in their welcome mail lets them choose a password.",
    AccountStatus.RECOVERY: "The link that was sent to their recovery address lets them choose a password.",
    AccountStatus.LOCKED_OUT: "Whoever may unlock it says “unlock {login}”; the password stays the same.",
    AccountStatus.PASSWORD_EXPIRED: "They choose a new password when they next sign in.",
    AccountStatus.SUSPENDED: "It was suspended on purpose: the security team knows why, and decides when that ends.",
    AccountStatus.DEPROVISIONED: "If it should not be, their manager has to ask for a new one.",
    AccountStatus.UNKNOWN: "The directory's own pages tell more.",
}
_CHANGEABLE = frozenset({AccountStatus.LOCKED_OUT, AccountStatus.PASSWORD_EXPIRED, AccountStatus.RECOVERY})
_PRIVILEGED = "It is not a personal account, so that it is never unlocked or reset here: the security team does that."


def state_of(user: User, now: datetime) -> str:
    """The state in words, as the end of a sentence: "locked, since Monday … (40 minutes ago)"."""
    state = _STATES[user.status]
    if user.status is AccountStatus.ACTIVE or user.status_changed is None:
        return state
    return f"{state}, since {moment(user.status_changed)} ({relative(user.status_changed, now)})"


def next_step(user: User, *, own: bool = True) -> str | None:
    """What can be done about it; None where nothing is wrong.

    Args:
        user: Whose account it is.
        own: Whether they are told themselves.
    """
    if user.status is AccountStatus.ACTIVE:
        return None
    if user.status in _CHANGEABLE and user.kind is not AccountKind.PERSON:
        return _PRIVILEGED
    return _NEXT_STEPS[user.status] if own else _NEXT_STEPS_OF_OTHERS[user.status].format(login=short_login(user))


def account_of(user: User, *, own: bool) -> str:
    """The account, within a sentence: "your account", "the account of Tomas Reyes"."""
    return "your account" if own else f"the account of {plain(user.display_name)}"


def password_of(user: User, *, own: bool) -> str:
    """The password, within a sentence: "your password", "the password of Tomas Reyes"."""
    return "your password" if own else f"the password of {plain(user.display_name)}"


def capital(text: str) -> str:
    """The text, as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def short_login(user: User) -> str:
    """The login as people say it: without its domain."""
    return plain(user.login.partition("@")[0])
