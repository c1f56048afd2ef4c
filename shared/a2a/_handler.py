"""The operations of A2A, for one agent: the SDK's `RequestHandler`, owner by owner.

Whose a task or a context is depends on the verified caller alone. What is not the caller's does not exist: the answer
for another's task and for no task is the same.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Final

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.cluster import (
    ConcurrentTaskModificationError,
    StoredTask,
    TaskEventStream,
    VersionedEvent,
)
from a2a.server.context import ServerCallContext
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from a2a.utils.task import apply_history_length, validate_history_length, validate_page_size

from shared.a2a._caller import Caller
from shared.a2a._context import name_in_log
from shared.a2a._limits import Limits
from shared.a2a._messages import accepted_media_types, check_message
from shared.a2a._push import PushNotifications
from shared.a2a._push_operations import PushOperations, offered
from shared.a2a._recording import CallRecord
from shared.a2a._run import STOPPED, Run, ended
from shared.a2a._shown_card import ShownCards
from shared.a2a._turn import Turn
from shared.errors import AuditUnavailable, TooManyRequests, UpstreamUnavailable
from shared.identity import CardSigningKey
from shared.tasks import (
    INTERRUPTED_STATES,
    TERMINAL_STATES,
    AgentTaskStore,
    Event,
    MessageLedger,
    new_task_id,
    resolve_owner,
    status_event,
)
from shared.telemetry import get_logger

OPEN_TASKS_RETRY_SECONDS: Final = 30.0

_log = get_logger()


class AgentRequestHandler(PushOperations):
    """Answers the operations of A2A for one agent.

    Args:
        executor: The agent.
        card: What it says of itself.
        card_key: Signs what of it a caller is shown.
        tasks: Where tasks are kept.
        events: Where other processes' events come from.
        messages: Which messages came already.
        limits: How much one caller may ask for.
        calls: Takes what is taken up and what became of it.
        asked_after: Told of each task that its owner asks after, for as long as they follow it.
        push: Tells who wants to be told; None where the card offers no push notifications.
    """

    def __init__(
        self,
        *,
        executor: AgentExecutor,
        card: AgentCard,
        card_key: CardSigningKey | None,
        tasks: AgentTaskStore,
        events: TaskEventStream,
        messages: MessageLedger,
        limits: Limits,
        calls: CallRecord,
        asked_after: Callable[[str], AbstractContextManager[None]] | None = None,
        push: PushNotifications | None = None,
    ) -> None:
        super().__init__(push)
        self._executor = executor
        self._card = card
        self._shown = ShownCards(card, card_key)
        self._tasks = tasks
        self._events = events
        self._messages = messages
        self._limits = limits
        self._calls = calls
        self._asked_after = asked_after or (lambda _: nullcontext())
        self._accepted = accepted_media_types(card)
        self._runs: dict[str, Run] = {}
        self._unsaved: Counter[str] = Counter()
        self._looking: set[asyncio.Task[None]] = set()
        self._is_closing = False

    @property
    def working(self) -> Collection[str]:
        """The tasks that are being worked on here, as they come and go."""
        return _Working(self._runs)

    @property
    def is_busy(self) -> bool:
        """Whether any task is being worked on."""
        return bool(self._runs)

    async def on_message_send(self, params: SendMessageRequest, context: ServerCallContext) -> Task | Message:
        """SendMessage: the task when it has ended or waits for somebody, or at once if that is asked for."""
        begun = await self._begin(params, context, streaming=False)
        if isinstance(begun, Turn):
            outcome = await asyncio.shield(begun.begun or begun.outcome)
        else:
            outcome = await self._again(begun, params, context)
        return _with_history(outcome, params) if isinstance(outcome, Task) else outcome

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """SendStreamingMessage: every event until the message is dealt with."""
        self._check_streaming()
        begun = await self._begin(params, context, streaming=True)
        source = begun.events() if isinstance(begun, Turn) else self._follow(begun, context)
        async with aclosing(source) as events:
            async for event in events:
                yield _with_history(event, params) if isinstance(event, Task) else event

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """SubscribeToTask: the task as it is, then every event until it ends or waits for the caller's words.

        Where it waits for what a person does elsewhere it goes on by itself, and so does the stream (A2A §7.6).
        """
        self._check_streaming()
        stored = await self._get(params.id, context)
        if stored.task.status.state in TERMINAL_STATES:
            raise UnsupportedOperationError(message=f"Task {params.id} has ended; get it instead.")
        await self._looked_at(stored.task, context)
        with self._asked_after(params.id):
            async with aclosing(self._watch(params.id, context)) as events:
                async for event in events:
                    yield event

    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task | None:
        """GetTask."""
        validate_history_length(params)
        stored = await self._get(params.id, context)
        await self._looked_at(stored.task, context)
        with self._asked_after(params.id):
            return apply_history_length(stored.task, params)

    async def on_list_tasks(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        """ListTasks: the caller's own, the last changed first."""
        validate_history_length(params)
        if params.HasField("page_size"):
            validate_page_size(params.page_size)
        page = await self._tasks.list(params, context)
        for task in page.tasks:
            if not params.include_artifacts:
                task.ClearField("artifacts")
            shortened = apply_history_length(task, params)
            if shortened is not task:
                task.CopyFrom(shortened)
        return page

    async def on_cancel_task(self, params: CancelTaskRequest, context: ServerCallContext) -> Task | None:
        """CancelTask: stops the executor, here or where it runs."""
        stored = await self._get(params.id, context)
        if stored.task.status.state in TERMINAL_STATES:
            raise TaskNotCancelableError
        run = self._runs.get(params.id)
        if run is None and stored.task.status.state in INTERRUPTED_STATES:
            run = self._run(
                stored.task.id, stored.task.context_id, context, stored
            )  # nobody works on it: tell the agent
        task = await (self._cancel_elsewhere(stored, context) if run is None else run.cancel(context))
        self._calls.cancelled(context.state["caller"], task)
        if task.status.state != TaskState.TASK_STATE_CANCELED:
            raise TaskNotCancelableError
        return task

    async def on_get_extended_agent_card(
        self,
        params: GetExtendedAgentCardRequest,  # noqa: ARG002 -- the signature is the SDK's
        context: ServerCallContext,
    ) -> AgentCard:
        """GetExtendedAgentCard: the skills that this caller's scopes allow."""
        return self._shown.of(context.state["caller"])

    async def resume(self, task_id: str, context: ServerCallContext) -> bool:
        """Has a task that waits for somebody go on, without a message.

        Returns:
            Whether that is settled: it goes on, or there is nothing to go on with. False: it is busy just now.
        """
        stored = await self._tasks.get(task_id, context)
        if stored is None or stored.task.status.state not in INTERRUPTED_STATES:
            return True
        if task_id in self._runs or self._is_closing:
            return False
        try:
            self._calls.resumed(context.state["caller"], task_id=task_id, context_id=stored.task.context_id)
        except AuditUnavailable:
            return False
        run = self._run(task_id, stored.task.context_id, context, stored)
        self._runs[task_id] = run
        run.submit(
            RequestContext(call_context=context, task_id=task_id, context_id=stored.task.context_id, task=stored.task)
        )
        return True

    async def rescue(self, task: Task) -> TaskStatusUpdateEvent | None:
        """What a task that was cut off goes on with; None where it cannot go on."""
        rescue = getattr(self._executor, "rescue", None)
        return None if rescue is None else await rescue(task)

    async def _looked_at(self, task: Task, context: ServerCallContext) -> None:
        """Tells the agent that the owner looks at a task that waits."""
        look = getattr(self._executor, "look", None)
        if look is not None and task.status.state in INTERRUPTED_STATES and not self._is_closing:
            await look(task, context)

    def changed_elsewhere(self, task_id: str | None = None) -> None:
        """Another process has changed a task, or may have changed any: where it ended it, nobody works on it here."""
        for run in [self._runs.get(task_id)] if task_id is not None else list(self._runs.values()):
            if run is not None and not run.is_elsewhere:
                looking = asyncio.create_task(_look(run))
                self._looking.add(looking)
                looking.add_done_callback(self._looking.discard)

    async def drain(self, seconds: float) -> None:
        """Takes no more messages, lets what is under way end for that long, and then stops it, saying so."""
        self._is_closing = True
        if self._runs and seconds > 0:
            waiting = [asyncio.create_task(run.ended()) for run in self._runs.values()]
            await asyncio.wait(waiting, timeout=seconds)
            for task in waiting:
                task.cancel()
        stopped = list(self._runs.values())
        unheard = [(run.owner, message_id) for run in stopped if run.is_elsewhere for message_id in run.turns]
        for run in stopped:
            run.stop(STOPPED)
        await asyncio.gather(*(run.ended() for run in stopped), *self._looking)
        for owner, message_id in unheard:
            await self._messages.release(owner, message_id)

    async def _begin(self, params: SendMessageRequest, context: ServerCallContext, *, streaming: bool) -> Turn | str:
        """Has a new message worked on; of one that came before, the id of its task."""
        check_message(params, self._accepted, self._limits)
        if params.configuration.HasField("task_push_notification_config"):
            offered(self._push)
        if self._is_closing:
            raise UpstreamUnavailable("agent", retry_after=1, detail="shutting down")
        message, owner = params.message, resolve_owner(context)
        stored = await self._get(message.task_id, context) if message.task_id else None
        if stored is not None:
            if message.context_id and message.context_id != stored.task.context_id:
                raise InvalidParamsError(message="The contextId is not that of the task.")
            message.context_id = stored.task.context_id
        task_id = message.task_id or new_task_id()
        earlier = await self._messages.claim(owner, message.message_id, task_id)
        if earlier is not None:
            name_in_log(context, task_id=earlier)
            return earlier
        try:
            return await self._submit(params, context, owner, task_id, stored, streaming=streaming)
        except BaseException:
            await self._messages.release(owner, message.message_id)
            raise

    async def _submit(
        self,
        params: SendMessageRequest,
        context: ServerCallContext,
        owner: str,
        task_id: str,
        stored: StoredTask | None,
        *,
        streaming: bool,
    ) -> Turn:
        message = params.message
        run = self._runs.get(task_id)
        if stored is None:
            await self._require_room(owner, context)
        elif stored.task.status.state in TERMINAL_STATES:
            raise ended(task_id)
        elif sum(one.ByteSize() for one in stored.task.history) >= self._limits.task_bytes:
            raise UnsupportedOperationError(
                message=f"Task {task_id} has as many messages as it can take; cancel it, or send one without a taskId."
            )
        request = RequestContext(
            call_context=context, request=params, task_id=task_id, context_id=message.context_id or None
        )
        name_in_log(context, task_id=task_id, context_id=str(request.context_id))
        if params.configuration.HasField("task_push_notification_config"):
            told = params.configuration.task_push_notification_config
            await offered(self._push).create(told, task_id=task_id, owner=owner)
            if stored is None:
                await self._require_room(owner, context)  # others may have begun while a name was looked up
            run = self._runs.get(task_id)
        self._calls.accepted(context.state["caller"], task_id=task_id, context_id=str(request.context_id))
        if run is None:
            run = self._run(task_id, str(request.context_id), context, stored)
            self._runs[task_id] = run
            if stored is None:
                self._unsaved[owner] += 1
        return run.submit(request, at_once=params.configuration.return_immediately, streaming=streaming)

    async def _require_room(self, owner: str, context: ServerCallContext) -> None:
        """Refuses another task where there are too many; whoever begins one does so without waiting in between."""
        open_tasks = await self._tasks.count_unfinished(context) + self._unsaved[owner]
        if open_tasks >= self._limits.open_tasks:
            raise TooManyRequests(
                f"You have {open_tasks} unfinished tasks; finish or cancel one first.",
                retry_after=OPEN_TASKS_RETRY_SECONDS,
            )

    async def _again(self, task_id: str, params: SendMessageRequest, context: ServerCallContext) -> Task | Message:
        """What came, or comes, of a message that was sent before; it is not worked on twice."""
        run = self._runs.get(task_id)
        turn = run.turns.get(params.message.message_id) if run is not None else None
        if run is not None and run.task is not None and params.configuration.return_immediately:
            return run.snapshot()
        if turn is not None:
            return await asyncio.shield(turn.outcome)
        stored = await self._tasks.get(task_id, context)
        if stored is None:
            raise InvalidParamsError(message="A message with this messageId came before; send it with a new one.")
        if not params.configuration.return_immediately and not _is_last(stored.task):
            # It is being worked on, elsewhere or after a later message: whoever sent it had lost the connection.
            async with aclosing(self._follow(task_id, context)) as events:
                async for _ in events:
                    pass
            return (await self._get(task_id, context)).task
        return stored.task

    def _run(self, task_id: str, context_id: str, context: ServerCallContext, stored: StoredTask | None) -> Run:
        return Run(
            task_id,
            context_id,
            executor=self._executor,
            store=self._tasks,
            events=self._events,
            call_context=context,
            stored=stored,
            working_seconds=self._limits.working_seconds,
            on_begin=self._saved,
            on_end=lambda run: self._left(run, context.state["caller"]),
        )

    def _saved(self, run: Run) -> None:
        """From now on the store counts it."""
        self._unsaved[run.owner] -= 1
        if not self._unsaved[run.owner]:
            del self._unsaved[run.owner]

    def _left(self, run: Run, caller: Caller) -> None:
        self._calls.left(caller, run.task)
        if self._runs.get(run.task_id) is run:
            del self._runs[run.task_id]
        if self._push is not None:
            self._push.wake()

    async def owner_of(self, task_id: str, context: ServerCallContext) -> str:
        """See `PushOperations`."""
        await self._get(task_id, context)
        return resolve_owner(context)

    async def _get(self, task_id: str, context: ServerCallContext) -> StoredTask:
        name_in_log(context, task_id=task_id)
        stored = await self._tasks.get(task_id, context) if task_id else None
        if stored is None:
            raise TaskNotFoundError
        return stored

    async def _follow(self, task_id: str, context: ServerCallContext) -> AsyncGenerator[Event, None]:
        """The task as it is now, then its events until it ends or waits for somebody."""
        run = self._runs.get(task_id)
        if run is not None:
            listener, task = await run.join()
            try:
                if task is not None:
                    yield task
                async for event in listener:
                    yield event
            finally:
                run.leave(listener)
            return
        stored = await self._get(task_id, context)
        yield stored.task
        if _is_last(stored.task):
            return
        async with aclosing(self._events.subscribe(task_id, after=stored.version)) as events:
            async for versioned in events:
                yield versioned.event
                if _is_last(versioned.event):
                    return

    async def _watch(self, task_id: str, context: ServerCallContext) -> AsyncGenerator[Event, None]:
        """The same, and on through whatever a person has to do elsewhere."""
        last: Event | None = None
        async with aclosing(self._follow(task_id, context)) as events:
            async for event in events:
                yield event
                last = event
        if last is None or not _waits_elsewhere(last):
            return
        stored = await self._get(task_id, context)
        await self._looked_at(stored.task, context)  # whoever worked on it may have died since they began to follow it
        if not _waits_elsewhere(stored.task):  # it has gone on since that event
            yield stored.task
            if _is_last(stored.task):
                return
        async with aclosing(self._events.subscribe(task_id, after=stored.version)) as later:
            async for versioned in later:
                yield versioned.event
                if _is_last(versioned.event) and not _waits_elsewhere(versioned.event):
                    return

    async def _cancel_elsewhere(self, stored: StoredTask, context: ServerCallContext) -> Task:
        """Records the end; the process that works on the task finds it with its next event, and stops."""
        task = stored.task
        event = status_event(task, TaskState.TASK_STATE_CANCELED)
        task.status.CopyFrom(event.status)
        try:
            version = await self._tasks.save(task, event=event, prev=None, prev_version=stored.version, context=context)
        except ConcurrentTaskModificationError:
            return (await self._get(task.id, context)).task
        await self._events.publish(task.id, VersionedEvent(event, version))
        return task

    def _check_streaming(self) -> None:
        if not self._card.capabilities.streaming:
            raise UnsupportedOperationError(message="This agent does not stream.")


