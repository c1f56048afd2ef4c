"""The outermost layer: what is so for every request.

It gives the request an id, refuses other hosts' names and what other sites' pages fetch, forbids the browser what pages
do not need, writes one line to the log, and answers what nobody caught. The line has the path and never the
query: a code of the authorization server stands there.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.web._pages import REQUEST_ID, error_response
from portal.web._shares import AT_END
from portal.web._trace import end_trace, note_arrival
from portal.web.settings import WebSettings
from shared.telemetry import bind_ids, get_logger

HEALTH: Final = "/healthz"
STATIC: Final = "/static/"
YEAR: Final = 31_536_000
MAX_HEADER_BYTES: Final = 32 * 1024
READER_SECONDS: Final = 60.0
"""For how long a browser may take nothing of what is sent to it: as long, all that stands behind it is kept up."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types helpdesk"
)
HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",  # with `no-referrer` a browser would not name the origin of a form, either
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
PRIVATE: Final = {"cache-control": "no-store"}

_log = get_logger()


class _NobodyReads(Exception):
    """A browser takes nothing of what is sent to it."""


class Edge:
    """The layer.

    Args:
        app: What is below.
        settings: The origin.
    """

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._host = settings.origin.partition("://")[2]
        headers = dict(HEADERS)
        if settings.is_https:
            headers["strict-transport-security"] = f"max-age={YEAR}; includeSubDomains"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._private = [(name.encode(), value.encode()) for name, value in PRIVATE.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, status, began = uuid.uuid4().hex, 0, time.perf_counter()
        scope[REQUEST_ID] = request_id
        always = [(b"x-request-id", request_id.encode()), *self._headers]

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message.get("headers", ()))
                private = [] if any(name == b"cache-control" for name, _ in given) else self._private
                message["headers"] = [*given, *private, *always]
            try:
                async with asyncio.timeout(READER_SECONDS):
                    await send(message)
            except TimeoutError:
                raise _NobodyReads from None

        bind_ids(request_id=request_id)
        with ExitStack() as stack:
            scope[AT_END] = stack
            note_arrival(scope, stack)
            try:
                await self._answer(scope, receive, send_guarded, lambda: status)
            finally:
                end_trace(scope, status=status, request_id=request_id)
                _write(scope, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, status: Callable[[], int]) -> None:
        try:
            await self._guarded(scope, receive, send)
        except (ClientDisconnect, _NobodyReads):
            _log.info("reader_gone")
        except Exception:  # noqa: BLE001  # lint: allow broad-except -- the last handler before the server's own
            _log.exception("unhandled_error")
            if not status():
                answer = error_response(Request(scope), 500, "Something went wrong on our side.")
                await answer(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        if hosts != [self._host] and scope["path"] != HEALTH:
            await PlainTextResponse("The web chat is not at this address.", 421)(scope, receive, send)
            return
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            await PlainTextResponse("These headers are too long.", 431)(scope, receive, send)
            return
        if _is_fetched_by_another_site(scope):
            await PlainTextResponse("This is not for pages of other sites.", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_fetched_by_another_site(scope: Scope) -> bool:
    """Whether a page of another origin asks, other than by leading a person here (Fetch Metadata Request Headers).

    On one machine every port is the same site, to which a browser sends the cookie along: a page there could use up
    what the session may have shown, without reading any of it.
    """
    said = {name: value for name, value in scope["headers"] if name.startswith(b"sec-fetch-")}
    if said.get(b"sec-fetch-site", b"none") in {b"same-origin", b"none"}:
        return False
    leads_here = said.get(b"sec-fetch-mode") == b"navigate" and said.get(b"sec-fetch-dest", b"document") == b"document"
    return not (leads_here and scope["method"] in {"GET", "HEAD"})


def _write(scope: Scope, status: int, seconds: float) -> None:
    path: str = scope["path"]
    quiet = status < 400 and (path == HEALTH or path.startswith(STATIC))  # noqa: PLR2004 -- HTTP's own
    log = _log.debug if quiet else _log.info
    log(
        "request",
        http_method=scope["method"],
        path=_printable(path[:200]),
        status=status,
        milliseconds=round(seconds * 1000, 2),
    )


def _printable(path: str) -> str:
    """A path as it may go to a terminal: anybody chooses it."""
    return path if path.isprintable() else ascii(path)
