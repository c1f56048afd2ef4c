"""Where the facts come from: what runs here, a folder of settings, the tenant's file, what runs on AWS."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from portal._environment import ROOT
from portal._errors import CommandFailed
from portal.doctor._agents import Agent, Agents, read_environment
from portal.doctor._check import Facts, Missing
from portal.doctor._cloud import Cloud, Gateway, Providers, Runtimes
from portal.doctor._database import Databases, look_at_databases
from portal.doctor._issuer import Clock, Hops, Issuers, Proofs, look_at_hops, look_at_issuers, look_at_proofs
from portal.doctor._starts import Starts, look_at_starts
from portal.doctor._store import Stores, look_at_stores
from portal.doctor._tenant import Tenant
from portal.stack import AGENTS, Plan, ports_from, running

TENANT_FILE: Final = ROOT / "deploy" / "auth0" / "tenant.yaml"
SUFFIX: Final = ".env"


NO_CLOUD: Final = Missing("no --deployment was named")


@dataclass(frozen=True)
class Sources:
    """What is looked at.

    Attributes:
        http: Asks what answers over HTTP.
        agents: The agents' settings, or why they are not known.
        tenant: The tenant's file, or why there is none.
        cloud: What runs on AWS, or why that is not known.
        clock: Seconds since the epoch, as this machine has them.
    """

    http: httpx.AsyncClient
    agents: Agents | Missing
    tenant: Tenant | Missing
    cloud: Cloud | Missing = NO_CLOUD
    clock: Clock = time.time

    async def facts(self, kinds: Collection[type]) -> Facts:
        """Those facts, each looked for once; a kind that is not known is nowhere asked for."""
        agents = self.agents
        live: Mapping[type, Callable[[Agents], Awaitable[Any]]] = {
            Starts: look_at_starts,
            Issuers: partial(look_at_issuers, http=self.http, clock=self.clock),
            Proofs: partial(look_at_proofs, http=self.http, clock=self.clock),
            Hops: partial(look_at_hops, http=self.http, clock=self.clock),
            Stores: look_at_stores,
            Databases: look_at_databases,
        }
        found: dict[type, Any] = {Agents: agents, Tenant: self.tenant}
        cloud = self.cloud
        found[Runtimes] = cloud if isinstance(cloud, Missing) else cloud.runtimes
        found[Gateway] = cloud if isinstance(cloud, Missing) else cloud.gateway
        found[Providers] = cloud if isinstance(cloud, Missing) else cloud.providers
        for kind in (kind for kind in live if kind in kinds):
            found[kind] = agents if isinstance(agents, Missing) else await live[kind](agents)
        return found


def look_at_aws(deployment: Path) -> tuple[Cloud, str]:
    """What runs on AWS, and the start of each API identifier there, by the deployment file.

    Raises:
        CommandFailed: it is no deployment file, or what it names cannot be looked at.
    """
    from portal.deployment import Account, DeploymentFile  # noqa: PLC0415 -- boto3 is loaded for whoever asks for it
    from portal.doctor._account import look_at_cloud  # noqa: PLC0415 -- as above

    file = DeploymentFile.read(deployment)
    return look_at_cloud(file, Account(file.account, file.region)), str(file.parameters.get("ApiBase", ""))


def agents_of(state: Path) -> Agents | Missing:
    """The settings of the local world that runs in a folder, or ran there."""
    here = running(state)
    ports = (
        {part.name: int(part.url.rstrip("/").rpartition(":")[2]) for part in here.parts} if here else ports_from(None)
    )
    plan = Plan(state, ports)
    try:
        settings = {part.name: part.settings() for stage in plan.stages() for part in stage if part.name in AGENTS}
    except FileNotFoundError:
        return Missing("nothing has run here yet, and no --settings were named")
    return Agents({name: Agent(name, found, inherits=True) for name, found in settings.items()})


def agents_in(folder: Path) -> Agents:
    """The settings in a folder: `NAME.env` for each agent.

    Raises:
        CommandFailed: there are none, or one cannot be read.
    """
    files = [path for name in AGENTS if (path := folder / f"{name}{SUFFIX}").is_file()]
    if not files:
        raise CommandFailed(
            f"{folder} has no settings: it needs {AGENTS[0]}{SUFFIX}, and so on.", code="settings_folder"
        )
    found = {}
    for path in files:
        try:
            found[path.stem] = Agent(path.stem, read_environment(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            problem = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise CommandFailed(f"The settings {path} cannot be read: {problem}.", code="settings_folder") from error
    return Agents(found)
