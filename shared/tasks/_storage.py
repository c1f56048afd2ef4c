"""All that an agent keeps, opened at once."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from a2a.server.cluster import TaskEventStream

from shared.tasks._conversations import ConversationStore, SqliteConversationStore
from shared.tasks._database import Database, path_of
from shared.tasks._ledger import MessageLedger, SqliteMessageLedger
from shared.tasks._push import PushStore, SqlitePushStore
from shared.tasks._recovery import SqliteTaskRecovery, TaskRecovery
from shared.tasks._retention import Retention
from shared.tasks._store import AgentTaskStore, SqliteTaskStore
from shared.tasks._stream import SqliteTaskEventStream


@dataclass(frozen=True, slots=True)
class Storage(ABC):
    """The stores of one agent, over one database.

    Attributes:
        push: Who is told of tasks by push notification; None where that is not kept.
        caretaking_seconds: How often to look for tasks that nobody will finish.
    """

    tasks: AgentTaskStore
    events: TaskEventStream
    conversations: ConversationStore
    messages: MessageLedger
    recovery: TaskRecovery
    push: PushStore | None

    caretaking_seconds: ClassVar[float]

    @property
    def replicas(self) -> int:
        """How many processes of the agent share the database, as far as is known now."""
        return 1

    def watch_others(self, watcher: Callable[[str | None], None]) -> None:  # noqa: B027 -- what does not tell is looked at
        """Has `watcher` called with the id of a task that another process has changed; `None` where it may be any.

        A hint, where the database gives one: who depends on it looks by themselves as well.
        """

    @abstractmethod
    async def start(self) -> None:
        """Begins to look after the database; to be awaited before anything else is."""

    @abstractmethod
    async def aclose(self) -> None:
        """Ends that, and closes the database."""


@dataclass(frozen=True, slots=True)
class SqliteStorage(Storage):
    """The stores of one agent, over one file."""

    database: Database
    caretaking_seconds = 30.0

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
            tasks=tasks,
            events=SqliteTaskEventStream(database),
            conversations=SqliteConversationStore(database),
            messages=SqliteMessageLedger(database),
            recovery=SqliteTaskRecovery(database, tasks),
            push=SqlitePushStore(database),
            database=database,
        )

    async def start(self) -> None:
        """Starts the thread that looks after the file."""
        self.database.start()

    async def aclose(self) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self.database.close()
