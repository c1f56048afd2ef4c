"""One request to an ASGI app, step by step: its answer as it comes, a reader that stalls, a client that goes."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Message

from tests.a2a._agent import events_of


class Exchange:
    """A request whose answer is read piece by piece.

    Args:
        app: The app.
        body: What is posted, as JSON.
        headers: The request's headers.
        path: Where to.
    """

    def __init__(self, app: ASGIApp, body: Any, headers: dict[str, str], *, path: str = "/") -> None:
        raw = json.dumps(body).encode()
        self._app = app
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "headers": [
                (b"content-type", b"application/json"),
                *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            ],
        }
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._to_app.put_nowait({"type": "http.request", "body": raw, "more_body": False})
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async def send(sent: Message) -> None:
            await self.reads.wait()
            self._from_app.put_nowait(sent)

        async def run() -> None:
            await self._app(self._scope, self._to_app.get, send)

        self._task = asyncio.create_task(run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.reads.set()
        self.disconnect()
        await self.ended()

    def disconnect(self) -> None:
        """The client goes away."""
        self._to_app.put_nowait({"type": "http.disconnect"})

    async def ended(self) -> None:
        """Waits until the app is done with the request."""
        assert self._task is not None
        async with asyncio.timeout(30):
            await self._task

    async def start(self) -> tuple[int, dict[str, str]]:
        """The status and the headers."""
        sent = await self._next()
        assert sent["type"] == "http.response.start"
        return sent["status"], {name.decode(): value.decode() for name, value in sent["headers"]}

    async def piece(self) -> str:
        """The next piece of the body; empty at the end."""
        sent = await self._next()
        assert sent["type"] == "http.response.body"
        return str(sent.get("body", b"").decode())

    async def event(self) -> dict[str, Any]:
        """The next event of a stream."""
        return events_of(await self.piece())[0]

    async def rest(self) -> list[dict[str, Any]]:
        """All events until the end."""
        events: list[dict[str, Any]] = []
        while piece := await self.piece():
            events += events_of(piece)
        return events

    async def _next(self) -> Message:
        async with asyncio.timeout(30):
            return await self._from_app.get()
