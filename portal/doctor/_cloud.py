"""What runs on AWS: each agent's runtime, the gateway, and the credential providers of the supervisor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Missing


@dataclass(frozen=True, slots=True)
class Runtime:
    """An agent's runtime in AgentCore.

    Attributes:
        agent: The agent, with the environment that the runtime gives it.
        is_there: Whether a stack has made a runtime at all.
        lacks: The secrets that it reads and that are not there.
        said: What AgentCore says of it (`GetAgentRuntime`).
    """

    agent: Agent
    is_there: bool
    lacks: tuple[str, ...]
    said: Mapping[str, Any]

    @property
    def authorizer(self) -> Mapping[str, Any] | None:
        """Who gets in; None where callers sign with AWS credentials instead."""
        found: Mapping[str, Any] | None = self.said.get("authorizerConfiguration", {}).get("customJWTAuthorizer")
        return found

    @property
    def headers(self) -> frozenset[str]:
        """The headers that reach the agent, in lower case."""
        listed = self.said.get("requestHeaderConfiguration", {}).get("requestHeaderAllowlist", [])
        return frozenset(name.lower() for name in listed)

    def of(self, what: str) -> str:
        """How a part of it is called in what is found."""
        return f"{what} of the runtime of {self.agent.name}"


@dataclass(frozen=True)
class Runtimes:
    """The runtimes of all agents."""

    runtimes: tuple[Runtime, ...]

    def __iter__(self) -> Iterator[Runtime]:
        return iter(self.runtimes)


@dataclass(frozen=True)
class Gateway:
    """The gateway, as AgentCore says (`GetGateway`)."""

    said: Mapping[str, Any]

    @property
    def authorizer(self) -> Mapping[str, Any] | None:
        """Who gets in; None where it asks for no such token."""
        found: Mapping[str, Any] | None = self.said.get("authorizerConfiguration", {}).get("customJWTAuthorizer")
        return found


@dataclass(frozen=True)
class Providers:
    """The credential providers of the supervisor's two clients, as AgentCore says, by the setting that names each.

    None where there is none of that name.
    """

    by_setting: Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True)
class Cloud:
    """All that was looked at in one account."""

    runtimes: Runtimes
    gateway: Gateway | Missing
    providers: Providers | Missing

    @property
    def agents(self) -> Agents:
        """The settings of the agents that run there."""
        return Agents({one.agent.name: one.agent for one in self.runtimes if one.is_there}, are_here=False)
