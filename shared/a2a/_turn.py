"""One message for a task, and who waits for what comes of it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from a2a.server.agent_execution import RequestContext
from a2a.types import Message, Task

from shared.a2a._listener import Listener
from shared.tasks import Event


@dataclass(eq=False, slots=True)
class Turn:
    """One message and what comes of it.

    Attributes:
        context: What the executor is given.
        begun: The task in the first state that the message brings it to, for a sender who wants that.
        outcome: The task when it has ended or waits for somebody, or the agent's message.
        listener: Where the sender reads events, if it reads them.
        leave: Tells the run that nobody reads there any more.
        work: What works on it.
    """

    context: RequestContext
    begun: "asyncio.Future[Task | Message] | None"
    outcome: "asyncio.Future[Task | Message]"
    listener: Listener | None
    leave: Callable[[Listener], None]
    work: "asyncio.Task[None] | None" = None

    def settle(self, outcome: Task | Message) -> None:
        """Tells the sender, unless that was done."""
        for future in (self.begun, self.outcome):
            if future is not None and not future.done():
                future.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """Tells the sender that nothing comes of the message, unless something did."""
        for future in (self.begun, self.outcome):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # a sender that has gone does not ask, and that is no fault

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events, where the sender reads them; then what kept the message from being worked on, if anything did."""
        if self.listener is not None:
            try:
                async for event in self.listener:
                    yield event
            finally:
                self.leave(self.listener)
        await asyncio.shield(self.outcome)
