"""What must not be left in the middle: it comes to its end whatever becomes of the run that does it."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

TO_ITS_END: Final = "to_its_end"
"""In `invocation_state`: what a tool hands such work to."""


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    invocation_state: dict[str, Any]


async def to_its_end(call: ToolCall, work: Coroutine[Any, Any, T]) -> T:
    """Does what must not be left in the middle; the task of the call cannot be cancelled meanwhile.

    Args:
        call: The call of the tool.
        work: What is done. It says in time what came of it: the agent does not end before.
    """
    done: T = await call.invocation_state[TO_ITS_END](work)
    return done


class BeingDone:
    """What tools are doing at the moment that cannot be taken back, by the task for which they do it."""

    def __init__(self) -> None:
        self._tasks: Counter[str] = Counter()
        self._work: set[asyncio.Task[Any]] = set()

    def __contains__(self, task_id: str) -> bool:
        return self._tasks[task_id] > 0

    async def to_its_end(self, task_id: str, work: Coroutine[Any, Any, T]) -> T:
        """Does `work`; a run that is stopped meanwhile ends, and the work goes on."""
        doing = asyncio.create_task(work)
        self._tasks[task_id] += 1
        self._work.add(doing)

        def done(_: asyncio.Task[T]) -> None:
            self._work.discard(doing)
            self._tasks.subtract((task_id,))
            self._tasks = +self._tasks
            if not doing.cancelled():
                doing.exception()  # what broke is the run's to tell; one that was stopped has nobody to tell it to

        doing.add_done_callback(done)
        return await asyncio.shield(doing)

    async def ended(self) -> None:
        """Waits until all of it is done."""
        await asyncio.gather(*self._work, return_exceptions=True)
