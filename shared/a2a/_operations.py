"""The operations of A2A 1.0: by name, what they take, and how their results look in JSON (§9.4, §11.3)."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import RequestHandler
from a2a.server.routes.common import serialize_list_tasks_response
from a2a.types import (
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTasksRequest,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import InvalidParamsError
from a2a.utils.proto_utils import to_stream_response
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message as ProtobufMessage

from shared.tasks import Event


@dataclass(frozen=True, slots=True)
class Unary:
    """An operation with one result.

    Attributes:
        takes: The type of its parameters.
        call: Calls the handler.
        encode: Makes JSON of the result.
    """

    takes: type[ProtobufMessage]
    call: Callable[[RequestHandler, Any, ServerCallContext], Awaitable[Any]]
    encode: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Streaming:
    """An operation with a stream of events.

    Attributes:
        takes: The type of its parameters.
        call: Calls the handler.
    """

    takes: type[ProtobufMessage]
    call: Callable[[RequestHandler, Any, ServerCallContext], AsyncGenerator[Event, None]]


def _plain(result: Any, _: Any) -> Any:
    return MessageToDict(result)


def _sent(result: Any, _: Any) -> Any:
    return {"task" if isinstance(result, Task) else "message": MessageToDict(result)}


def _listed(result: Any, params: ListTasksRequest) -> Any:
    return serialize_list_tasks_response(result, params.include_artifacts)


def _nothing(_: Any, __: Any) -> Any:
    return None


UNARY: Final[dict[str, Unary]] = {
    "SendMessage": Unary(SendMessageRequest, lambda h, p, c: h.on_message_send(p, c), _sent),
    "GetTask": Unary(GetTaskRequest, lambda h, p, c: h.on_get_task(p, c), _plain),
    "ListTasks": Unary(ListTasksRequest, lambda h, p, c: h.on_list_tasks(p, c), _listed),
    "CancelTask": Unary(CancelTaskRequest, lambda h, p, c: h.on_cancel_task(p, c), _plain),
    "CreateTaskPushNotificationConfig": Unary(
        TaskPushNotificationConfig, lambda h, p, c: h.on_create_task_push_notification_config(p, c), _plain
    ),
    "GetTaskPushNotificationConfig": Unary(
        GetTaskPushNotificationConfigRequest, lambda h, p, c: h.on_get_task_push_notification_config(p, c), _plain
    ),
    "ListTaskPushNotificationConfigs": Unary(
        ListTaskPushNotificationConfigsRequest, lambda h, p, c: h.on_list_task_push_notification_configs(p, c), _plain
    ),
    "DeleteTaskPushNotificationConfig": Unary(
        DeleteTaskPushNotificationConfigRequest,
        lambda h, p, c: h.on_delete_task_push_notification_config(p, c),
        _nothing,
    ),
    "GetExtendedAgentCard": Unary(
        GetExtendedAgentCardRequest, lambda h, p, c: h.on_get_extended_agent_card(p, c), _plain
    ),
}
STREAMING: Final[dict[str, Streaming]] = {
    "SendStreamingMessage": Streaming(SendMessageRequest, lambda h, p, c: h.on_message_send_stream(p, c)),
    "SubscribeToTask": Streaming(SubscribeToTaskRequest, lambda h, p, c: h.on_subscribe_to_task(p, c)),
}


def parse_params(type_: type[ProtobufMessage], value: Any) -> Any:
    """Parameters from JSON; fields that are not known are ignored, as A2A 1.0 §3.2 has it for newer peers.

    Raises:
        InvalidParamsError: if a known field has a value that does not fit; the text does not repeat it.
    """
    if not isinstance(value, dict):
        raise InvalidParamsError(message="The parameters must be a JSON object.")
    params = type_()
    try:
        ParseDict(value, params, ignore_unknown_fields=True)
    except Exception as error:  # protobuf raises many kinds for what a peer may send
        raise InvalidParamsError(message=f"The parameters do not fit {type_.DESCRIPTOR.name}.") from error
    return params


def encode_event(event: Event) -> dict[str, Any]:
    """An event as a StreamResponse."""
    encoded: dict[str, Any] = MessageToDict(to_stream_response(event))
    return encoded
