"""The HTTP+JSON binding (A2A 1.0 §11), at the agent's root."""

from typing import Any, Final

from a2a.server.request_handlers import RequestHandler
from a2a.utils.constants import A2A_JSON_MEDIA_TYPE
from a2a.utils.errors import InvalidParamsError
from a2a.utils.proto_utils import parse_params as parse_query
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from shared.a2a._body import ClientGone, check_media_type, parse_json, read_body
from shared.a2a._context import call_context, check_version, record
from shared.a2a._errors import rest_body
from shared.a2a._limits import Limits
from shared.a2a._operations import STREAMING, UNARY, encode_event, parse_params
from shared.a2a._responses import send_error, send_events, send_json

_ROUTES: Final = (
    # A path's parameters have the names of the operation's own.
    ("/message:send", "POST", "SendMessage"),
    ("/message:stream", "POST", "SendStreamingMessage"),
    ("/tasks/{id}:cancel", "POST", "CancelTask"),
    ("/tasks/{id}:subscribe", "GET", "SubscribeToTask"),
    ("/tasks/{id}:subscribe", "POST", "SubscribeToTask"),
    ("/tasks/{id}", "GET", "GetTask"),
    ("/tasks/{task_id}/pushNotificationConfigs/{id}", "GET", "GetTaskPushNotificationConfig"),
    ("/tasks/{task_id}/pushNotificationConfigs/{id}", "DELETE", "DeleteTaskPushNotificationConfig"),
    ("/tasks/{task_id}/pushNotificationConfigs", "POST", "CreateTaskPushNotificationConfig"),
    ("/tasks/{task_id}/pushNotificationConfigs", "GET", "ListTaskPushNotificationConfigs"),
    ("/tasks", "GET", "ListTasks"),
    ("/extendedAgentCard", "GET", "GetExtendedAgentCard"),
)
_BODY_OPTIONAL: Final = frozenset({"CancelTask", "SubscribeToTask"})


def create_rest_routes(handler: RequestHandler, limits: Limits) -> list[BaseRoute]:
    """The routes of the binding.

    Args:
        handler: The operations.
        limits: How long and deep a body may be.
    """
    return [
        Route(path, _RestEndpoint(operation, handler, limits), methods=[method], include_in_schema=False)
        for path, method, operation in _ROUTES
    ]


class _RestEndpoint:
    def __init__(self, operation: str, handler: RequestHandler, limits: Limits) -> None:
        self._name = operation
        self._handler = handler
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record(scope)["method"] = self._name
        try:
            check_version(scope, 1)
            if (unary := UNARY.get(self._name)) is not None:
                params = await self._params(unary.takes, scope, receive)
                result = await unary.call(self._handler, params, call_context(scope, self._name))
                encoded = unary.encode(result, params)
                await send_json({} if encoded is None else encoded, send, media_type=A2A_JSON_MEDIA_TYPE.encode())
            else:
                streaming = STREAMING[self._name]
                params = await self._params(streaming.takes, scope, receive)
                events = streaming.call(self._handler, params, call_context(scope, self._name))
                await send_events(events, scope, receive, send, encode=encode_event, encode_error=rest_body)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 -- the edge: whatever it was, the caller gets an answer
            await send_error(error, scope, send)

    async def _params(self, takes: Any, scope: Scope, receive: Receive) -> Any:
        if scope["method"] == "POST":
            body = await read_body(scope, receive, self._limits.body_bytes)
            if body or self._name not in _BODY_OPTIONAL:
                check_media_type(scope)
                params = parse_params(takes, parse_json(body, depth=self._limits.json_depth))
            else:
                params = takes()
        else:
            params = takes()
            try:
                parse_query(QueryParams(scope["query_string"]), params)
            except Exception as error:  # protobuf raises many kinds for what a peer may send
                raise InvalidParamsError(message="The query parameters do not fit the operation.") from error
        for name, value in scope["path_params"].items():
            setattr(params, name, value)
        return params
