"""HTTP/1.1 as uvicorn speaks it, with the limits that it leaves out: for how long, and how much, a head may come.

uvicorn over httptools keeps all of a request's headers in memory, however many come, and waits for the rest for ever;
nobody has to prove anything to send them. What stands behind sees a request only once its head is whole. So a head
that is too long is answered with 431 (RFC 6585 §5), and one that is too slow with 408 (RFC 9110 §15.5.9).
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
"""Of one that did not come in one piece, which is no longer than a socket's buffer. Each app has a limit of its own."""

HEAD_SECONDS: Final = 20.0
FIRST_SECONDS: Final = 75.0
"""A browser opens connections in advance, on which nothing is said yet."""


class HttpProtocol(HttpToolsProtocol):
    """One connection; uvicorn makes it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._begun = 0
        self._in_body = False
        self._head_bytes: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Waits for the first request, but not for ever."""
        super().connection_made(transport)
        self._wait(FIRST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes in a piece; of a head that is too long none of the rest is wanted."""
        begun, was_in_body = self._begun, self._in_body
        super().data_received(data)
        if self._head_bytes is None or self.transport.is_closing():
            return
        if self._begun > begun:  # a head that began in this piece, and has not ended
            is_alone = self._begun == begun + 1 and not was_in_body
            self._head_bytes = len(data) if is_alone else 0
            self._wait(HEAD_SECONDS)
        else:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._begun, self._in_body, self._head_bytes = self._begun + 1, False, 0

    def on_headers_complete(self) -> None:
        """It has ended."""
        self._in_body, self._head_bytes = True, None
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has ended, too."""
        super().on_message_complete()
        self._in_body = False

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
