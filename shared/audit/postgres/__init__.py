"""An audit trail in PostgreSQL, for several replicas of an agent: appended to by the agent, kept by another role."""

from shared.audit.postgres._keeping import Swept, prepare, sweep
from shared.audit.postgres._store import PostgresAuditStore, trails_in

__all__ = ["PostgresAuditStore", "Swept", "prepare", "sweep", "trails_in"]
