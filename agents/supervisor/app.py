"""Composes the supervisor."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.supervisor.card import ASK_SCOPE, create_card
from agents.supervisor.settings import SupervisorSettings
from agents.supervisor.tools import Subagents
from shared import agent_loop
from shared.a2a import AgentClient, UserEntry
from shared.identity import ClientCredentials, TokenClient


def create_app(
    settings: SupervisorSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Makes the supervisor's app.

    Args:
        settings: The supervisor's settings.
        model: In place of the one that the settings name.
        http: In place of a new client; closed with the app.
    """
    foundations = agent_loop.lay_foundations(settings, model=model, http=http)
    agent_tokens = TokenClient(
        settings.discovery_url,
        settings.auth0_issuer,
        foundations.http,
        ClientCredentials(settings.client_id, settings.client_key.get_secret_value()),
    )
    user_tokens = TokenClient(
        settings.discovery_url,
        settings.auth0_issuer,
        foundations.http,
        ClientCredentials(settings.api_client_id, settings.api_client_key.get_secret_value()),
        resource_server_identifier=settings.audience,
    )
    clients = [
        AgentClient(
            url=subagent.url,
            audience=subagent.audience,
            http=foundations.http,
            agent_tokens=agent_tokens,
            user_tokens=user_tokens,
        )
        for subagent in settings.subagents
    ]
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(url=settings.public_url, issuer=settings.auth0_issuer),
        entry=UserEntry(foundations.verifier, (ASK_SCOPE,), own_clients=(settings.client_id, settings.api_client_id)),
        toolbox=Subagents(clients),
    )
