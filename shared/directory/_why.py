"""Why an account is in the state that it is in: from the directory's log and the policy that applies."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from shared.answers import count, day, plain
from shared.directory._access import ActingCaller
from shared.directory._attempts import run_line, runs_of
from shared.directory._client import DirectoryClient
from shared.directory._status import account_of, capital, next_step, state_of
from shared.directory._types import AccountAct, AccountStatus, ActKind, Actor, PasswordPolicy, SignIn, User

_LEADS_TO: Final = {
    AccountStatus.LOCKED_OUT: ActKind.LOCKED,
    AccountStatus.SUSPENDED: ActKind.SUSPENDED,
    AccountStatus.PASSWORD_EXPIRED: ActKind.EXPIRED,
    AccountStatus.RECOVERY: ActKind.RESET,
    AccountStatus.DEPROVISIONED: ActKind.CLOSED,
}
_KEPT: Final = timedelta(days=90)  # Okta's log goes back no further
_SLACK: Final = timedelta(minutes=5)  # between an act and the time that the account carries of it
_BEFORE: Final = timedelta(hours=1)  # in which attempts count towards a lock
_MOST: Final = 50
_MOST_LINES: Final = 5


@dataclass(frozen=True, slots=True)
class Why:
    """What led to the state of an account.

    Attributes:
        act: What was done to it, where the log still has it.
        before: The attempts to sign in that failed in a row before it was locked, newest first.
        after: Those that failed since.
        policy: The password policy that applies.
    """

    act: AccountAct | None
    before: tuple[SignIn, ...]
    after: tuple[SignIn, ...]
    policy: PasswordPolicy


async def find_out_why(directory: DirectoryClient, caller: ActingCaller, user: User) -> Why:
    """Looks into the log and the policies for what led to the state of an account."""
    now = directory.now()
    changed = user.status_changed or now
    since = max(changed - _BEFORE, now - _KEPT)
    acts, sign_ins, policy = await asyncio.gather(
        directory.acts(caller, user, since=since, limit=_MOST),
        directory.sign_ins(caller, user, since=since, limit=_MOST),
        directory.password_policy(caller, user),
    )
    wanted = _LEADS_TO.get(user.status)
    act = next((one for one in acts if one.what is wanted and abs(one.at - changed) <= _SLACK), None)
    if user.status is not AccountStatus.LOCKED_OUT:
        return Why(act, (), (), policy)
    locked = act.at if act else changed
    before = takewhile(lambda one: not one.succeeded, (one for one in sign_ins if one.at <= locked))
    return Why(act, tuple(before), tuple(one for one in sign_ins if one.at > locked and not one.succeeded), policy)


def why_text(why: Why, user: User, now: datetime, *, own: bool, details: bool = True) -> str:
    """What led to the state, and what can be done about it.

    Args:
        why: What was found out.
        user: Whose account it is.
        now: The time.
        own: Whether they are told themselves.
        details: Whether the places and devices of the attempts are told.
    """
    heading = f"**{capital(account_of(user, own=own))} is {state_of(user, now)}.**"
    attempts = attempts_text(why) if details else None
    parts = [heading, reason_text(why, user, now, own=own), attempts, next_step(user, own=own)]
    return "\n\n".join(part for part in parts if part)


def actor_text(actor: Actor, user: User, *, own: bool) -> str:
    """Who did something to an account: "you", "Tess Ferraro", "Oscar Lind, through password_reset"."""
    themselves = "you" if own else "the person themselves"
    if not actor.is_person:
        return plain(actor.name, missing="a program")
    who = themselves if actor.id == user.id else plain(actor.name, missing="somebody")
    return f"{who}, through {plain(actor.through)}" if actor.through else who


def reason_text(why: Why, user: User, now: datetime, *, own: bool) -> str | None:
    """What led to the state, in a sentence or two; None where there is nothing to say."""
    by = actor_text(why.act.by, user, own=own) if why.act else ""
    match user.status:
        case AccountStatus.LOCKED_OUT:
            return _lock_reason(why, user, by)
        case AccountStatus.SUSPENDED | AccountStatus.DEPROVISIONED | AccountStatus.RECOVERY if why.act:
            done = {"SUSPENDED": "suspended", "DEPROVISIONED": "closed", "RECOVERY": "reset"}[user.status.value]
            return f"It was {done} by {by}."
        case AccountStatus.PASSWORD_EXPIRED if why.act:
            return f"The password was made to expire by {by}."
        case AccountStatus.PASSWORD_EXPIRED:
            return _age_reason(why.policy, user, now)
    return None


def _lock_reason(why: Why, user: User, by: str) -> str:
    if why.act and why.act.by.is_person and why.act.by.id != user.id and not why.before:
        return f"It was locked by {by}."
    limit = why.policy.max_attempts
    rule = f" The policy locks an account after {limit} in a row." if limit else ""
    if not why.before:
        return f"The directory's log does not say which attempts to sign in led to it.{rule}"
    return f"{count(len(why.before), 'attempt')} to sign in failed in a row before it was locked.{rule}"


def _age_reason(policy: PasswordPolicy, user: User, now: datetime) -> str | None:
    if user.password_changed is None or not policy.max_age_days:
        return None
    age = count((now - user.password_changed).days, "day")
    return (
        f"The password was last changed on {day(user.password_changed)}, {age} ago; "
        f"the policy lets one last {count(policy.max_age_days, 'day')}."
    )


def attempts_text(why: Why) -> str | None:
    """The attempts to sign in that led to a lock, with their places and devices; None where there are none."""
    lines = [run_line(run) for run in runs_of(why.before)][:_MOST_LINES]
    if why.after:
        lines.append(f"- Since it was locked, {count(len(why.after), 'further attempt')} failed.")
    if not lines:
        return None
    hint = (
        "\n\nFailures that follow each other within seconds mostly come from a device or a program "
        "that still tries an old password."
    )
    return "\n".join(lines) + (hint if why.before else "")
