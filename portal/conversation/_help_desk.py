"""The supervisor over A2A, as a person's client: questions go in, what is said comes out as it is said."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from a2a.client import ClientCallContext
from a2a.client.errors import A2AClientError
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.types import (
    AgentCard,
    Artifact,
    CancelTaskRequest,
    GetTaskRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import A2AError
from google.protobuf.json_format import MessageToDict

from portal._environment import typed
from portal._errors import CommandFailed, NotSignedIn, PartAway
from shared.errors import AuthorizationDenied, HelpdeskError, TooManyRequests

WORKING_KEY = "helpdesk/working"
"""In a status update's metadata: the agent that is at work (`shared.agent_loop`, which is too heavy to import here)."""

WAITING_KEY = "helpdesk/waiting"
"""In a task's metadata: what it waits for (`shared.a2a`). A place that it names is never opened: it is a peer's."""

GO_ON = "Please go on."
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
CALL_SECONDS = 300.0
CANCEL_SECONDS = 10.0
FOLLOW_SECONDS = 60.0
"""How long a stream may say nothing at all: the supervisor says every quarter of a minute that it is there."""

FOLLOW_ATTEMPTS = 10
FOLLOW_PAUSE_SECONDS = 3.0

STATES = {
    TaskState.TASK_STATE_COMPLETED: "completed",
    TaskState.TASK_STATE_FAILED: "failed",
    TaskState.TASK_STATE_CANCELED: "canceled",
    TaskState.TASK_STATE_REJECTED: "rejected",
    TaskState.TASK_STATE_INPUT_REQUIRED: "input-required",
    TaskState.TASK_STATE_AUTH_REQUIRED: "auth-required",
}
"""The states in which nothing more is said, in A2A's words."""


