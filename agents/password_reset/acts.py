"""What is done to accounts: each act declared, and one way to all of them.

    asked for? → once in a turn → a person's account? → not too many? → in a state for it? → permitted still? → done

The last two steps are `_do`: the one place where anything is changed. What has to come between the permission and the
effect of a risky act (a person's approval, a ledger) belongs there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

from agents.password_reset import act_wording as wording
from agents.password_reset.intent import is_about_expiry, is_about_factors, is_about_one_factor, is_asked_for
from shared.answers import plain
from shared.directory import (
    Account,
    AccountKind,
    AccountStatus,
    ActingCaller,
    ActKind,
    DirectoryClient,
    Factor,
    ToolCall,
    User,
    request_text,
)
from shared.errors import HelpdeskError, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import get_logger

RESETTABLE: Final = frozenset(
    {AccountStatus.ACTIVE, AccountStatus.LOCKED_OUT, AccountStatus.PASSWORD_EXPIRED, AccountStatus.RECOVERY}
)
PERIOD: Final = timedelta(hours=1)
CHANGES: Final = frozenset(
    {ActKind.UNLOCKED, ActKind.RESET, ActKind.EXPIRED, ActKind.FACTOR_REMOVED, ActKind.FACTORS_REMOVED}
)
FACTOR_KINDS: Final = {
    "push": frozenset({"push", "signed_nonce"}),
    "code": frozenset({"token:software:totp", "token:hardware"}),
    "security_key": frozenset({"webauthn"}),
    "text_message": frozenset({"sms", "call"}),
}
"""The kinds of factors as people say them, and Okta's types of each."""

