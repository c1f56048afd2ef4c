"""A real server on a loopback port, in a thread of its own, for an ASGI app."""

import asyncio
import socket
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from shared.a2a import HTTP_PROTOCOL, KEEP_ALIVE_SECONDS
from shared.testing._ports import reserved_port

START_SECONDS = 20.0
STOP_SECONDS = 20.0


class LoopbackServer:
    """Serves an app at a port that is known before the app is made, so that the app can be told its own URL."""

    def __init__(self) -> None:
        self._reserved = ExitStack()  # kept as long as this object is, and so while the server is stopped
        self.port = self._reserved.enter_context(reserved_port())
        self._socket = _listening_socket(self.port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the app answers, with a trailing slash."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self, app: ASGIApp) -> Self:
        """Begins to serve; after `stop`, at the same port.

        Raises:
            TimeoutError: if the app does not start in time.
        """
        if self._socket.fileno() == -1:
            self._socket = _listening_socket(self.port)
        config = uvicorn.Config(
            app,
            http=HTTP_PROTOCOL,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2,
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[self._socket])), name=f"loopback:{self.port}", daemon=True
        )
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(START_SECONDS / 0.01)):
            if server.started or not self._thread.is_alive():
                break
            waited.wait(0.01)
        if not server.started:
            raise TimeoutError(f"the app at port {self.port} did not start")
        return self

    def stop(self) -> None:
        """Ends the app and frees the port."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(STOP_SECONDS)
            self._thread = None
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _listening_socket(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(256)
    return listener
