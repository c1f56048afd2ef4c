"""password_reset in a process of its own, which kills itself at a named point: composed as its `app.py` does it.

What kills it are wrappers around its HTTP client, its ledger and its store of tasks; the agent knows nothing of them.
"""

import os
import signal
from collections.abc import Callable, Collection
from typing import Any

import httpx
import uvicorn
from a2a.server.cluster import TaskVersion
from a2a.server.context import ServerCallContext
from a2a.types import Task, TaskState, TaskStatusUpdateEvent
from starlette.applications import Starlette

from agents.password_reset import app as composition
from agents.password_reset import approvals, risky_acts
from agents.password_reset.settings import PasswordResetSettings
from shared.a2a import KEEP_ALIVE_SECONDS
from shared.approval import ActionLedger, Entry, Limits, State, open_ledger
from shared.http import create_http_client
from shared.tasks import Event, Storage, open_storage
from shared.tasks.postgres import PostgresStorage, _presence
from shared.telemetry import configure_logging

SETTLED_SECONDS = 1.0

POINTS = (
    *(
        f"{step}, {when}"
        for step in ("open", "requested", "approved", "acting", "done")
        for when in ("before", "after")
    ),
    "the person is asked, before",
    "the person is asked, after",
    "the answer is asked for, before",
    "the answer has come, after",
    "the directory acts, before",
    "the directory acts, after",
    "the task waits, before",
    "the task waits, after",
    "the task goes on, after",
    "the task is told, before",
    "the task is told, after",
)


class Trap:
    """Kills this process at a point, the first time that it comes there."""

    def __init__(self, point: str | None) -> None:
        self._point = point

    def reached(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class TrappedLedger:
    """The ledger, with a trap before and after each step."""

    def __init__(self, ledger: ActionLedger, trap: Trap) -> None:
        self._ledger = ledger
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def open(self, entry: Entry, limits: Limits) -> Any:
        self._trap.reached("open, before")
        opened = await self._ledger.open(entry, limits)
        self._trap.reached("open, after")
        return opened

    async def move(self, entry_id: str, before: Collection[State], after: State, **values: float | str) -> bool:
        step = after != State.REQUESTED or State.ASKING in before  # a row that is put off stays where it is
        self._trap.reached(f"{after}, before" if step else "")
        moved = await self._ledger.move(entry_id, before, after, **values)
        self._trap.reached(f"{after}, after" if step else "")
        return moved


class TrappedTasks:
    """The store of tasks, with a trap before and after the states that somebody is told of."""

    def __init__(self, tasks: Any, trap: Trap) -> None:
        self._tasks = tasks
        self._trap = trap
        self._staged = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tasks, name)

    async def stage(
        self, task: Task, *, event: Event | None, prev_version: TaskVersion, context: ServerCallContext
    ) -> TaskVersion:
        step = ""
        if isinstance(event, TaskStatusUpdateEvent) and event.status.state == TaskState.TASK_STATE_AUTH_REQUIRED:
            step = "the task waits"
        elif isinstance(event, TaskStatusUpdateEvent) and event.status.state == TaskState.TASK_STATE_COMPLETED:
            step = "the task is told"
        elif event is task and len(task.history) > 1:
            step = "the task goes on"
        self._trap.reached(f"{step}, before")
        self._staged = step
        version: TaskVersion = await self._tasks.stage(task, event=event, prev_version=prev_version, context=context)
        return version

    async def committed(self) -> None:
        await self._tasks.committed()
        self._trap.reached(f"{self._staged}, after")


class TrappedTransport(httpx.AsyncBaseTransport):
    """What goes out, with a trap before each request and after its answer."""

    def __init__(self, transport: httpx.AsyncBaseTransport, trap: Trap) -> None:
        self._transport = transport
        self._trap = trap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step, path = "", request.url.path
        if path == "/bc-authorize":
            step = "the person is asked"
        elif path == "/oauth/token" and b"grant-type%3Aciba" in request.content:
            step = "the answer is asked for"
        elif "/lifecycle/" in path:
            step = "the directory acts"
        self._trap.reached(f"{step}, before")
        response = await self._transport.handle_async_request(request)
        self._trap.reached(f"{step}, after")
        if step == "the answer is asked for" and response.status_code == httpx.codes.OK:
            self._trap.reached("the answer has come, after")
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def opening(trap: Trap) -> Callable[..., Storage]:
    """Opens an agent's storage, with the trap around its tasks."""

    def opened(url: str, *, agent: str) -> Storage:
        storage = open_storage(url, agent=agent)
        object.__setattr__(storage, "tasks", TrappedTasks(storage.tasks, trap))
        return storage

    return opened


def serve_here(app: Starlette, port: int) -> None:
    """Serves an agent until it is killed."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


def serve(settings: dict[str, Any], point: str | None) -> None:
    """Serves the agent until it is killed."""
    configure_logging(level="ERROR", log_format="json")
    trap = Trap(point)

    # The agent's own composition, over these: there is no way in for them in what runs in production.
    vars(approvals)["open_ledger"] = lambda storage: TrappedLedger(open_ledger(storage), trap)
    vars(composition)["open_storage"] = opening(trap)
    vars(risky_acts)["SETTLED_SECONDS"] = SETTLED_SECONDS
    # A killed process is known to be dead sooner than in earnest.
    vars(_presence)["GRACE_SECONDS"] = 0.5
    PostgresStorage.caretaking_seconds = 0.2
    http = create_http_client()
    http._transport = TrappedTransport(http._transport, trap)
    loaded = PasswordResetSettings.load(**settings)
    serve_here(composition.create_app(loaded, http=http), loaded.port)
