"""The JSON-RPC methods of A2A 0.3, answered by the operations of 1.0 through the SDK's conversions."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from a2a.compat.v0_3 import conversions, types
from a2a.compat.v0_3.request_handler import RequestHandler03
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import RequestHandler
from a2a.utils.errors import InvalidParamsError
from pydantic import BaseModel, ValidationError


@dataclass(frozen=True, slots=True)
class Method:
    """A method of 0.3.

    Attributes:
        takes: The whole request.
        call: Calls the handler, for one result.
        stream: Calls it for a stream of them, where the method is one.
        convert: Makes 1.0's request of it, as the SDK's handler will again: what does not fit 1.0 shows here, and not
            as an error of whatever is behind.
    """

    takes: type[BaseModel]
    call: Callable[[RequestHandler03, Any, ServerCallContext], Awaitable[Any]] | None = None
    stream: Callable[[RequestHandler03, Any, ServerCallContext], Any] | None = None
    convert: Callable[[Any], object] | None = None

    def parse(self, body: dict[str, Any]) -> BaseModel:
        """The request.

        Raises:
            InvalidParamsError: naming the fields that do not fit, never their values.
        """
        try:
            request = self.takes.model_validate(body)
        except ValidationError as error:
            fields = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
            raise InvalidParamsError(message=f"The parameters do not fit: {', '.join(fields[:5])}.") from None
        if self.convert is not None:
            try:
                self.convert(request)
            except (ValueError, TypeError) as error:  # bytes that are not base64, numbers beyond an int32
                raise InvalidParamsError(message="The parameters do not fit.") from error
        return request

    async def result(self, handler: RequestHandler, request: BaseModel, context: ServerCallContext) -> Any:
        """The one result, as JSON."""
        if self.call is None:
            raise TypeError("The method streams.")
        return _dump(await self.call(RequestHandler03(handler), request, context))

    async def results(
        self, handler: RequestHandler, request: BaseModel, context: ServerCallContext
    ) -> AsyncGenerator[Any, None]:
        """The results of a stream, each as JSON."""
        if self.stream is None:
            raise TypeError("The method does not stream.")
        async for response in self.stream(RequestHandler03(handler), request, context):
            yield _dump(response.result)


METHODS: Final[dict[str, Method]] = {
    "message/send": Method(
        types.SendMessageRequest,
        lambda h, r, c: h.on_message_send(r, c),
        convert=conversions.to_core_send_message_request,
    ),
    "message/stream": Method(
        types.SendStreamingMessageRequest,
        stream=lambda h, r, c: h.on_message_send_stream(r, c),
        convert=conversions.to_core_send_message_request,
    ),
    "tasks/get": Method(
        types.GetTaskRequest, lambda h, r, c: h.on_get_task(r, c), convert=conversions.to_core_get_task_request
    ),
    "tasks/cancel": Method(types.CancelTaskRequest, lambda h, r, c: h.on_cancel_task(r, c)),
    "tasks/resubscribe": Method(types.TaskResubscriptionRequest, stream=lambda h, r, c: h.on_subscribe_to_task(r, c)),
    "tasks/pushNotificationConfig/set": Method(
        types.SetTaskPushNotificationConfigRequest, lambda h, r, c: h.on_create_task_push_notification_config(r, c)
    ),
    "tasks/pushNotificationConfig/get": Method(
        types.GetTaskPushNotificationConfigRequest, lambda h, r, c: h.on_get_task_push_notification_config(r, c)
    ),
    "tasks/pushNotificationConfig/list": Method(
        types.ListTaskPushNotificationConfigRequest, lambda h, r, c: h.on_list_task_push_notification_configs(r, c)
    ),
    "tasks/pushNotificationConfig/delete": Method(
        types.DeleteTaskPushNotificationConfigRequest, lambda h, r, c: h.on_delete_task_push_notification_config(r, c)
    ),
    "agent/getAuthenticatedExtendedCard": Method(
        types.GetAuthenticatedExtendedCardRequest, lambda h, r, c: h.on_get_extended_agent_card(r, c)
    ),
}


def _dump(result: Any) -> Any:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(result, BaseModel) else result
