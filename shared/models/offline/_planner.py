"""The offline planner, as a Strands model."""

import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from time import perf_counter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from strands.models import Model
from strands.types.content import Messages, SystemContentBlock
from strands.types.exceptions import StructuredOutputException
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from shared.models.offline._arguments import fill_arguments
from shared.models.offline._clauses import message_body
from shared.models.offline._conversation import read_conversation, result_text
from shared.models.offline._index import ToolIndex
from shared.models.offline._plan import Plan, force_plan, make_plan
from shared.models.offline._specification import read_tool
from shared.models.offline._weights import Against, Measures
from shared.models.offline._words import split_words

T = TypeVar("T", bound=BaseModel)

CONTEXT_WINDOW = 200_000  # tokens; nothing is sent anywhere, so that this only keeps Strands from guessing
KEPT_INDEXES = 32
CHUNK_CHARACTERS = 80
CHARACTERS_PER_TOKEN = 4


class OfflinePlanner(Model):
    """A deterministic model without a network or weights: it plans from the tools' specifications alone.

    It stands in for a language model where there is none: on one machine, in tests. It knows general English and
    reads names, descriptions, `Tags:` and `Examples:` lines and JSON schemas; whatever tools it is handed, it
    chooses among them, fills their arguments from what was said, asks for what is missing, refuses what no tool
    covers, and gives the tools' results back word for word. It writes no prose of its own beyond that.

    One planner serves any number of agents and threads at once.
    """

    def __init__(self) -> None:
        self._config: dict[str, Any] = {"model_id": "offline-planner", "context_window_limit": CONTEXT_WINDOW}
        self._indexes: OrderedDict[tuple[tuple[str, str, str], ...], ToolIndex] = OrderedDict()
        self._lock = threading.Lock()

    def update_config(self, **model_config: Any) -> None:
        """Adds to the configuration; nothing in it changes how the planner plans."""
        self._config.update(model_config)

    def get_config(self) -> dict[str, Any]:
        """The configuration: the name, and the window that Strands asks for."""
        return self._config

    def plan(
        self, messages: Messages, tool_specs: list[ToolSpec] | None = None, tool_choice: ToolChoice | None = None
    ) -> Plan:
        """Decides what to do next: calls, or words.

        Args:
            messages: The conversation, in Strands' form.
            tool_specs: The tools at hand.
            tool_choice: `auto`, `any` or `tool`, as Strands defines them.
        """
        conversation = read_conversation(messages)
        if conversation.results:
            said = [text for result in conversation.results if (text := result_text(result))]
            return Plan(text="\n\n".join(said))
        index = self._index(tool_specs or [])
        if tool_choice is not None and "auto" not in tool_choice and index.tools:
            return force_plan(index, conversation, tool_choice)
        return make_plan(index, conversation)

    def measure(self, text: str, tool_specs: list[ToolSpec]) -> tuple[list[Measures], Against] | None:
        """What speaks for each tool and what for none, which the weights are learnt from; nothing without a word."""
        body = message_body(text)
        return self._index(tool_specs).measure(body) if split_words(body) else None

    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        invocation_state: dict[str, Any] | None = None,  # noqa: ARG002 -- Strands' signature; it is never looked at
        cancel_signal: threading.Event | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncGenerator[StreamEvent, None]:
        """Plans, and says the plan in Strands' stream events; stops short where `cancel_signal` is set."""
        started = perf_counter()
        plan = self.plan(messages, tool_specs, tool_choice)
        written = 0
        for event in _events(plan):
            if cancel_signal is not None and cancel_signal.is_set():
                return
            if "contentBlockDelta" in event:
                delta = event["contentBlockDelta"]["delta"]
                written += len(delta["text"] if "text" in delta else delta["toolUse"]["input"])
            yield event
        read = await self.count_tokens(messages, tool_specs, system_prompt, system_prompt_content)
        output = -(-written // CHARACTERS_PER_TOKEN)
        yield {
            "metadata": {
                "usage": {"inputTokens": read, "outputTokens": output, "totalTokens": read + output},
                "metrics": {"latencyMs": round((perf_counter() - started) * 1000)},
            }
        }

    async def structured_output(
        self,
        output_model: type[T],
        prompt: Messages,
        system_prompt: str | None = None,  # noqa: ARG002 -- Strands' signature
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncGenerator[dict[str, T | Any], None]:
        """Fills the model from what was said.

        Raises:
            StructuredOutputException: What was said does not hold what the model needs.
        """
        conversation = read_conversation(prompt)
        texts = [conversation.text, *(turn.text for turn in reversed(conversation.earlier))]
        values, _ = fill_arguments(output_model.model_json_schema(), texts)
        try:
            yield {"output": output_model.model_validate(values)}
        except ValidationError as error:
            names = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors())
            raise StructuredOutputException(
                f"The conversation does not say what {output_model.__name__} needs: {names}."
            ) from error

    def _index(self, specs: list[ToolSpec]) -> ToolIndex:
        key = tuple(
            (
                spec["name"],
                spec.get("description") or "",
                json.dumps([spec.get("inputSchema"), spec.get("annotations")], default=str),
            )
            for spec in specs
        )
        with self._lock:
            index = self._indexes.get(key)
            if index is not None:
                self._indexes.move_to_end(key)
                return index
        index = ToolIndex([read_tool(spec) for spec in specs])
        with self._lock:
            self._indexes[key] = index
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
        return index


def _events(plan: Plan) -> Iterator[StreamEvent]:
    yield {"messageStart": {"role": "assistant"}}
    if plan.text:
        yield {"contentBlockStart": {"start": {}}}
        for start in range(0, len(plan.text), CHUNK_CHARACTERS):
            yield {"contentBlockDelta": {"delta": {"text": plan.text[start : start + CHUNK_CHARACTERS]}}}
        yield {"contentBlockStop": {}}
    for call in plan.calls:
        tool_use_id = f"tooluse_{uuid.uuid4().hex[:24]}"
        yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": tool_use_id, "name": call.tool}}}}
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(call.arguments, ensure_ascii=False)}}}}
        yield {"contentBlockStop": {}}
    yield {"messageStop": {"stopReason": "tool_use" if plan.calls else "end_turn"}}
