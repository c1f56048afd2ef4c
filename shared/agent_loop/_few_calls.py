"""How many tools one message may have called, whatever a model makes of it.

A model can be talked into a call for each of two hundred names, and each is some questions to other systems, which
everybody shares and which answer so many a minute.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from strands.types.events import ModelStopReason

from shared.a2a import MAX_WAITS

MAX_CALLS: Final = MAX_WAITS
"""As each of them may have to wait for a person, and a task waits for no more."""

LEFT_OUT: Final = f"I do at most {MAX_CALLS} things for one message, so this is not all of it. Please ask for the rest."


class FewCalls:
    """Leaves out of what the model says the calls that are too many; made for one run."""

    def __init__(self) -> None:
        self.are_all = True
        """Whether none was left out."""
        self._room = MAX_CALLS

    async def around(
        self, context: Any, next_call: Callable[[Any], AsyncGenerator[Any, None]]
    ) -> AsyncGenerator[Any, None]:
        """Around one call of the model."""
        async for event in next_call(context):
            yield self._cut(event) if isinstance(event, ModelStopReason) else event

    def _cut(self, event: ModelStopReason) -> ModelStopReason:
        message = event.message
        calls = [block for block in message["content"] if "toolUse" in block]
        if len(calls) <= self._room:
            self._room -= len(calls)
            return event
        self.are_all = False
        left_out, kept, self._room = {id(block) for block in calls[self._room :]}, self._room, 0
        message["content"][:] = [block for block in message["content"] if id(block) not in left_out]
        if kept:
            return event
        message["content"].append({"text": LEFT_OUT})  # so that the turn says something: not every provider takes none
        return ModelStopReason("end_turn", message, event.usage, event.metrics)
