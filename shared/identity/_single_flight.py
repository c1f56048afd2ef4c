"""One piece of work at a time for each key, shared by all who ask for it meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Runs work in tasks of its own, so that nobody who waits can cancel it for the others.

    Result and error alike go to everybody who waits, and are not kept.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[V]] = {}

    def start(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> asyncio.Task[V]:
        """The task that is under way for `key`, or else a new one that does `work`."""
        task = self._tasks.get(key)
        if task is None or task.done():
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._end(key, done))
        return task

    async def do(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """What `work` gives, whoever started it."""
        return await asyncio.shield(self.start(key, work))

    def _end(self, key: K, task: asyncio.Task[V]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled():
            task.exception()  # seen: perhaps nobody waits any more
