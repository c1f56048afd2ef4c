"""The JSON-RPC binding (A2A 1.0 §9), with the methods of 0.3 beside it."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import RequestHandler
from a2a.utils.errors import InvalidRequestError, MethodNotFoundError
from starlette.types import Receive, Scope, Send

from shared.a2a._body import ClientGone, check_media_type, parse_json, read_body
from shared.a2a._context import call_context, check_version, record
from shared.a2a._errors import rpc_body
from shared.a2a._limits import Limits
from shared.a2a._operations import STREAMING, UNARY, encode_event, parse_params
from shared.a2a._responses import send_error, send_events, send_json
from shared.a2a._v03 import METHODS as METHODS_03

MAX_ID_CHARACTERS: Final = 256
MAX_METHOD_CHARACTERS: Final = 64

RequestId = str | int | None


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, read."""

    method: str
    body: dict[str, Any]
    id: RequestId
    scope: Scope
    receive: Receive
    send: Send

    @property
    def params(self) -> Any:
        return self.body.get("params", {})

    def context(self) -> ServerCallContext:
        return call_context(self.scope, self.method, self.id)

    async def answer(self, result: Any) -> None:
        await send_json({"jsonrpc": "2.0", "id": self.id, "result": result}, self.send)

    async def stream(self, events: AsyncGenerator[Any, None], encode: Callable[[Any], Any]) -> None:
        await send_events(
            events,
            self.scope,
            self.receive,
            self.send,
            encode=lambda event: {"jsonrpc": "2.0", "id": self.id, "result": encode(event)},
            encode_error=lambda answer: rpc_body(answer, self.id),
        )


class JsonRpcEndpoint:
    """Answers `POST` at the agent's root.

    Args:
        handler: The operations.
        limits: How long and deep a body may be.
    """

    def __init__(self, handler: RequestHandler, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id: RequestId = None
        try:
            check_media_type(scope)
            body = parse_json(await read_body(scope, receive, self._limits.body_bytes), depth=self._limits.json_depth)
            request_id = _request_id(body)
            call = _Call(_method(body), body, request_id, scope, receive, send)
            record(scope)["method"] = call.method[:MAX_METHOD_CHARACTERS]
            await self._dispatch(call)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 -- the edge: whatever it was, the caller gets an answer
            await send_error(error, scope, send, request_id=request_id)

    async def _dispatch(self, call: _Call) -> None:
        if (unary := UNARY.get(call.method)) is not None:
            check_version(call.scope, 1)
            params = parse_params(unary.takes, call.params)
            result = await unary.call(self._handler, params, call.context())
            await call.answer(unary.encode(result, params))
        elif (streaming := STREAMING.get(call.method)) is not None:
            check_version(call.scope, 1)
            params = parse_params(streaming.takes, call.params)
            await call.stream(streaming.call(self._handler, params, call.context()), encode_event)
        elif (older := METHODS_03.get(call.method)) is not None:
            check_version(call.scope, 0)
            request = older.parse(call.body)
            if older.stream is None:
                await call.answer(await older.result(self._handler, request, call.context()))
            else:
                await call.stream(older.results(self._handler, request, call.context()), lambda result: result)
        else:
            check_version(call.scope, None)
            raise MethodNotFoundError


def _request_id(body: Any) -> RequestId:
    """The request's id, for its answer; None where it has none that can be repeated."""
    value = body.get("id") if isinstance(body, dict) else None
    if isinstance(value, str) and len(value) <= MAX_ID_CHARACTERS:
        return value
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _method(body: Any) -> str:
    """The method of a request (JSON-RPC 2.0 §4).

    Raises:
        InvalidRequestError: if it is none.
    """
    if isinstance(body, list):
        raise InvalidRequestError(message="Batches are not taken; send one request.")
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise InvalidRequestError(message="The body must be a JSON-RPC 2.0 request.")
    if body.get("id") is not None and _request_id(body) is None:
        raise InvalidRequestError(message="The request's id must be a short string or an integer.")
    method = body.get("method")
    if not isinstance(method, str) or not method:
        raise InvalidRequestError(message="The request names no method.")
    return method
