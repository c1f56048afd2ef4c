"""What `local.tenant.testing` stands on: a server in a thread, faults, a clock moved by hand, keys made once."""

import asyncio
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.tenant._clients import new_private_key
from shared.a2a import KEEP_ALIVE_SECONDS

START_TIMEOUT = STOP_TIMEOUT = 30


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now

    def __call__(self) -> float:
        """The time, in seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


@dataclass(slots=True)
class Fault:
    """An answer that some requests for a path get instead of the application's."""

    path: str
    response: Response
    times: int
    delay: float = 0.0


@dataclass
class Door:
    """Counts requests, answers some of them instead of the application, and keeps what passes where it is told to."""

    app: ASGIApp
    requests: Counter[str] = field(default_factory=Counter)
    writes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    overheard: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.requests[scope["path"]] += 1
        if scope["method"] != "GET":
            self.writes[scope["method"], scope["path"]] += 1
        for fault in self.faults:
            if fault.times > 0 and scope["path"] == fault.path:
                fault.times -= 1
                await asyncio.sleep(fault.delay)
                await fault.response(scope, receive, send)
                return
        passing = self.overheard.get(scope["path"])
        if passing is None:
            await self.app(scope, receive, send)
            return

        async def hear() -> Message:
            message = await receive()
            passing.append(("request", message.get("body", b"")))
            return message

        async def say(message: Message) -> None:
            passing.append(("answer", message.get("body", b"")))
            await send(message)

        await self.app(scope, hear, say)


class _Server(uvicorn.Server):
    """Says when it is listening."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class ThreadedServer:
    """Serves an application on a loopback port, from a thread; it can be stopped and started again on the same port."""

    def __init__(self, port: int) -> None:
        self._socket: socket.socket | None = None
        self._running: tuple[_Server, threading.Thread] | None = None
        self.port = port
        self._bind()

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._running is not None

    def start(self, app: ASGIApp) -> None:
        """Begins to answer.

        Raises:
            TimeoutError: if it does not.
        """
        if self._running is not None:
            return
        listener = self._socket or self._bind()
        server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listener])), name="local-tenant", daemon=True
        )
        self._running = server, thread
        thread.start()
        if not server.listening.wait(START_TIMEOUT):
            raise TimeoutError(f"the server does not listen after {START_TIMEOUT} s")

    def stop(self) -> None:
        """Stops answering and closes the port."""
        if self._running is not None:
            server, thread = self._running
            server.should_exit = True
            thread.join(STOP_TIMEOUT)
            self._running = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _bind(self) -> socket.socket:
        # asyncio sets TCP_NODELAY only where the protocol is named; without, each answer takes 40 ms more
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._socket = listener
        return listener


class KeyPool:
    """RSA keys of this process: making one takes longer than most tests. No two tenants have one at the same time."""

    _free: list[rsa.RSAPrivateKey] = []  # noqa: RUF012 -- shared on purpose

    def __init__(self) -> None:
        self._taken: list[rsa.RSAPrivateKey] = []

    def take(self) -> rsa.RSAPrivateKey:
        """A key that nobody else has now."""
        key = self._free.pop() if self._free else new_private_key()
        self._taken.append(key)
        return key

    def give_back(self) -> None:
        """Lets others have the keys."""
        self._free.extend(self._taken)
        self._taken.clear()
