"""httpx over aiohttp, with that put right that one client for many users cannot do without.

`httpx-aiohttp` keeps the cookies that anybody's answer set and sends them with everybody's next request. It reports a
refused connection and one that broke after the request was sent as the same `httpx.ConnectTimeout`, so that nobody
can tell whether an act may have happened, and lets some of aiohttp's own errors through. And like httpx itself it
reads an answer of any length, which fills the memory of everybody's process at the will of one peer.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

CONNECT_SECONDS: Final = 5.0
"""How long a connection may take to come about, however long the request may take after that.

Where a machine is gone its address answers nothing at all, and the system itself gives up after minutes. Whoever
waits for the answer of an agent may wait long; that the agent is not there has to be known at once.
"""

MAX_RESPONSE_BYTES: Final = 16 * 1024 * 1024
"""The longest answer that is read, streams included: several times what an agent may say, event by event."""


LAST_OF_CONNECTION: Final = 251
"""Every so many requests one asks for its connection to be closed after it.

Connections that are in use are kept for ever, and lead to whoever was there when they were made: a replica that came
later, or came back, would get nothing. A prime, so that with any number of connections each has its turn.
"""


class Transport(AiohttpTransport):
    """Sends requests through one aiohttp session without cookies; failures say when they happened."""

    def __init__(self, limits: httpx.Limits) -> None:
        super().__init__(verify=_authorities(), limits=limits, trust_env=False)
        self._sent = 0

    def get_client(self) -> aiohttp.ClientSession:
        """The session of the process."""
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            keepalive_timeout=self.limits.keepalive_expiry,
            ssl=self.ssl_context,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request.

        Raises:
            httpx.ConnectError: no connection came about, so that nothing was sent.
            httpx.ConnectTimeout: the same, for lack of time.
            httpx.ReadError: the connection broke; what was sent may have been acted on.
            httpx.RemoteProtocolError: what came is no HTTP, or is compressed, which nobody asked for: a small answer
                could become one of any size. Reading an answer that is too long raises it, too.
        """
        timeout = dict(request.extensions.get("timeout", {}))
        timeout["connect"] = min(timeout.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
        request.extensions = {**request.extensions, "timeout": timeout}
        self._sent += 1
        if self._sent % LAST_OF_CONNECTION == 0:
            request.headers["connection"] = "close"
        try:
            with _as_httpx(request):
                response = await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            cause = error.__cause__
            if isinstance(cause, aiohttp.ClientConnectorError):
                raise httpx.ConnectError(str(error), request=request) from cause
            if not isinstance(cause, aiohttp.ServerTimeoutError):
                raise httpx.ReadError(str(error), request=request) from cause
            raise
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx.RemoteProtocolError("the answer is compressed", request=request)
        response.stream = _Bounded(response.stream, request)
        return response


class _Bounded(httpx.AsyncByteStream):
    """A body that breaks off where it becomes too long."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, request: httpx.Request) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 -- httpx-aiohttp's are; this tells the type checker
        self._stream = stream
        self._request = request
        self._room = MAX_RESPONSE_BYTES

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with _as_httpx(self._request):
                async for chunk in self._stream:
                    self._room -= len(chunk)
                    if self._room < 0:
                        raise httpx.RemoteProtocolError("the answer is too long", request=self._request)
                    yield chunk
        except httpx.ConnectTimeout as error:  # there is a connection: it broke
            raise httpx.ReadError(str(error), request=self._request) from error.__cause__

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Errors of aiohttp's that `httpx-aiohttp` does not know: an answer that is no HTTP, for one."""
    try:
        yield
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError(type(error).__name__, request=request) from error


@cache
def _authorities() -> ssl.SSLContext:
    """Who vouches for servers, for all clients of a process: reading their certificates takes 20 ms."""
    return httpx.create_ssl_context(trust_env=False)
