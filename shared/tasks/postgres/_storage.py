"""All that an agent keeps in PostgreSQL, opened at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from shared.tasks._retention import Retention
from shared.tasks._storage import Storage
from shared.tasks.postgres._conversations import PostgresConversationStore
from shared.tasks.postgres._database import START_SECONDS, PostgresDatabase
from shared.tasks.postgres._ledger import PostgresMessageLedger
from shared.tasks.postgres._presence import Presence
from shared.tasks.postgres._push import PostgresPushStore
from shared.tasks.postgres._recovery import PostgresTaskRecovery
from shared.tasks.postgres._retention import sweep
from shared.tasks.postgres._store import PostgresTaskStore
from shared.tasks.postgres._stream import PostgresTaskEventStream


@dataclass(frozen=True, slots=True)
class PostgresStorage(Storage):
    """The stores of one agent, over its schema of a database."""

    database: PostgresDatabase
    presence: Presence
    caretaking_seconds = 3.0

    @classmethod
    def open(
        cls,
        url: str,
        *,
        agent: str,
        retention: Retention | None = None,
        clock: Callable[[], float] = time.time,
        patience: float = START_SECONDS,
    ) -> Self:
        """Connects, and brings the tables up to date.

        Args:
            url: `postgresql://` with host and database, as libpq takes it.
            agent: The agent's name.
            retention: How long things are kept.
            clock: Seconds since 1970.
            patience: For how many seconds to wait for a server that is away.

        Raises:
            ConfigurationError: if the database cannot be used.
        """
        database = PostgresDatabase.open(url, agent=agent, clock=clock, patience=patience)
        keep = retention or Retention()
        database.sweep_with(lambda: sweep(database, keep))
        tasks = PostgresTaskStore(database)
        presence = Presence(database)
        return cls(
            tasks=tasks,
            events=PostgresTaskEventStream(database),
            conversations=PostgresConversationStore(database),
            messages=PostgresMessageLedger(database, tasks, presence),
            recovery=PostgresTaskRecovery(database, tasks, presence),
            push=PostgresPushStore(database),
            database=database,
            presence=presence,
        )

    @property
    def replicas(self) -> int:
        """See `Storage`; looked at whenever tasks are taken care of."""
        return self.presence.living

    def watch_others(self, watcher: Callable[[str | None], None]) -> None:
        """See `Storage`."""
        self.database.watch(watcher, own=False)

    async def start(self) -> None:
        """Connects for good."""
        await self.database.start()

    async def aclose(self) -> None:
        """Closes all connections."""
        await self.database.aclose()
