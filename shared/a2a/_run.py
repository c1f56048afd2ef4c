"""A task that is being worked on in this process.

The executor's events are applied, stored and told to those who listen as they come, without queues in between: its
`enqueue_event` returns when the event is written, and durable where anybody is told of it. A run lives as long as the
executor works; a task that waits for somebody holds no memory, and the next message picks it up from the store.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Final

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.cluster import (
    ConcurrentTaskModificationError,
    StoredTask,
    TaskEventStream,
    TaskVersion,
    VersionedEvent,
)
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.types import Message, Task, TaskArtifactUpdateEvent, TaskState, TaskStatusUpdateEvent
from a2a.utils.errors import (
    A2AError,
    InternalError,
    InvalidAgentResponseError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)

from shared.a2a._context import name_state_in_log
from shared.a2a._listener import Listener
from shared.a2a._turn import Turn
from shared.errors import HelpdeskError, TooManyRequests, UpstreamUnavailable
from shared.tasks import (
    INTERRUPTED_STATES,
    TERMINAL_STATES,
    AgentTaskStore,
    Event,
    apply_event,
    resolve_owner,
    status_event,
)
from shared.telemetry import bind_ids, get_logger, metrics

FAILED: Final = "Something went wrong on our side, so this could not be finished."
UNFINISHED: Final = "The agent ended without an answer."
TOO_LONG: Final = "This took too long and was stopped. Please ask again."
STOPPED: Final = "The agent was stopped before this was finished. Please ask again."
MAX_TURNS: Final = 4
CANCEL_SECONDS: Final = 5.0

_log = get_logger()


class Run:
    """Works on one task, message by message; where another process does, a message waits for that to be through.

    `is_elsewhere` says that it waits so: the task is the other's until then.

    Args:
        task_id: The task.
        context_id: Its context.
        executor: The agent.
        store: Where tasks are kept.
        events: Where other processes learn of events.
        call_context: Of the message that began it: the owner's.
        stored: The task as it was read, if it exists.
        working_seconds: How long the executor may work on one message.
        on_begin: Called when a new task is stored, or will not be.
        on_end: Called when the last turn has ended.
    """

    def __init__(
        self,
        task_id: str,
        context_id: str,
        *,
        executor: AgentExecutor,
        store: AgentTaskStore,
        events: TaskEventStream,
        call_context: ServerCallContext,
        stored: StoredTask | None,
        working_seconds: float,
        on_begin: Callable[["Run"], None],
        on_end: Callable[["Run"], None],
    ) -> None:
        self.task_id = task_id
        self.context_id = context_id
        self.task: Task | None = stored.task if stored else None
        self.owner = resolve_owner(call_context)
        self.reply: Message | None = None
        self.turns: dict[str, Turn] = {}
        self.is_elsewhere = not (self.task is None or self._is_settled())
        self._version = stored.version if stored else TaskVersion.MISSING
        self._executor = executor
        self._store = store
        self._events = events
        self._call_context = call_context
        self._working_seconds = working_seconds
        self._on_begin = on_begin
        self._on_end = on_end
        self._has_begun = stored is not None
        self._listeners: set[Listener] = set()
        self._applying = asyncio.Lock()
        self._turn: Turn | None = None
        self._stopped_with: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the task has ended, or was answered without one."""
        return self.reply is not None or (self.task is not None and self.task.status.state in TERMINAL_STATES)

    def snapshot(self) -> Task:
        """The task as it is now, as the reader's own."""
        copy = Task()
        if self.task is not None:
            copy.CopyFrom(self.task)
        return copy

    def listen(self) -> Listener:
        """Events from now on, until the run ends."""
        listener = Listener()
        self._listeners.add(listener)
        return listener

    async def join(self) -> tuple[Listener, Task | None]:
        """The task as it is now, if there is one yet, and each event after that: none is in both, or in neither."""
        async with self._applying:
            await self._make_durable()
            listener = self.listen()
            if not self.turns:  # it has ended meanwhile
                listener.end()
            return listener, self.snapshot() if self.task is not None else None

    def leave(self, listener: Listener) -> None:
        """The reader has gone."""
        self._listeners.discard(listener)

    def submit(self, context: RequestContext, *, at_once: bool = False, streaming: bool = False) -> Turn:
        """Has the executor work on a message, after those that came before it.

        Raises:
            TooManyRequests: if too many wait already.
        """
        if len(self.turns) >= MAX_TURNS:
            raise TooManyRequests("The task has too many messages waiting; let it finish first.")
        listener = self.listen() if streaming else None
        loop = asyncio.get_running_loop()
        begun = loop.create_future() if at_once else None
        turn = Turn(context, begun, loop.create_future(), listener, self.leave)
        before = [other.work for other in self.turns.values() if other.work is not None]
        self.turns[context.message.message_id if context.message else ""] = turn
        turn.work = asyncio.create_task(self._work(turn, before), name=f"run:{self.task_id}")
        return turn

    async def _work(self, turn: Turn, before: "list[asyncio.Task[None]]") -> None:
        try:
            if before:
                await asyncio.wait(before)
            await self._execute(turn)
        except asyncio.CancelledError:
            if self._stopped_with is None:
                raise
        except A2AError as error:  # the message cannot be worked on; the task is as it was
            turn.fail(error)
        except Exception as error:  # noqa: BLE001 -- the edge of the run: whoever waits must hear of it
            _log.exception("run_broke", task_id=self.task_id)
            turn.fail(error)
        finally:
            self._close(turn)

    async def _execute(self, turn: Turn) -> None:
        bind_ids(task_id=self.task_id, context_id=self.context_id)
        self._turn = turn
        if self.task is not None:
            try:
                await self._take_up(turn.context)
            except asyncio.CancelledError:
                if not self.is_finished:  # it is the other process's; the message can be sent to that, or another
                    turn.fail(UpstreamUnavailable("agent", retry_after=1, detail="shutting down"))
                raise
        outlet = _Outlet(self)
        deadline = asyncio.timeout(self._working_seconds)
        try:
            async with deadline:
                await self._executor.execute(turn.context, outlet)
        except asyncio.CancelledError:
            await self._leave(turn)
            raise
        except HelpdeskError as error:
            metrics.refused(error, place="task")
            _log.info("run_refused", reason=error.reason, detail=error.detail)
            await self._fail(turn, error.public_message)
        except Exception:  # noqa: BLE001 -- whatever broke, the task must end; the cause goes to the log alone
            _log.exception("run_failed")
            await self._fail(turn, TOO_LONG if deadline.expired() else FAILED)
        else:
            if self.reply is None and not self._is_settled():
                _log.error("run_unfinished")
                await self._fail(turn, UNFINISHED)
        finally:
            outlet.close()

    async def _take_up(self, context: RequestContext) -> None:
        """Goes on with a task: before the agent hears of it the message is in its history, and it is being worked on.

        So of two processes that go on with it at once one does, and if that dies the task is known to be abandoned.

        Raises:
            UnsupportedOperationError: it has ended; or it would go on without a message, and does so elsewhere.
        """
        while not await self._try_to_take_up(context):
            if context.message is None:
                raise UnsupportedOperationError(message=f"Task {self.task_id} goes on already.")
            self.is_elsewhere = True
            if self._is_settled():  # and by now the other is through
                continue
            async with aclosing(self._events.subscribe(self.task_id, after=self._version)) as events:
                async for event in events:
                    if await self._is_through(event):
                        break
        self.is_elsewhere = False

    async def _try_to_take_up(self, context: RequestContext) -> bool:
        """Whether it is this process's now; False where another works on it."""
        async with self._applying:
            await self._reload()
            if self.task is None:
                raise TaskNotFoundError
            if self.is_finished:
                raise ended(self.task_id)
            if not self._is_settled():
                return False
            context.current_task = self.snapshot()
            if self.task.status.HasField("message"):
                self.task.history.append(self.task.status.message)
            if context.message is not None:
                self.task.history.append(context.message)
            self.task.status.CopyFrom(status_event(self.task, TaskState.TASK_STATE_WORKING).status)
            try:
                await self._save(self.task, self.task)
            except ConcurrentTaskModificationError:  # another was quicker
                await self._reload()
                return False
            await self._make_durable()
            await self._tell_all(self.snapshot())
            return True

    async def _is_through(self, versioned: VersionedEvent) -> bool:
        """Takes what another process did, for who listens here; whether that is through with the task."""
        async with self._applying:
            if self.task is None or not versioned.version.is_after(self._version):
                return self._is_settled()
            event, self._version = versioned.event, versioned.version
            if isinstance(event, Task):
                self.task.CopyFrom(event)
            elif not isinstance(event, Message):
                apply_event(self.task, event)
            for listener in self._listeners:
                listener.put(event)
            return self._is_settled()

    def _close(self, turn: Turn) -> None:
        self._turn = None
        if self.reply is not None:
            turn.settle(self.reply)
        elif self.task is not None:
            turn.settle(self.snapshot())
        else:
            turn.fail(InternalError())
        if turn.listener is not None:
            turn.listener.end()
            self.leave(turn.listener)
        self.turns = {key: other for key, other in self.turns.items() if other is not turn}
        if not self.turns:
            for listener in self._listeners:
                listener.end()
            self._begin()
            self._on_end(self)

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._on_begin(self)

    async def apply(self, event: Event) -> None:
        """Takes an event of the executor: checks, applies and stores it, and tells it on.

        Raises:
            InvalidAgentResponseError: the executor broke the rules of A2A.
        """
        async with self._applying:
            if self.is_finished:
                _log.debug("event_after_end", task_id=self.task_id)
                return
            if isinstance(event, Message):
                self._answer(event)
                return
            self._check_address(event)
            try:
                told = await self._store_event(event)
            except ConcurrentTaskModificationError:
                told = await self._retry(event)
            # The first state is durable before the agent does anything; others when somebody learns of them.
            if isinstance(event, Task) or self._is_awaited():
                await self._make_durable()
                await self._tell_all(told)

    async def _make_durable(self) -> None:
        try:
            await self._store.committed()
        except Exception:
            await self._reload()  # what is held here was never written
            raise

    async def _reload(self) -> None:
        self.task, self._version = None, TaskVersion.MISSING
        stored = await self._store.get(self.task_id, self._call_context)
        if stored is not None:
            self.task, self._version = stored.task, stored.version

    def _answer(self, message: Message) -> None:
        if self.task is not None:
            raise InvalidAgentResponseError(message="A message cannot answer for a task that was begun.")
        self.reply = message
        self._tell(message)

    def _check_address(self, event: Task | TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> None:
        task_id = event.id if isinstance(event, Task) else event.task_id
        if task_id != self.task_id or event.context_id != self.context_id:
            raise InvalidAgentResponseError(message="The event is of another task or context.")
        if self.task is None and not isinstance(event, Task):
            raise InvalidAgentResponseError(message="The first event of a task must be the task.")

    async def _store_event(self, event: Task | TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> Event:
        if isinstance(event, Task):
            if self.task is None:
                task = Task()
                task.CopyFrom(event)
                if not task.status.HasField("timestamp"):
                    task.status.timestamp.GetCurrentTime()
                await self._save(task, task)
                self.task = task
                self._begin()
            return self.snapshot() if self._listeners else event
        if isinstance(event, TaskStatusUpdateEvent) and not event.status.HasField("timestamp"):
            event.status.timestamp.GetCurrentTime()
        if self.task is not None:
            apply_event(self.task, event)
            await self._save(self.task, event)
        return event

    async def _save(self, task: Task, event: Event) -> None:
        self._version = await self._store.stage(
            task, event=event, prev_version=self._version, context=self._call_context
        )

    async def _retry(self, event: Task | TaskStatusUpdateEvent | TaskArtifactUpdateEvent) -> Event:
        """Somebody else changed the task: goes on from there, or stops if they ended it."""
        version = self._version
        await self._reload()
        if self.task is None:
            raise TaskNotFoundError
        if version.is_after(self._version):
            raise InternalError(message="What was written before could not be made durable.")
        if self.is_finished:
            self.stop(STOPPED)
            return self.snapshot()
        return await self._store_event(event)

    def _is_awaited(self) -> bool:
        """Whether anybody is to be told of the state that was reached."""
        begun = self._turn.begun if self._turn is not None else None
        return bool(self._listeners) or self._is_settled() or (begun is not None and not begun.done())

    def _is_settled(self) -> bool:
        """Whether the task will not go on by itself."""
        return self.task is not None and (
            self.task.status.state in TERMINAL_STATES or self.task.status.state in INTERRUPTED_STATES
        )

    async def _tell_all(self, event: Event) -> None:
        self._tell(event)
        await self._events.publish(self.task_id, VersionedEvent(event, self._version))

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener.put(event)
        if self._turn is None or self.task is None:
            return
        if self._is_settled():
            name_state_in_log(self._turn.context.call_context, self.task)
            self._turn.settle(self.snapshot())
        elif self._turn.begun is not None and not self._turn.begun.done():
            self._turn.begun.set_result(self.snapshot())

    async def _leave(self, turn: Turn) -> None:
        """The executor was stopped: the task waits for what it can go on with after a restart, or fails."""
        rescue = getattr(self._executor, "rescue", None)
        task = None if self.is_finished or rescue is None else self.task
        waits = None if task is None or rescue is None else await rescue(task)
        if waits is None:
            await self._fail(turn, self._stopped_with or STOPPED)
        else:
            await self.apply(waits)

    async def _fail(self, turn: Turn, text: str) -> None:
        if self.is_finished:
            return
        message = turn.context.message
        task = self.task or Task(id=self.task_id, context_id=self.context_id, history=[message] if message else [])
        event = status_event(task, TaskState.TASK_STATE_FAILED, text)
        if self.task is None:
            task.status.CopyFrom(event.status)
            await self.apply(task)
        if not self.is_finished:
            await self.apply(event)

    async def cancel(self, call_context: ServerCallContext) -> Task:
        """Has the executor let go of the task; it is canceled whether the executor says so or not.

        Raises:
            TaskNotCancelableError: if the executor refuses.
        """
        await self._let_go(call_context)
        if not self.is_finished and self.task is not None:
            await self.apply(status_event(self.task, TaskState.TASK_STATE_CANCELED))
        self.stop(STOPPED)
        return self.snapshot()

    async def _let_go(self, call_context: ServerCallContext) -> None:
        """Tells the executor that the task is not wanted any more."""
        context = RequestContext(
            call_context=call_context, task_id=self.task_id, context_id=self.context_id, task=self.snapshot()
        )
        outlet = _Outlet(self)
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._executor.cancel(context, outlet)
        except TaskNotCancelableError:
            raise
        except UnsupportedOperationError as error:
            raise TaskNotCancelableError from error
        except Exception:  # noqa: BLE001 -- the person wants it to end, whatever the executor does
            _log.exception("cancel_failed", task_id=self.task_id)
        finally:
            outlet.close()

    async def look(self) -> None:
        """Stops, if another process has ended the task: where it was cancelled there, the executor lets go of it."""
        stored = await self._store.get(self.task_id, self._call_context)
        if stored is None or stored.task.status.state not in TERMINAL_STATES:
            return
        async with self._applying:
            if self.is_finished:
                return
            self.task, self._version = stored.task, stored.version
            self._tell(self.snapshot())
        if stored.task.status.state == TaskState.TASK_STATE_CANCELED:
            with suppress(TaskNotCancelableError):
                await self._let_go(self._call_context)
        self.stop(STOPPED)

    def stop(self, text: str) -> None:
        """Stops the executor; a task that has not ended by then fails with `text`."""
        self._stopped_with = text
        for turn in self.turns.values():
            if turn.work is not None:
                turn.work.cancel()

    async def ended(self) -> None:
        """Waits until nothing of it runs any more."""
        working = [turn.work for turn in self.turns.values() if turn.work is not None]
        if working:
            await asyncio.wait(working)


class _Outlet(EventQueue):
    """What an executor is given to speak into, for as long as it works."""

    def __init__(self, run: Run) -> None:
        self._run: Run | None = run

    async def enqueue_event(self, event: Event) -> None:
        """Applies and stores the event; what comes after the executor has ended is dropped."""
        if self._run is not None:
            await self._run.apply(event)

    def close(self) -> None:
        """The executor has ended."""
        self._run = None


def ended(task_id: str) -> UnsupportedOperationError:
    """What is said of a message for a task that has ended."""
    return UnsupportedOperationError(message=f"Task {task_id} has ended; send a message without a taskId.")
