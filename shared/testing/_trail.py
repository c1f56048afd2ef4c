"""A record that is kept in memory, and a key for one on the disk."""

from collections.abc import Callable
from functools import cache

from shared.audit import Event, SealingKey
from shared.errors import AuditUnavailable
from shared.identity import RawToken


class KeptTrail:
    """Keeps events, as an audit trail does; with nothing written anywhere.

    Attributes:
        events: All that were recorded, in order.
        away: Whether nothing can be recorded.
        on_record: Called with each event that is waited for, before it is kept.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = False
        self.on_record: Callable[[Event], None] = lambda _: None

    async def record(self, event: Event) -> None:
        """See `shared.audit.Trail`."""
        self.on_record(event)
        self.note(event)

    def note(self, event: Event) -> None:
        """See `shared.audit.Trail`."""
        if self.away:
            raise AuditUnavailable(detail="away")
        self.events.append(event)

    def name_of(self, token: RawToken) -> str:
        """See `shared.audit.Trail`."""
        return token.fingerprint(b"kept trail")


@cache
def audit_key() -> str:
    """A key that seals audit trails, made for this process, in PEM."""
    return SealingKey.generate().private_pem()
