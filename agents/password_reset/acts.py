"""What is done to accounts: each act declared, and one way to all of them.

    asked for? → once in a turn → a person's account? → not too many? → in a state for it? → approved? → permitted
    still? → done

The last steps are `_do`: the one place where anything is changed. What a risky act needs between the permission and its
effect (a person's approval, a row in the ledger) is in `risky_acts.py`. Each effect is `_recorded`: that it is about to
happen is on record, or it does not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

from agents.password_reset import act_wording as wording
from agents.password_reset.intent import is_about_expiry, is_about_factors, is_about_one_factor, is_asked_for
from agents.password_reset.risky_acts import Effect, Guard, Prepared, Risk, RiskyAct, on_record
from shared import audit
from shared.agent_loop import to_its_end
from shared.answers import plain
from shared.approval import Approval, By, Entry
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
    account_name,
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
        on_record: What it is in the audit trail.
        risk: What it needs where it takes away what kept strangers out, and cannot be taken back: who approves it.
    """

    name: str
    relation: str
    scope: str
    purpose: str
    done: str
    asked: Callable[[str], bool]
    on_record: audit.Action
    risk: Risk | None = None


UNLOCK: Final = Act(
    "unlock",
    "can_unlock",
    "account:unlock",
    "unlock the account",
    "unlocked",
    asked=is_asked_for,
    on_record=audit.Action.ACCOUNT_UNLOCK,
)
RESET: Final = Act(
    "reset_password",
    "can_reset",
    "password:reset",
    "have a reset link sent",
    "reset",
    asked=is_asked_for,
    on_record=audit.Action.PASSWORD_RESET,
    risk=Risk("Reset password", Approval(By.OWNER), frozenset({ActKind.RESET})),
)
EXPIRE: Final = Act(
    "expire_password",
    "can_expire",
    "password:expire",
    "have the password expire",
    "changed",
    asked=is_about_expiry,
    on_record=audit.Action.PASSWORD_EXPIRE,
)
REMOVE_FACTORS: Final = Act(
    "reset_factors",
    "can_reset_factors",
    "factors:reset",
    "remove factors",
    "changed",
    asked=is_about_factors,
    on_record=audit.Action.FACTORS_RESET,
    # Not by the owner: it is asked for where their phone is lost, or in somebody else's hands.
    risk=Risk(
        "Remove factors",
        Approval(By.SECURITY, four_eyes=True),
        frozenset({ActKind.FACTOR_REMOVED, ActKind.FACTORS_REMOVED}),
    ),
)
ACTS: Final = (UNLOCK, RESET, EXPIRE, REMOVE_FACTORS)

Prepare = Callable[[ActingCaller, Account], Awaitable[Prepared | str]]
"""Looks whether an account is in a state for an act; the act, ready to be done, or why not."""


