"""httpx over aiohttp, with two things put right that one client for many users cannot do without.

`httpx-aiohttp` keeps the cookies that anybody's answer set and sends them with everybody's next request; and it
reports a refused connection and one that broke after the request was sent as the same `httpx.ConnectTimeout`, so
that nobody can tell whether an act may have happened.
"""

from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

CONNECT_SECONDS: Final = 5.0
"""How long a connection may take to come about, however long the request may take after that.

Where a machine is gone its address answers nothing at all, and the system itself gives up after minutes. Whoever
waits for the answer of an agent may wait long; that the agent is not there has to be known at once.
"""


class Transport(AiohttpTransport):
    """Sends requests through one aiohttp session without cookies; failures say when they happened."""

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
        """
        timeout = dict(request.extensions.get("timeout", {}))
        timeout["connect"] = min(timeout.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
        request.extensions = {**request.extensions, "timeout": timeout}
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            cause = error.__cause__
            if isinstance(cause, aiohttp.ClientConnectorError):
                raise httpx.ConnectError(str(error), request=request) from cause
            if not isinstance(cause, aiohttp.ServerTimeoutError):
                raise httpx.ReadError(str(error), request=request) from cause
            raise
