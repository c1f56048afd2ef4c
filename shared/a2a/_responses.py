"""Answers over ASGI: a result, an error, or a stream of events."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any, Final

from a2a.utils.errors import A2AError
from starlette.types import Receive, Scope, Send

from shared.a2a._context import REFUSAL, record
from shared.a2a._errors import INTERNAL_MESSAGE, Answer, answer_of, rest_body, rpc_body
from shared.a2a._sse import frame, send_stream
from shared.errors import HelpdeskError
from shared.telemetry import get_logger, metrics

JSON: Final = b"application/json"
RPC_PATHS: Final = frozenset({"", "/"})

_log = get_logger()

Header = tuple[bytes, bytes]


def dumps(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def send_json(
    value: Any, send: Send, *, status: int = 200, media_type: bytes = JSON, headers: Iterable[Header] = ()
) -> None:
    """Sends a JSON body."""
    body = dumps(value).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", media_type), (b"content-length", str(len(body)).encode()), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_error(
    error: Exception,
    scope: Scope,
    send: Send,
    *,
    request_id: str | int | None = None,
    headers: Iterable[Header] = (),
) -> None:
    """Sends what the caller may see of an error, in the form of the binding that was used; logs the rest."""
    answer = answer_of(error)
    note(error, answer, scope)
    more = [*headers, *((name.lower().encode(), value.encode()) for name, value in answer.headers.items())]
    if is_rpc(scope):
        # A JSON-RPC error is a successful HTTP exchange; what is refused before that has the status to say so.
        status = answer.http if isinstance(error, HelpdeskError) else 200
        await send_json(rpc_body(answer, request_id), send, status=status, headers=more)
    else:
        await send_json(rest_body(answer), send, status=answer.http, headers=more)


def is_rpc(scope: Scope) -> bool:
    """Whether the request is to the JSON-RPC endpoint, at the agent's root."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) in RPC_PATHS


def note(error: Exception, answer: Answer, scope: Scope) -> None:
    """Keeps for the log why a request was refused; what nobody foresaw goes there whole."""
    line = record(scope)
    line["outcome"] = answer.outcome
    if isinstance(error, HelpdeskError) or not isinstance(error, A2AError):
        scope[REFUSAL] = error
    if isinstance(error, HelpdeskError):
        metrics.refused(error, place="request")
        line["reason"] = error.reason
        if error.detail:
            line["detail"] = error.detail
    else:
        metrics.REFUSALS.add("request", type(error).__name__)
        line["reason"] = type(error).__name__
        if answer.message == INTERNAL_MESSAGE:
            _log.error("request_failed", exc_info=error)


async def send_events(
    events: AsyncGenerator[Any, None],
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    encode: Callable[[Any], Any],
    encode_error: Callable[[Answer], Any],
) -> None:
    """Streams events; what goes wrong before the first is raised, for an ordinary answer; later it ends the stream."""
    async with aclosing(events):
        first = await anext(events, None)

        async def frames() -> AsyncGenerator[bytes, None]:
            try:
                if first is not None:
                    yield frame(dumps(encode(first)))
                async for event in events:
                    yield frame(dumps(encode(event)))
            except Exception as error:  # noqa: BLE001 -- the edge: the reader is told, the log has the cause
                answer = answer_of(error)
                note(error, answer, scope)
                yield frame(dumps(encode_error(answer)), event="error")

        await send_stream(frames(), receive, send)
