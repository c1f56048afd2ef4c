"""What another agent's card says of how to call it: read strictly, since it is another team's text."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx
from a2a.types import AgentCard

from shared.a2a._caller import AGENT_SCHEME, INVOKE_SCOPE, USER_SCHEME
from shared.a2a._peer_transport import PeerTransport
from shared.a2a._signed_card import SignedCard
from shared.errors import UpstreamRefused


@dataclass(frozen=True, slots=True)
class PeerCard:
    """A card, how to call the agent that it describes, the scopes that it asks for, its signature if it needs one."""

    card: AgentCard
    transport: PeerTransport
    agent_scopes: frozenset[str]
    user_scopes: frozenset[str]
    signed: SignedCard | None


def read_card(
    card: AgentCard, http: httpx.AsyncClient, *, url: str, name: str, signed: SignedCard | None = None
) -> PeerCard:
    """Reads a card.

    Args:
        card: The card.
        http: The process's HTTP client.
        url: Where the agent is, from the settings.
        name: What it is called in errors.
        signed: The same card, where its signature was verified.

    Raises:
        UpstreamRefused: it names an address that is not below `url`, or no scope of the user's token: an exchange that
            names none would give all that the user may do there (Auth0's On-Behalf-Of token exchange).
    """
    interface = _interface_url(card, url, name)
    user_scopes = _scopes(card, USER_SCHEME)
    if not user_scopes:
        raise UpstreamRefused(name, detail=f"{url}: its card names no scope of the user's token")
    return PeerCard(
        card=card,
        transport=PeerTransport(http, card, interface, is_shared_httpx=True),
        agent_scopes=_scopes(card, AGENT_SCHEME) or frozenset({INVOKE_SCOPE}),
        user_scopes=user_scopes,
        signed=signed,
    )


def _interface_url(card: AgentCard, url: str, name: str) -> str:
    """The card's JSON-RPC 1.x interface at the configured URL, or below it.

    An origin is not enough: agents may share one, and on AgentCore all of a region do, whoever's they are.
    """
    for interface in card.supported_interfaces:
        if (
            interface.protocol_binding == "JSONRPC"
            and interface.protocol_version.startswith("1.")
            and _is_below(interface.url, url)
        ):
            return interface.url
    raise UpstreamRefused(name, detail=f"its card has no JSON-RPC 1.x interface at or below {url}")


def _scopes(card: AgentCard, scheme: str) -> frozenset[str]:
    """All scopes that the card and its skills name for a security scheme."""
    requirements = [*card.security_requirements, *(r for skill in card.skills for r in skill.security_requirements)]
    return frozenset(scope for r in requirements if scheme in r.schemes for scope in r.schemes[scheme].list)


def _is_below(url: str, ours: str) -> bool:
    """Whether a peer's URL, which may be none at all, is ours or one below it."""
    try:
        (origin, path), (our_origin, our_path) = _parts(url), _parts(ours)
    except ValueError:
        return False
    return origin == our_origin and path.startswith(our_path)


def _parts(url: str) -> tuple[tuple[str, str, int | None], str]:
    """A URL's origin, and its path, decoded, with a slash at the end.

    Raises:
        ValueError: it has none, or its path leads back.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    path = unquote(parts.path).replace("\\", "/")
    if {".", ".."}.intersection(path.split("/")):
        raise ValueError("the path leads back")
    return (parts.scheme, (parts.hostname or "").lower(), port), path.rstrip("/") + "/"
