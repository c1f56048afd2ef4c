"""What all that is kept in PostgreSQL shares: how it is reached, and how its tables change while older releases run."""

from shared.postgres._connections import RETRY_SECONDS, connect, first_line, session, with_defaults
from shared.postgres._migrations import Migration, lock_class, migrate, require

__all__ = [
    "RETRY_SECONDS",
    "Migration",
    "connect",
    "first_line",
    "lock_class",
    "migrate",
    "require",
    "session",
    "with_defaults",
]
