"""Runs an agent: listens first, makes the app meanwhile, and ends in order.

An agent imports a model's libraries and a protocol's, which takes a second or two. Whoever starts it wants to hear
sooner that it lives, so the socket is bound before anything heavy is imported, `/ping` is answered at once, and other
requests wait until the app is there. Nothing here may import `a2a`.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from shared.errors import ConfigurationError, HelpdeskError
from shared.settings import ServiceSettings, TelemetrySettings, switch_on_sdk_spans
from shared.telemetry import Telemetry, configure_logging, configure_telemetry, get_logger

START_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 20.0
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than clients keep a connection that they do not use: who closes it first may do so just when it is used."""

BACKLOG: Final = 2048
HTTP_PROTOCOL: Final = "shared.a2a._http_protocol:HttpProtocol"
"""How uvicorn speaks HTTP with limits; by name, so that it is imported with uvicorn's own."""

_log = get_logger()


def serve(make_app: Callable[[], Starlette], settings: ServiceSettings, *, name: str = "") -> None:
    """Serves the app that `make_app` makes until the process is told to stop; does not return before.

    Args:
        make_app: Imports what is heavy and makes the app; called in a thread, once the socket is bound.
        settings: Where to listen, and how to log.
        name: The service's name in the log.

    Raises:
        SystemExit: with status 1, after one line that says why, if the agent cannot start.
    """
    configure_logging(level=settings.log_level, log_format=settings.log_format, service=name)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # its start and its end are told below, in one line each
    try:
        _run(make_app, settings, name)
    except HelpdeskError as error:
        sys.exit(_complain(name, error.public_message))
    except Exception:  # noqa: BLE001 -- the outermost edge of the process
        _log.exception("start_failed")
        sys.exit(_complain(name, "it could not start; the log says why."))


def _run(make_app: Callable[[], Starlette], settings: ServiceSettings, name: str) -> None:
    telemetry = Telemetry("off")

    def make() -> Starlette:
        nonlocal telemetry
        has: object = settings
        if isinstance(has, TelemetrySettings):
            telemetry = configure_telemetry(has, service=name)
            if telemetry.library_spans:
                switch_on_sdk_spans()
        return make_app()

    starting = StartingApp(make)
    config = uvicorn.Config(
        starting,
        loop="uvloop",
        http=HTTP_PROTOCOL,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(DRAIN_SECONDS) + 5,
        backlog=BACKLOG,
    )
    server = _Server(config, starting)
    starting.stop_server = server.stop
    with _bind(settings.host, settings.port) as listener:
        _log.info("listening", host=settings.host, port=listener.getsockname()[1])
        server.run(sockets=[listener])
        telemetry.close()
        _log.info("stopped")
    if starting.failure is not None:
        raise starting.failure
    _leave_threads_behind()


def _leave_threads_behind() -> None:
    """Ends the process where a thread still waits, for a model's provider that does not answer say.

    Everything is closed by now, and what the thread worked on has been stopped; Python would wait for it until whoever
    stops the process kills it.
    """
    waiting = [each.name for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    if waiting and threading.current_thread() is threading.main_thread():
        _log.warning("threads_left_behind", threads=waiting)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class StartingApp:
    """Stands in for the app until it is made, and then for it.

    Args:
        make_app: See `serve`.
    """

    def __init__(self, make_app: Callable[[], Starlette]) -> None:
        self.failure: Exception | None = None
        self.stop_server: Callable[[], None] = lambda: None
        self._make_app = make_app
        self._app: Starlette | None = None
        self._ready = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None and scope["type"] != "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer_early(scope, receive, send)

    async def drain(self) -> None:
        """Lets what is under way end, for a while; streams end with it."""
        drain: Callable[[float], Awaitable[None]] | None = getattr(getattr(self._app, "state", None), "drain", None)
        if drain is not None:
            await drain(DRAIN_SECONDS)

    async def _answer_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ping":
            await JSONResponse({"status": "Healthy"})(scope, receive, send)
            return
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            pass
        if self._app is None:
            answer = JSONResponse({"error": "The agent is starting."}, status_code=503, headers={"Retry-After": "2"})
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            making = asyncio.create_task(self._make(stack))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            making.cancel()
            await asyncio.wait([making])
        await send({"type": "lifespan.shutdown.complete"})

    async def _make(self, stack: AsyncExitStack) -> None:
        try:
            app = await asyncio.to_thread(self._make_app)
            await stack.enter_async_context(app.router.lifespan_context(app))
        except Exception as error:  # noqa: BLE001 -- raised again where the process ends
            self.failure = error
            self.stop_server()
            return
        # All that was made until now stays: the collector need not look at it again, which is most of its work.
        gc.collect()
        gc.freeze()
        self._app = app
        self._ready.set()
        _log.info("ready")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: StartingApp) -> None:
        super().__init__(config)
        self._starting = app

    def stop(self) -> None:
        """As on a signal."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops listening and lets running tasks end at the same time: open streams end with their tasks."""
        draining = asyncio.create_task(self._starting.drain())
        await super().shutdown(sockets)
        draining.cancel()
        await asyncio.wait([draining])
        # At its end the loop waits for the threads of its executor: of one that has none. See _leave_threads_behind.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Like uvicorn's own, but a signal that was obeyed is not raised again at the end: that is no failure."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"PORT {port} of HOST {host} cannot be listened on ({error.strerror}): free it, or set another."
        ) from error
    return listener


def _complain(name: str, message: str) -> int:
    sys.stderr.write(f"{name or 'agent'}: {message}\n")
    return 1
