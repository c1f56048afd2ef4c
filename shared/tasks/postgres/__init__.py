"""Tasks, events and conversations in PostgreSQL, for several replicas of an agent."""

from shared.tasks.postgres._conversations import PostgresConversationStore
from shared.tasks.postgres._database import CONNECTIONS, PostgresDatabase
from shared.tasks.postgres._lanes import Rows, Statement
from shared.tasks.postgres._retention import sweep
from shared.tasks.postgres._schema import RELEASE
from shared.tasks.postgres._storage import PostgresStorage

__all__ = [
    "CONNECTIONS",
    "RELEASE",
    "PostgresConversationStore",
    "PostgresDatabase",
    "PostgresStorage",
    "Rows",
    "Statement",
    "sweep",
]
