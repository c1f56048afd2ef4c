"""Where the tokens of the supervisor's hops come from: Auth0 itself, or AgentCore Identity in front of it."""

from dataclasses import dataclass

import httpx

from agents.supervisor.settings import SupervisorSettings
from shared.a2a import AgentTokens, UserTokens
from shared.agent_loop import Closable
from shared.agentcore import AgentCoreIdentity, AgentCoreTokens
from shared.identity import ClientCredentials, TokenClient


@dataclass(frozen=True, slots=True)
class HopTokens:
    """What gives the two tokens of a hop.

    Attributes:
        agent: Gives those that name the supervisor.
        user: Gives those that name the user, and the supervisor as the actor.
        resources: Closed with the app.
    """

    agent: AgentTokens
    user: UserTokens
    resources: tuple[Closable, ...] = ()


def create_hop_tokens(settings: SupervisorSettings, http: httpx.AsyncClient) -> HopTokens:
    """Each from where its settings say: a client whose key is not here is AgentCore Identity's.

    Args:
        settings: The supervisor's.
        http: The process's HTTP client.
    """
    direct_agent, direct_user = _machine_client(settings, http), _exchange_client(settings, http)
    managed = _agentcore(settings)
    agent, user = direct_agent or managed, direct_user or managed
    assert agent is not None  # noqa: S101 -- the settings were checked; this tells the type checker
    assert user is not None  # noqa: S101 -- as above
    return HopTokens(agent, user, (managed,) if managed is not None else ())


def _machine_client(settings: SupervisorSettings, http: httpx.AsyncClient) -> TokenClient | None:
    if settings.client_key is None:
        return None
    client = ClientCredentials(settings.client_id, settings.client_key.get_secret_value())
    return TokenClient(settings.discovery_url, settings.auth0_issuer, http, client)


def _exchange_client(settings: SupervisorSettings, http: httpx.AsyncClient) -> TokenClient | None:
    if settings.api_client_key is None:
        return None
    return TokenClient(
        settings.discovery_url,
        settings.auth0_issuer,
        http,
        ClientCredentials(settings.api_client_id, settings.api_client_key.get_secret_value()),
        resource_server_identifier=settings.audience,
    )


def _agentcore(settings: SupervisorSettings) -> AgentCoreTokens | None:
    if not settings.uses_agentcore or settings.agentcore_workload is None:
        return None
    identity = AgentCoreIdentity(
        settings.agentcore_workload,
        endpoint_url=settings.agentcore_endpoint_url,
        timeout=settings.agentcore_timeout_seconds,
    )
    return AgentCoreTokens(
        identity,
        issuer=settings.auth0_issuer,
        audience=settings.audience,
        machine_provider=settings.agentcore_m2m_provider,
        exchange_provider=settings.agentcore_exchange_provider,
        exchange_parameters=settings.agentcore_exchange_parameters,
        audience_as=settings.agentcore_audience_as,
        runtime=settings.agentcore_runtime_headers,
    )
