"""Composes the supervisor."""

import httpx
from starlette.applications import Starlette
from strands.models import Model

from agents.supervisor.card import ASK_SCOPE, NAME, create_card
from agents.supervisor.settings import KeySet, Subagent, SupervisorSettings
from agents.supervisor.tokens import create_hop_tokens
from agents.supervisor.tools import Subagents
from shared import agent_loop
from shared.a2a import AgentClient, CardKeys, UserEntry
from shared.http import PublicUrls, look_up
from shared.telemetry import get_logger

_log = get_logger()


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
            card_keys=_card_keys(settings, subagent),
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


def _card_keys(settings: SupervisorSettings, subagent: Subagent) -> CardKeys | None:
    """The keys that are pinned for a subagent; that there are none is said in the log each time, and only there."""
    pinned = settings.card_keys.get(subagent.audience)
    if isinstance(pinned, KeySet):
        return CardKeys(pinned.keys)
    _log.warning("card_taken_unsigned", url=subagent.url, audience=subagent.audience)
    return None
