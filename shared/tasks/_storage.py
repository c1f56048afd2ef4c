"""All that an agent keeps, opened at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.tasks._conversations import SqliteConversationStore
from shared.tasks._database import Database, path_of
from shared.tasks._ledger import SqliteMessageLedger
from shared.tasks._recovery import TaskRecovery
from shared.tasks._retention import Retention
from shared.tasks._store import SqliteTaskStore
from shared.tasks._stream import SqliteTaskEventStream


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores of one agent, over one file."""

    database: Database
    tasks: SqliteTaskStore
    events: SqliteTaskEventStream
    conversations: SqliteConversationStore
    messages: SqliteMessageLedger
    recovery: TaskRecovery

    @classmethod
    def open(
        cls,
        where: str | Path,
        *,
        agent: str,
        retention: Retention | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Opens, and makes if need be, the agent's file.

        Args:
            where: A `sqlite:///` URL, or the file's path.
            agent: The agent's name.
            retention: How long things are kept.
            clock: Seconds since 1970.

        Raises:
            ConfigurationError: if the file cannot be used, or is another agent's.
        """
        database = Database(path_of(where) if isinstance(where, str) else where, agent=agent, clock=clock)
        keep = retention or Retention()
        database.sweep_with(lambda connection: keep.sweep(connection, clock=clock))
        tasks = SqliteTaskStore(database)
        return cls(
            database=database,
            tasks=tasks,
            events=SqliteTaskEventStream(database),
            conversations=SqliteConversationStore(database),
            messages=SqliteMessageLedger(database),
            recovery=TaskRecovery(database, tasks),
        )

    def close(self) -> None:
        """Closes the file."""
        self.database.close()
