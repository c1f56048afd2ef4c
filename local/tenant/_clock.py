"""Time, as a value that is handed in."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Seconds since the epoch."""


def iso(seconds: float) -> str:
    """A time as Auth0 writes it: `2026-11-23T22:26:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
