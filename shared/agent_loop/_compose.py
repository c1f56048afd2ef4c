"""Puts an agent together: its door, its stores, its loop. What differs between agents is handed in."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from a2a.types import AgentCard
from starlette.applications import Starlette
from strands.interventions import InterventionHandler
from strands.models import Model

from shared.a2a import INVOKE_SCOPE, AgentClient, DelegatedHop, Entry, Limits, create_agent_app
from shared.agent_loop._activity import Activity
from shared.agent_loop._executor import Closable, CutOff, StrandsExecutor, Toolbox
from shared.agent_loop._expiry import Expiry
from shared.agent_loop._instruments import ModelName
from shared.audit import AuditTrail, SealingKey, open_store
from shared.authorization import Authorizer
from shared.http import PublicUrls, create_http_client
from shared.identity import CardSigningKey, JwksCache, TokenVerifier
from shared.models import create_model
from shared.settings import AgentSettings, SubagentSettings
from shared.tasks import Storage, open_storage


@dataclass(frozen=True, slots=True)
class Foundations:
    """What an agent's parts share: made once per process.

    Attributes:
        http: The one HTTP client.
        verifier: Verifies tokens whose audience is this agent.
        model: Plans.
        trail: The record, and in it the chain of this process.
    """

    http: httpx.AsyncClient
    verifier: TokenVerifier
    model: Model
    trail: AuditTrail


def lay_foundations(
    settings: AgentSettings, *, name: str, model: Model | None = None, http: httpx.AsyncClient | None = None
) -> Foundations:
    """Makes what an agent's parts share.

    Args:
        settings: The agent's.
        name: The agent's own.
        model: In place of the one that the settings name.
        http: In place of a new client.

    Raises:
        ConfigurationError: if the model that the settings name cannot be made, or the audit trail not be opened.
    """
    client = http or create_http_client()
    keys = JwksCache(settings.discovery_url, settings.auth0_issuer, client)
    return Foundations(
        http=client,
        verifier=TokenVerifier(settings.auth0_issuer, settings.audience, keys),
        model=model or create_model(settings),
        trail=_open_trail(settings, name),
    )


def _open_trail(settings: AgentSettings, name: str) -> AuditTrail:
    key = SealingKey.read(settings.audit_key.get_secret_value())
    export = sys.stdout if settings.audit_export else None
    url = settings.audit_database_url
    store = open_store(settings.audit_file, url.get_secret_value() if url is not None else None, agent=name)
    return AuditTrail.begin(store, key, agent=name, anchors=settings.audit_anchors, export=export)


def hop_entry(settings: SubagentSettings, foundations: Foundations, *, own_client: str | None) -> DelegatedHop:
    """A subagent's door: both tokens, of the callers that the settings allow.

    Args:
        settings: The agent's.
        foundations: What its parts share.
        own_client: Its Custom API client: who came through this agent already does not come in again.
    """
    own_clients = (own_client,) if own_client else ()
    return DelegatedHop(
        foundations.verifier, foundations.verifier, settings.allowed_callers, INVOKE_SCOPE, own_clients=own_clients
    )


def create_app(
    settings: AgentSettings,
    foundations: Foundations,
    *,
    card: AgentCard,
    entry: Entry,
    toolbox: Toolbox,
    authorizer: Authorizer | None = None,
    interventions: Callable[[], list[InterventionHandler]] = list,
    resources: Sequence[Closable] = (),
    storage: Storage | None = None,
    cut_off: CutOff | None = None,
    push_urls: PublicUrls | None = None,
    peers: Sequence[AgentClient] = (),
) -> Starlette:
    """An agent as an ASGI app.

    Args:
        settings: The agent's.
        foundations: What its parts share; the HTTP client and the audit trail are closed with the app, the trail last.
        card: What it says of itself.
        entry: Its door.
        toolbox: What it can do.
        authorizer: Decides about each tool call; without one, only tools that need no check may be called.
        interventions: May deny a tool call that was permitted; made anew for each run.
        resources: Started with the app where they have a `start()`; closed, in order, when it ends.
        storage: Its stores, where they are open already.
        cut_off: What tools were at whose task was cut off, so that it waits for that instead of failing.
        push_urls: Which URLs push notifications go to, where the card offers them; those of the internet.
        peers: The agents that it asks; people are told what these did on their behalf, too.

    Raises:
        ConfigurationError: if the stores cannot be opened, or the key that signs the card is none.
    """
    storage = storage or open_storage(settings.database_url.get_secret_value(), agent=card.name)
    executor = StrandsExecutor(
        model=foundations.model,
        toolbox=toolbox,
        conversations=storage.conversations,
        speaker=card.name,
        authorizer=authorizer,
        interventions=interventions,
        resources=(
            *resources,
            foundations.http,
            Expiry(foundations.trail, settings.audit_retention_days),
            foundations.trail,
        ),
        cut_off=cut_off,
        model_name=ModelName(settings.model_provider, settings.model_id),
    )
    return create_agent_app(
        executor=executor,
        card=card,
        entry=entry,
        storage=storage,
        limits=_limits(settings),
        trail=foundations.trail,
        card_key=CardSigningKey.read(settings.card_key.get_secret_value()) if settings.card_key else None,
        push_urls=push_urls,
        routes=[Activity(foundations.trail, peers).route()],
    )


def _limits(settings: AgentSettings) -> Limits:
    return Limits(
        body_bytes=settings.max_request_bytes,
        message_characters=settings.max_message_characters,
        user_requests_per_minute=settings.requests_per_minute,
        client_requests_per_minute=settings.requests_per_minute * 20,
        open_tasks=settings.max_open_tasks,
        open_requests=max(20, settings.requests_per_minute // 6),  # whoever may ask more may have more answered at once
    )
