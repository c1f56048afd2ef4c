"""Push notifications: whoever asked for it is told that their task has ended, or waits (A2A §4.3, §7).

What goes out says which task, and its state: whoever is told fetches the rest with their own token. A URL that somebody
named is never worth more than that, and neither the words of an answer nor a person's name goes there.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import httpx
from a2a.types import TaskPushNotificationConfig, TaskState, TaskStatus, TaskStatusUpdateEvent
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError

from shared.a2a._operations import encode_event
from shared.http import NotPublic, PublicUrls, create_public_http_client, look_up
from shared.tasks import DuePush, PushConfig, PushStore
from shared.telemetry import get_logger

TOKEN_HEADER: Final = "X-A2A-Notification-Token"  # noqa: S105 -- the name of a header
MAX_CONFIGS: Final = 5
MAX_TOKEN_CHARACTERS: Final = 256
MAX_ID_CHARACTERS: Final = 64
AT_ONCE: Final = 8
LEASE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 2.0
PAUSES: Final = (2.0, 10.0, 60.0, 300.0)
"""After each attempt that failed; then it is given up."""

_log = get_logger()


class PushNotifications:
    """Tells, and keeps who is told.

    Args:
        store: Where that is kept.
        urls: Which URLs may be called.
        client: Makes the client that calls them.
    """

    def __init__(
        self,
        store: PushStore,
        urls: PublicUrls | None = None,
        *,
        client: Callable[[PublicUrls], httpx.AsyncClient] = create_public_http_client,
    ) -> None:
        self._store = store
        self._urls = urls or PublicUrls(look_up)
        self._client = client
        self._http: httpx.AsyncClient | None = None
        self._woken = asyncio.Event()
        self._is_closing = False
        self._work: asyncio.Task[None] | None = None

    async def create(
        self, asked: TaskPushNotificationConfig, *, task_id: str, owner: str
    ) -> TaskPushNotificationConfig:
        """Has a task told of; the URL is looked at now, and again each time it is called.

        Raises:
            InvalidParamsError: it may not be called, or there are too many.
        """
        config = await self.checked(asked, task_id=task_id, owner=owner)
        if not await self._store.put(config, most=MAX_CONFIGS):
            raise InvalidParamsError(message=f"A task has at most {MAX_CONFIGS} push notification configurations.")
        return _shown(config)

    async def checked(self, asked: TaskPushNotificationConfig, *, task_id: str, owner: str) -> PushConfig:
        """A configuration that may be kept.

        Raises:
            InvalidParamsError: it may not be.
        """
        if asked.HasField("authentication") and (asked.authentication.scheme or asked.authentication.credentials):
            raise InvalidParamsError(
                message="No credentials are kept for push notifications: give a token of your own."
            )
        for name, value, most in (("id", asked.id, MAX_ID_CHARACTERS), ("token", asked.token, MAX_TOKEN_CHARACTERS)):
            if len(value) > most or not value.isascii() or not value.isprintable():
                raise InvalidParamsError(message=f"The {name} of a push notification is too long, or not plain text.")
        try:
            await self._urls.check(asked.url)
        except NotPublic as error:
            raise InvalidParamsError(message=str(error)) from error
        return PushConfig(task_id, asked.id or uuid.uuid4().hex, owner, asked.url, asked.token)

    async def get(self, task_id: str, config_id: str, owner: str) -> TaskPushNotificationConfig:
        """One configuration; its token is not told again.

        Raises:
            TaskNotFoundError: there is none with this id.
        """
        for config in await self._store.of_task(task_id, owner):
            if config.id == config_id or not config_id:
                return _shown(config)
        raise TaskNotFoundError(message="There is no such push notification configuration.")

    async def listed(self, task_id: str, owner: str) -> list[TaskPushNotificationConfig]:
        """All of a task."""
        return [_shown(config) for config in await self._store.of_task(task_id, owner)]

    async def remove(self, task_id: str, config_id: str, owner: str) -> None:
        """Has no more told there."""
        await self._store.remove(task_id, config_id, owner)

    def start(self) -> None:
        """Begins to tell, also what a process before this one had left to tell."""
        if self._work is None:
            self._http = self._client(self._urls)
            self._work = asyncio.create_task(self._run(), name="push-notifications")

    def wake(self) -> None:
        """Says that a task has moved."""
        self._woken.set()

    async def aclose(self) -> None:
        """Ends what is being told, which is given a moment; what was not told is told by the next process."""
        self._is_closing = True
        self._woken.set()
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=CLOSE_SECONDS)
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            self._work = None
        if self._http is not None:
            await self._http.aclose()

    async def _run(self) -> None:
        while not self._is_closing:
            self._woken.clear()
            try:
                busy = await self.round()
            except Exception:  # noqa: BLE001 -- one bad round must not end the rounds
                _log.exception("push_notifications_not_sent")
                busy = False
            if not busy and not self._is_closing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()

    async def round(self) -> bool:
        """Tells what is due; whether anything was."""
        due = await self._store.take(AT_ONCE, lease=LEASE_SECONDS)
        await asyncio.gather(*(self._tell(one) for one in due))
        return bool(due)

    async def _tell(self, due: DuePush) -> None:
        try:
            failure = await self._send(due)
        except asyncio.CancelledError:  # this process stops: the next one tells it, and need not wait
            await self._store.put_off(due, 0.0)
            raise
        if failure is None:
            await self._store.told(due)
        elif due.attempts < len(PAUSES):
            _log.info("push_notification_failed", task_id=due.config.task_id, attempt=due.attempts + 1, detail=failure)
            await self._store.put_off(due, PAUSES[due.attempts])
        else:
            _log.warning("push_notification_given_up", task_id=due.config.task_id, detail=failure)
            await self._store.told(due)

    async def _send(self, due: DuePush) -> str | None:
        """Calls the URL once; why it did not take it."""
        config = due.config
        status = TaskStatus(state=TaskState.Name(due.state))
        event = TaskStatusUpdateEvent(task_id=config.task_id, context_id=due.context_id, status=status)
        headers = {TOKEN_HEADER: config.token} if config.token else {}
        try:
            await self._urls.check(config.url)
            assert self._http is not None  # noqa: S101 -- made in `start`; this tells the type checker
            async with self._http.stream("POST", config.url, json=encode_event(event), headers=headers) as response:
                return None if response.is_success else f"status {response.status_code}"
        except (httpx.HTTPError, OSError) as error:
            return type(error).__name__


def _shown(config: PushConfig) -> TaskPushNotificationConfig:
    return TaskPushNotificationConfig(task_id=config.task_id, id=config.id, url=config.url)