_FACTOR_NAMES: Final = {
    "push": "push notification",
    "signed_nonce": "Okta FastPass",
    "token:software:totp": "code of an authenticator app",
    "token:hardware": "hardware token",
    "webauthn": "security key or passkey",
    "sms": "text message",
    "call": "phone call",
}
_DONE_KEY: Final = "password_reset.done"

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done to an account, as it is declared.

    Attributes:
        name: What it is called in logs, and wherever somebody is asked about it.
        relation: What the person and the agent need to the account.
        scope: What the person's token needs.
        purpose: What it does, to end "I could not …" with.
        done: What an account is then, to end "… are never …" with.
        asked: Whether a request asks for it, and not only about it.
        risky: Whether it takes away what kept strangers out, and cannot be taken back.
    """

    name: str
    relation: str
    scope: str
    purpose: str
    done: str
    asked: Callable[[str], bool]
    risky: bool


UNLOCK: Final = Act(
    "unlock", "can_unlock", "account:unlock", "unlock the account", "unlocked", asked=is_asked_for, risky=False
)
RESET: Final = Act(
    "reset_password", "can_reset", "password:reset", "have a reset link sent", "reset", asked=is_asked_for, risky=True
)
EXPIRE: Final = Act(
    "expire_password",
    "can_expire",
    "password:expire",
    "have the password expire",
    "changed",
    asked=is_about_expiry,
    risky=False,
)
REMOVE_FACTORS: Final = Act(
    "reset_factors",
    "can_reset_factors",
    "factors:reset",
    "remove factors",
    "changed",
    asked=is_about_factors,
    risky=True,
)
ACTS: Final = (UNLOCK, RESET, EXPIRE, REMOVE_FACTORS)

Perform = Callable[[ActingCaller, Account], Awaitable[str]]


class Acts:
    """Changes accounts that a call was permitted.

    What is counted stands in the directory's own log, whoever asked for it and through whichever replica. Within this
    process the acts of one person, and those on one account, wait for each other, so that the count is up to date.

    Args:
        directory: Where the accounts are.
        resets_per_hour: How many reset links one person may have sent in an hour, by whomever.
        for_others_per_hour: How many changes one person may have made to accounts of others in an hour.
    """

    def __init__(self, directory: DirectoryClient, *, resets_per_hour: int, for_others_per_hour: int) -> None:
        self._directory = directory
        self._resets_per_hour = resets_per_hour
        self._for_others_per_hour = for_others_per_hour
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def unlock(self, call: ToolCall, caller: ActingCaller, account: Account) -> str:
        """Unlocks the account, where that is what was asked for."""
        if not _asked(UNLOCK, call):
            return wording.unlock_explained(account.user, own=account.own)
        return await self._once(UNLOCK, call, caller, account, self._unlock)

    async def reset(self, call: ToolCall, caller: ActingCaller, account: Account) -> str:
        """Has a reset link sent, where that is what was asked for."""
        if not _asked(RESET, call):
            return wording.reset_explained(account.user, own=account.own)
        return await self._once(RESET, call, caller, account, self._reset)

    async def expire(self, call: ToolCall, caller: ActingCaller, account: Account) -> str:
        """Has the password expire, where that is what was asked for."""
        if account.own:
            return wording.not_for_oneself("have a password expire")
        if not _asked(EXPIRE, call):
            return wording.expiry_explained(account.user)
        return await self._once(EXPIRE, call, caller, account, self._expire)

    async def remove_factors(self, call: ToolCall, caller: ActingCaller, account: Account, kind: str) -> str:
        """Removes factors of one kind, or all, where that is what was asked for."""
        if account.own:
            return wording.not_for_oneself("remove factors")
        if not _asked(REMOVE_FACTORS, call):
            return wording.factors_explained(account.user)

        if kind == "all" and is_about_one_factor(request_text(call.agent.messages)):
            enrolled = await self._directory.factors(caller, account.user)
            return wording.which_factor(account.user, [_factor_name(one) for one in enrolled])

        async def remove(caller: ActingCaller, account: Account) -> str:
            return await self._remove_factors(caller, account, kind)

        return await self._once(REMOVE_FACTORS, call, caller, account, remove)

    async def recent_links(self, caller: ActingCaller, user: User, now: datetime) -> list[datetime]:
        """When links were sent within the last hour, newest first."""
        most = max(20, self._resets_per_hour)
        return await self._directory.password_resets(caller, user, since=now - PERIOD, limit=most)

    async def _once(self, act: Act, call: ToolCall, caller: ActingCaller, account: Account, perform: Perform) -> str:
        """Does an act on an account at most once within a turn; asked again, it comes to the same, refusals included.

        All tool calls of a turn share its `invocation_state`.
        """
        turn: dict[str, Any] = call.invocation_state
        done: dict[tuple[str, str], str | HelpdeskError] = turn.setdefault(_DONE_KEY, {})
        key = (act.name, account.user.id)
        async with self._lock(f"person {caller.user.key}"), self._lock(f"account {account.user.id}"):
            if key not in done:
                try:
                    done[key] = await self._refusal(act, caller, account) or await perform(caller, account)
                except HelpdeskError as error:
                    done[key] = error
            outcome = done[key]
        if isinstance(outcome, HelpdeskError):
            raise outcome
        return outcome

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    async def _refusal(self, act: Act, caller: ActingCaller, account: Account) -> str | None:
        """Why nothing is done, whatever the state of the account."""
        if account.user.kind is not AccountKind.PERSON:
            return wording.privileged(act.done, account.user)
        if account.own:
            return None
        now, most = self._directory.now(), self._for_others_per_hour
        made = await self._directory.acts_for_others(caller, since=now - PERIOD, limit=4 * most, kinds=CHANGES)
        if len(made) < most:
            return None
        _log.warning("changes_for_others_throttled", changes=len(made))
        return wording.helped_enough(len(made), made[most - 1].at + PERIOD, now)

    async def _do(
        self, act: Act, caller: ActingCaller, account: Account, effect: Callable[[ActingCaller, User], Awaitable[None]]
    ) -> None:
        """The one place where an account is changed: with the relation asked for again right before."""
        await account.permit.recheck()
        await effect(caller, account.user)
        _log.info("account_changed", act=act.name, user_id=account.user.id, own=account.own, risky=act.risky)

    async def _unlock(self, caller: ActingCaller, account: Account) -> str:
        user, now = account.user, self._directory.now()
        if user.status is not AccountStatus.LOCKED_OUT:
            return wording.not_locked(user, now, own=account.own)
        try:
            await self._do(UNLOCK, caller, account, self._directory.unlock)
        except UpstreamRefused as error:
            if error.reason != "unlock_not_allowed":
                raise
            return wording.no_longer_locked(user, own=account.own)
        return wording.unlocked(user, self._directory.now(), own=account.own)

    async def _reset(self, caller: ActingCaller, account: Account) -> str:
        user, now = account.user, self._directory.now()
        if user.status not in RESETTABLE:
            return wording.not_in_state("reset the password", user, now, own=account.own)
        if user.recovery_email is None:
            return wording.no_recovery_address(user, own=account.own)
        links = await self.recent_links(caller, user, now)
        if len(links) >= self._resets_per_hour:
            _log.warning("password_resets_throttled", user_id=user.id, resets=len(links))
            again_at = links[self._resets_per_hour - 1] + PERIOD
            return wording.throttled(links, again_at, now, user, own=account.own)
        await self._do(RESET, caller, account, self._directory.reset_password)
        return wording.link_sent(user, user.recovery_email, own=account.own)

    async def _expire(self, caller: ActingCaller, account: Account) -> str:
        if account.user.status is not AccountStatus.ACTIVE:
            now = self._directory.now()
            return wording.not_in_state("have the password expire", account.user, now, own=account.own)
        await self._do(EXPIRE, caller, account, self._directory.expire_password)
        return wording.expired(account.user)

    async def _remove_factors(self, caller: ActingCaller, account: Account, kind: str) -> str:
        user = account.user
        if user.status is AccountStatus.DEPROVISIONED:
            return wording.not_in_state("remove factors", user, self._directory.now(), own=account.own)
        enrolled = await self._directory.factors(caller, user)
        wanted = [one for one in enrolled if kind == "all" or one.kind in FACTOR_KINDS[kind]]
        if not wanted:
            return wording.no_such_factor(user, kind)

        async def remove(caller: ActingCaller, user: User) -> None:
            if kind == "all":
                await self._directory.reset_factors(caller, user)
                return
            for place, factor in enumerate(wanted):
                try:
                    await self._directory.remove_factor(caller, user, factor)
                except UpstreamUnavailable as error:
                    unknown = error.outcome_unknown or place > 0  # some are gone by now
                    raise UpstreamUnavailable(error.part, detail=error.detail, outcome_unknown=unknown) from error

        await self._do(REMOVE_FACTORS, caller, account, remove)
        return wording.factors_removed(user, [_factor_name(one) for one in wanted])


def _factor_name(factor: Factor) -> str:
    return _FACTOR_NAMES.get(factor.kind, plain(factor.kind))


def _asked(act: Act, call: ToolCall) -> bool:
    return act.asked(request_text(call.agent.messages))
