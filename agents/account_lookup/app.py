"""Composes account_lookup."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.account_lookup.card import NAME, create_card
from agents.account_lookup.settings import AccountLookupSettings
from agents.account_lookup.tools import SYSTEM_PROMPT, create_tools
from shared import agent_loop
from shared.authorization import Authorizer, OpenFga
from shared.credentials import directory_tokens
from shared.directory import DirectoryClient


def create_app(
    settings: AccountLookupSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Makes the agent's app.

    Args:
        settings: The agent's settings.
        model: In place of the one that the settings name.
        http: In place of a new client; closed with the app.
    """
    foundations = agent_loop.lay_foundations(settings, name=NAME, model=model, http=http)
    tokens = agent_loop.RecordedConnection(
        directory_tokens(settings, foundations.http), foundations.trail, connection=settings.directory_connection
    )
    directory = DirectoryClient(
        settings.directory_url,
        foundations.http,
        tokens,
        timeout=settings.directory_timeout_seconds,
        trail=foundations.trail,
    )
    checks = OpenFga(settings)
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(url=settings.public_url, issuer=settings.auth0_issuer),
        entry=agent_loop.hop_entry(settings, foundations, own_client=settings.api_client_id),
        authorizer=Authorizer(checks, agent=NAME, record=agent_loop.DecisionTrail(foundations.trail)),
        toolbox=agent_loop.Tools(create_tools(directory), SYSTEM_PROMPT),
        resources=(tokens, checks),
    )
