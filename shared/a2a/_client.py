"""The caller's side of the hop: another agent, reached over A2A with both tokens.

The address and the audience of an agent come from the settings; its card says what it can do. A card never
decides where a token goes: an interface at another origin is not used, and the audience is not read from it.

The agent may be another team's, and broken, or taken over: whatever it sends, and however slowly, ends in one of the
errors below, within a time that is set here. The HTTP client bounds how much of it is read.
"""

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from functools import partial
from itertools import count
from typing import Any, Protocol, TypeVar

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
    Task,
)
from a2a.utils.errors import A2AError

from shared.a2a._caller import (
    DELEGATED_USER_HEADER,
    SESSION_HEADER,
    Caller,
)
from shared.a2a._heard import Heard
from shared.a2a._held_card import AgentTokens, HeldCard
from shared.a2a._hop_record import HopRecord, recorded_hop
from shared.a2a._own_words import add_own_words, asks_for_own_words
from shared.a2a._peer_card import PeerCard
from shared.a2a._reaching import (
    BROKEN,
    RETRY_STATUSES,
    Responses,
    next_of,
    reaching,
    response_of,
    responses_to,
    rest_of,
    resume_after,
    retry_after,
    wait_before_another,
)
from shared.a2a._request_trace import hop
from shared.a2a._signed_card import CardKeys
from shared.audit import Trail, Unrecorded
from shared.errors import AuthorizationDenied, UpstreamError, UpstreamRefused, UpstreamUnavailable
from shared.identity import AccessToken, Principal, RawToken
from shared.telemetry import Span, get_logger

CALL_TIMEOUT_SECONDS = 300.0
CANCEL_TIMEOUT_SECONDS = 5.0
GET_TIMEOUT_SECONDS = 10.0
LISTED = 50
AGAIN = ":again"

T = TypeVar("T")

_log = get_logger()


class UserTokens(Protocol):
    """Gives the token that names the user, and this agent as the actor."""

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        """The user's token exchanged for one whose audience is `audience` (RFC 8693)."""
        ...


