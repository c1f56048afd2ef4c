"""One coroutine in each process that looks after all rows that wait, whoever made them."""

import asyncio
from collections.abc import Callable
from typing import Final

from shared.approval._asking import RETRY_SECONDS, Asking
from shared.approval._ledger import ActionLedger, Entry, State
from shared.telemetry import get_logger

AT_ONCE: Final = 8
LEASE_SECONDS: Final = 30.0
"""Longer than a step can take: three attempts of five seconds each, and the pauses between them."""

LONGEST_SLEEP_SECONDS: Final = 5.0
"""So that rows of another process that died are found."""

SHORTEST_SLEEP_SECONDS: Final = 0.05
GOOD_FOR_SECONDS: Final = 300.0
"""For how long an approval may be acted upon."""

SWEEP: Final = 100

_log = get_logger()


class Poller:
    """Polls for all rows that wait, at the server's pace and at most `AT_ONCE` at a time.

    It holds nothing in memory: a row is leased while it is looked at, and whoever starts next goes on with it.

    Args:
        ledger: The rows.
        asking: Takes one a step on.
        clock: Seconds since the epoch.
    """

    def __init__(self, ledger: ActionLedger, asking: Asking, *, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._asking = asking
        self._clock = clock
        self._woken = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts looking."""
        if self._work is None:
            self._work = asyncio.create_task(self._run(), name="approvals")

    def wake(self) -> None:
        """Says that there is a new row."""
        self._woken.set()

    async def aclose(self) -> None:
        """Stops; what is under way is another process's to go on with, or the next one's."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            self._work = None

    async def _run(self) -> None:
        while True:
            try:
                looked = await self.round()
                pause = SHORTEST_SLEEP_SECONDS if looked else await self._pause()
            except Exception:  # noqa: BLE001 -- one bad round must not end the rounds
                _log.exception("approvals_not_looked_after")
                pause = LONGEST_SLEEP_SECONDS
            self._woken.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def round(self) -> int:
        """Looks at what is due now; how many rows there were."""
        due = [entry for entry in await self._ledger.due(AT_ONCE) if await self._ledger.lease(entry, LEASE_SECONDS)]
        await asyncio.gather(*(self._step(entry) for entry in due))
        for entry in await self._ledger.overdue(self._clock() - GOOD_FOR_SECONDS, SWEEP):
            if await self._ledger.move(entry.id, {State.APPROVED}, State.EXPIRED, reason="not_used"):
                _log.warning("approval_not_used", action=entry.id, token_id=entry.token_id)
        return len(due)

    async def _pause(self) -> float:
        soonest = await self._ledger.soonest()
        if soonest is None:
            return LONGEST_SLEEP_SECONDS
        return min(max(soonest - self._clock(), SHORTEST_SLEEP_SECONDS), LONGEST_SLEEP_SECONDS)

    async def _step(self, entry: Entry) -> None:
        try:
            await self._asking.step(entry)
        except Exception:  # noqa: BLE001 -- one row that cannot be looked at must not stop the others
            _log.exception("approval_step_failed", action=entry.id)
            later = self._clock() + RETRY_SECONDS
            await self._ledger.move(entry.id, {entry.state}, entry.state, next_poll_at=min(later, entry.deadline))
