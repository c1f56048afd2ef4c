"""Deletes what is old from an audit trail, now and then."""

import asyncio
from typing import Final

from shared.audit import AuditTrail
from shared.errors import AuditUnavailable
from shared.telemetry import get_logger

EVERY_SECONDS: Final = 3600.0

_log = get_logger()


class Expiry:
    """Looks once an hour, and at the start, for records that are older than they are kept.

    Args:
        trail: The record.
        days: For how many days it is kept; for good, without it.
    """

    def __init__(self, trail: AuditTrail, days: float | None) -> None:
        self._trail = trail
        self._days = days
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts looking, where anything is ever to go."""
        if self._days is not None:
            self._work = asyncio.create_task(self._run(self._days), name="audit-expiry")

    async def aclose(self) -> None:
        """Stops."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _run(self, days: float) -> None:
        while True:
            try:
                deleted = await self._trail.expire(days=days)
            except AuditUnavailable as error:
                _log.warning("audit_not_expired", detail=error.detail)
            except Exception:  # noqa: BLE001 -- one bad round must not end the rounds
                _log.exception("audit_not_expired")
            else:
                if deleted:
                    _log.info("audit_expired", records=deleted)
            await asyncio.sleep(EVERY_SECONDS)
