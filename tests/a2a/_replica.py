"""One replica of an agent in a process of its own, which says its words one by one.

`count N` says N numbers, fifty a second; `think N` says nothing for ever, and counts where it is asked again.
"""

import asyncio
import multiprocessing
import socket
from multiprocessing.connection import Connection
from typing import Any, Self

import uvicorn
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Part, Task, TaskState, TaskStatusUpdateEvent

from shared.a2a import (
    ASK_AGAIN_KEY,
    Anonymous,
    Caller,
    HopSecurity,
    Limits,
    Skill,
    create_agent_app,
    create_card,
)
from shared.identity import RawToken
from shared.postgres import Migration
from shared.tasks import ABANDONED, open_storage, status_event
from shared.tasks.postgres import PostgresDatabase, PostgresStorage, _presence, _storage
from shared.tasks.postgres._schema import MIGRATIONS
from shared.testing import make_principal

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.approval._agent_that_dies", "tests.approval._worker"])  # as other tests have it
ADDED = Migration("ALTER TABLE tasks ADD COLUMN note text NOT NULL DEFAULT ''; CREATE TABLE notes ()", works_with=1)
CALLER = Caller(user=make_principal(), agent=None, user_token=RawToken("token"))


class Counts(AgentExecutor):
    """Counts as far as it is told to."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        if context.current_task is None:
            await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        await updater.start_work()
        word, _, most = context.get_user_input().partition(" ")
        if word == "think" and not context.message.message_id.endswith(":again"):
            await asyncio.Event().wait()
        for number in range(int(most)):
            await updater.add_artifact([Part(text=f"{number} ")], artifact_id="answer", append=number > 0)
            await asyncio.sleep(0.02)
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, str(context.task_id), str(context.context_id)).cancel()

    async def rescue(self, task: Task) -> TaskStatusUpdateEvent:
        """It never changes anything."""
        event = status_event(task, TaskState.TASK_STATE_FAILED, ABANDONED)
        event.metadata.update({ASK_AGAIN_KEY: True})
        return event


class NextRelease(PostgresDatabase):
    """The tables as a release after this one makes them."""

    @classmethod
    def open(cls, url: str, **more: Any) -> Self:
        return super().open(url, migrations=(*MIGRATIONS, ADDED), **more)


def work(database_url: str, public_url: str, told: Connection, is_newer: bool) -> None:
    """Serves the agent until it is killed; tells its port once it can work."""
    if is_newer:
        _storage.PostgresDatabase = NextRelease  # type: ignore[attr-defined]
    _presence.GRACE_SECONDS = 0.5  # type: ignore[misc]  # a killed process is known to be dead sooner than in earnest
    PostgresStorage.caretaking_seconds = 0.2
    skill = Skill("count", "Count", "Counts.", ("count",), scopes=("numbers:read",))
    app = create_agent_app(
        executor=Counts(),
        card=create_card(
            name="account_lookup",
            description="Counts.",
            url=public_url,
            skills=[skill],
            security=HopSecurity("https://issuer.example/"),
        ),
        entry=Anonymous(CALLER),
        storage=open_storage(database_url, agent="account_lookup"),
        limits=Limits(user_requests_per_minute=100_000),
    )
    listening = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 -- uvicorn's own flag
            await asyncio.sleep(0.01)
        told.send(listening.getsockname()[1])
        await serving

    asyncio.run(serve())


class Replica:
    """A process that serves the agent, and can be killed.

    Args:
        database_url: Where it keeps its tasks.
        public_url: Where its card says that it is.
        is_newer: Whether it is of a release after this one.
    """

    def __init__(self, database_url: str, public_url: str, *, is_newer: bool = False) -> None:
        self._told, told = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=work, args=(database_url, public_url, told, is_newer), daemon=True)
        self._process.start()
        self.port = 0

    async def started(self) -> None:
        """Until it can work."""
        self.port = await asyncio.to_thread(self._told.recv)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.join()
