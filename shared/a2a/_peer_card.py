"""What another agent's card says of how to call it: read strictly, since it is another team's text."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.types import AgentCard

from shared.a2a._caller import AGENT_SCHEME, INVOKE_SCOPE, USER_SCHEME
from shared.errors import UpstreamRefused


@dataclass(frozen=True, slots=True)
class PeerCard:
    """A card, how to call the agent that it describes, and the scopes that it asks for."""

    card: AgentCard
    transport: JsonRpcTransport
    agent_scopes: frozenset[str]
    user_scopes: frozenset[str]


def read_card(card: AgentCard, http: httpx.AsyncClient, *, url: str, name: str) -> PeerCard:
    """Reads a card.

    Args:
        card: The card.
        http: The process's HTTP client.
        url: Where the agent is, from the settings.
        name: What it is called in errors.

    Raises:
        UpstreamRefused: it names another origin, or no scope of the user's token: an exchange that names none would
            give all that the user may do there (Auth0's On-Behalf-Of token exchange).
    """
    interface = _interface_url(card, url, name)
    user_scopes = _scopes(card, USER_SCHEME)
    if not user_scopes:
        raise UpstreamRefused(name, detail=f"{url}: its card names no scope of the user's token")
    return PeerCard(
        card=card,
        transport=JsonRpcTransport(http, card, interface, is_shared_httpx=True),
        agent_scopes=_scopes(card, AGENT_SCHEME) or frozenset({INVOKE_SCOPE}),
        user_scopes=user_scopes,
    )


def _interface_url(card: AgentCard, url: str, name: str) -> str:
    """The card's JSON-RPC 1.x interface at the configured origin."""
    for interface in card.supported_interfaces:
        if (
            interface.protocol_binding == "JSONRPC"
            and interface.protocol_version.startswith("1.")
            and _same_origin(interface.url, url)
        ):
            return interface.url
    raise UpstreamRefused(name, detail=f"its card has no JSON-RPC 1.x interface at the origin of {url}")


def _scopes(card: AgentCard, scheme: str) -> frozenset[str]:
    """All scopes that the card and its skills name for a security scheme."""
    requirements = [*card.security_requirements, *(r for skill in card.skills for r in skill.security_requirements)]
    return frozenset(scope for r in requirements if scheme in r.schemes for scope in r.schemes[scheme].list)


def _same_origin(url: str, ours: str) -> bool:
    """Whether a peer's URL, which may be none at all, is at the origin of ours."""
    try:
        return _origin(url) == _origin(ours)
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port
