"""The whole system on loopback ports, in this process: every part is the real one, reached over HTTP."""

import asyncio
import base64
import json
import secrets
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from strands.models import Model

from agents.account_lookup.app import create_app as create_account_lookup
from agents.account_lookup.settings import AccountLookupSettings
from agents.docs_search.app import create_app as create_docs_search
from agents.docs_search.settings import DocsSearchSettings
from agents.password_reset.app import create_app as create_password_reset
from agents.password_reset.settings import PasswordResetSettings
from agents.supervisor.app import create_app as create_supervisor
from agents.supervisor.settings import SupervisorSettings
from local.directory import DirectoryConfig
from local.directory import create_app as create_directory
from local.directory._state import Directory
from local.directory.oauth import CONNECTIONS, Call
from local.fga import Faults, FgaConfig, PresharedKeys
from local.fga import create_app as create_fga
from local.gateway import GatewaySettings
from local.gateway import create_app as create_gateway
from local.tenant.testing import SUPERVISOR, SUPERVISOR_API_CLIENT, LocalTenant
from portal.relationships import Relationship, RelationshipSettings, RelationshipStore, prepare
from portal.stack import CONNECTION_NAMES
from portal.web.app import create_app as create_web
from portal.web.settings import WebSettings
from shared.http import create_http_client
from shared.identity import CardSigningKey
from shared.testing import LoopbackServer, audit_key
from tests.flows._record import faults

DOCS_SEARCH_API_CLIENT = "Docs search API client"
SECURITY = "idris.kamara"
SUBAGENTS = ("account_lookup", "password_reset", "docs_search")
API_CLIENTS = {"account_lookup": "Account lookup API client", "password_reset": "Password reset API client"}


@dataclass
class Reply:
    """What came back for one message."""

    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def task(self) -> dict[str, Any]:
        """The task as it was first told."""
        return next(event["task"] for event in self.events if "task" in event)

    @property
    def state(self) -> str:
        """The last state that was told."""
        states = [event["statusUpdate"]["status"]["state"] for event in self.events if "statusUpdate" in event]
        return str(states[-1] if states else self.task["status"]["state"])

    @property
    def said(self) -> dict[str, str]:
        """What each agent said, whole."""
        said: dict[str, str] = {}
        for event in self.events:
            artifacts = [event["artifactUpdate"]["artifact"]] if "artifactUpdate" in event else []
            artifacts += event.get("task", {}).get("artifacts", [])
            for artifact in artifacts:
                text = "".join(part.get("text", "") for part in artifact["parts"])
                said[artifact["name"]] = said.get(artifact["name"], "") + text
        return said

    @property
    def text(self) -> str:
        """All that was said, and the words of the last status."""
        words = [
            part["text"]
            for event in self.events
            if "statusUpdate" in event or "task" in event
            for part in (event.get("statusUpdate") or event["task"])["status"].get("message", {}).get("parts", [])
        ]
        return "\n".join([*self.said.values(), *words])


class _Ear:
    """Keeps headers and path of every request that reaches a part, and does what a test wants done before it."""

    def __init__(self, app: ASGIApp, name: str, world: "World") -> None:
        self._app = app
        self._name = name
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            self._world.heard[self._name].append(headers)
            self._world.asked[self._name].append(scope["path"])
            if self._name in self._world.before:
                await asyncio.to_thread(self._world.before[self._name], scope["path"])
        await self._app(scope, receive, send)