class Acts:
    """Changes accounts that a call was permitted.

    What is counted stands in the directory's own log, whoever asked for it and through whichever replica. Within this
    process the acts of one person, and those on one account, wait for each other, so that the count is up to date.

    Args:
        directory: Where the accounts are.
        guard: What risky acts go through.
        trail: The record of every change, before and after it.
        resets_per_hour: How many reset links one person may have sent in an hour, by whomever.
        for_others_per_hour: How many changes one person may have made to accounts of others in an hour.
    """

    def __init__(
        self,
        directory: DirectoryClient,
        guard: Guard,
        trail: audit.Trail,
        *,
        resets_per_hour: int,
        for_others_per_hour: int,
    ) -> None:
        self._directory = directory
        self._guard = guard
        self._trail = trail
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

        act = REMOVE_FACTORS if kind == "all" else replace(REMOVE_FACTORS, on_record=audit.Action.FACTOR_REMOVE)

        async def remove(caller: ActingCaller, account: Account) -> Prepared | str:
            return await self._remove_factors(act, caller, account, kind)

        return await self._once(act, call, caller, account, remove)

    async def recent_links(self, caller: ActingCaller, user: User, now: datetime) -> list[datetime]:
        """When links were sent within the last hour, newest first."""
        most = max(20, self._resets_per_hour)
        return await self._directory.password_resets(caller, user, since=now - PERIOD, limit=most)

    async def _once(self, act: Act, call: ToolCall, caller: ActingCaller, account: Account, prepare: Prepare) -> str:
        """Does an act on an account at most once within a turn; asked again, it comes to the same, refusals included.

        All tool calls of a turn share its `invocation_state`.
        """
        turn: dict[str, Any] = call.invocation_state
        done: dict[tuple[str, str], str | HelpdeskError] = turn.setdefault(_DONE_KEY, {})
        key = (act.name, account.user.id)
        async with self._lock(f"person {caller.user.key}"), self._lock(f"account {account.user.id}"):
            if key not in done:
                try:
                    done[key] = await self._course(act, call, caller, account, prepare)
                except HelpdeskError as error:
                    done[key] = error
            outcome = done[key]
        if isinstance(outcome, HelpdeskError):
            raise outcome
        return outcome

    async def _course(self, act: Act, call: ToolCall, caller: ActingCaller, account: Account, prepare: Prepare) -> str:
        """An act from its guards to its effect."""

        async def prepared() -> Prepared | str:
            return await self._refusal(act, caller, account) or await prepare(caller, account)

        async def perform(ready: Prepared, approved: Entry | None) -> str:
            return await self._do(act, caller, account, ready, approved)

        if act.risk is not None:
            risky = RiskyAct(act.name, act.purpose, act.risk, call, caller, account, act.on_record)
            return await self._guard.carry_out(risky, prepared, perform)
        ready = await prepared()
        if isinstance(ready, str):
            return ready
        await account.permit.recheck()
        return await to_its_end(call, perform(ready, None))

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
        self, act: Act, caller: ActingCaller, account: Account, ready: Prepared, approved: Entry | None
    ) -> str:
        """The one place where an account is changed: right after the relation was asked for again.

        Args:
            act: Which act.
            caller: For whom.
            account: On which account.
            ready: What it does, and what is said then.
            approved: The action in the ledger, where a person approved it.
        """
        with audit.acting_under(on_record(approved)):
            words = await ready.effect(caller, account.user, approved)
        _log.info(
            "account_changed",
            act=act.name,
            user_id=account.user.id,
            own=account.own,
            action=approved.id if approved is not None else None,
        )
        return words or ready.told

    def _recorded(
        self, act: Act, change: Callable[[ActingCaller, User], Awaitable[str]], *, place: int = 0, **details: str
    ) -> Callable[[ActingCaller, User, Entry | None], Awaitable[None]]:
        """A change of an account, with a record before and after it.

        What was approved has the act id that the ledger gives it, so that whoever settles it can name it.
        """

        async def effect(caller: ActingCaller, user: User, approved: Entry | None) -> None:
            event = audit.Event(
                action=act.on_record,
                outcome=audit.Outcome.ATTEMPTED,
                who=audit.Who.of(caller.user),
                tool=act.name,
                resource=account_name(user),
                act=approved.act(place) if approved is not None else "",
                details=details,
            )
            await audit.recorded(self._trail, event, lambda: change(caller, user))

        return effect

    async def _unlock(self, _: ActingCaller, account: Account) -> Prepared | str:
        user, now = account.user, self._directory.now()
        if user.status is not AccountStatus.LOCKED_OUT:
            return wording.not_locked(user, now, own=account.own)

        async def unlock(caller: ActingCaller, user: User, approved: Entry | None) -> str | None:
            try:
                await self._recorded(UNLOCK, self._directory.unlock)(caller, user, approved)
            except UpstreamRefused as error:
                if error.reason != "unlock_not_allowed":
                    raise
                return wording.no_longer_locked(user, own=account.own)
            return None

        return Prepared(unlock, wording.unlocked(user, now, own=account.own))

    async def _reset(self, caller: ActingCaller, account: Account) -> Prepared | str:
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
        told = wording.link_sent(user, user.recovery_email, own=account.own)
        return Prepared(self._recorded(RESET, self._directory.reset_password), told)

    async def _expire(self, _: ActingCaller, account: Account) -> Prepared | str:
        if account.user.status is not AccountStatus.ACTIVE:
            now = self._directory.now()
            return wording.not_in_state("have the password expire", account.user, now, own=account.own)
        return Prepared(self._recorded(EXPIRE, self._directory.expire_password), wording.expired(account.user))

    async def _remove_factors(self, act: Act, caller: ActingCaller, account: Account, kind: str) -> Prepared | str:
        user = account.user
        if user.status is AccountStatus.DEPROVISIONED:
            return wording.not_in_state("remove factors", user, self._directory.now(), own=account.own)
        enrolled = await self._directory.factors(caller, user)
        wanted = [one for one in enrolled if kind == "all" or one.kind in FACTOR_KINDS[kind]]
        if not wanted:
            return wording.no_such_factor(user, kind)

        async def remove(caller: ActingCaller, user: User, approved: Entry | None) -> None:
            if kind == "all":
                await self._recorded(act, self._directory.reset_factors)(caller, user, approved)
                return
            for place, factor in enumerate(wanted):
                try:
                    await self._remove_factor(act, factor, place)(caller, user, approved)
                except UpstreamUnavailable as error:
                    unknown = error.outcome_unknown or place > 0  # some are gone by now
                    raise UpstreamUnavailable(error.part, detail=error.detail, outcome_unknown=unknown) from error

        names = [_factor_name(one) for one in wanted]
        return Prepared(
            remove,
            wording.factors_removed(user, names),
            parameters={"factors": " ".join(sorted(one.id for one in wanted)), "kind": kind},
            shown={"Factors": ", ".join(names)},
            effects=1 if kind == "all" else len(wanted),
        )

    def _remove_factor(self, act: Act, factor: Factor, place: int) -> Effect:
        async def change(caller: ActingCaller, user: User) -> str:
            return await self._directory.remove_factor(caller, user, factor)

        return self._recorded(act, change, place=place, factor=factor.id)


def _factor_name(factor: Factor) -> str:
    return _FACTOR_NAMES.get(factor.kind, plain(factor.kind))


def _asked(act: Act, call: ToolCall) -> bool:
    return act.asked(request_text(call.agent.messages))
