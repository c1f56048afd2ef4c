"""Server-sent events over ASGI: one frame for each event, and a comment where nothing happens.

A reader that does not read is waited for up to a limit and then cut off; it holds up nobody else, since each stream
has its own bounded list of events.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.types import Receive, Send

from shared.telemetry import get_logger

KEEP_ALIVE_SECONDS: Final = 15.0
WRITE_SECONDS: Final = 60.0
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)

_log = get_logger()


def frame(data: str, *, event: str = "") -> bytes:
    """One event (HTML Living Standard §9.2.5); `data` is one line, as JSON is."""
    return (f"event: {event}\r\n" if event else "").encode() + b"data: " + data.encode() + b"\r\n\r\n"


async def send_stream(
    frames: AsyncGenerator[bytes, None], receive: Receive, send: Send, *, keep_alive: float = KEEP_ALIVE_SECONDS
) -> None:
    """Sends the frames until they end or the reader goes; closes the generator either way."""
    await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
    stream = _Stream(send)
    pump = asyncio.create_task(stream.pump(frames))
    gone = asyncio.create_task(_disconnected(receive))
    try:
        while not pump.done():
            done, _ = await asyncio.wait({pump, gone}, timeout=keep_alive, return_when=asyncio.FIRST_COMPLETED)
            if gone in done:
                return
            if not done:
                await stream.keep_alive()
        await pump
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        _log.info("stream_reader_stalled")
    finally:
        for task in (pump, gone):
            task.cancel()
        await asyncio.wait({pump, gone})
        await frames.aclose()


class _Stream:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_writing = False
        self._wrote = False

    async def pump(self, frames: AsyncGenerator[bytes, None]) -> None:
        async with aclosing(frames):
            async for data in frames:
                await self._write(data)

    async def keep_alive(self) -> None:
        """Says that the stream lives, if nothing was said since the last time."""
        if self._wrote or self._is_writing:
            self._wrote = False
        else:
            await self._write(b": keep-alive\r\n\r\n")
            self._wrote = False

    async def _write(self, data: bytes) -> None:
        self._is_writing = True
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            self._is_writing = False
        self._wrote = True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
