"""Composes the web chat."""

import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal._errors import NotSignedIn
from portal.session import SYSTEM_CLOCK, Clock
from portal.web import _accounts, _activity, _chat, _logout, _signin
from portal.web._edge import HEALTH, Edge
from portal.web._errors import words_for
from portal.web._pages import error_response, static
from portal.web._signed_in import Backend
from portal.web.settings import WebSettings
from shared.errors import HelpdeskError, TooManyRequests
from shared.http import create_http_client
from shared.telemetry import get_logger, metrics

_log = get_logger()


def create_app(
    settings: WebSettings,
    *,
    http: httpx.AsyncClient | None = None,
    clock: Clock = SYSTEM_CLOCK,
    elapsed: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Makes the web chat's app.

    Args:
        settings: The web chat's settings.
        http: In place of a new client; closed with the app.
        clock: The time.
        elapsed: Monotonic seconds, which limits go by.
    """
    client = http or create_http_client()
    backend = Backend(settings, client, clock=clock, elapsed=elapsed)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            backend.close()
            await client.aclose()

    async def drain(_: float) -> None:
        backend.closing.set()

    app = Starlette(
        routes=[
            Route("/", _chat.first_page),
            Route("/conversations/{context_id}", _chat.conversation),
            Route("/messages", _chat.send_message, methods=["POST"]),
            Route("/tasks/{task_id}/events", _chat.follow),
            Route("/tasks/{task_id}/cancel", _chat.cancel, methods=["POST"]),
            Route("/accounts", _accounts.accounts),
            Route("/accounts/connect", _accounts.connect, methods=["POST"]),
            Route("/accounts/callback", _accounts.callback),
            Route("/accounts/disconnect", _accounts.disconnect, methods=["POST"]),
            Route("/activity", _activity.activity),
            Route("/login", _signin.login),
            Route("/callback", _signin.callback),
            Route("/logout", _signin.logout, methods=["POST"]),
            Route("/backchannel-logout", _logout.backchannel_logout, methods=["POST"]),
            Route("/static/{name}", static),
            Route(HEALTH, _health),
        ],
        exception_handlers={HelpdeskError: _refused, HTTPException: _no_page},
        middleware=[Middleware(Edge, settings=settings)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.backend = backend
    app.state.drain = drain
    return app


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HelpdeskError)  # noqa: S101 -- registered for this class only
    words = words_for(error)
    _log.info("request_refused", status=words.status, error=error.reason, detail=error.detail)
    metrics.refused(error, place="request")
    way_on = "sign_in" if isinstance(error, NotSignedIn) else ""
    response = error_response(request, words.status, words.message, way_on=way_on)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this class only
    message = "There is nothing here." if error.status_code == 404 else "This cannot be done like that."  # noqa: PLR2004 -- HTTP's own
    response = error_response(request, error.status_code, message)
    response.headers.update(error.headers or {})
    return response
