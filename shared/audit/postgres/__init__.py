"""An audit trail in PostgreSQL, for several replicas of an agent: appended to by the agent, kept by another role."""

from shared.audit.postgres._keeping import Swept, prepare, sweep
from shared.audit.postgres._look import CONNECTIONS, TrailLook, look_at_trail
from shared.audit.postgres._store import PostgresAuditStore, trails_in
from shared.audit.postgres._tables import RELEASE

__all__ = [
    "CONNECTIONS",
    "RELEASE",
    "PostgresAuditStore",
    "Swept",
    "TrailLook",
    "look_at_trail",
    "prepare",
    "sweep",
    "trails_in",
]
