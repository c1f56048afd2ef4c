"""Composes docs_search."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.docs_search.card import NAME, create_card
from agents.docs_search.library import LocalLibrary
from agents.docs_search.settings import DocsSearchSettings
from agents.docs_search.tools import SYSTEM_PROMPT, create_tools
from shared import agent_loop
from shared.authorization import Authorizer, OpenFga


def create_app(
    settings: DocsSearchSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Makes the agent's app; brings the index of the knowledge base up to date first.

    Args:
        settings: The agent's settings.
        model: In place of the one that the settings name.
        http: In place of a new client; closed with the app.
    """
    foundations = agent_loop.lay_foundations(settings, model=model, http=http)
    library = LocalLibrary.open(settings.knowledge_folder, settings.knowledge_index)
    checks = OpenFga(settings) if settings.fga_api_url else None
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(url=settings.public_url, issuer=settings.auth0_issuer),
        entry=agent_loop.hop_entry(settings, foundations),
        authorizer=Authorizer(checks, agent=NAME),
        toolbox=agent_loop.Tools(create_tools(library, base_url=settings.docs_base_url), SYSTEM_PROMPT),
        resources=(library, *([checks] if checks else [])),
    )
