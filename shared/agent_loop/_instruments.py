"""What is seen of a run of the agent loop: a span for the run, and one for each call of the model and of a tool.

Their names are those of OpenTelemetry's conventions for generative AI.

Strands' own spans say more, and what people said with it; they are off unless `TELEMETRY_LIBRARY_SPANS` has them back.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from strands import Agent
from strands.middleware import ExecuteToolStage, InvokeModelStage
from strands.types.events import ModelStopReason, ToolResultEvent

from shared.errors import HelpdeskError
from shared.telemetry import OTHER, Span, begin, metrics, span, tally

CHAT: Final = "chat"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"
TOOL_ERROR: Final = "tool_error"

PROVIDERS: Final = {"bedrock": "aws.bedrock", "offline": "helpdesk.offline"}
"""The conventions' names of providers, where they are not the setting's."""

Events = AsyncGenerator[Any, None]
Next = Callable[[Any], Events]


@dataclass(frozen=True, slots=True)
class ModelName:
    """Which model, as spans and metrics say it.

    Attributes:
        provider: As in `MODEL_PROVIDER`.
        model_id: As in `MODEL_ID`; the provider's name where there is none.
    """

    provider: str = OTHER
    model_id: str | None = None

    @property
    def system(self) -> str:
        """The provider, in the conventions' words."""
        return PROVIDERS.get(self.provider, self.provider)

    @property
    def model(self) -> str:
        """The model."""
        return self.model_id or self.provider


@contextmanager
def run_span(
    agent: str, name: ModelName, *, task_id: str, context_id: str, asked: str, goes_on: str | None = None
) -> Iterator[Span]:
    """The span of one run.

    Args:
        agent: Which agent.
        name: Its model.
        task_id: Of the task.
        context_id: Of the conversation.
        asked: What the person said; kept only where message content is switched on.
        goes_on: Where the task began: a task that goes on in another trace has a link to that one.
    """
    with span(
        f"{INVOKE_AGENT} {agent}",
        goes_on=goes_on,
        attributes={
            "gen_ai.operation.name": INVOKE_AGENT,
            "gen_ai.agent.name": agent,
            "gen_ai.provider.name": name.system,
            "gen_ai.request.model": name.model,
            "gen_ai.conversation.id": context_id,
            "helpdesk.task.id": task_id,
            "gen_ai.input.messages": asked,
        },
    ) as running:
        counts = tally()
        try:
            yield running
        finally:
            running.set(
                {
                    "helpdesk.model_calls": counts.model_calls,
                    "gen_ai.usage.input_tokens": counts.input_tokens,
                    "gen_ai.usage.output_tokens": counts.output_tokens,
                }
            )


def observe(agent: Agent, name: ModelName | None) -> None:
    """Has each call of an agent's tools seen and counted, and each of its model, where it has one."""
    if name is not None:
        agent.add_middleware(InvokeModelStage, _ModelCalls(name).around)
    agent.add_middleware(ExecuteToolStage, _around_tool)


class _ModelCalls:
    def __init__(self, name: ModelName) -> None:
        self._name = name

    async def around(self, context: Any, next_call: Next) -> Events:
        """Around one call of the model."""
        name = self._name
        chat = begin(
            f"{CHAT} {name.model}",
            kind="client",
            attributes={
                "gen_ai.operation.name": CHAT,
                "gen_ai.provider.name": name.system,
                "gen_ai.request.model": name.model,
            },
        )
        began, reason = time.perf_counter(), None
        counts = tally()
        counts.model_calls += 1
        try:
            async for event in next_call(context):
                if isinstance(event, ModelStopReason):
                    self._count(event, chat)
                yield event
        except Exception as error:
            reason = type(error).__name__
            chat.fail(reason)
            raise
        finally:
            metrics.MODEL_CALLS.record(time.perf_counter() - began, CHAT, name.system, name.model, reason)
            chat.end()

    def _count(self, event: ModelStopReason, chat: Span) -> None:
        _, _, usage, _ = event["stop"]
        name, counts = self._name, tally()
        read, written = int(usage["inputTokens"]), int(usage["outputTokens"])
        counts.input_tokens += read
        counts.output_tokens += written
        chat.set({"gen_ai.usage.input_tokens": read, "gen_ai.usage.output_tokens": written})
        metrics.MODEL_TOKENS.record(read, CHAT, name.system, name.model, "input")
        metrics.MODEL_TOKENS.record(written, CHAT, name.system, name.model, "output")


async def _around_tool(context: Any, next_call: Next) -> Events:
    """Around one call of a tool; what it calls is below its span."""
    tool = str(context.tool_use["name"]) if context.tool is not None else OTHER  # the model may name anything
    began, reason = time.perf_counter(), None
    tally().tool(tool)
    try:
        with span(
            f"{EXECUTE_TOOL} {tool}",
            attributes={
                "gen_ai.operation.name": EXECUTE_TOOL,
                "gen_ai.tool.name": tool,
                "gen_ai.tool.call.id": str(context.tool_use["toolUseId"]),
            },
        ) as executing:
            if executing.is_recording:
                executing.set({"gen_ai.tool.call.arguments": _json(context.tool_use["input"])})
            async for event in next_call(context):
                if isinstance(event, ToolResultEvent):
                    reason = _reason(event)
                    if reason is not None:
                        executing.fail(reason)
                    if executing.is_recording:
                        executing.set({"gen_ai.tool.call.result": _json(event.tool_result["content"])})
                yield event
    except Exception as error:
        reason = error.reason if isinstance(error, HelpdeskError) else type(error).__name__
        raise
    finally:
        metrics.TOOLS.record(time.perf_counter() - began, tool, reason)


def _reason(event: ToolResultEvent) -> str | None:
    """Why a tool failed, by a code; None where it did not."""
    error = event.exception
    if isinstance(error, HelpdeskError):
        return error.reason
    if error is not None:
        return type(error).__name__
    return TOOL_ERROR if event.tool_result["status"] == "error" else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
