"""Unlocking and resetting: which accounts, how often, and once for each request."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

from agents.password_reset import wording
from agents.password_reset.intent import is_asked_for
from shared.authorization import Permitted
from shared.directory import AccountKind, AccountStatus, ActingCaller, DirectoryClient, ToolCall, User, request_text
from shared.errors import HelpdeskError, UpstreamRefused
from shared.telemetry import get_logger

RESETTABLE: Final = frozenset(
    {AccountStatus.ACTIVE, AccountStatus.LOCKED_OUT, AccountStatus.PASSWORD_EXPIRED, AccountStatus.RECOVERY}
)
PERIOD: Final = timedelta(hours=1)
_DONE_KEY: Final = "password_reset.done"

_log = get_logger()


class Resets:
    """Acts on the caller's own account.

    The throttle counts what the directory's own log holds, whoever asked for it and through whichever replica.
    Within this process, acts on one account wait for each other, so that what is counted is up to date.

    Args:
        directory: Where the accounts are.
        per_hour: How many reset links one person may have sent in an hour.
    """

    def __init__(self, directory: DirectoryClient, *, per_hour: int) -> None:
        self._directory = directory
        self._per_hour = per_hour
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def asked_to_unlock(self, call: ToolCall, caller: ActingCaller, permit: Permitted[User]) -> str:
        """Unlocks the account, where that is what was asked for."""
        if not is_asked_for(request_text(call.agent.messages)):
            return wording.unlock_explained()
        return await self._once(call.invocation_state, "unlock", permit.value, lambda: self._unlock(caller, permit))

    async def asked_to_reset(self, call: ToolCall, caller: ActingCaller, permit: Permitted[User]) -> str:
        """Has a reset link sent, where that is what was asked for."""
        if not is_asked_for(request_text(call.agent.messages)):
            return wording.reset_explained(permit.value)
        return await self._once(call.invocation_state, "reset", permit.value, lambda: self._reset(caller, permit))

    async def _once(self, turn: dict[str, Any], act: str, user: User, work: Callable[[], Awaitable[str]]) -> str:
        """Does an act on an account at most once within a turn; asked again, it comes to the same, refusals included.

        `turn` is the turn's `invocation_state`, which all tool calls of the turn share.
        """
        done: dict[tuple[str, str], str | HelpdeskError] = turn.setdefault(_DONE_KEY, {})
        lock = self._locks.setdefault(user.id, asyncio.Lock())
        async with lock:
            if (act, user.id) not in done:
                try:
                    done[act, user.id] = await work()
                except HelpdeskError as error:
                    done[act, user.id] = error
            outcome = done[act, user.id]
        if isinstance(outcome, HelpdeskError):
            raise outcome
        return outcome

    async def _unlock(self, caller: ActingCaller, permit: Permitted[User]) -> str:
        user = permit.value
        if user.kind is not AccountKind.PERSON:
            return wording.privileged("unlocked", user)
        if user.status is not AccountStatus.LOCKED_OUT:
            return wording.not_locked(user, self._directory.now())
        await permit.recheck()
        try:
            await self._directory.unlock(caller, user)
        except UpstreamRefused as error:
            if error.reason != "unlock_not_allowed":
                raise
            return wording.no_longer_locked()
        return wording.unlocked(user, self._directory.now())

    async def _reset(self, caller: ActingCaller, permit: Permitted[User]) -> str:
        user, now = permit.value, self._directory.now()
        if user.kind is not AccountKind.PERSON:
            return wording.privileged("reset", user)
        if user.status not in RESETTABLE:
            return wording.not_resettable(user, now)
        if user.recovery_email is None:
            return wording.no_recovery_address()
        resets = await self.recent(caller, user, now)
        if len(resets) >= self._per_hour:
            _log.warning("password_resets_throttled", user_id=user.id, resets=len(resets))
            return wording.throttled(resets, resets[self._per_hour - 1] + PERIOD, now)
        await permit.recheck()
        await self._directory.reset_password(caller, user)
        return wording.link_sent(user.recovery_email)

    async def recent(self, caller: ActingCaller, user: User, now: datetime) -> list[datetime]:
        """When links were sent within the last hour, newest first."""
        return await self._directory.password_resets(caller, user, since=now - PERIOD, limit=max(20, self._per_hour))
