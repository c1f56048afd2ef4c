"""The one door to HTTP: every outbound client is made here, once per process.

httpx over aiohttp's connector: httpx's own pool loses throughput as concurrency grows (measured in
`docs/explanation/performance.md`), and a client made per request costs tens of milliseconds.
"""

from http.cookiejar import DefaultCookiePolicy

import httpx

from shared.http._transport import Transport

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
MAX_CONNECTIONS = 256


def create_http_client(
    *,
    timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    app: httpx.ASGITransport | None = None,
    auth: httpx.Auth | None = None,
    keep_cookies: bool = False,
) -> httpx.AsyncClient:
    """Makes a client with connections kept, no redirects followed, and answers read up to a length.

    Args:
        timeout: In seconds.
        app: A transport that answers in process, for tests.
        auth: Adds credentials to each request.
        keep_cookies: Only for a client that is one person's browser; what serves everybody keeps none.
    """
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
    client = httpx.AsyncClient(
        transport=app or Transport(limits),
        headers={"accept-encoding": "identity"},
        timeout=timeout,
        auth=auth,
        follow_redirects=False,
        trust_env=False,
    )
    if not keep_cookies:  # what an answer to one user sets must never go out with another's request
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client
