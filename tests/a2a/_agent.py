"""Agents to call: a real executor behind the whole stack, in process, and callers with real tokens."""

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Message, Part, Role
from starlette.applications import Starlette

from shared.a2a import (
    DELEGATED_USER_HEADER,
    INVOKE_SCOPE,
    Caller,
    DelegatedHop,
    Entry,
    HopSecurity,
    Limits,
    SignInSecurity,
    Skill,
    UserEntry,
    create_agent_app,
    create_card,
)
from shared.errors import AuthorizationDenied
from shared.http import PublicUrls, create_http_client
from shared.identity import CardSigningKey, JwksCache, TokenVerifier
from shared.settings import AllowedCaller
from shared.tasks import open_storage
from shared.testing import AuthorizationServer

URL = "http://agent.example/"
AUDIENCE = "https://helpdesk.example/account_lookup"
SUPERVISOR_AUDIENCE = "https://helpdesk.example/supervisor"
SUPERVISOR, SUPERVISOR_API = "supervisor", "supervisor-api"
OTHER, OTHER_API = "night-desk", "night-desk-api"
OWN, COMMAND_LINE = "account-lookup-api", "command-line"
CALLERS = [
    AllowedCaller(agent="supervisor", client_id=SUPERVISOR, api_client_id=SUPERVISOR_API),
    AllowedCaller(agent="night_desk", client_id=OTHER, api_client_id=OTHER_API),
]
SKILLS = (
    Skill("show_account", "Account", "Shows your account.", ("account",), ("Show my account",), ("account:read",)),
    Skill("close_account", "Close", "Closes your account.", ("close",), ("Close it",), ("account:close",)),
    Skill("help", "Help", "Says what it can do.", ("help",)),
)
SECRET = "the-password-is-swordfish"
ALICE, BOB = "auth0|alice", "auth0|bob"


@dataclass
class Talk(AgentExecutor):
    """Does what the message says.

    `echo …` answers; `ask` and `auth` wait for somebody; `hold` works until `release` is set, and `hold ask` waits
    then; `boom` breaks; `deny` refuses; `message …` answers without a task; `stop short` ends in the middle; `chunks N`
    says N things; `who` says who calls; `wait N` takes N seconds.
    """

    release: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[str] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.message is not None
        text = context.get_user_input()
        word, _, rest = text.partition(" ")
        self.heard.append(text)
        self.callers.append(context.call_context.state["caller"])
        self.states.append(context.call_context.state)
        if word == "message":
            await event_queue.enqueue_event(
                Message(message_id=uuid.uuid4().hex, role=Role.ROLE_AGENT, parts=[Part(text=rest)])
            )
            return
        if context.current_task is None:
            await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        try:
            self._break(word)
            await self._act(word, rest, text, updater, context.call_context.state["caller"])
        except asyncio.CancelledError:
            self.interrupted.append(updater.task_id)
            raise

    def _break(self, word: str) -> None:
        if word == "boom":
            raise RuntimeError(SECRET)
        if word == "deny":
            raise AuthorizationDenied("You may not see this account.", detail=SECRET)

    async def _act(self, word: str, rest: str, text: str, updater: TaskUpdater, caller: Caller) -> None:
        if word == "ask":
            await updater.requires_input(updater.new_agent_message([Part(text="Which one?")]))
            return
        if word == "auth":
            await updater.requires_auth(updater.new_agent_message([Part(text="Please approve.")]))
            return
        await updater.start_work()
        if word == "wait":
            await asyncio.sleep(float(rest))
        if word == "hold":
            self.began.set()
            await self.release.wait()
        if text == "hold ask":
            await updater.requires_input(updater.new_agent_message([Part(text="Which one?")]))
            return
        if text == "stop short":
            return
        if word == "chunks":
            for number in range(int(rest)):
                await updater.add_artifact([Part(text=f"{number} ")], artifact_id="answer", append=number > 0)
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(0)
            said = caller.user.subject if word == "who" else rest
            await updater.add_artifact([Part(text=said)], artifact_id="answer")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        self.cancelled.append(str(context.task_id))
        await TaskUpdater(event_queue, str(context.task_id), str(context.context_id)).cancel()


