"""The agents' settings, by themselves and held against each other's."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from portal.doctor._agents import CLIENTS, DOCS_SEARCH, Agent, Agents
from portal.doctor._check import Found, check
from portal.doctor._issuer import METADATA
from portal.doctor._starts import Starts
from shared.errors import ConfigurationError
from shared.identity import CardKey, CardSigningKey
from shared.settings import is_loopback

OTHERS_MAY_READ = stat.S_IRWXG | stat.S_IRWXO


@check(
    "settings/does-not-start",
    why="An agent reads its settings once, at start, and ends where one is missing or unsafe.",
    mend="Do what its own line says; `python -m agents.NAME --check-config` shows what it makes of its settings.",
)
def does_not_start(starts: Starts) -> Iterator[Found]:
    for agent, line in starts:
        if line:
            yield Found(f"the settings of {agent.name}", line)


@check(
    "settings/issuer-slash",
    why="Auth0's issuer ends with a slash, and `iss` is compared to the last character: every token is refused.",
    mend="Put the slash at the end: AUTH0_ISSUER=https://TENANT.auth0.com/",
)
def issuer_slash(agents: Agents) -> Iterator[Found]:
    for agent in agents:
        issuer = agent.text("AUTH0_ISSUER")
        if issuer and not issuer.endswith("/"):
            yield Found(agent.of("AUTH0_ISSUER"), issuer)


@check(
    "settings/discovery-url",
    why="The issuer's metadata is fetched from there, and AgentCore takes no other form of it: no token can be "
    "checked.",
    mend="Leave AUTH0_DISCOVERY_URL out, or end it with /.well-known/openid-configuration.",
)
def discovery_url(agents: Agents) -> Iterator[Found]:
    for agent in agents:
        url = agent.text("AUTH0_DISCOVERY_URL")
        if url and not urlsplit(url).path.endswith(METADATA):
            yield Found(agent.of("AUTH0_DISCOVERY_URL"), url)


@check(
    "settings/plain-http",
    why="Tokens and what people say go over the network in the clear, for whoever is on the way. HELPDESK_ENV=local "
    "lets that pass, for one machine.",
    mend="Give the URL with https, and set HELPDESK_ENV=production, with which an agent refuses to start otherwise.",
)
def plain_http(agents: Agents) -> Iterator[Found]:
    for agent in agents:
        for name in sorted({"AUTH0_ISSUER", *(each for each in agent.environment if each.endswith("_URL"))}):
            if _leaves_in_the_clear(agent.text(name)):
                yield Found(agent.of(name), agent.text(name))
    for callee in agents.callees():
        if agents.supervisor and _leaves_in_the_clear(callee.url):
            yield Found(agents.supervisor.of("SUBAGENTS"), callee.url)


def _leaves_in_the_clear(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


@check(
    "settings/audience",
    why="A token is for exactly one API identifier, to the last slash: what the supervisor asks for is refused by the "
    "subagent (`token_audience_mismatch`), or not known to Auth0 (`Service not found`).",
    mend="Put the subagent's AUDIENCE, as it stands there, into the supervisor's SUBAGENTS.",
)
def audience(agents: Agents) -> Iterator[Found]:
    for callee in agents.callees():
        if agents.supervisor and callee.agent and callee.audience != callee.agent.text("AUDIENCE"):
            own = callee.agent.text("AUDIENCE")
            slash = " (the slash at the end)" if callee.audience.rstrip("/") == own.rstrip("/") else ""
            said = f"{callee.audience}, where {callee.agent.name} has {own}{slash}"
            yield Found(agents.supervisor.of("SUBAGENTS"), said)


@check(
    "settings/allowed-callers",
    why="A subagent lets in whom it knows: the supervisor's machine-to-machine client, with its Custom API client as "
    "the actor of the person's token. Every call is answered 403 (`caller_not_allowed`).",
    mend="One entry of ALLOWED_CALLERS has the supervisor's CLIENT_ID as client_id and its API_CLIENT_ID as "
    "api_client_id.",
)
def allowed_callers(agents: Agents) -> Iterator[Found]:
    supervisor = agents.supervisor
    if supervisor is None:
        return
    ours = (supervisor.text("CLIENT_ID"), supervisor.text("API_CLIENT_ID"))
    for agent in agents.subagents:
        listed = agent.read("ALLOWED_CALLERS")
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        pairs = [(entry.get("client_id"), entry.get("api_client_id")) for entry in entries]
        if ours not in pairs:
            swapped = ours[::-1] in pairs
            yield Found(
                agent.of("ALLOWED_CALLERS"),
                "the supervisor's two clients stand in each other's place"
                if swapped
                else "the supervisor is not there",
            )


@check(
    "settings/card-url",
    why="The supervisor sends tokens only to the URL that its settings name, or below it. A card that names another is "
    "refused, and the agent is offered to nobody.",
    mend="Set AGENTCORE_RUNTIME_URL of the subagent to the URL that the supervisor's SUBAGENTS has for it.",
)
def card_url(agents: Agents) -> Iterator[Found]:
    if not agents.are_here:  # there `aws/subagent-url` compares the whole of it
        return
    for callee in agents.callees():
        own = callee.agent.public_url if callee.agent else ""
        if callee.agent and not _is_below(own, callee.url):
            yield Found(callee.agent.of("AGENTCORE_RUNTIME_URL"), f"{own}, where the supervisor has {callee.url}")


def _is_below(url: str, above: str) -> bool:
    own, known = urlsplit(url), urlsplit(above)
    same_origin = (own.scheme, own.netloc.lower()) == (known.scheme, known.netloc.lower())
    return same_origin and f"{unquote(own.path).rstrip('/')}/".startswith(f"{unquote(known.path).rstrip('/')}/")


@check(
    "settings/card-key",
    why="The supervisor takes a card with a signature of a key that it was given for that agent alone. This one is "
    "refused, and the agent is offered to nobody.",
    mend="Put the public half of the agent's CARD_KEY into CARD_KEYS of the supervisor, before the agent signs with "
    "it; docs/how-to/sign-agent-cards.md says how.",
)
def card_key(agents: Agents) -> Iterator[Found]:
    supervisor = agents.supervisor
    for callee in agents.callees():
        pinned = _pinned(agents, callee.audience)
        if supervisor and callee.agent and isinstance(pinned, dict) and not callee.agent.is_elsewhere("CARD_KEY"):
            signs_with = _key_id(callee.agent)
            if signs_with not in _key_ids(pinned):
                yield Found(callee.agent.of("CARD_KEY"), f"{signs_with or 'no key'}, where the supervisor has others")


@check(
    "settings/card-unsigned",
    severity="warning",
    why="Whoever can change what the agent's address answers with decides what is sent to it: people's requests are "
    "routed by its card.",
    mend="Have the agent sign its card (CARD_KEY), and give the supervisor the public half (CARD_KEYS).",
)
def card_unsigned(agents: Agents) -> Iterator[Found]:
    supervisor = agents.supervisor
    if supervisor is None or supervisor.is_elsewhere("CARD_KEYS"):
        return
    none_at_all = not supervisor.text("CARD_KEYS")  # where one is missing alone, it does not start
    for callee in agents.callees():
        if none_at_all or _pinned(agents, callee.audience) == "unsigned":
            yield Found(supervisor.of("CARD_KEYS"), f"the card of {callee.audience} is taken unsigned")


def _pinned(agents: Agents, audience: str) -> Any:
    """The supervisor's word on the keys of a subagent's card; None where it has none, or it is not known."""
    listed = agents.supervisor.read("CARD_KEYS") if agents.supervisor else None
    return listed.get(audience) if isinstance(listed, dict) else None


def _key_id(agent: Agent) -> str:
    """The key that an agent signs its card with; empty where it has none, or none that signs cards."""
    try:
        return CardSigningKey.read(agent.text("CARD_KEY")).kid
    except ConfigurationError:
        return ""


def _key_ids(key_set: dict[str, Any]) -> list[str]:
    """The keys of a set that can verify a card."""
    found = []
    for jwk in key_set.get("keys", []):
        with suppress(ConfigurationError):
            found.append(CardKey.read(jwk).kid)
    return found


@check(
    "settings/gateway-audience",
    why="The gateway is an API of its own: with the agent's own audience in its place the person's token cannot be "
    "exchanged for one that the gateway takes, and nothing is searched.",
    mend="Set GATEWAY_AUDIENCE to the identifier of the gateway's API in Auth0.",
)
def gateway_audience(agents: Agents) -> Iterator[Found]:
    agent = agents.by_name.get(DOCS_SEARCH)
    if agent and agent.text("GATEWAY_AUDIENCE") == agent.text("AUDIENCE") != "":
        yield Found(agent.of("GATEWAY_AUDIENCE"), agent.text("GATEWAY_AUDIENCE"))


@check(
    "settings/key-permissions",
    why="Whoever can read an agent's key is that agent to Auth0.",
    mend="chmod 600 the file, and see that it belongs to the user whom the agent runs as.",
)
def key_permissions(agents: Agents) -> Iterator[Found]:
    for agent in agents:
        for name, path in agent.secret_files():
            if path.is_file() and path.stat().st_mode & OTHERS_MAY_READ:
                yield Found(f"{name} of {agent.name}", f"mode {stat.S_IMODE(path.stat().st_mode):04o}")


@check(
    "settings/key-shared",
    why="Two clients with one key cannot be told apart by Auth0: whoever holds it is both, and the person's "
    "delegation no longer says more than the machine's token.",
    mend="Make a key for each client (`openssl genpkey -algorithm RSA`), and give Auth0 each public half.",
)
def key_shared(agents: Agents) -> Iterator[Found]:
    holders: dict[str, str] = {}
    for agent in agents:
        for name in (f"{client}_KEY" for client in CLIENTS):
            key = agent.text(name)
            if key and holders.setdefault(key, agent.of(name)) != agent.of(name):
                yield Found(agent.of(name), f"the same key as {holders[key]}")