class AgentClient:
    """Calls one agent; made once and used by all requests.

    Args:
        url: Where the agent is, from the settings.
        audience: Its API identifier in Auth0, from the settings.
        http: The process's HTTP client.
        agent_tokens: Gives tokens that name this agent.
        user_tokens: Gives tokens that name the user.
        card_keys: The keys that its card must be signed with; without, it is taken as it comes.
        trail: The record of calls, and of cards that were refused; without one, as in a measurement, none is kept.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        audience: str,
        http: httpx.AsyncClient,
        agent_tokens: AgentTokens,
        user_tokens: UserTokens,
        card_keys: CardKeys | None = None,
        trail: Trail | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.audience = audience
        self._http = http
        self._agent_tokens = agent_tokens
        self._user_tokens = user_tokens
        self._trail = trail or Unrecorded()
        self._card = HeldCard(
            url=url,
            audience=audience,
            http=http,
            agent_tokens=agent_tokens,
            keys=card_keys,
            trail=self._trail,
            clock=clock,
        )

    @property
    def name(self) -> str:
        """The name on its card, or else the last part of its audience."""
        return self._card.name

    @property
    def known_card(self) -> AgentCard | None:
        """The card as last seen, without asking for it."""
        return self._card.held.card if self._card.held else None

    async def card(self) -> AgentCard:
        """The agent's card: fetched once, and again in the background when it has become old.

        Raises:
            UpstreamUnavailable: if it was never fetched and cannot be now.
            UpstreamRefused: if what came is no card, is not signed as it must be, or names another address.
        """
        return (await self._card.current()).card

    async def call(
        self,
        text: str,
        *,
        caller: Caller,
        context_id: str,
        streaming: bool,
        task_id: str | None = None,
        message_id: str | None = None,
        own_words: str = "",
    ) -> AsyncIterator[StreamResponse]:
        """Sends one message and yields what comes back: events, or the one task at the end.

        Args:
            text: What the person asks, as far as it concerns this agent.
            caller: On whose behalf; its token is exchanged, never forwarded.
            context_id: The conversation.
            streaming: Whether anybody follows the answer as it is said.
            task_id: The task to go on with, which waits.
            message_id: The message's own id, where it may have been sent before: the agent works on it once.
            own_words: What the person said in this conversation; told to an agent whose card asks for it.

        Raises:
            UpstreamUnavailable: the agent, or the authorization server, is away or overloaded.
            UpstreamRefused: it answered with an error.
            AuthorizationDenied: it does not accept this user's request.
        """
        with recorded_hop(self._trail, caller, agent=self.name, task_id=task_id or "") as on_record:
            held = await self._card.current()
            message = Message(
                message_id=message_id or uuid.uuid4().hex,
                role=Role.ROLE_USER,
                context_id=context_id,
                task_id=task_id or "",
                parts=[Part(text=text)],
            )
            if asks_for_own_words(held.card):
                add_own_words(message, own_words)
            request = SendMessageRequest(message=message)
            with hop(self.name, "SendStreamingMessage" if streaming else "SendMessage", self.url) as span:
                call = await self._call_context(held, caller, context_id, span, on_record)
                async with aclosing(self._send(held, request, call, streaming=streaming)) as responses:
                    async for response in responses:
                        on_record.saw(response)
                        yield response

    async def _send(
        self, held: PeerCard, request: SendMessageRequest, call: ClientCallContext, *, streaming: bool
    ) -> Responses:
        """Sends it; once more, as another message, where its task was cut off before it changed or said anything."""
        heard, deadline = Heard(), asyncio.get_running_loop().time() + CALL_TIMEOUT_SECONDS
        ask = partial(responses_to, held.transport, request, call, streaming=streaming)
        rest = partial(rest_of, held.transport, call)
        async with aclosing(self._hear(heard, ask, rest, deadline)) as responses:
            async for response in responses:
                if heard.may_be_asked_again and not request.message.task_id and not (streaming and heard.has_said):
                    break
                yield response
            else:
                return
        _log.info("remote_task_asked_again", agent=self.name, task_id=heard.task_id)
        request.message.message_id += AGAIN  # so that it is the same whoever has it asked again
        async with aclosing(self._hear(Heard(), ask, rest, deadline)) as responses:
            async for response in responses:
                yield response

    async def _hear(
        self, heard: Heard, ask: Callable[[], Responses], rest: Callable[[str], Responses], deadline: float
    ) -> Responses:
        """What comes of it: asked again where it was not received, and followed further where a stream broke off.

        A message keeps its id, so that one which did arrive is not acted on twice. Once its task is known that is only
        followed, wherever the agent can be reached: a replica that ended is not the task's end.

        Args:
            heard: What was heard already.
            ask: Asks.
            rest: Follows a task.
            deadline: Until when, by the loop's clock.
        """
        for attempt in count(1):
            try:
                async with aclosing(rest(heard.task_id) if heard.task_id else ask()) as responses:
                    while (response := await next_of(responses, deadline)) is not None:
                        for news in heard.news(response):
                            yield news
            except A2AError as error:
                wait = wait_before_another(error, attempt, is_known=bool(heard.task_id))
                if wait is None and not heard.is_settled:
                    raise self._explained(error) from error
            except TimeoutError as error:
                raise UpstreamUnavailable(self.name, detail=f"{self.url}: too slow") from error
            except Exception as error:  # the SDK raises many kinds for what a peer may send
                raise UpstreamRefused(self.name, detail=f"{self.url}: {type(error).__name__}") from error
            else:
                wait = resume_after(attempt) if heard.task_id else None
            if heard.is_settled or wait is None:
                return
            await asyncio.sleep(wait)

    async def task(self, task_id: str, *, caller: Caller, context_id: str) -> Task:
        """A task as it is there now.

        Raises:
            UpstreamUnavailable: as `call`.
            UpstreamRefused: as `call`; there is no such task, say.
            AuthorizationDenied: as `call`.
        """
        request = GetTaskRequest(id=task_id)
        return await self._asked(
            "GetTask", caller, context_id, lambda transport, call: transport.get_task(request, context=call)
        )

    async def begun_by(self, message_id: str, *, caller: Caller, context_id: str) -> str | None:
        """The task that a message has begun there, of the conversation's newest; None where it never came.

        Raises:
            UpstreamUnavailable: as `call`.
            UpstreamRefused: as `call`.
            AuthorizationDenied: as `call`.
        """
        request = ListTasksRequest(context_id=context_id, page_size=LISTED)
        found = await self._asked(
            "ListTasks", caller, context_id, lambda transport, call: transport.list_tasks(request, context=call)
        )
        begun = (task.id for task in found.tasks if any(one.message_id == message_id for one in task.history))
        return next(begun, None)

    async def _asked(
        self,
        operation: str,
        caller: Caller,
        context_id: str,
        ask: Callable[[JsonRpcTransport, ClientCallContext], Awaitable[T]],
    ) -> T:
        """The answer of an operation that changes nothing there."""
        held = await self._card.current()
        with hop(self.name, operation, self.url) as span:
            call = await self._call_context(held, caller, context_id, span)
            call.timeout = GET_TIMEOUT_SECONDS
            try:
                async with asyncio.timeout(GET_TIMEOUT_SECONDS):
                    return await reaching(partial(ask, held.transport, call))
            except A2AError as error:
                raise self._explained(error) from error
            except TimeoutError as error:
                raise UpstreamUnavailable(self.name, detail=f"{self.url}: too slow") from error
            except Exception as error:  # the SDK raises many kinds for what a peer may send
                raise UpstreamRefused(self.name, detail=f"{self.url}: {type(error).__name__}") from error

    async def follow(self, task_id: str, *, caller: Caller, context_id: str) -> AsyncIterator[StreamResponse]:
        """Yields a task as it is now, then what comes of it until it ends or waits.

        Raises:
            UpstreamUnavailable: as `call`.
            UpstreamRefused: as `call`; there is no such task, say.
            AuthorizationDenied: as `call`.
        """
        with (
            recorded_hop(self._trail, caller, agent=self.name, task_id=task_id) as on_record,
            hop(self.name, "SubscribeToTask", self.url) as span,
        ):
            held = await self._card.current()
            call = await self._call_context(held, caller, context_id, span, on_record)
            deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT_SECONDS
            rest = partial(rest_of, held.transport, call)
            async with aclosing(self._hear(Heard(task_id), partial(rest, task_id), rest, deadline)) as events:
                async for response in events:
                    yield response

    async def get(self, path: str, *, caller: Caller, parameters: Mapping[str, str]) -> Any:
        """What the agent says at another of its paths, as JSON.

        Raises:
            UpstreamUnavailable: as `call`.
            UpstreamRefused: as `call`; it has no such path, say.
            AuthorizationDenied: as `call`.
        """
        held = await self._card.current()
        with hop(self.name, "GET", self.url) as span:
            call = await self._call_context(held, caller, "", span)
            try:
                async with asyncio.timeout(GET_TIMEOUT_SECONDS):
                    request = self._http.build_request(
                        "GET", f"{self.url.rstrip('/')}{path}", params=dict(parameters), headers=call.service_parameters
                    )
                    try:
                        response = await self._http.send(request)
                    except BROKEN:  # of several replicas one may have ended just now
                        response = await self._http.send(request)
            except (httpx.HTTPError, TimeoutError) as error:
                raise UpstreamUnavailable(self.name, detail=f"{self.url}: {type(error).__name__}") from error
        if response.status_code == httpx.codes.FORBIDDEN:
            raise AuthorizationDenied(f"You may not use {self.name}.", detail=f"{self.url}: status 403")
        if response.status_code != httpx.codes.OK:
            raise UpstreamRefused(self.name, detail=f"{self.url}: status {response.status_code}")
        try:
            return response.json()
        except ValueError as error:
            raise UpstreamRefused(self.name, detail=f"{self.url}: no JSON") from error

    async def cancel(self, task_id: str, *, caller: Caller, context_id: str) -> None:
        """Cancels a task that runs there; that it has ended meanwhile is no error."""
        held = await self._card.current()
        with hop(self.name, "CancelTask", self.url) as span:
            call = await self._call_context(held, caller, context_id, span)
            call.timeout = CANCEL_TIMEOUT_SECONDS
            try:
                async with asyncio.timeout(CANCEL_TIMEOUT_SECONDS):
                    await reaching(lambda: held.transport.cancel_task(CancelTaskRequest(id=task_id), context=call))
            except Exception as error:  # noqa: BLE001 -- lint: allow broad-except -- nobody waits for it: it is for the log
                span.fail(type(error).__name__)
                _log.info("remote_cancel_failed", agent=self.name, task_id=task_id, detail=type(error).__name__)

    async def _call_context(
        self, held: PeerCard, caller: Caller, context_id: str, span: Span, on_record: HopRecord | None = None
    ) -> ClientCallContext:
        agent_token, user_token = await asyncio.gather(
            self._agent_tokens.client_credentials(audience=self.audience, scopes=held.agent_scopes),
            self._user_tokens.exchange(caller.user_token, caller.user, audience=self.audience, scopes=held.user_scopes),
        )
        if on_record is not None:
            on_record.carries(user_token)
        return ClientCallContext(
            timeout=CALL_TIMEOUT_SECONDS,
            service_parameters={
                "A2A-Version": "1.0",
                "Authorization": f"Bearer {agent_token.token.reveal()}",
                DELEGATED_USER_HEADER: user_token.token.reveal(),
                SESSION_HEADER: session_id(caller.user, context_id),
                **span.headers(),
            },
        )

    def _explained(self, error: A2AError) -> UpstreamError | AuthorizationDenied:
        response = response_of(error)
        if response is None:
            if isinstance(error, A2AClientError):
                return UpstreamUnavailable(self.name, detail=f"{self.url}: {type(error.__cause__ or error).__name__}")
            return UpstreamRefused(self.name, detail=f"{self.url}: {type(error).__name__}")
        detail = f"{self.url}: status {response.status_code}"
        if response.status_code == httpx.codes.FORBIDDEN:
            return AuthorizationDenied(f"You may not use {self.name}.", detail=detail)
        if response.status_code in RETRY_STATUSES or response.is_server_error:
            return UpstreamUnavailable(self.name, retry_after=retry_after(response), detail=detail)
        return UpstreamRefused(self.name, detail=detail)


def session_id(user: Principal, context_id: str) -> str:
    """The AgentCore session of this user's conversation: 64 hexadecimal characters.

    AgentCore does not bind a session id to a user, so that it must not be one that another user can name:
    it is derived from the verified principal. It is an address, never proof of anything.
    """
    return hashlib.sha256(f"{user.key}\n{context_id}".encode()).hexdigest()
