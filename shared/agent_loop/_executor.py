"""A Strands agent behind A2A: one run of the agent loop for each message.

`strands.multiagent.a2a` cannot be used with a2a-sdk 1.x (it imports names that are gone), so the bridge is
written here: an agent is made for each message, with the conversation so far; what it says goes out as artifacts.
The verified caller travels in `invocation_state`, which the model never sees.
"""

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

from a2a.helpers import get_message_text
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.types import Message, Role, Task, TaskState, TaskStatusUpdateEvent
from a2a.utils.errors import TaskNotCancelableError
from strands import Agent
from strands.interventions import InterventionHandler
from strands.middleware import InvokeModelStage
from strands.models import Model
from strands.telemetry import get_tracer as strands_tracer
from strands.types.tools import AgentTool, ToolUse

from shared.a2a import OUTCOME, RESTART, Caller, Wait, calls_of, waits_of
from shared.agent_loop._answer import AnswerWriter
from shared.agent_loop._being_done import TO_ITS_END, BeingDone
from shared.agent_loop._calls import INTERRUPTED, CallsUnderWay
from shared.agent_loop._changes import NoteChanges, cut_off_unchanged
from shared.agent_loop._few_calls import LEFT_OUT, FewCalls
from shared.agent_loop._history import Conversations, opening, own_words, turn_to_keep
from shared.agent_loop._instruments import ModelName, observe, run_span
from shared.agent_loop._model_failure import ModelFailure
from shared.agent_loop._relay import FAILED, GOES_ON, RelayAnswers
from shared.agent_loop._status import Status, begun, trace_of, waiting_event
from shared.agent_loop._waiting import Replay, Resume, WaitingRoom, still_waits
from shared.authorization import Authorizer, AuthorizeToolCalls, require_declarations
from shared.errors import HelpdeskError, WaitsForPerson
from shared.telemetry import get_logger, metrics, quiet, traceparent

MAX_TURNS = 6
STREAMING_METHODS = frozenset({"SendStreamingMessage", "message/stream"})
NOTHING_SAID = "I could not work out what to do with this. Please say it in other words."
BEING_DONE = "What was asked for is being done just now. What comes of it is told in this task."

_log = get_logger()


class Toolbox(Protocol):
    """What an agent can do, at the moment that it is asked."""

    async def tools(self) -> Sequence[AgentTool]:
        """The tools to offer to the model."""
        ...

    def system_prompt(self) -> str:
        """What the model is told of its work."""
        ...

    def notice(self) -> str | None:
        """What a person should know where nothing could be done: which parts are away."""
        ...


class Tools:
    """A toolbox that never changes.

    Raises:
        ConfigurationError: if a tool does not declare what it needs.
    """

    def __init__(self, tools: Sequence[AgentTool], system_prompt: str) -> None:
        require_declarations(tools)
        self._tools = tools
        self._system_prompt = system_prompt

    async def tools(self) -> Sequence[AgentTool]:
        """The tools to offer to the model."""
        return self._tools

    def system_prompt(self) -> str:
        """What the model is told of its work."""
        return self._system_prompt

    def notice(self) -> str | None:
        """Nothing is ever away here."""
        return None


class Closable(Protocol):
    """Something that is let go of when the agent ends."""

    async def aclose(self) -> None:
        """Lets go of it."""
        ...


CutOff = Callable[[str], Awaitable[Sequence[tuple[Wait, str]]]]
"""Takes a task; what its tools wait for, or were at, and the words for that."""


