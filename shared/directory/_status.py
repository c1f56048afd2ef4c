"""What the state of an account means to the person it belongs to."""

from datetime import datetime

from shared.answers import moment, relative
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
_PRIVILEGED = "It is not a personal account, so that it is never unlocked or reset here: the security team does that."


def state_of(user: User, now: datetime) -> str:
    """The state in words, as the end of a sentence: "locked, since Monday … (40 minutes ago)"."""
    state = _STATES[user.status]
    if user.status is AccountStatus.ACTIVE or user.status_changed is None:
        return state
    return f"{state}, since {moment(user.status_changed)} ({relative(user.status_changed, now)})"


def next_step(user: User) -> str | None:
    """What the person can do about it; None where nothing is wrong."""
    if user.status is AccountStatus.ACTIVE:
        return None
    changeable = user.status in {AccountStatus.LOCKED_OUT, AccountStatus.PASSWORD_EXPIRED, AccountStatus.RECOVERY}
    return _PRIVILEGED if changeable and user.kind is not AccountKind.PERSON else _NEXT_STEPS[user.status]
