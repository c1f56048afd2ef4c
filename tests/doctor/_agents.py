"""The agents' settings as `helpdesk up` makes them beside a tenant, and what happens to an agent that has them."""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from agents.account_lookup.app import create_app as create_account_lookup
from agents.account_lookup.settings import AccountLookupSettings
from agents.docs_search.settings import DocsSearchSettings
from agents.password_reset.settings import PasswordResetSettings
from agents.supervisor.settings import KeySet, SupervisorSettings
from local.tenant.testing import LocalTenant
from portal.doctor import CHECKS, Agent, Agents, Missing, Sources, diagnose
from portal.doctor._issuer import Clock
from portal.stack import Plan, ports_from
from shared.a2a import AgentClient, CardKeys
from shared.errors import HelpdeskError
from shared.http import create_http_client
from shared.identity import ClientCredentials, TokenClient
from shared.settings import AgentSettings
from shared.testing import LoopbackServer

SETTINGS: Mapping[str, type[AgentSettings]] = {
    "supervisor": SupervisorSettings,
    "account_lookup": AccountLookupSettings,
    "password_reset": PasswordResetSettings,
    "docs_search": DocsSearchSettings,
}
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@dataclass
class Desk:
    """The settings of all agents, to be changed.

    Attributes:
        tenant: The tenant that they are for.
        environments: Each agent's own.
    """

    tenant: LocalTenant
    environments: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def beside(cls, tenant: LocalTenant) -> "Desk":
        """Those that `helpdesk up` would make."""
        folder = tenant.settings.helpdesk_var
        for name, value in (("token", secrets.token_urlsafe()), ("store_id", ULID), ("model_id", ULID)):
            path = folder / "fga" / name
            path.parent.mkdir(exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(value)
        plan = Plan(folder, ports_from(None) | {"tenant": int(tenant.issuer.rstrip("/").rpartition(":")[2])})
        return cls(tenant, {p.name: dict(p.settings()) for s in plan.stages() for p in s if p.name in SETTINGS})

    @property
    def agents(self) -> Agents:
        """The settings as the doctor is told them."""
        return Agents({name: Agent(name, environment) for name, environment in self.environments.items()})

    def everywhere(self, **settings: str) -> None:
        """Changes every agent's."""
        for environment in self.environments.values():
            environment.update(settings)

    async def found(self, *kinds: type, clock: Clock | None = None, **facts: Any) -> dict[str, list[str]]:
        """What the doctor finds, looking at the settings and at these kinds of facts."""
        async with create_http_client() as http:
            sources = Sources(http, self.agents, Missing("not looked at"), clock=clock or time.time)
            live = await sources.facts(kinds)
        known: dict[type, Any] = {kind: Missing("not looked at") for check in CHECKS for kind in check.facts}
        known |= dict(live) | facts.get("known", {})
        found: dict[str, list[str]] = {}
        for finding in diagnose(CHECKS, known).findings:
            found.setdefault(finding.check.name, []).append(f"{finding.found.setting}: {finding.found.seen}")
        return found

    def starts(self, name: str, **changes: str) -> str:
        """Whether an agent starts with its settings, or the line that it ends with."""
        with environment(self.environments[name] | changes):
            try:
                SETTINGS[name].load()
            except HelpdeskError as error:
                return error.public_message
        return "ok"

    def load(self, name: str) -> Any:
        """An agent's settings."""
        with environment(self.environments[name]):
            return SETTINGS[name].load()

    async def machine_token(self, audience: str = "", *, clock: Clock | None = None) -> str:
        """How the supervisor's request for its own token is answered."""
        told = self.load("supervisor")
        async with create_http_client() as http:
            told_time = clock or time.time
            credentials = ClientCredentials(told.client_id, told.client_key.get_secret_value(), clock=told_time)
            client = TokenClient(told.discovery_url, told.auth0_issuer, http, credentials, clock=told_time)
            try:
                await client.client_credentials(
                    audience=audience or told.subagents[0].audience, scopes=["agent:invoke"]
                )
            except HelpdeskError as error:
                return error.reason
        return "ok"

    async def proof(self, name: str, client: str) -> str:
        """How a client's request for a token of its own is answered."""
        agent = self.agents.by_name[name]
        async with create_http_client() as http:
            credentials = ClientCredentials(agent.text(f"{client}_ID"), agent.text(f"{client}_KEY"))
            asking = TokenClient(self.tenant.discovery_url, self.tenant.issuer, http, credentials)
            try:
                await asking.client_credentials(audience=self.tenant.api("account_lookup"), scopes=["agent:invoke"])
            except HelpdeskError as error:
                return error.reason
        return "ok"

    async def sees_card(self, server: LoopbackServer) -> str:
        """Whether the supervisor takes the card of account_lookup, which listens there, as SUBAGENTS says."""
        told = self.load("supervisor").subagents[0]
        with server.start(create_account_lookup(self.load("account_lookup"))):
            async with create_http_client() as http:
                pinned = self.load("supervisor").card_keys.get(told.audience)
                client = AgentClient(
                    url=told.url,
                    audience=told.audience,
                    http=http,
                    agent_tokens=NONE,
                    user_tokens=NONE,
                    card_keys=CardKeys(pinned.keys) if isinstance(pinned, KeySet) else None,
                )
                try:
                    await client.card()
                except HelpdeskError as error:
                    return error.reason
        return "ok"

    async def asks_account_lookup(self) -> str:
        """How account_lookup answers the supervisor, which asks for a task that is not there."""
        told = self.load("supervisor")
        tokens = self.tenant
        headers = {
            "A2A-Version": "1.0",
            "Authorization": f"Bearer {await tokens.client_credentials(told.subagents[0].audience)}",
            "Delegated-User-Token": await tokens.exchange(
                await tokens.sign_in("amelia.hart"), told.subagents[0].audience, scopes=["account:read"]
            ),
        }
        app = create_account_lookup(self.load("account_lookup"))
        body = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "none"}}
        async with (
            app.router.lifespan_context(app),
            create_http_client(app=httpx.ASGITransport(app)) as http,
        ):
            response = await http.post("http://account-lookup/", json=body, headers=headers)
        if response.status_code == httpx.codes.OK:
            return "let in" if response.json()["error"]["code"] == TASK_NOT_FOUND else str(response.json())
        return str(response.status_code)


TASK_NOT_FOUND = -32001
NONE: Any = None  # a card is fetched without tokens


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """This process with the environment of an agent, and nothing else of its own but where programs are."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name not in {"PATH", "HOME"}]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield
