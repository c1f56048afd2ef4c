"""One line in the log for each request: ids, never tokens; and what is measured of it."""

import re
import time
import uuid
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.a2a._body import header
from shared.a2a._context import RECORD, REFUSAL, record
from shared.a2a._recording import CallRecord
from shared.a2a._request_trace import end_trace, known, note_arrival
from shared.a2a._responses import send_error
from shared.a2a._well_known import OPEN_PATHS
from shared.telemetry import bind_ids, counted, get_logger, metrics

REQUEST_ID_HEADERS: Final = (b"x-amzn-bedrock-agentcore-runtime-request-id", b"x-request-id")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9_.:-]{1,128}")

_log = get_logger()


ANSWERED: Final = "answered"
"""The outcome of a request that was not refused, whatever became of its task."""


class RequestLog:
    """The outermost layer: names the request, times it, writes its line, and answers what nobody caught.

    Args:
        app: What is below.
        calls: Takes what was refused.
    """

    def __init__(self, app: ASGIApp, *, calls: CallRecord) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[RECORD] = {}
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        bind_ids(request_id=request_id)
        note_arrival(scope)
        began = time.perf_counter()
        with counted() as tally:
            try:
                await self._app(scope, receive, send_named)
            except Exception as error:  # lint: allow broad-except -- the last handler before the server's own
                if status:
                    raise
                await send_error(error, scope, send_named)
            finally:
                seconds = time.perf_counter() - began
                line = record(scope)
                if REFUSAL in scope:
                    self._calls.refused(scope[REFUSAL], line["outcome"], scope)
                end_trace(scope, status=status, request_id=request_id, line=line)
                _write(scope, status, seconds, {"outcome": ANSWERED} | line | tally.fields())


def _write(scope: Scope, status: int, seconds: float, line: dict[str, Any]) -> None:
    path: str = scope["path"]
    if path in OPEN_PATHS and status < 400:  # noqa: PLR2004 -- HTTP's own
        log = _log.debug
    else:
        log, method = _log.info, line.get("method")
        metrics.REQUESTS.record(seconds, known(method) if method else None, line["outcome"], line.get("reason"))
    log(
        "request",
        http_method=scope["method"],
        path=path[:200],
        status=status,
        milliseconds=round(seconds * 1000, 2),
        **line,
    )


def _request_id(scope: Scope) -> str:
    for name in REQUEST_ID_HEADERS:
        value = header(scope, name)
        if value is not None and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return uuid.uuid4().hex
