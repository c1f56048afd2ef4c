"""Composes password_reset."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.password_reset.approvals import create_approvals
from agents.password_reset.card import NAME, create_card
from agents.password_reset.risky_acts import ByApproval
from agents.password_reset.settings import PasswordResetSettings
from agents.password_reset.tools import SYSTEM_PROMPT, create_tools
from shared import agent_loop
from shared.authorization import Authorizer, OpenFga
from shared.credentials import directory_tokens
from shared.directory import DirectoryClient
from shared.tasks import open_storage


def create_app(
    settings: PasswordResetSettings, *, model: Model | None = None, http: httpx.AsyncClient | None = None
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
    storage = open_storage(settings.database_url.get_secret_value(), agent=NAME)
    approvals = create_approvals(settings, foundations, storage)
    agents = {caller.api_client_id: caller.agent for caller in settings.allowed_callers}
    checks = OpenFga(settings)
    return agent_loop.create_app(
        settings,
        foundations,
        card=create_card(url=settings.public_url, issuer=settings.auth0_issuer),
        entry=agent_loop.hop_entry(settings, foundations, own_client=settings.api_client_id),
        authorizer=Authorizer(checks, agent=NAME, record=agent_loop.DecisionTrail(foundations.trail)),
        toolbox=agent_loop.Tools(
            create_tools(
                directory,
                ByApproval(directory, approvals, foundations.trail, renew=tokens.renew, agents=agents, agent=NAME),
                foundations.trail,
                resets_per_hour=settings.resets_per_hour,
                changes_for_others_per_hour=settings.changes_for_others_per_hour,
            ),
            SYSTEM_PROMPT,
        ),
        resources=(approvals, tokens, checks),
        storage=storage,
        cut_off=approvals.cut_off,
    )
