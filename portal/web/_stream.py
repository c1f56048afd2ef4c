"""A reply while it comes about: gathered from events, shown again and again as a whole.

The whole of a reply is sent each time, and not what is new of it: a page that missed something is right again with
the next one, and there is one way to show a reply, whether it comes or was there before.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

from starlette.responses import StreamingResponse

from portal.conversation import Event, Reply
from portal.web._errors import words_for
from portal.web._pages import EVENT_STREAM, render
from portal.web._signed_in import Backend, SignedIn
from portal.web._turns import Turn
from shared.errors import HelpdeskError, TooManyRequests

EVERY_SECONDS: Final = 0.1
"""A model says a few words at a time; nobody reads quicker than this."""

ALIVE_SECONDS: Final = 15.0
MAX_STREAMS: Final = 20


def turn_html(turn: Turn, who: SignedIn) -> str:
    """A turn's part of the page."""
    return render("turn.html", turn=turn, who=who)


def stream(backend: Backend, who: SignedIn, reply: Reply, events: AsyncIterator[Event]) -> StreamingResponse:
    """Shows a reply as it comes about.

    Raises:
        TooManyRequests: the same session is being shown as many as it may.
    """
    if who.streams >= MAX_STREAMS:
        raise TooManyRequests("Too many answers are open at the same time: close some of them.")
    return StreamingResponse(
        _frames(backend, who, reply, events),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},  # no proxy is to gather it first
    )


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
    who.streams += 1
    try:
        while True:
            waiting = asyncio.create_task(changed.wait())
            await asyncio.wait({waiting, pump, *over}, timeout=ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if backend.closing.is_set() or not who.lasts:
                return
            changed.clear()
            frame = _frame("turn", _described(reply, who))
            yield frame if frame != shown else ": alive\n\n"
            shown = frame
            if pump.done():
                problem = pump.result()
                if problem is not None:
                    yield _frame("problem", {"message": words_for(problem).message, "code": problem.reason})
                else:
                    yield _frame("end", {})
                return
            await asyncio.wait({pump, *over}, timeout=EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        who.streams -= 1
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
