"""Tasks, events and conversations that outlive the process."""

from shared.tasks._conversations import ConversationStore, SqliteConversationStore
from shared.tasks._database import Database
from shared.tasks._events import INTERRUPTED_STATES, TERMINAL_STATES, Event, apply_event
from shared.tasks._ids import new_task_id
from shared.tasks._ledger import MessageLedger, SqliteMessageLedger
from shared.tasks._open import open_storage
from shared.tasks._push import DuePush, PushConfig, PushStore, SqlitePushStore
from shared.tasks._recovery import ABANDONED, Rescue, SqliteTaskRecovery, TaskRecovery, status_event
from shared.tasks._retention import Retention
from shared.tasks._storage import SqliteStorage, Storage
from shared.tasks._store import AgentTaskStore, RowVersion, SqliteTaskStore, resolve_owner
from shared.tasks._stream import SqliteTaskEventStream

__all__ = [
    "ABANDONED",
    "INTERRUPTED_STATES",
    "TERMINAL_STATES",
    "AgentTaskStore",
    "ConversationStore",
    "Database",
    "DuePush",
    "Event",
    "MessageLedger",
    "PushConfig",
    "PushStore",
    "Rescue",
    "Retention",
    "RowVersion",
    "SqliteConversationStore",
    "SqliteMessageLedger",
    "SqlitePushStore",
    "SqliteStorage",
    "SqliteTaskEventStream",
    "SqliteTaskRecovery",
    "SqliteTaskStore",
    "Storage",
    "TaskRecovery",
    "apply_event",
    "new_task_id",
    "open_storage",
    "resolve_owner",
    "status_event",
]
