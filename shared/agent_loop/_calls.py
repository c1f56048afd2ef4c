"""The calls of a run that can be made again: noted in the task before they are made, for after a crash.

A tool whose calls can says what each is made again by, in `resume_of(run, tool_use)`: the tool of an agent that knows
a message that came before, say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from strands.types.content import Message
from strands.types.tools import AgentTool

from shared.a2a import RESTART, Wait

INTERRUPTED = (
    "I was interrupted by a restart. I go on with this as soon as you look at it, and say here what comes of it; "
    "nothing is done twice."
)


class CallsUnderWay:
    """The calls of one run that can be made again.

    Args:
        tools: All that may be called.
        run: The run's own name, which no other run has.
        waits: By their ids now, the calls with which a task goes on.
    """

    def __init__(self, tools: Sequence[AgentTool], run: str, waits: Mapping[str, Wait]) -> None:
        found = {tool.tool_name: getattr(tool, "resume_of", None) for tool in tools}
        self._resume_of = {name: resume_of for name, resume_of in found.items() if resume_of is not None}
        self._run = run
        self._waits = waits
        self._calls = [replace(wait, call=call) for call, wait in waits.items() if wait.tool in self._resume_of]
        self._told = 0

    def note(self, message: Message) -> None:
        """Takes the calls that the model asks for."""
        for block in message["content"]:
            tool_use = block.get("toolUse")
            if tool_use is None or tool_use["name"] not in self._resume_of or tool_use["toolUseId"] in self._waits:
                continue
            arguments: Any = tool_use["input"]
            self._calls.append(
                Wait(
                    RESTART,
                    tool_use["name"],
                    tool=tool_use["name"],
                    arguments=arguments if isinstance(arguments, dict) else {},
                    resume=self._resume_of[tool_use["name"]](self._run, tool_use),
                    call=tool_use["toolUseId"],
                )
            )

    def news(self) -> Sequence[Wait]:
        """All so far, where some of them were not told yet."""
        is_new, self._told = len(self._calls) > self._told, len(self._calls)
        return list(self._calls) if is_new else ()
