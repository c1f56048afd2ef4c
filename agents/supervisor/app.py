"""Composes the supervisor."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.supervisor.card import ASK_SCOPE, NAME, create_card
from agents.supervisor.settings import SupervisorSettings
from agents.supervisor.tokens import create_hop_tokens
from agents.supervisor.tools import Subagents
from shared import agent_loop
from shared.a2a import AgentClient, UserEntry
from shared.http import PublicUrls, look_up


def create_app(
    settings: SupervisorSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Makes the supervisor's app.

    Args:
        settings: The supervisor's settings.
        model: In place of the one that the settings name.
        http: In place of a new client; closed with the app.
    """
    foundations = agent_loop.lay_foundations(settings, name=NAME, model=model, http=http)
    tokens = create_hop_tokens(settings, foundations.http)
    clients = [
        AgentClient(
            url=subagent.url,
            audience=subagent.audience,
            http=foundations.http,
            agent_tokens=tokens.agent,
            user_tokens=tokens.user,
            trail=foundations.trail,
        )
        for subagent in settings.subagents
    ]
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(
            url=settings.public_url,
            issuer=settings.auth0_issuer,
            push_notifications=settings.push_notifications != "off",
        ),
        entry=UserEntry(foundations.verifier, (ASK_SCOPE,), own_clients=(settings.client_id, settings.api_client_id)),
        toolbox=Subagents(clients),
        peers=clients,
        resources=tokens.resources,
        push_urls=PublicUrls(look_up, this_machine=settings.push_notifications == "this-machine"),
    )
