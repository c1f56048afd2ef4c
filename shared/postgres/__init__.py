"""What all that is kept in PostgreSQL shares: how it is reached, and how its tables change while older releases run."""

from shared.postgres._connections import RETRY_SECONDS, adapters, connect, first_line, has_news, session, with_defaults
from shared.postgres._look import Look, look, looked, migrations_of, role_of
from shared.postgres._migrations import Migration, lock_class, migrate, require

__all__ = [
    "RETRY_SECONDS",
    "Look",
    "Migration",
    "adapters",
    "connect",
    "first_line",
    "has_news",
    "lock_class",
    "look",
    "looked",
    "migrate",
    "migrations_of",
    "require",
    "role_of",
    "session",
    "with_defaults",
]
