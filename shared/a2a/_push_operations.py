"""The operations on push notifications; where an agent offers none, each is refused, whether the task exists or not."""

from abc import abstractmethod

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import RequestHandler
from a2a.types import (
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import PushNotificationNotSupportedError

from shared.a2a._push import PushNotifications


class PushOperations(RequestHandler):
    """Answers them for the owner of the task.

    Args:
        push: Tells; None where nobody is told.
    """

    def __init__(self, push: PushNotifications | None) -> None:
        self._push = push

    @abstractmethod
    async def owner_of(self, task_id: str, context: ServerCallContext) -> str:
        """Who owns a task that is the caller's.

        Raises:
            TaskNotFoundError: it is not theirs, or there is none.
        """

    async def on_create_task_push_notification_config(
        self, params: TaskPushNotificationConfig, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """CreateTaskPushNotificationConfig."""
        push = offered(self._push)
        owner = await self.owner_of(params.task_id, context)
        return await push.create(params, task_id=params.task_id, owner=owner)

    async def on_get_task_push_notification_config(
        self, params: GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """GetTaskPushNotificationConfig."""
        push = offered(self._push)
        return await push.get(params.task_id, params.id, await self.owner_of(params.task_id, context))

    async def on_list_task_push_notification_configs(
        self, params: ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        """ListTaskPushNotificationConfigs: all on one page, since there are few."""
        push = offered(self._push)
        found = await push.listed(params.task_id, await self.owner_of(params.task_id, context))
        return ListTaskPushNotificationConfigsResponse(configs=found)

    async def on_delete_task_push_notification_config(
        self, params: DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        """DeleteTaskPushNotificationConfig; one that is not there is no error."""
        push = offered(self._push)
        await push.remove(params.task_id, params.id, await self.owner_of(params.task_id, context))


def offered(push: PushNotifications | None) -> PushNotifications:
    """What tells.

    Raises:
        PushNotificationNotSupportedError: nothing does.
    """
    if push is None:
        raise PushNotificationNotSupportedError(message="This agent sends no push notifications.")
    return push