class World:
    """Tenant, directory, gateway and the four agents; started with `with`.

    When it ends, each effect in the directory must have its pair of records and each pair its effect, and every trail
    must verify.

    Args:
        folder: For all that they keep.
        model: Makes the model of each agent, by its name; the offline planner, if it gives None.
        settings: Changes to the agents' settings.
        supervisor: Changes to the supervisor's own.
        articles: The folder of the knowledge base, in place of the articles that are shipped.
        trails: For each agent, the URL of the database that it keeps its audit trail in, in place of a file.
        managed: Whether the tenant begins empty, for its owner to deploy to between `tenant.start()` and `with`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        articles: Path | None = None,
        model: Callable[[str], Model | None] = lambda _: None,
        settings: dict[str, Any] | None = None,
        managed: bool = False,
        supervisor: dict[str, Any] | None = None,
        trails: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        parts = ("directory", "fga", "gateway", *SUBAGENTS, "supervisor", "web")
        self.servers = {name: LoopbackServer() for name in parts}
        self._model = model
        self._settings = settings or {}
        self._of_supervisor = supervisor or {}
        self._trails = trails or {}
        self._articles = {} if articles is None else {"knowledge_folder": articles}
        self.heard: dict[str, list[dict[str, str]]] = {name: [] for name in self.servers}
        self.asked: dict[str, list[str]] = {name: [] for name in self.servers}
        self.before: dict[str, Callable[[str], None]] = {}
        """What is done before a part sees a request, by the part's name; it is told the path."""
        self.card_keys = {name: CardSigningKey.generate() for name in (*SUBAGENTS, "supervisor")}
        """What each agent signs its card with; the supervisor pins those of the subagents."""
        self.fga_faults = Faults()
        self.fga_token = secrets.token_urlsafe()
        self.related = False
        """Whether relationships were changed by hand since they were synchronised."""
        directory = self.url("directory").rstrip("/")
        self.tenant = LocalTenant(
            folder,
            auth0_keyword_replace_mappings={
                "DIRECTORY_URL": directory,
                "DIRECTORY_DOMAIN": "127.0.0.1",
                "WEB_URL": self.url("web").rstrip("/"),
            },
            tenant_managed=managed,
        )
        self.directory_config = DirectoryConfig(
            folder / "directory", public_url=directory, callbacks=(f"{self.tenant.issuer}login/callback",)
        )
        self.directory: Directory | None = None
        self.connected: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        self.tenant.start()
        self.start("directory")
        self.start("fga")
        self.synchronise()
        for name in ("gateway", *SUBAGENTS, "supervisor"):
            self.start(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for server in reversed(self.servers.values()):
            server.stop()
        self.tenant.close()
        assert error is not None or faults(self.folder, self._trails) == []  # of every test that changes anything

    def url(self, name: str) -> str:
        """Where a part answers, with a trailing slash."""
        return self.servers[name].url

    def start(self, name: str) -> None:
        """Starts a part, for the first time or again."""
        self.servers[name].start(_Ear(self._create(name), name, self))

    def settle(self) -> None:
        """Starts the agents again: what they were about to write is on the disk then."""
        for name in (*SUBAGENTS, "supervisor"):
            self.stop(name)
            self.start(name)

    def synchronise(self) -> None:
        """Brings the relationship store to what the directory says, as an operator does; makes it, the first time."""
        settings, self.related = self.relationships(), False

        async def work() -> None:
            async with create_http_client() as http:
                await prepare(settings, self.folder / "fga", http)

        _elsewhere(work)

    def relate(self, *, add: Sequence[Relationship] = (), remove: Sequence[Relationship] = (), until: str = "") -> None:
        """Changes relationships by hand.

        Args:
            add: What is written.
            remove: What is taken away.
            until: When what is written ends, if it does.
        """

        async def work() -> None:
            store = RelationshipStore(self.relationships(), self._kept("store_id"), self._kept("model_id"))
            condition = {"condition": "until", "context": {"expires_at": until}} if until else {}
            await store.delete(remove)
            await store.write(add, **condition)  # type: ignore[arg-type]
            await store.aclose()

        self.related = True
        _elsewhere(work)

    def relationships(self) -> RelationshipSettings:
        """How the relationship store is looked after."""
        return RelationshipSettings.load(
            fga_api_url=self.url("fga"),
            fga_api_token=self.fga_token,
            auth0_issuer=self.tenant.issuer,
            directory_url=f"{self.url('directory')}api/v1",
            directory_token=(self.directory_config.folder / "tokens" / "relationships").read_text("ascii").strip(),
            **{f"fga_{name}": self._kept(name) for name in ("store_id", "model_id")},
        )

    def _kept(self, name: str) -> str:
        path = self.folder / "fga" / name
        return path.read_text("ascii").strip() if path.exists() else ""

    async def call_subagent(
        self, name: str, text: str, http: httpx.AsyncClient, *, agent: str | None, user: str | None, **more: Any
    ) -> httpx.Response:
        """Calls a subagent as the supervisor does, with whatever tokens and headers, and fields of the message."""
        headers = {"A2A-Version": "1.0", **more.pop("headers", {})}
        if agent is not None:
            headers["Authorization"] = f"Bearer {agent}"
        if user is not None:
            headers["Delegated-User-Token"] = user
        params = _message(text, None, None)
        params["message"] |= more
        return await http.post(self.url(name), json=_rpc("SendMessage", params), headers=headers)

    async def connect(self, login: str, connection: str, **how: Any) -> None:
        """Connects somebody's account in the directory, in their browser, unless that was done."""
        if (login, connection) in self.connected and not how:
            return
        codes = json.loads((self.directory_config.folder / "users.json").read_text(encoding="utf-8"))
        passkey = codes[how.get("upstream_login", login)]
        response = await self.tenant.connect_account(login, connection, passkey=passkey, **how)
        assert response.status_code == httpx.codes.CREATED, response.text
        self.connected.add((login, connection))

    async def disconnect(self, login: str, connection: str) -> None:
        """Disconnects it."""
        token = await self.tenant.my_account_token(login)
        found = (await self.tenant.my_account("GET", f"accounts?connection={connection}", token)).json()["accounts"]
        for account in found:
            assert (await self.tenant.my_account("DELETE", f"accounts/{account['id']}", token)).status_code == 204
        self.connected.discard((login, connection))

    def upstream_calls(self) -> list[Call]:
        """The directory's own record of every call of its API."""
        assert self.directory is not None
        return self.directory.oauth.store.calls()

    def stop(self, name: str) -> None:
        """Takes a part away."""
        self.servers[name].stop()

    def _create(self, name: str) -> Starlette:
        match name:
            case "directory":
                app = create_directory(self.directory_config)
                self.directory = app.state.directory
                return app
            case "fga":
                return create_fga(
                    FgaConfig(self.folder / "fga", access=PresharedKeys([self.fga_token]), faults=self.fga_faults)
                )
            case "gateway":
                return create_gateway(self._gateway())
            case "web":
                return create_web(self.web())
            case _:
                return self._create_agent(name)

    def _create_agent(self, name: str) -> Starlette:
        model = self._model(name)
        match name:
            case "account_lookup":
                return create_account_lookup(AccountLookupSettings.load(**self._directory_user(name)), model=model)
            case "password_reset":
                return create_password_reset(PasswordResetSettings.load(**self._directory_user(name)), model=model)
            case "docs_search":
                return create_docs_search(DocsSearchSettings.load(**self._docs_search()), model=model)
            case _:
                return create_supervisor(SupervisorSettings.load(**self._supervisor()), model=model)

    def _agent(self, name: str) -> dict[str, Any]:
        return {
            "helpdesk_env": "local",
            "port": self.servers[name].port,
            "auth0_issuer": self.tenant.issuer,
            "audience": self.tenant.api(name),
            "database_url": f"sqlite:///{self.folder / name}.sqlite3",
            **self._trail(name),
            "audit_key": audit_key(),
            "card_key": self.card_keys[name].private_pem(),
            "audit_anchors": self.folder / "audit" / "anchors" / name,
            "model_provider": "offline",
            "requests_per_minute": 60_000,
            **self._settings,
        }

    def _trail(self, name: str) -> dict[str, Any]:
        if name in self._trails:
            return {"audit_database_url": self._trails[name]}
        return {"audit_file": self.folder / "audit" / f"{name}.sqlite3"}

    def _subagent(self, name: str) -> dict[str, Any]:
        caller = {
            "agent": "supervisor",
            "client_id": self.tenant.client(SUPERVISOR).client_id,
            "api_client_id": self.tenant.client(SUPERVISOR_API_CLIENT).client_id,
        }
        fga = {
            "fga_api_url": self.url("fga"),
            "fga_store_id": self._kept("store_id"),
            "fga_model_id": self._kept("model_id"),
            "fga_api_token": self.fga_token,
            "fga_timeout_seconds": 20.0,  # all parts share one process here
        }
        return {**fga, **self._agent(name), "allowed_callers": [caller]}

    def web(self, **changes: Any) -> WebSettings:
        """The settings of the web chat, which a test starts that wants it."""
        client = self.tenant.client("Help desk web")
        values: dict[str, Any] = {
            "helpdesk_env": "local",
            "port": self.servers["web"].port,
            "web_url": self.url("web").rstrip("/"),
            "supervisor_url": self.url("supervisor"),
            "auth0_issuer": self.tenant.issuer,
            "audience": self.tenant.api("supervisor"),
            "client_id": client.client_id,
            "client_key": client.private_key_pem,
            "web_session_file": self.folder / "web" / "sessions.sqlite3",
            "web_session_key": base64.b64encode(bytes(32)).decode(),
            "web_requests_per_minute": 60_000,
            "connection_names": CONNECTION_NAMES,
        }
        return WebSettings.load(**values | changes)

    def _gateway(self) -> GatewaySettings:
        return GatewaySettings.load(
            helpdesk_env="local",
            port=self.servers["gateway"].port,
            helpdesk_var=self.folder,
            auth0_issuer=self.tenant.issuer,
            gateway_authorizer={
                "discoveryUrl": self.tenant.discovery_url,
                "allowedAudience": [self.tenant.api("gateway")],
                "allowedClients": [self.tenant.client(DOCS_SEARCH_API_CLIENT).client_id],
                "allowedScopes": ["docs:read"],
            },
            **self._articles,
        )

    def _docs_search(self) -> dict[str, Any]:
        exchanger = self.tenant.client(DOCS_SEARCH_API_CLIENT)
        return {
            **self._subagent("docs_search"),
            "gateway_url": f"{self.url('gateway')}mcp",
            "gateway_audience": self.tenant.api("gateway"),
            "api_client_id": exchanger.client_id,
            "api_client_key": exchanger.private_key_pem,
        }

    def _directory_user(self, name: str) -> dict[str, Any]:
        client = self.tenant.client(API_CLIENTS[name])
        return {
            **self._subagent(name),
            "directory_url": f"{self.url('directory')}api/v1",
            "directory_connection": CONNECTIONS[name],
            "api_client_id": client.client_id,
            "api_client_key": client.private_key_pem,
            **(self._approvals() if name == "password_reset" else {}),
        }

    def _approvals(self) -> dict[str, Any]:
        client = self.tenant.client("Password reset approvals")
        return {
            "approvals_client_id": client.client_id,
            "approvals_client_key": client.private_key_pem,
            "approvals_url": f"{self.tenant.issuer}phone",
            "security_on_call": self.tenant.user_id(SECURITY),
        }

    def _supervisor(self) -> dict[str, Any]:
        caller, exchanger = self.tenant.client(SUPERVISOR), self.tenant.client(SUPERVISOR_API_CLIENT)
        return {
            **self._agent("supervisor"),
            "card_keys": {self.tenant.api(name): {"keys": [self.card_keys[name].jwk]} for name in SUBAGENTS},
            **self._of_supervisor,
            "client_id": caller.client_id,
            "client_key": caller.private_key_pem,
            "api_client_id": exchanger.client_id,
            "api_client_key": exchanger.private_key_pem,
            "subagents": [{"url": self.url(name), "audience": self.tenant.api(name)} for name in SUBAGENTS],
        }


class Person:
    """Somebody who is signed in and talks to the supervisor over A2A, as any client would.

    Args:
        world: Where.
        token: Their access token for the supervisor.
    """

    def __init__(self, world: World, token: str, http: httpx.AsyncClient) -> None:
        self.world = world
        self.token = token
        self.http = http

    @classmethod
    async def sign_in(cls, world: World, login: str, http: httpx.AsyncClient, *, connects: bool = True) -> Self:
        """Signs in at the tenant's page; their accounts in the directory are connected, unless it is told otherwise."""
        for connection in CONNECTIONS.values() if connects else ():
            await world.connect(login, connection)
        return cls(world, await world.tenant.sign_in(login), http)

    async def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """One JSON-RPC call; returns the whole response."""
        response = await self.http.post(
            self.world.url("supervisor"), json=_rpc(method, params), headers=self._headers()
        )
        body: dict[str, Any] = response.json()
        return body

    async def ask(self, text: str, *, context_id: str | None = None, task_id: str | None = None) -> Reply:
        """Asks without streaming."""
        body = await self.call("SendMessage", _message(text, context_id, task_id))
        assert "result" in body, body
        return Reply([body["result"]])

    async def stream(self, text: str, *, context_id: str | None = None) -> AsyncGenerator[dict[str, Any], None]:
        """Asks, and yields each event as it comes."""
        body = _rpc("SendStreamingMessage", _message(text, context_id, None))
        async with self.http.stream(
            "POST", self.world.url("supervisor"), json=body, headers=self._headers()
        ) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))["result"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "A2A-Version": "1.0"}


def _elsewhere(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Runs work in a loop of its own, and waits: a test's own loop may be running here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()


def new_client() -> httpx.AsyncClient:
    """A client for the people of one test."""
    return create_http_client(timeout=120.0)


def _rpc(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": method, "params": params}


def _message(text: str, context_id: str | None, task_id: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": text}]}
    if context_id:
        message["contextId"] = context_id
    if task_id:
        message["taskId"] = task_id
    return {"message": message}
