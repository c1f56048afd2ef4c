"""Composes docs_search."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.docs_search.card import NAME, create_card
from agents.docs_search.gateway import GatewayClient
from agents.docs_search.library import SCOPE, GatewayLibrary
from agents.docs_search.settings import DocsSearchSettings
from agents.docs_search.tools import SYSTEM_PROMPT, create_tools
from shared import agent_loop
from shared.authorization import Authorizer, OpenFga
from shared.identity import ClientCredentials, TokenClient


def create_app(
    settings: DocsSearchSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Makes the agent's app.

    Args:
        settings: The agent's settings.
        model: In place of the one that the settings name.
        http: In place of a new client; closed with the app.
    """
    foundations = agent_loop.lay_foundations(settings, name=NAME, model=model, http=http)
    tokens = TokenClient(
        settings.discovery_url,
        settings.auth0_issuer,
        foundations.http,
        ClientCredentials(settings.api_client_id, settings.api_client_key.get_secret_value()),
        resource_server_identifier=settings.audience,
    )
    library = GatewayLibrary(
        GatewayClient(settings.gateway_url, foundations.http, scope=SCOPE),
        agent_loop.RecordedExchange(tokens, foundations.trail),
        audience=settings.gateway_audience,
        target=settings.gateway_target,
    )
    checks = OpenFga(settings)
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(url=settings.public_url, issuer=settings.auth0_issuer),
        entry=agent_loop.hop_entry(settings, foundations, own_client=settings.api_client_id),
        authorizer=Authorizer(checks, agent=NAME, record=agent_loop.DecisionTrail(foundations.trail)),
        toolbox=agent_loop.Tools(
            create_tools(library, foundations.trail, base_url=settings.docs_base_url), SYSTEM_PROMPT
        ),
        resources=(checks,),
    )
