"""A model that says what a test wrote for it."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from strands.models import Model


@dataclass(frozen=True)
class Says:
    """A turn in which the model answers in words, in the chunks given."""

    chunks: tuple[str, ...]


@dataclass(frozen=True)
class Calls:
    """A turn in which the model calls tools: (name, arguments) each."""

    calls: tuple[tuple[str, dict[str, Any]], ...]


@dataclass
class ScriptedModel(Model):
    """Plays its turns in order, the last one again and again; keeps everything that it was shown."""

    turns: Sequence[Says | Calls]
    seen: list[dict[str, Any]] = field(default_factory=list)

    def update_config(self, **_: Any) -> None:
        """Has nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """Names a window, so that Strands does not warn of its absence."""
        return {"context_window_limit": 100_000}

    def structured_output(self, *_: Any, **__: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Is not scripted.

        Raises:
            TypeError: always.
        """
        raise TypeError("a scripted model gives no structured output")

    async def stream(  # type: ignore[override]
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Plays the next turn, as a provider streams it."""
        turn = self.turns[min(len(self.seen), len(self.turns) - 1)]
        self.seen.append(
            {"messages": json.loads(json.dumps(messages)), "tool_specs": tool_specs, "system_prompt": system_prompt}
        )
        yield {"messageStart": {"role": "assistant"}}
        if isinstance(turn, Says):
            for chunk in turn.chunks:
                yield {"contentBlockDelta": {"delta": {"text": chunk}}}
            yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "end_turn"}}
        else:
            for index, (name, arguments) in enumerate(turn.calls):
                tool_use = {"toolUseId": f"call-{len(self.seen)}-{index}", "name": name}
                yield {"contentBlockStart": {"start": {"toolUse": tool_use}}}
                yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(arguments)}}}}
                yield {"contentBlockStop": {}}
            yield {"messageStop": {"stopReason": "tool_use"}}
        yield {
            "metadata": {"usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}, "metrics": {"latencyMs": 0}}
        }
