"""What the server is started with, and the ways to fail that tests switch on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from local.fga._access import Access, Anybody


@dataclass
class Faults:
    """How the API fails right now. Everything is off by default; a test changes the fields while the app runs.

    Attributes:
        delay: Seconds before each answer.
        away: Every call is answered 503.
        body: Every call is answered 200 with these bytes instead of what was asked for.
    """

    delay: float = 0.0
    away: bool = False
    body: bytes | None = None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FgaConfig:
    """What `create_app` needs.

    Attributes:
        folder: Where the database is kept; made private.
        access: Who may call.
        hosts: Names that the `Host` header may have besides loopback ones.
        clock: Tells the time, with its offset.
        faults: Ways to fail.
        inline_expressions: Whether a tuple may bring a condition of its own, which OpenFGA calls experimental.
    """

    folder: Path
    access: Access = field(default_factory=Anybody)
    hosts: frozenset[str] = frozenset()
    clock: Callable[[], datetime] = _now
    faults: Faults = field(default_factory=Faults)
    inline_expressions: bool = False