class Tokens(Protocol):
    """Gives the person's access token."""

    async def access_token(self, *, refused: str | None = None) -> str:
        """A token for the supervisor, other than the one that it refused."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """The supervisor has taken the question."""

    task_id: str
    context_id: str


@dataclass(frozen=True, slots=True)
class Working:
    """An agent is at work."""

    agent: str


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer; pieces with the same `artifact_id` belong together, in order."""

    agent: str
    artifact_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a person has to do before the task can go on.

    Attributes:
        kind: What, in one word: `connect-account`, `approval`.
        subject: Which one: the connection, the code.
        until: Until when it makes sense to wait, in seconds since the epoch, if that was said.
    """

    kind: str
    subject: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The task waits for what a person does elsewhere, and goes on by itself: the words that say so, and for what."""

    words: str
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more is said: the task's state in A2A's words, the words that came with it, and what it waits for."""

    state: str
    words: str
    waits: tuple[Wait, ...] = ()


Event = Begun | Working | Said | Waiting | Ended


class HelpDesk:
    """One person's line to the supervisor.

    Args:
        url: Where the supervisor is.
        http: The process's HTTP client.
        tokens: The person's sign-in.
        owner: Tells people apart in session ids (issuer and subject).
        sleep: Waits so many seconds before a task is looked up again.
    """

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        tokens: Tokens,
        *,
        owner: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url
        self._sleep = sleep
        self._tokens = tokens
        self._owner = owner
        self._transport = JsonRpcTransport(http, AgentCard(), url, is_shared_httpx=True)

    async def ask(self, text: str, *, context_id: str) -> AsyncIterator[Event]:
        """Asks, and yields what happens until nothing more will.

        Args:
            text: What the person says.
            context_id: The conversation; an id that was not used before begins one.

        Raises:
            NotSignedIn: the sign-in has ended.
            AuthorizationDenied: this person may not ask here.
            TooManyRequests: a quota.
            PartAway: the supervisor does not answer.
            CommandFailed: it cannot take the question, and says why.
        """
        message = Message(
            message_id=uuid.uuid4().hex, role=Role.ROLE_USER, context_id=context_id, parts=[Part(text=text)]
        )
        async with aclosing(self._send(message, _Reading())) as events:
            async for event in events:
                yield event

    async def go_on(self, task_id: str, *, context_id: str, heard: Collection[str]) -> AsyncIterator[Event]:
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
        reading = _Reading(heard)
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
    ) -> AsyncIterator[Event]:
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
        reading, silent = _Reading(heard, through_waiting=wait, waiting=known), 0
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

    async def _from_now_on(self, task_id: str, context_id: str, reading: "_Reading") -> AsyncGenerator[Event, None]:
        task = await self._task(task_id, context_id)
        for event in reading.events(task):
            yield event
        async with aclosing(self._subscribe(task_id, context_id or task.task.context_id, reading)) as events:
            async for event in events:
                yield event

    async def _subscribe(self, task_id: str, context_id: str, reading: "_Reading") -> AsyncGenerator[Event, None]:
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

    async def _send(self, message: Message, reading: "_Reading") -> AsyncGenerator[Event, None]:
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
        """Cancels a task that is under way; that it has ended meanwhile is no error."""
        call = self._call_context(await self._tokens.access_token(), context_id, CANCEL_SECONDS)
        try:
            await self._transport.cancel_task(CancelTaskRequest(id=task_id), context=call)
        except (A2AClientError, httpx.HTTPError, OSError) as error:
            raise self._explained(error) from error
        except A2AError:
            return  # it has ended, which is what was asked for

    def _call_context(self, token: str, context_id: str, timeout: float) -> ClientCallContext:
        return ClientCallContext(
            timeout=timeout,
            service_parameters={
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


class _Reading:
    """Turns a task's updates into events: each word once, whether it came in a piece or with the whole task."""

    def __init__(
        self, heard: Collection[str] = (), *, through_waiting: bool = False, waiting: Waiting | None = None
    ) -> None:
        self.begun = False
        self.ended = False
        self.count = 0
        self._heard = frozenset(heard)
        self._lengths: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._through_waiting = through_waiting
        self._waiting = waiting

    def events(self, response: StreamResponse) -> list[Event]:
        """What an update means for the person."""
        self.count += 1
        kind = response.WhichOneof("payload")
        if kind == "task":
            task = response.task
            begun = self._begin(task.id, task.context_id)
            said = [event for artifact in task.artifacts for event in self._said(artifact, whole=True)]
            return [*begun, *said, *self._status(task, "")]
        if kind == "status_update":
            update = response.status_update
            begun = self._begin(update.task_id, update.context_id)
            working = update.metadata[WORKING_KEY] if WORKING_KEY in update.metadata else ""  # noqa: SIM401 -- no `get`
            return [*begun, *self._status(update, str(working))]
        if kind == "artifact_update":
            piece = response.artifact_update
            return [*self._begin(piece.task_id, piece.context_id), *self._said(piece.artifact, whole=not piece.append)]
        if kind == "message":  # an agent may answer without a task
            self.begun = self.ended = True
            words = "".join(part.text for part in response.message.parts)
            return [Ended("completed", words)]
        return []

    def _begin(self, task_id: str, context_id: str) -> list[Event]:
        if self.begun:
            return []
        self.begun = True
        return [Begun(task_id, context_id)]

    def _said(self, artifact: Artifact, *, whole: bool = False) -> list[Event]:
        """A piece of an artifact, or what is new in the whole of it."""
        name, key = self._names.setdefault(artifact.artifact_id, artifact.name), artifact.artifact_id
        text = "".join(part.text for part in artifact.parts) if key not in self._heard else ""
        text = text[self._lengths.get(key, 0) :] if whole else text
        self._lengths[key] = self._lengths.get(key, 0) + len(text)
        return [Said(name, key, text)] if text else []

    def _status(self, source: Task | TaskStatusUpdateEvent, working: str) -> list[Event]:
        status = source.status
        if self._through_waiting and status.state == TaskState.TASK_STATE_AUTH_REQUIRED:
            waiting = Waiting("".join(part.text for part in status.message.parts), _waits(source))
            is_new, self._waiting = waiting != self._waiting, waiting
            return [waiting] if is_new else []
        if status.state in STATES and not self.ended:
            self.ended = True
            words = "".join(part.text for part in status.message.parts)
            return [Ended(STATES[status.state], words, _waits(source))]
        self._waiting = None
        return [Working(working)] if working else []


def _waits(source: Task | TaskStatusUpdateEvent) -> tuple[Wait, ...]:
    if source.status.state != TaskState.TASK_STATE_AUTH_REQUIRED:
        return ()
    listed = MessageToDict(source.metadata).get(WAITING_KEY)
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(
        Wait(str(entry.get("kind", "")), str(entry.get("subject", "")), _seconds(entry.get("until")))
        for entry in entries
    )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


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
