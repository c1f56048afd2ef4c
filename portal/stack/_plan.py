"""What runs on one machine: each part, its address, its settings, and what must be up before it.

The settings are those of a real deployment. That the issuer is a stand-in shows in its URL alone.
"""

import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from portal._environment import chosen
from portal.stack._keys import card_keys, keep_audit_key, keep_card_key, keep_session_key
from shared.errors import ConfigurationError

HOST = "127.0.0.1"
API_BASE = "https://helpdesk.example"
"""The start of each API identifier in the local tenant (`deploy/auth0/tenant.yaml`)."""

SUBAGENTS = ("account_lookup", "password_reset", "docs_search")
AGENTS = ("supervisor", *SUBAGENTS)
DIRECTORY_CONNECTIONS = {"account_lookup": "directory-read", "password_reset": "directory-manage"}
"""The agents that act in the directory, each with the connection in `tenant.yaml` that leads there for it."""
CONNECTION_NAMES = {
    "directory-read": "Company directory, reading",
    "directory-manage": "Company directory, unlocking and resetting",
}
"""What people call these connections: their display names in `tenant.yaml`, which no API tells the web chat."""
SECURITY_ON_CALL = "auth0|d1ddc717b58593cd7af7485b"
"""Who is on call in the made-up company: idris.kamara of `local/people.yaml`."""
AGENT_CARD = "/.well-known/agent-card.json"
"""An agent answers `/ping` as soon as it lives, and this once it can work."""

TRACES = "traces"
"""The folder below the state where spans are kept, if they are."""

DEFAULT_PORTS = {
    "tenant": 8400,
    "directory": 8401,
    "web": 8402,
    "fga": 8403,
    "gateway": 8404,
    "supervisor": 9000,
    "account_lookup": 9001,
    "password_reset": 9002,
    "docs_search": 9003,
}


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the local world.

    Attributes:
        name: As in commands, logs and messages.
        about: What it does, in a few words.
        module: What is run.
        url: Where it listens.
        health: The path that answers 200 once it can do its work.
        settings: Makes its environment; called when it is started, as some settings are files that an earlier
            part writes on its first run.
        prepare: What is done with it once its whole group works, before anything that stands on it starts.
    """

    name: str
    about: str
    module: str
    url: str
    health: str
    settings: Callable[[], Mapping[str, str]]
    prepare: Callable[[httpx.AsyncClient], Awaitable[None]] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rstrip("/").rsplit(":", 1)[-1])


def ports_from(base: int | None) -> dict[str, int]:
    """The usual ports, or those that count up from `base`."""
    if base is None:
        return dict(DEFAULT_PORTS)
    highest = base + len(DEFAULT_PORTS) - 1
    if not 1 <= base <= highest <= 65535:  # noqa: PLR2004 -- the highest port there is
        raise ConfigurationError(f"--port-base {base} leaves no room for {len(DEFAULT_PORTS)} ports: name a lower one.")
    return {name: base + offset for offset, name in enumerate(DEFAULT_PORTS)}


def free_ports() -> dict[str, int]:
    """Ports that nobody listens on now, one for each part."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in DEFAULT_PORTS]
        return dict(zip(DEFAULT_PORTS, (int(s.getsockname()[1]) for s in sockets), strict=True))


def free_port_base() -> int:
    """The first port of a run of ports that nobody listens on now, one for each part."""
    return next(
        base
        for base in range(18400, 65000, 100)
        if not ports_in_use({str(port): port for port in range(base, base + 10)})
    )


