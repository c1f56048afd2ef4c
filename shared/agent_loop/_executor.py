"""A Strands agent behind A2A: one run of the agent loop for each message.

`strands.multiagent.a2a` cannot be used with a2a-sdk 1.x (it imports names that are gone), so the bridge is
written here: an agent is made for each message, with the conversation so far; what it says goes out as artifacts.
The verified caller travels in `invocation_state`, which the model never sees.
"""

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from a2a.helpers import new_task
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.types import Message, Part, Role, TaskState, TaskStatus, TaskStatusUpdateEvent
from strands import Agent
from strands.interventions import InterventionHandler
from strands.models import Model
from strands.types.tools import AgentTool

from shared.a2a import Caller
from shared.agent_loop._answer import AnswerWriter
from shared.agent_loop._history import Conversations, opening, turn_to_keep
from shared.agent_loop._relay import FAILED, RelayAnswers
from shared.authorization import Authorizer, AuthorizeToolCalls, require_declarations
from shared.errors import HelpdeskError
from shared.telemetry import get_logger

MAX_TURNS = 6
STREAMING_METHODS = frozenset({"SendStreamingMessage", "message/stream"})
NOTHING_SAID = "I could not work out what to do with this. Please say it in other words."
WORKING_KEY = "helpdesk/working"

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
    ) -> None:
        self._model = model
        self._toolbox = toolbox
        self._conversations = conversations
        self._speaker = speaker
        self._authorizer = authorizer
        self._interventions = interventions
        self._resources = resources
        self._running: dict[str, threading.Event] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answers one message; the task ends completed, or failed with neutral words."""
        task_id, context_id, call = str(context.task_id), str(context.context_id), context.call_context
        if context.current_task is None:
            await event_queue.enqueue_event(
                new_task(
                    task_id,
                    context_id,
                    TaskState.TASK_STATE_WORKING,
                    history=[context.message] if context.message else [],
                )
            )
        method = call.state.get("method")
        writer = AnswerWriter(event_queue, task_id, context_id, streaming=method is None or method in STREAMING_METHODS)
        status = _Status(event_queue.enqueue_event, task_id, context_id)
        cancelled = threading.Event()
        self._running[task_id] = cancelled
        try:
            await self._run(context, writer, status, cancelled)
        except HelpdeskError as error:
            _log.info("run_refused", task_id=task_id, reason=error.reason, detail=error.detail)
            await status.end(TaskState.TASK_STATE_FAILED, error.public_message)
        except Exception:  # noqa: BLE001 -- whatever broke, the task must end; the cause goes to the log alone
            _log.exception("run_failed", task_id=task_id)
            await status.end(TaskState.TASK_STATE_FAILED, FAILED)
        finally:
            cancelled.set()
            writer.discard()
            self._running.pop(task_id, None)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Stops the run at once; what it had under way elsewhere is cancelled there too."""
        running = self._running.get(str(context.task_id))
        if running is not None:
            running.set()
        await _Status(event_queue.enqueue_event, str(context.task_id), str(context.context_id)).end(
            TaskState.TASK_STATE_CANCELED
        )

    async def aclose(self) -> None:
        """Waits for what goes on in the background, which is bounded, and lets go of the resources."""
        await asyncio.gather(*self._background, return_exceptions=True)
        for resource in self._resources:
            await resource.aclose()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` after the run that asked for it has ended: the cancellation of a remote task, say."""
        task = asyncio.create_task(_quietly(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _run(
        self, context: RequestContext, writer: AnswerWriter, status: "_Status", cancelled: threading.Event
    ) -> None:
        caller: Caller = context.call_context.state["caller"]
        owner, context_id = caller.user.key, str(context.context_id)
        history = opening(await self._conversations.load(owner, context_id))
        relay = RelayAnswers()
        tools = list(await self._toolbox.tools())
        require_declarations(tools)
        agent = Agent(
            model=self._model,
            messages=list(history),
            tools=[*tools],
            system_prompt=self._toolbox.system_prompt(),
            callback_handler=None,
            hooks=[relay],
            interventions=[AuthorizeToolCalls(self._authorizer), *self._interventions()],
        )
        invocation_state = {
            "caller": caller,
            "context_id": context_id,
            "task_id": str(context.task_id),
            "streaming": writer.streaming,
            "later": self._later,
        }
        own_words = uuid.uuid4().hex
        async for event in agent.stream_async(
            context.get_user_input(),
            invocation_state=invocation_state,
            cancel_signal=cancelled,
            limits={"turns": MAX_TURNS},
        ):
            if "data" in event:
                await writer.write(own_words, self._speaker, event["data"])
            elif "tool_stream_event" in event:
                await self._tool_said(event["tool_stream_event"], writer, status)
            elif "message" in event:
                await _write_results(event["message"], agent, relay, writer)
        if cancelled.is_set():
            return
        new_messages = agent.messages[len(history) :]
        notice = self._toolbox.notice() if not relay.words else None
        if notice:
            await writer.write(own_words, self._speaker, f"\n\n{notice}")
        if not writer.has_said_anything:
            _log.error("run_said_nothing", task_id=context.task_id, model_calls=agent.event_loop_metrics.cycle_count)
            await status.end(TaskState.TASK_STATE_FAILED, NOTHING_SAID)
            return
        await writer.finish()
        await self._conversations.append(owner, context_id, turn_to_keep(new_messages))
        _log.info("run_finished", task_id=context.task_id, model_calls=agent.event_loop_metrics.cycle_count)
        await status.end(TaskState.TASK_STATE_COMPLETED)

    async def _tool_said(self, event: dict[str, Any], writer: AnswerWriter, status: "_Status") -> None:
        data, tool_use = event["data"], event["tool_use"]
        if not isinstance(data, dict):
            return
        if "working" in data and writer.streaming:
            await status.working(str(data["working"]))
        if "text" in data:
            await writer.write(str(tool_use["toolUseId"]), str(tool_use["name"]), str(data["text"]))


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
            words = relay.words.get(tool_use_id)
            if words and not writer.has_spoken(tool_use_id):
                await writer.write(tool_use_id, names.get(tool_use_id, "tool"), words)


class _Status:
    """The status updates of one task."""

    def __init__(
        self, enqueue: Callable[[TaskStatusUpdateEvent], Awaitable[None]], task_id: str, context_id: str
    ) -> None:
        self._enqueue = enqueue
        self._task_id = task_id
        self._context_id = context_id

    async def working(self, speaker: str) -> None:
        """Says who is at work now, for those who follow."""
        event = self._event(TaskState.TASK_STATE_WORKING)
        event.metadata.update({WORKING_KEY: speaker})
        await self._enqueue(event)

    async def end(self, state: TaskState, words: str | None = None) -> None:
        """Ends the task, with words for the person where there are any."""
        event = self._event(state)
        if words:
            event.status.message.CopyFrom(
                Message(
                    message_id=uuid.uuid4().hex,
                    role=Role.ROLE_AGENT,
                    task_id=self._task_id,
                    context_id=self._context_id,
                    parts=[Part(text=words)],
                )
            )
        await self._enqueue(event)

    def _event(self, state: TaskState) -> TaskStatusUpdateEvent:
        status = TaskStatus(state=state)
        status.timestamp.GetCurrentTime()
        return TaskStatusUpdateEvent(task_id=self._task_id, context_id=self._context_id, status=status)
