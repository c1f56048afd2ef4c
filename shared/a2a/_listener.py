"""Who reads a run's events."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Self

from shared.errors import TooManyRequests
from shared.tasks import Event

MAX_LISTENER_EVENTS: Final = 1024


class Listener(AsyncIterator[Event]):
    """The events of a run from now on, for one reader; one that falls too far behind is let go."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._woken = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def put(self, event: Event) -> None:
        """Adds an event; never waits."""
        if len(self._events) >= MAX_LISTENER_EVENTS:
            self._error = TooManyRequests("The stream was not read fast enough; subscribe to the task again.")
            self.end()
        if not self._ended:
            self._events.append(event)
            self._woken.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._woken.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._ended:
                raise self._error or StopAsyncIteration
            self._woken.clear()
            await self._woken.wait()
        return self._events.popleft()