def ports_in_use(ports: Mapping[str, int]) -> dict[str, int]:
    """Those of the ports that something listens on already."""
    return {name: port for name, port in ports.items() if not _is_free(port)}


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything of one local world is.

    Attributes:
        state: The folder of state, keys and secrets.
        ports: The port of each part.
        traces: Whether the agents and the gateway keep their spans, each in a file below the state.
    """

    state: Path
    ports: Mapping[str, int]
    traces: bool = False

    @property
    def issuer(self) -> str:
        """The issuer of all tokens."""
        return self.url("tenant")

    @property
    def supervisor_url(self) -> str:
        """Where people's clients reach the help desk."""
        return self.url("supervisor")

    @property
    def audience(self) -> str:
        """The API identifier that people's tokens are for."""
        return _audience("supervisor")

    def client_id(self, slug: str) -> str:
        """The client id that the tenant made, on its first run, for a client of `tenant.yaml`."""
        return (self._client(slug) / "client_id").read_text(encoding="ascii").strip()

    def stages(self) -> tuple[tuple[Part, ...], ...]:
        """The parts, in groups that start one after the other; within a group, at the same time."""
        foundations = (
            Part(
                "tenant",
                "signs people in; stand-in for Auth0",
                "local.tenant",
                self.url("tenant"),
                "/.well-known/openid-configuration",
                self._tenant,
            ),
            Part(
                "directory",
                "system of record for accounts",
                "local.directory",
                self.url("directory"),
                "/healthz",
                self._directory,
            ),
            Part(
                "fga",
                "keeps who may do what; stand-in for OpenFGA",
                "local.fga",
                self.url("fga"),
                "/healthz",
                self._fga,
                self._relate,
            ),
        )
        agents = (
            Part(
                "gateway",
                "lets docs_search search; stand-in for AgentCore Gateway",
                "local.gateway",
                self.url("gateway"),
                "/healthz",
                self._gateway,
            ),
            Part(
                "supervisor",
                "takes questions, asks the agents below",
                "agents.supervisor",
                self.url("supervisor"),
                AGENT_CARD,
                self._supervisor,
            ),
            *(self._subagent_part(name) for name in SUBAGENTS),
            Part("web", "the web chat: open it in a browser", "portal.web", self.url("web"), "/healthz", self._web),
        )
        return foundations, agents

    def _subagent_part(self, name: str) -> Part:
        about = {
            "account_lookup": "reads accounts, groups, devices, sign-ins",
            "password_reset": "tells the policy, unlocks, resets",
            "docs_search": "answers from the knowledge base",
        }[name]
        return Part(name, about, f"agents.{name}", self.url(name), AGENT_CARD, lambda: self._subagent(name))

    def _service(self, name: str) -> dict[str, str]:
        return {
            "HELPDESK_ENV": "local",
            "HELPDESK_VAR": str(self.state),
            "HOST": HOST,
            "PORT": str(self.ports[name]),
            "LOG_FORMAT": chosen("LOG_FORMAT", "console"),
        }

    def _telemetry(self, name: str) -> dict[str, str]:
        if not self.traces:
            return {}
        return {
            "TELEMETRY_FILE": str(self.state / TRACES / f"{name}.jsonl"),
            "OTEL_TRACES_EXPORTER": "file",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "300",  # milliseconds: who asks wants to see it
        }

    def _tenant(self) -> Mapping[str, str]:
        directory = self.url("directory").rstrip("/")
        web = self.url("web").rstrip("/")
        keywords = {"DIRECTORY_URL": directory, "DIRECTORY_DOMAIN": HOST, "WEB_URL": web}
        return self._service("tenant") | {
            "TENANT_ISSUER": self.issuer,
            "AUTH0_KEYWORD_REPLACE_MAPPINGS": json.dumps(keywords),
        }

    def _directory(self) -> Mapping[str, str]:
        return self._service("directory") | {
            "DIRECTORY_PUBLIC_URL": self.url("directory"),
            "DIRECTORY_CALLBACKS": json.dumps([f"{self.issuer}login/callback"]),
        }

    def _fga(self) -> Mapping[str, str]:
        return self._service("fga")

    def _gateway(self) -> Mapping[str, str]:
        authorizer = {
            "discoveryUrl": self._discovery_url,
            "allowedAudience": [_audience("gateway")],
            "allowedClients": [self.client_id("docs-search-api-client")],
            "allowedScopes": ["docs:read"],
        }
        return (
            self._service("gateway")
            | self._telemetry("gateway")
            | {
                "AUTH0_ISSUER": self.issuer,
                "GATEWAY_AUTHORIZER": json.dumps(authorizer),
                "GATEWAY_URL": f"{self.url('gateway')}mcp",
            }
        )

    @property
    def _discovery_url(self) -> str:
        return f"{self.issuer}.well-known/openid-configuration"

    async def _relate(self, http: httpx.AsyncClient) -> None:
        """Makes the store of relationships, with the model, and synchronises it from the directory."""
        from portal.relationships import local_settings, prepare  # noqa: PLC0415 -- heavy; the parts start meanwhile

        settings = local_settings(
            self.state, fga_url=self.url("fga"), directory_url=self.url("directory"), issuer=self.issuer
        )
        await prepare(settings, self.state / "fga", http)

    def _agent(self, name: str) -> dict[str, str]:
        settings = self._service(name) | self._telemetry(name)
        return settings | {
            "AUTH0_ISSUER": self.issuer,
            "AUTH0_DISCOVERY_URL": self._discovery_url,
            "AUDIENCE": _audience(name),
            "AGENTCORE_RUNTIME_URL": self.url(name),
            "DATABASE_URL": f"sqlite:///{self.state / name / 'helpdesk.sqlite3'}",
            "AUDIT_FILE": str(self.state / name / "audit.sqlite3"),
            "AUDIT_KEY_FILE": str(keep_audit_key(self.state / name)),
            "CARD_KEY_FILE": str(keep_card_key(self.state / name)),
            "AUDIT_ANCHORS": str(self.state / "audit-anchors" / name),
            "MODEL_PROVIDER": chosen("MODEL_PROVIDER", "offline"),
        }

    def _supervisor(self) -> Mapping[str, str]:
        subagents = [{"url": self.url(name), "audience": _audience(name)} for name in SUBAGENTS]
        return self._agent("supervisor") | {
            "SUBAGENTS": json.dumps(subagents),
            "CARD_KEYS": json.dumps({_audience(name): card_keys(self.state / name) for name in SUBAGENTS}),
            "CLIENT_ID": self.client_id("supervisor"),
            "CLIENT_KEY_FILE": str(self._client("supervisor") / "key.pem"),
            "API_CLIENT_ID": self.client_id("supervisor-api-client"),
            "API_CLIENT_KEY_FILE": str(self._client("supervisor-api-client") / "key.pem"),
        }

    def _subagent(self, name: str) -> Mapping[str, str]:
        callers = [
            {
                "agent": "supervisor",
                "client_id": self.client_id("supervisor"),
                "api_client_id": self.client_id("supervisor-api-client"),
            }
        ]
        settings = self._agent(name) | {
            "ALLOWED_CALLERS": json.dumps(callers),
            "FGA_API_URL": self.url("fga"),
            "FGA_API_TOKEN_FILE": str(self.state / "fga" / "token"),
            "FGA_STORE_ID_FILE": str(self.state / "fga" / "store_id"),
            "FGA_MODEL_ID_FILE": str(self.state / "fga" / "model_id"),
        }
        if name in DIRECTORY_CONNECTIONS:
            client = f"{name.replace('_', '-')}-api-client"
            settings |= {
                "DIRECTORY_URL": f"{self.url('directory')}api/v1",
                "DIRECTORY_CONNECTION": DIRECTORY_CONNECTIONS[name],
                "API_CLIENT_ID": self.client_id(client),
                "API_CLIENT_KEY_FILE": str(self._client(client) / "key.pem"),
            }
        if name == "password_reset":
            settings |= {
                "APPROVALS_CLIENT_ID": self.client_id("password-reset-approvals"),
                "APPROVALS_CLIENT_KEY_FILE": str(self._client("password-reset-approvals") / "key.pem"),
                "APPROVALS_URL": f"{self.issuer}phone",
                "SECURITY_ON_CALL": chosen("SECURITY_ON_CALL", SECURITY_ON_CALL),
            }
        if name == "docs_search":
            settings |= {
                "GATEWAY_URL": f"{self.url('gateway')}mcp",
                "GATEWAY_AUDIENCE": _audience("gateway"),
                "API_CLIENT_ID": self.client_id("docs-search-api-client"),
                "API_CLIENT_KEY_FILE": str(self._client("docs-search-api-client") / "key.pem"),
            }
        return settings

    def _web(self) -> Mapping[str, str]:
        return (
            self._service("web")
            | self._telemetry("web")
            | {
                "WEB_URL": self.url("web").rstrip("/"),
                "SUPERVISOR_URL": self.supervisor_url,
                "AUTH0_ISSUER": self.issuer,
                "AUDIENCE": self.audience,
                "CLIENT_ID": self.client_id("help-desk-web"),
                "CLIENT_KEY_FILE": str(self._client("help-desk-web") / "key.pem"),
                "WEB_SESSION_FILE": str(self.state / "web" / "sessions.sqlite3"),
                "WEB_SESSION_KEY_FILE": str(keep_session_key(self.state / "web")),
                "CONNECTION_NAMES": json.dumps(CONNECTION_NAMES),
            }
        )

    def _client(self, slug: str) -> Path:
        return self.state / "tenant" / "clients" / slug

    def url(self, name: str) -> str:
        """Where a part listens."""
        return f"http://{HOST}:{self.ports[name]}/"


def _audience(agent: str) -> str:
    return f"{API_BASE}/{agent}"
