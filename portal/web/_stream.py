"""A reply while it comes about: gathered from events, shown again and again as a whole.

The whole of a reply is sent each time, and not what is new of it: a page that missed something is right again with
the next one, and there is one way to show a reply, whether it comes or was there before.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from portal.conversation import Event, Reply
from portal.web._errors import words_for
from portal.web._pages import EVENT_STREAM, render
from portal.web._signed_in import Backend, SignedIn
from portal.web._turns import Turn
from shared.errors import HelpdeskError

EVERY_SECONDS: Final = 0.1
"""A model says a few words at a time; nobody reads quicker than this."""

PART_OF_TIME: Final = 20
"""What takes long to lay out is shown less often: one part in so many of the time goes into it."""

ALIVE_SECONDS: Final = 15.0


class _Shown(StreamingResponse):
    """A stream, which counts for as long as it is sent."""

    def __init__(self, backend: Backend, who: SignedIn, frames: AsyncGenerator[str, None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy is to gather it first
        super().__init__(frames, media_type=EVENT_STREAM, headers=headers)
        self._backend = backend
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, if the person is not being shown too much already."""
        with self._backend.showing(self._who):
            await super().__call__(scope, receive, send)


def turn_html(turn: Turn, who: SignedIn) -> str:
    """A turn's part of the page."""
    return render("turn.html", turn=turn, who=who)


def stream(backend: Backend, who: SignedIn, reply: Reply, events: AsyncIterator[Event]) -> StreamingResponse:
    """Shows a reply as it comes about; TooManyRequests is answered where the person is being shown too many."""
    return _Shown(backend, who, _frames(backend, who, reply, events))


async def gather(reply: Reply, events: AsyncIterator[Event], seconds: float) -> None:
    """Waits until nothing more will be said before a person does something, but no longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for event in events:
                reply.take(event)
                if reply.waits:
                    return


async def _frames(
    backend: Backend, who: SignedIn, reply: Reply, events: AsyncIterator[Event]
) -> AsyncGenerator[str, None]:
    changed, shown = asyncio.Event(), ""
    pump = asyncio.create_task(_pump(reply, events, changed))
    over = [asyncio.create_task(one.wait()) for one in (backend.closing, who.ended)]
    try:
        while True:
            waiting = asyncio.create_task(changed.wait())
            await asyncio.wait({waiting, pump, *over}, timeout=ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if backend.closing.is_set() or not who.lasts:
                return
            changed.clear()
            began = time.perf_counter()
            is_over, now = pump.done(), replace(reply, said=dict(reply.said), agents=list(reply.agents))
            frame = _frame("turn", await asyncio.to_thread(_described, now, who))
            pause = max(EVERY_SECONDS, PART_OF_TIME * (time.perf_counter() - began))
            yield frame if frame != shown else ": alive\n\n"
            shown = frame
            if is_over:
                problem = pump.result()
                if problem is not None:
                    yield _frame("problem", {"message": words_for(problem).message, "code": problem.reason})
                else:
                    yield _frame("end", {})
                return
            await asyncio.wait({pump, *over}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pump, *over):
            task.cancel()
        await asyncio.gather(pump, *over, return_exceptions=True)


async def _pump(reply: Reply, events: AsyncIterator[Event], changed: asyncio.Event) -> HelpdeskError | None:
    try:
        async for event in events:
            reply.take(event)
            changed.set()
    except HelpdeskError as error:
        return error
    return None


def _described(reply: Reply, who: SignedIn) -> dict[str, object]:
    turn = Turn.of(reply)
    return {
        "task": turn.task_id,
        "context": turn.context_id,
        "state": turn.state,
        "status": turn.status,
        "html": turn_html(turn, who),
    }


def _frame(event: str, data: dict[str, object] | Sequence[object]) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"
