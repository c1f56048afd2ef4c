"""The supervisor over A2A, as a person's client: questions go in, what is said comes out as it is said."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from typing import Protocol

import httpx
from a2a.client import ClientCallContext
from a2a.client.errors import A2AClientError
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
)
from a2a.utils.errors import A2AError

from portal._environment import typed
from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.conversation._events import GO_ON, Asked, Earlier, Ended, Event, Reading, Waiting
from shared.errors import AuthorizationDenied, HelpdeskError, TooManyRequests

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
CALL_SECONDS = 300.0
CANCEL_SECONDS = 10.0
FOLLOW_SECONDS = 60.0
"""How long a stream may say nothing at all: the supervisor says every quarter of a minute that it is there."""

FOLLOW_ATTEMPTS = 10
FOLLOW_PAUSE_SECONDS = 3.0


class Tokens(Protocol):
    """Gives the person's access token."""

    async def access_token(self, *, refused: str | None = None) -> str:
        """A token for the supervisor, other than the one that it refused."""
        ...


class HelpDesk:
    """One person's line to the supervisor.

    Args:
        url: Where the supervisor is.
        http: The process's HTTP client.
        tokens: The person's sign-in.
        owner: Tells people apart in session ids (issuer and subject).
        sleep: Waits so many seconds before a task is looked up again.
        headers: What goes along with each request: a trace context, say.
    """

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        tokens: Tokens,
        *,
        owner: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._url = url
        self._sleep = sleep
        self._tokens = tokens
        self._owner = owner
        self._headers = headers
        self._transport = JsonRpcTransport(http, AgentCard(), url, is_shared_httpx=True)

    async def ask(self, text: str, *, context_id: str, task_id: str = "") -> AsyncGenerator[Event, None]:
        """Asks, and yields what happens until nothing more will.

        Args:
            text: What the person says.
            context_id: The conversation; an id that was not used before begins one.
            task_id: The task that has asked the person something, if this answers it.

        Raises:
            NotSignedIn: the sign-in has ended.
            AuthorizationDenied: this person may not ask here.
            TooManyRequests: a quota.
            PartAway: the supervisor does not answer.
            CommandFailed: it cannot take the question, and says why.
        """
        message = Message(
            message_id=uuid.uuid4().hex,
            role=Role.ROLE_USER,
            context_id=context_id,
            task_id=task_id,
            parts=[Part(text=text)],
        )
        async with aclosing(self._send(message, Reading())) as events:
            async for event in events:
                yield event

    async def go_on(self, task_id: str, *, context_id: str, heard: Collection[str]) -> AsyncGenerator[Event, None]:
        """Has a waiting task go on, and yields what is new; it may have gone on by itself meanwhile.

        Args:
            task_id: The task.
            context_id: Its conversation.
            heard: The artifacts of it that are known already.

        Raises:
            HelpdeskError: as `ask`.
        """
        message = Message(
            message_id=uuid.uuid4().hex,
            role=Role.ROLE_USER,
            context_id=context_id,
            task_id=task_id,
            parts=[Part(text=GO_ON)],
        )
        reading = Reading(heard)
        try:
            async with aclosing(self._send(message, reading)) as events:
                async for event in events:
                    yield event
        except CommandFailed:
            if reading.ended:
                return
            for event in reading.events(await self._task(task_id, context_id)):
                yield event
            if not reading.ended:
                raise

    async def follow(
        self,
        task_id: str,
        *,
        context_id: str = "",
        heard: Collection[str] = (),
        known: Waiting | None = None,
        wait: bool = True,
    ) -> AsyncGenerator[Event, None]:
        """Takes a task up where it is, and yields what is new until it ends.

        Where the stream breaks off it is taken up again, also after the help desk was started anew.

        Args:
            task_id: The task.
            context_id: Its conversation, where it is known.
            heard: The artifacts of it that are known already.
            known: What it is known to wait for.
            wait: Whether to wait with it where it waits for a person, however long.

        Raises:
            HelpdeskError: as `ask`; `PartAway` once the help desk has been away for a while.
        """
        reading, silent = Reading(heard, through_waiting=wait, waiting=known), 0
        while True:
            before = reading.count
            try:
                async with aclosing(self._from_now_on(task_id, context_id, reading)) as events:
                    async for event in events:
                        yield event
                        if isinstance(event, Ended):
                            return
            except PartAway:
                silent = 1 if reading.count > before else silent + 1
                if silent > FOLLOW_ATTEMPTS:
                    raise
            await self._sleep(FOLLOW_PAUSE_SECONDS)

    async def earlier(self, *, context_id: str = "", answers: bool = True, at_most: int = 50) -> Asked:
        """What this person has asked before.

        Args:
            context_id: The conversation; all of them, if none is named.
            answers: Whether what agents said is wanted, too.
            at_most: How many questions.

        Raises:
            HelpdeskError: as `ask`.
        """
        asked = ListTasksRequest(context_id=context_id, page_size=at_most, include_artifacts=answers)
        call = self._call_context(await self._tokens.access_token(), context_id, CANCEL_SECONDS)
        try:
            page = await self._transport.list_tasks(asked, context=call)
        except (A2AError, httpx.HTTPError, OSError) as error:
            raise self._explained(error) from error
        return Asked(tuple(map(Earlier.read, page.tasks)), more=bool(page.next_page_token))

    async def _from_now_on(self, task_id: str, context_id: str, reading: "Reading") -> AsyncGenerator[Event, None]:
        task = await self._task(task_id, context_id)
        for event in reading.events(task):
            yield event
        async with aclosing(self._subscribe(task_id, context_id or task.task.context_id, reading)) as events:
            async for event in events:
                yield event

    async def _subscribe(self, task_id: str, context_id: str, reading: "Reading") -> AsyncGenerator[Event, None]:
        call = self._call_context(await self._tokens.access_token(), context_id, FOLLOW_SECONDS)
        try:
            async with aclosing(
                self._transport.subscribe(SubscribeToTaskRequest(id=task_id), context=call)
            ) as responses:
                async for response in responses:
                    for event in reading.events(response):
                        yield event
        except (A2AError, httpx.HTTPError, OSError) as error:
            explained = self._explained(error)
            if not isinstance(explained, CommandFailed):  # else it has just ended, or does not stream: it is looked up
                raise explained from error

    async def _task(self, task_id: str, context_id: str) -> StreamResponse:
        call = self._call_context(await self._tokens.access_token(), context_id, CANCEL_SECONDS)
        try:
            return StreamResponse(task=await self._transport.get_task(GetTaskRequest(id=task_id), context=call))
        except (A2AError, httpx.HTTPError, OSError) as error:
            raise self._explained(error) from error

    async def _send(self, message: Message, reading: "Reading") -> AsyncGenerator[Event, None]:
        context_id = message.context_id
        token = await self._tokens.access_token()
        for last_try in (False, True):
            call = self._call_context(token, context_id, CALL_SECONDS)
            try:
                async with aclosing(
                    self._transport.send_message_streaming(SendMessageRequest(message=message), context=call)
                ) as responses:
                    async for response in responses:
                        for event in reading.events(response):
                            yield event
            except (A2AError, httpx.HTTPError, OSError) as error:
                if not last_try and not reading.begun and _status_of(error) == httpx.codes.UNAUTHORIZED:
                    token = await self._tokens.access_token(refused=token)
                    continue
                raise self._explained(error) from error
            break
        if not reading.ended:
            raise PartAway("supervisor", "The help desk stopped in the middle of the answer: ask again.")

    async def cancel(self, task_id: str, *, context_id: str) -> None:
        """Cancels a task that is under way; that it has ended meanwhile, or is about to act, is no error."""
        call = self._call_context(await self._tokens.access_token(), context_id, CANCEL_SECONDS)
        try:
            await self._transport.cancel_task(CancelTaskRequest(id=task_id), context=call)
        except (A2AClientError, httpx.HTTPError, OSError) as error:
            raise self._explained(error) from error
        except A2AError:
            return  # it has ended, or what it does cannot be stopped any more

    def _call_context(self, token: str, context_id: str, timeout: float) -> ClientCallContext:
        return ClientCallContext(
            timeout=timeout,
            service_parameters={
                **self._headers(),
                "A2A-Version": "1.0",
                "Authorization": f"Bearer {token}",
                SESSION_HEADER: hashlib.sha256(f"{self._owner}\n{context_id}".encode()).hexdigest(),
            },
        )

    def _explained(self, error: Exception) -> HelpdeskError:
        """An error in words for the person, with what to do."""
        status, detail = _status_of(error), f"{self._url}: {type(error).__name__}: {error}"
        if status == httpx.codes.UNAUTHORIZED:
            return NotSignedIn(f"The help desk does not accept your sign-in: run `{typed('login')}`.", detail=detail)
        if status == httpx.codes.FORBIDDEN:
            return AuthorizationDenied("You may not use the help desk: your sign-in lacks the right.", detail=detail)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return TooManyRequests("You have asked a lot just now: wait a little and ask again.", detail=detail)
        if status is None and isinstance(error, A2AError) and not isinstance(error, A2AClientError):
            return CommandFailed(f"The help desk cannot take this: {error}", detail=detail)
        if status is None or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return PartAway(
                "supervisor", f"The supervisor at {self._url} does not answer: see `{typed('status')}`.", detail=detail
            )
        return CommandFailed(f"The help desk cannot take this: {_words_of(error) or f'status {status}'}", detail=detail)


def _status_of(error: Exception) -> int | None:
    """The HTTP status that an error came with."""
    cause = error if isinstance(error, httpx.HTTPStatusError) else error.__cause__
    return cause.response.status_code if isinstance(cause, httpx.HTTPStatusError) else None


def _words_of(error: Exception) -> str:
    """What the supervisor said of a refusal, in JSON-RPC's form (JSON-RPC 2.0 §5.1)."""
    cause = error.__cause__
    if not isinstance(cause, httpx.HTTPStatusError):
        return ""
    try:
        return str(cause.response.json()["error"]["message"])
    except (ValueError, LookupError, TypeError, httpx.StreamError):
        return ""