class StrandsExecutor(AgentExecutor):
    """Runs a Strands agent for each A2A message.

    Args:
        model: Plans which tools to call.
        toolbox: The tools, and what the model is told.
        conversations: Where the threads of conversations are kept.
        authorizer: Decides about each tool call; without one, only tools that need no check may be called.
        interventions: Made anew for each run: they may deny a tool call that was permitted.
        speaker: The name under which the agent's own words are written.
        resources: Closed, in order, with the executor.
        waiting_room: Has tasks that wait for a person go on by themselves.
        cut_off: What tools were at whose task was cut off.
        model_name: What traces and metrics call the model.
    """

    def __init__(
        self,
        *,
        model: Model,
        toolbox: Toolbox,
        conversations: Conversations,
        speaker: str,
        authorizer: Authorizer | None = None,
        interventions: Callable[[], list[InterventionHandler]] = list,
        resources: Sequence[Closable] = (),
        waiting_room: WaitingRoom | None = None,
        cut_off: CutOff | None = None,
        model_name: ModelName | None = None,
    ) -> None:
        self._model = model
        self._model_name = model_name or ModelName()
        self._toolbox = toolbox
        self._conversations = conversations
        self._speaker = speaker
        self._authorizer = authorizer
        self._interventions = interventions
        self._resources = resources
        self._waiting_room = waiting_room or WaitingRoom()
        self._cut_off = cut_off
        self._running: dict[str, threading.Event] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._being_done = BeingDone()
        quiet(strands_tracer())

    def bind(self, resume: Resume) -> None:
        """Says who has a waiting task go on: what keeps the tasks."""
        self._waiting_room.bind(resume)

    def asked_after(self, task_id: str) -> AbstractContextManager[None]:
        """Somebody asks after a task: where it waits, it is looked at sooner."""
        return self._waiting_room.asked_after(task_id)

    def start(self) -> None:
        """Starts what the agent stands on and works by itself."""
        for resource in self._resources:
            start = getattr(resource, "start", None)
            if start is not None:
                start()

    async def look(self, task: Task, context: ServerCallContext) -> None:
        """The owner looks at a task that waits: if a restart forgot that, it goes on by itself from now on."""
        await self._waiting_room.look(task.id, context, since=task.status.timestamp.ToNanoseconds())

    async def rescue(self, task: Task) -> TaskStatusUpdateEvent | None:
        """What a task that was cut off waits for, or how it ends; None where nothing is known of it."""
        found = await self._cut_off(task.id) if self._cut_off is not None else ()
        found = found or [(call, INTERRUPTED) for call in calls_of(task)]
        if not found:
            # Of tools that nobody decides about it is not known what they change: an agent's that asks others.
            return cut_off_unchanged(task) if self._authorizer is not None else None
        words = "\n\n".join(dict.fromkeys(words for _, words in found))
        return waiting_event(task.id, task.context_id, [wait for wait, _ in found], words)

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answers one message; the task ends completed, or failed with neutral words, or waits for the person.

        A waiting task goes on where it waited: what any further message says is not looked at.
        """
        task_id, context_id, call = str(context.task_id), str(context.context_id), context.call_context
        if context.current_task is None:
            began = traceparent()
            await event_queue.enqueue_event(begun(task_id, context_id, context.message, trace=began))
        else:
            began = trace_of(context.current_task)
        method = call.state.get("method")
        writer = AnswerWriter(event_queue, task_id, context_id, streaming=method is None or method in STREAMING_METHODS)
        status = Status(event_queue.enqueue_event, task_id, context_id)
        waits = waits_of(context.current_task) if context.current_task is not None else ()
        self._waiting_room.leave(task_id)
        cancelled = threading.Event()
        self._running[task_id] = cancelled
        relay, still = RelayAnswers(), frozenset[str]()
        try:
            with run_span(
                self._speaker,
                self._model_name,
                task_id=task_id,
                context_id=context_id,
                asked=context.get_user_input() if context.message is not None else "",
                goes_on=began,
            ):
                if missing := await self._missing(waits):
                    still = await self._wait_on(context, status, waits, missing)
                else:
                    still = await self._run(context, writer, status, cancelled=cancelled, waits=waits, relay=relay)
        except asyncio.CancelledError:
            if not cancelled.is_set():  # the agent stops, and the task goes on after a restart
                waits, relay = (), RelayAnswers()
            raise
        except HelpdeskError as error:
            metrics.refused(error, place="task")
            _log.info("run_refused", task_id=task_id, reason=error.reason, detail=error.detail)
            await status.end(TaskState.TASK_STATE_FAILED, error.public_message)
        except Exception:  # noqa: BLE001 -- whatever broke, the task must end; the cause goes to the log alone
            _log.exception("run_failed", task_id=task_id)
            await status.end(TaskState.TASK_STATE_FAILED, FAILED)
        finally:
            cancelled.set()
            writer.discard()
            self._running.pop(task_id, None)
            held = {wait.resume: wait.tool for wait in waits} | relay.held
            over = {resume: tool for resume, tool in held.items() if resume and resume not in still}
            if over:
                self._later(self._end_elsewhere(over, call.state["caller"]))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Stops the run at once; what it had under way or waiting elsewhere is cancelled there too.

        Raises:
            TaskNotCancelableError: what was asked for is being done, or was, and it is being found out.
        """
        waits = waits_of(context.current_task) if context.current_task is not None else ()
        if str(context.task_id) in self._being_done or any(wait.kind == OUTCOME for wait in waits):
            raise TaskNotCancelableError(message=BEING_DONE)
        self._waiting_room.leave(str(context.task_id))
        await self._abandon(context)
        running = self._running.get(str(context.task_id))
        if running is not None:
            running.set()
        await Status(event_queue.enqueue_event, str(context.task_id), str(context.context_id)).end(
            TaskState.TASK_STATE_CANCELED
        )

    async def aclose(self) -> None:
        """Waits for what goes on in the background, which is bounded, and lets go of the resources."""
        await self._waiting_room.aclose()
        await self._being_done.ended()
        await asyncio.gather(*self._background, return_exceptions=True)
        for resource in self._resources:
            await resource.aclose()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` after the run that asked for it has ended: the cancellation of a remote task, say."""
        task = asyncio.create_task(_quietly(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _end_elsewhere(self, over: Mapping[str, str], caller: Caller) -> None:
        """Tells tools that the task waits for them no more: what they have not done by now they never will.

        Args:
            over: By what the tools wanted to be given back, their names.
            caller: Whose task it is.
        """
        tools = {tool.tool_name: tool for tool in await self._toolbox.tools()}
        for resume, name in over.items():
            ended = getattr(tools.get(name), "ended", None)
            if ended is not None:
                await ended(resume, caller)

    async def _abandon(self, context: RequestContext) -> None:
        """Tells the tools that wait elsewhere that nobody waits for them any more."""
        waits = waits_of(context.current_task) if context.current_task is not None else ()
        if not waits:
            return
        tools = {tool.tool_name: tool for tool in await self._toolbox.tools()}
        for wait in waits:
            abandon = getattr(tools.get(wait.tool), "abandon", None)
            if abandon is not None and wait.resume:
                self._later(abandon(wait.resume, context.call_context.state["caller"], str(context.context_id)))

    async def _run(
        self,
        context: RequestContext,
        writer: AnswerWriter,
        status: Status,
        *,
        cancelled: threading.Event,
        waits: Sequence[Wait],
        relay: RelayAnswers,
    ) -> frozenset[str]:
        """Runs the loop once; what is returned is what the tools that wait then want to be given back."""
        caller: Caller = context.call_context.state["caller"]
        context_id, replay = str(context.context_id), Replay(waits) if waits else None
        kept = opening(await self._conversations.load(caller.user.key, context_id))
        history, asked = kept if replay is None else [], _asked(context)
        tools = list(await self._toolbox.tools())
        require_declarations(tools)
        run, model_failure = uuid.uuid4().hex, ModelFailure()
        calls = CallsUnderWay(tools, run, replay.calls if replay is not None else {})
        if replay is not None:
            await status.goes_on(calls.news())
        agent = Agent(
            model=replay or self._model,
            messages=list(history),
            tools=[*tools],
            system_prompt=self._toolbox.system_prompt(),
            callback_handler=None,
            hooks=[relay, model_failure],
            interventions=self._before_calls(status),
        )
        observe(agent, self._model_name if replay is None else None)
        few_calls = FewCalls()
        agent.add_middleware(InvokeModelStage, few_calls.around)
        invocation_state: dict[str, Any] = {
            "caller": caller,
            "context_id": context_id,
            "task_id": str(context.task_id),
            "streaming": writer.streaming,
            "run": run,
            "later": self._later,
            TO_ITS_END: partial(self._being_done.to_its_end, str(context.task_id)),
            "resume": replay.resume if replay is not None else {},
            GOES_ON: replay.calls if replay is not None else {},
            "own_words": own_words(kept, asked),
        }
        said = uuid.uuid4().hex
        with model_failure.told():
            async for event in agent.stream_async(
                get_message_text(asked) if replay is not None else context.get_user_input(),
                invocation_state=invocation_state,
                cancel_signal=cancelled,
                limits={"turns": MAX_TURNS},
            ):
                if "data" in event:
                    await writer.write(said, self._speaker, event["data"])
                elif "tool_stream_event" in event:
                    await self._tool_said(event["tool_stream_event"], writer, status, calls)
                elif "message" in event:
                    calls.note(event["message"])
                    await _write_results(event["message"], agent, relay, writer)
        if cancelled.is_set():
            return frozenset()
        for notice in self._notices(few_calls, relay):
            await writer.write(said, self._speaker, f"\n\n{notice}")
        model_calls = agent.event_loop_metrics.cycle_count
        if not writer.has_said_anything and not relay.waiting:
            _log.error("run_said_nothing", task_id=context.task_id, model_calls=model_calls)
            await status.end(TaskState.TASK_STATE_FAILED, NOTHING_SAID)
            return frozenset()
        await writer.finish()
        if replay is None or any(wait.kind == RESTART for wait in waits):  # nobody has kept it before
            turn = turn_to_keep(agent.messages[len(history) :])
            await self._conversations.append(caller.user.key, context_id, turn)
        _log.info("run_finished", task_id=context.task_id, model_calls=model_calls, waits=len(relay.waiting))
        return await self._end(context, status, list(relay.waiting.values()), invocation_state["resume"])

    def _notices(self, few_calls: FewCalls, relay: RelayAnswers) -> list[str]:
        """What a person should know of what was not done: what was done may be a part of what was asked."""
        away = self._toolbox.notice() if not relay.waiting else None
        return [words for words in (None if few_calls.are_all else LEFT_OUT, away) if words]

    def _before_calls(self, status: Status) -> list[InterventionHandler]:
        """What stands before each call of a tool, in order."""
        notes = [NoteChanges(status)] if self._authorizer is not None else []
        return [AuthorizeToolCalls(self._authorizer), *notes, *self._interventions()]

    async def _missing(self, waits: Sequence[Wait]) -> frozenset[str]:
        """The tools that a task is to go on with and that are away just now."""
        wanted = frozenset(wait.tool for wait in waits)
        return wanted - {tool.tool_name for tool in await self._toolbox.tools()} if wanted else wanted

    async def _wait_on(
        self, context: RequestContext, status: Status, waits: Sequence[Wait], missing: frozenset[str]
    ) -> frozenset[str]:
        """Has a task wait on whose tools are away just now: what they were at is not over, and is told here."""

        async def is_over() -> bool:
            return not await self._missing(waits)

        task = context.current_task
        words = get_message_text(task.status.message) if task is not None else ""
        _log.info("waits_on", task_id=context.task_id, missing=sorted(missing))
        waiting: list[tuple[ToolUse, WaitsForPerson]] = []
        for wait in waits:
            call: ToolUse = {"toolUseId": uuid.uuid4().hex, "name": wait.tool, "input": dict(wait.arguments)}
            waiting.append((call, still_waits(wait, words, is_over=is_over)))
        return await self._end(context, status, waiting, {})

    async def _end(
        self,
        context: RequestContext,
        status: Status,
        waiting: Sequence[tuple[ToolUse, WaitsForPerson]],
        resumed: Mapping[str, str],
    ) -> frozenset[str]:
        if not waiting:
            await status.end(TaskState.TASK_STATE_COMPLETED)
            return frozenset()
        for tool_use, error in waiting:
            # What waits for something else before it comes to its own is given back what it wanted all the same.
            error.resume = error.resume or resumed.get(tool_use["toolUseId"], "")
        since = await status.wait(waiting)
        caller, errors = context.call_context.state["caller"], [error for _, error in waiting]
        self._waiting_room.enter(str(context.task_id), caller, context.call_context, errors, since=since)
        return frozenset(error.resume for error in errors)

    async def _tool_said(
        self, event: dict[str, Any], writer: AnswerWriter, status: Status, calls: CallsUnderWay
    ) -> None:
        data, tool_use = event["data"], event["tool_use"]
        if not isinstance(data, dict):
            return
        if "working" in data:
            news = calls.news()
            if writer.streaming or news:
                await status.working(str(data["working"]), news)
        if "text" in data:
            await writer.write(str(tool_use["toolUseId"]), str(tool_use["name"]), str(data["text"]))


def _asked(context: RequestContext) -> Message:
    """What was asked when the task began: tools look at it again when the task goes on."""
    history = context.current_task.history if context.current_task is not None else []
    began = next((message for message in history if message.role == Role.ROLE_USER), None)
    return began or context.message or Message()


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except HelpdeskError as error:
        _log.info("background_work_failed", reason=error.reason, detail=error.detail)


async def _write_results(message: Any, agent: Agent, relay: RelayAnswers, writer: AnswerWriter) -> None:
    """Writes what tools gave as results, except what they had already said as they went."""
    names = {
        block["toolUse"]["toolUseId"]: block["toolUse"]["name"]
        for said in agent.messages
        for block in said["content"]
        if "toolUse" in block
    }
    for block in message["content"]:
        if "toolResult" in block:
            tool_use_id = block["toolResult"]["toolUseId"]
            words = relay.words.get(tool_use_id)  # of one that waits there are none
            if words and not writer.has_spoken(tool_use_id):
                await writer.write(tool_use_id, names.get(tool_use_id, "tool"), words)