@dataclass
class Answer:
    """What came back, in either binding."""

    response: httpx.Response
    result: Any = None
    error: dict[str, Any] | None = None

    @property
    def reason(self) -> str | None:
        """The reason in the error's details, which both bindings have."""
        if self.error is None:
            return None
        details = self.error.get("data") or self.error.get("details") or [{}]
        return str(details[0].get("reason"))

    @property
    def task(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result.get("task", self.result)
        return found

    @property
    def state(self) -> str:
        return str(self.task["status"]["state"])

    @property
    def text(self) -> str:
        return "".join(part["text"] for artifact in self.task["artifacts"] for part in artifact["parts"])

    @property
    def events(self) -> list[dict[str, Any]]:
        """The results of a stream."""
        return events_of(self.response.text)


def events_of(stream: str) -> list[dict[str, Any]]:
    found = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
    return [event.get("result", event) for event in found]


class Issuer:
    """The authorization server's tokens, as the callers of an agent hold them."""

    def __init__(self, *, dialect: Literal["access_token", "rfc9068_profile"] = "rfc9068_profile") -> None:
        self.server = AuthorizationServer(dialect=dialect)
        http = self.server.create_http_client()
        keys = JwksCache(f"{self.server.issuer}.well-known/openid-configuration", self.server.issuer, http)
        self.verifier = TokenVerifier(self.server.issuer, AUDIENCE, keys)
        self.supervisor_verifier = TokenVerifier(self.server.issuer, SUPERVISOR_AUDIENCE, keys)

    def agent(
        self, client_id: str = SUPERVISOR, *, audience: str = AUDIENCE, scopes: Collection[str] = (INVOKE_SCOPE,)
    ) -> str:
        return self.server.machine_token(client_id, audience=audience, scopes=scopes).reveal()

    def delegated(
        self,
        user: str = ALICE,
        *,
        audience: str = AUDIENCE,
        actors: Sequence[str] = (SUPERVISOR_API, COMMAND_LINE),
        scopes: Collection[str] = ("account:read",),
    ) -> str:
        client_id = actors[0] if actors else COMMAND_LINE
        return self.server.user_token(
            user, audience=audience, client_id=client_id, actors=actors, scopes=scopes
        ).reveal()

    def user(
        self,
        user: str = ALICE,
        *,
        audience: str = SUPERVISOR_AUDIENCE,
        actors: Sequence[str] = (),
        scopes: Collection[str] = ("helpdesk:ask",),
    ) -> str:
        return self.server.user_token(
            user, audience=audience, client_id=COMMAND_LINE, actors=actors, scopes=scopes
        ).reveal()

    def hop(self, user: str = ALICE, **changes: Any) -> dict[str, str]:
        """The headers of a hop."""
        return {
            "Authorization": f"Bearer {self.agent()}",
            DELEGATED_USER_HEADER: self.delegated(user, **changes),
        }


_REST = {
    "SendMessage": ("POST", "/message:send"),
    "SendStreamingMessage": ("POST", "/message:stream"),
    "GetTask": ("GET", "/tasks/{id}"),
    "ListTasks": ("GET", "/tasks"),
    "CancelTask": ("POST", "/tasks/{id}:cancel"),
    "SubscribeToTask": ("GET", "/tasks/{id}:subscribe"),
    "CreateTaskPushNotificationConfig": ("POST", "/tasks/{taskId}/pushNotificationConfigs"),
    "GetTaskPushNotificationConfig": ("GET", "/tasks/{taskId}/pushNotificationConfigs/{id}"),
    "ListTaskPushNotificationConfigs": ("GET", "/tasks/{taskId}/pushNotificationConfigs"),
    "DeleteTaskPushNotificationConfig": ("DELETE", "/tasks/{taskId}/pushNotificationConfigs/{id}"),
    "GetExtendedAgentCard": ("GET", "/extendedAgentCard"),
}
OPERATIONS = sorted(_REST)
TASK_OPERATIONS = ("GetTask", "CancelTask", "SubscribeToTask")
BINDINGS = ("JSONRPC", "HTTP+JSON")


def params_of(operation: str) -> dict[str, Any]:
    """Parameters that are in order, of whatever is not there."""
    if operation.startswith("Send"):
        return message("echo hello")
    if "PushNotification" in operation:
        return {"taskId": "nothing", "id": "config"} | ({"url": "https://x.example"} if "Create" in operation else {})
    return {"id": "nothing"} if operation in TASK_OPERATIONS else {}


def message(text: str, *, message_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """The parameters of SendMessage."""
    return {
        "message": {
            "messageId": message_id or uuid.uuid4().hex,
            "role": "ROLE_USER",
            "parts": [{"text": text}],
            **fields,
        }
    }


class Agent:
    """An agent's app with its lifespan, and a client of it.

    Args:
        folder: Where its database is.
        issuer: Whose tokens it takes.
        entry: Its door; a subagent's by default.
        limits: What a caller may ask for; generous by default.
        push_urls: Which URLs are told of tasks; without, none are.
        database: The URL of its database; a file in the folder by default.
        card_key: Signs its card.
    """

    def __init__(
        self,
        folder: Path,
        issuer: Issuer,
        *,
        entry: Entry | None = None,
        limits: Limits | None = None,
        push_urls: PublicUrls | None = None,
        database: str | None = None,
        card_key: CardSigningKey | None = None,
    ) -> None:
        self.issuer = issuer
        self.executor = Talk()
        self.database = database or f"sqlite:///{folder}/agent.sqlite3"
        self.entry = entry or hop_entry(issuer)
        self._limits = limits or Limits(user_requests_per_minute=100_000, client_requests_per_minute=1_000_000)
        self._push_urls = push_urls
        self._card_key = card_key
        self._stack = AsyncExitStack()
        self.app: Starlette
        self.http: httpx.AsyncClient

    def build(self) -> Starlette:
        """The app, its storage open."""
        is_hop = isinstance(self.entry, DelegatedHop)
        issuer = self.issuer.server.issuer
        self.storage = open_storage(self.database, agent="account_lookup")
        return create_agent_app(
            executor=self.executor,
            card=create_card(
                name="account_lookup",
                description="Reads accounts.",
                url=URL,
                skills=SKILLS,
                security=HopSecurity(issuer) if is_hop else SignInSecurity(issuer, ("helpdesk:ask",)),
                push_notifications=self._push_urls is not None,
            ),
            entry=self.entry,
            storage=self.storage,
            limits=self._limits,
            drain_seconds=0,
            push_urls=self._push_urls,
            card_key=self._card_key,
        )

    async def __aenter__(self) -> Self:
        self.app = self.build()
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))
        self.http = await self._stack.enter_async_context(create_http_client(app=httpx.ASGITransport(self.app)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def call(
        self,
        operation: str,
        params: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        user: str = ALICE,
        binding: str = "JSONRPC",
    ) -> Answer:
        """Calls an operation; by default as the supervisor for the user, with both tokens."""
        sent = self.issuer.hop(user) if headers is None else headers
        values = params_of(operation) if params is None else params
        if binding == "JSONRPC":
            body = {"jsonrpc": "2.0", "id": 7, "method": operation, "params": values}
            return _rpc_answer(await self.http.post(URL, json=body, headers=sent))
        method, path = _REST[operation]
        url = URL.rstrip("/") + path.format(**values)
        if method == "POST":
            return _rest_answer(await self.http.post(url, json=values, headers=sent))
        query = {name: value for name, value in values.items() if f"{{{name}}}" not in path}
        return _rest_answer(await self.http.request(method, url, params=query, headers=sent))

    async def send(self, text: str, *, user: str = ALICE, binding: str = "JSONRPC", **fields: Any) -> Answer:
        """Sends a message."""
        return await self.call("SendMessage", message(text, **fields), user=user, binding=binding)

    async def begin(self, text: str, *, user: str = ALICE) -> dict[str, Any]:
        """Sends a message and has the task as soon as it is there."""
        params = message(text) | {"configuration": {"returnImmediately": True}}
        task = (await self.call("SendMessage", params, user=user)).task
        if text.startswith("hold"):
            await self.executor.began.wait()
        await self.storage.tasks.committed()  # two agents in one thread could not wait for each other's lock
        return task


def hop_entry(issuer: Issuer) -> DelegatedHop:
    """A subagent's door."""
    return DelegatedHop(issuer.verifier, issuer.verifier, CALLERS, INVOKE_SCOPE, own_clients=[OWN])


def user_entry(issuer: Issuer) -> UserEntry:
    """The supervisor's door."""
    return UserEntry(issuer.supervisor_verifier, ["helpdesk:ask"], own_clients=[SUPERVISOR, SUPERVISOR_API])


def _rpc_answer(response: httpx.Response) -> Answer:
    if not response.headers.get("content-type", "").startswith("application/json"):
        return Answer(response)
    body = response.json()
    return Answer(response, body.get("result"), body.get("error"))


def _rest_answer(response: httpx.Response) -> Answer:
    if "json" not in response.headers.get("content-type", ""):
        return Answer(response)
    body = response.json()
    return Answer(response, error=body["error"]) if "error" in body else Answer(response, body)