class _Working(Collection[str]):
    """The tasks among runs that no other process works on."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self._runs = runs

    def __contains__(self, task_id: object) -> bool:
        run = self._runs.get(str(task_id))
        return run is not None and not run.is_elsewhere

    def __iter__(self) -> Iterator[str]:
        return (task_id for task_id, run in self._runs.items() if not run.is_elsewhere)

    def __len__(self) -> int:
        return sum(1 for _ in self)


async def _look(run: Run) -> None:
    try:
        await run.look()
    except UpstreamUnavailable:  # the next look is soon, and so is its next word
        _log.info("task_not_looked_at", task_id=run.task_id)


def _is_last(event: Event) -> bool:
    if isinstance(event, Message):
        return True
    if not isinstance(event, Task | TaskStatusUpdateEvent):
        return False
    return event.status.state in TERMINAL_STATES or event.status.state in INTERRUPTED_STATES


def _waits_elsewhere(event: Event) -> bool:
    """Whether a person has to do something elsewhere, after which the task goes on by itself."""
    if not isinstance(event, Task | TaskStatusUpdateEvent):
        return False
    return event.status.state == TaskState.TASK_STATE_AUTH_REQUIRED


def _with_history(task: Task, params: SendMessageRequest) -> Task:
    return apply_history_length(task, params.configuration)
