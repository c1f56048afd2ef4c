"""What the tenant itself answers: its metadata, its clock, and the supervisor's request for each subagent's token."""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from portal.doctor._agents import CLIENTS, Agent, Agents, Callee
from portal.doctor._check import Missing
from portal.doctor._tenant import INVOKE
from shared.errors import ClientAuthenticationError, ConfigurationError, HelpdeskError, OAuthError
from shared.identity import ClientCredentials, RawToken, TokenClient

WELL_KNOWN: Final = ".well-known/openid-configuration"
METADATA: Final = (f"/{WELL_KNOWN}", "/.well-known/oauth-authorization-server")
"""The forms that AgentCore takes, too."""

TIMEOUT_SECONDS: Final = 5.0

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is at a discovery URL.

    Attributes:
        agents: Whose settings name it.
        issuer: Their AUTH0_ISSUER.
        url: Where it was fetched.
        says: The issuer that it names; None where there is no metadata.
        problem: Why there is none.
        ahead: How many seconds this machine's clock is before the tenant's, as far as whole seconds tell.
    """

    agents: tuple[Agent, ...]
    issuer: str
    url: str
    says: str | None
    problem: str = ""
    ahead: float = 0.0


@dataclass(frozen=True)
class Issuers:
    """The metadata of every issuer that settings name."""

    metadata: tuple[Metadata, ...]

    def __iter__(self) -> Iterator[Metadata]:
        return iter(self.metadata)


@dataclass(frozen=True, slots=True)
class Hop:
    """The supervisor's request for the token with which it calls a subagent.

    Attributes:
        callee: The subagent.
        refusal: The authorization server's code, or the reason of the client's own error; None where it gave one.
        description: What the authorization server said about it.
        header: The token's header, unverified.
        claims: Its claims, unverified. The token itself is kept nowhere.
    """

    callee: Callee
    refusal: str | None
    description: str = ""
    header: dict[str, Any] | None = None
    claims: dict[str, Any] | None = None


@dataclass(frozen=True)
class Hops:
    """The requests for all subagents."""

    hops: tuple[Hop, ...]

    def __iter__(self) -> Iterator[Hop]:
        return iter(self.hops)


@dataclass(frozen=True, slots=True)
class Proof:
    """A client's own proof (private_key_jwt), as an agent makes it, and whether the tenant took it.

    Attributes:
        agent: Whose client it is.
        key: The setting that holds its key.
        refusal: Why not; empty where it was taken, or where nobody could tell.
    """

    agent: Agent
    key: str
    refusal: str = ""


@dataclass(frozen=True)
class Proofs:
    """The proofs of all clients whose keys are here."""

    proofs: tuple[Proof, ...]

    def __iter__(self) -> Iterator[Proof]:
        return iter(self.proofs)


async def look_at_issuers(agents: Agents, http: httpx.AsyncClient, clock: Clock = time.time) -> Issuers:
    """Fetches the metadata; nothing is sent with it."""
    by_address: dict[tuple[str, str], list[Agent]] = {}
    for agent in agents:
        issuer = agent.text("AUTH0_ISSUER")
        url = agent.text("AUTH0_DISCOVERY_URL") or f"{issuer}{WELL_KNOWN}"
        by_address.setdefault((issuer, url), []).append(agent)
    return Issuers(
        tuple([await _metadata(http, tuple(who), issuer, url, clock) for (issuer, url), who in by_address.items()])
    )


async def _metadata(
    http: httpx.AsyncClient, agents: tuple[Agent, ...], issuer: str, url: str, clock: Clock
) -> Metadata:
    try:
        response = await http.get(url, timeout=TIMEOUT_SECONDS)
        document = response.json() if response.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Metadata(agents, issuer, url, None, f"does not answer ({type(error).__name__})")
    except ValueError:
        return Metadata(agents, issuer, url, None, "does not answer in JSON")
    if document is None:
        return Metadata(agents, issuer, url, None, f"answers with status {response.status_code}")
    says = document.get("issuer") if isinstance(document, dict) else None
    if not isinstance(says, str):
        return Metadata(agents, issuer, url, None, "answers without an issuer")
    return Metadata(agents, issuer, url, says, ahead=_ahead(response, clock()))


def _ahead(response: httpx.Response, now: float) -> float:
    try:
        return now - parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return 0.0


async def look_at_proofs(agents: Agents, http: httpx.AsyncClient, clock: Clock = time.time) -> Proofs | Missing:
    """Has each client ask for a token of its own, which most may not have: who is not known is told so first."""
    proofs = [
        await _proof(agent, client, http, clock)
        for agent in agents
        for client in CLIENTS
        if agent.text(f"{client}_ID") and agent.text(f"{client}_KEY")
    ]
    return Proofs(tuple(proofs)) if proofs else Missing("no key of a client is here")


async def _proof(agent: Agent, client: str, http: httpx.AsyncClient, clock: Clock) -> Proof:
    key = f"{client}_KEY"
    try:
        credentials = ClientCredentials(agent.text(f"{client}_ID"), agent.text(key), clock=clock)
    except ConfigurationError as error:
        return Proof(agent, key, error.public_message)
    try:
        await _token_client(agent, credentials, http, clock).client_credentials(
            audience=agent.text("AUDIENCE"), scopes=[INVOKE]
        )
    except ClientAuthenticationError as error:
        return Proof(agent, key, error.detail)
    except HelpdeskError:
        return Proof(agent, key)
    return Proof(agent, key)


def _token_client(agent: Agent, credentials: ClientCredentials, http: httpx.AsyncClient, clock: Clock) -> TokenClient:
    issuer = agent.text("AUTH0_ISSUER")
    url = agent.text("AUTH0_DISCOVERY_URL") or f"{issuer}{WELL_KNOWN}"
    return TokenClient(url, issuer, http, credentials, clock=clock)


async def look_at_hops(agents: Agents, http: httpx.AsyncClient, clock: Clock = time.time) -> Hops | Missing:
    """Asks for the tokens as the supervisor does, with its own key, at its own issuer, and forgets them."""
    supervisor = agents.supervisor
    if supervisor is None:
        return Missing("the supervisor's settings are not known")
    key, client_id = supervisor.text("CLIENT_KEY"), supervisor.text("CLIENT_ID")
    if not key or not client_id:
        return Missing("the key of the supervisor's CLIENT_ID is not here")
    try:
        client = _token_client(supervisor, ClientCredentials(client_id, key, clock=clock), http, clock)
    except ConfigurationError as error:
        return Missing(f"the key of the supervisor's CLIENT_ID is not usable: {error.public_message}")
    return Hops(tuple([await _hop(client, callee) for callee in agents.callees() if callee.audience]))


async def _hop(client: TokenClient, callee: Callee) -> Hop:
    try:
        issued = await client.client_credentials(audience=callee.audience, scopes=[INVOKE])
    except OAuthError as error:
        return Hop(callee, error.error, error.description)
    except HelpdeskError as error:
        return Hop(callee, error.reason, error.detail)
    return Hop(callee, None, header=_part(issued.token, 0), claims=_part(issued.token, 1))


def _part(token: RawToken, number: int) -> dict[str, Any] | None:
    """A part of a JWT, of which nothing is verified: to say how it was made, and for nothing more."""
    parts = token.reveal().split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[number] + "=" * (-len(parts[number]) % 4)))
    except (ValueError, binascii.Error, IndexError):
        return None
    return found if isinstance(found, dict) else None
