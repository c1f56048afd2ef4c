"""A model that calls whatever the message tells it to call: the worst that a misled model does, and nothing else.

A message ends with a line of JSON that names the agent, the tool and its arguments. What stands before it is what a
person would have written, which the tools read too.
"""

import json
from collections.abc import AsyncGenerator
from typing import Any

from shared.testing import Calls, Says, ScriptedModel

_MARK = "\n\n:call: "


def told(text: str, *, agent: str, tool: str, arguments: dict[str, Any]) -> str:
    """A message that has the agents' models call a tool."""
    return f"{text}{_MARK}{json.dumps({'agent': agent, 'tool': tool, 'arguments': arguments})}"


class Obedient(ScriptedModel):
    """Calls what it is told.

    Args:
        name: The agent whose model it is: the supervisor's calls the agent, the agent's the tool.
    """

    def __init__(self, name: str) -> None:
        super().__init__([])
        self._name = name

    async def stream(  # type: ignore[override]
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Calls what the newest message says."""
        last = messages[-1]["content"]
        text = next((block["text"] for block in last if "text" in block), "")
        turn: Calls | Says = Says(("done",))
        if _MARK in text:
            call = json.loads(text.partition(_MARK)[2])
            if self._name == "supervisor":
                turn = Calls(((call["agent"], {"request": text}),))
            else:
                turn = Calls(((call["tool"], call["arguments"]),))
        async for event in ScriptedModel([turn]).stream(messages, tool_specs, system_prompt):
            yield event
