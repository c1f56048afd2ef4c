"""A tenant as its file says, the requests that show what the file gets wrong, and what the doctor finds in it."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import httpx

from local.tenant._yaml import parse_yaml
from local.tenant.testing import ROOT, SUPERVISOR_API_CLIENT, LocalTenant
from portal.doctor import CHECKS, Agents, Missing, Tenant, diagnose
from shared.errors import HelpdeskError
from shared.identity import JwksCache, RawToken, TokenVerifier

Document = dict[str, Any]
Change = Callable[[Document], object]

API_BASE = "https://helpdesk.example"
DEPLOYED = ROOT / "deploy" / "auth0" / "tenant.yaml"
VAULT_GRANT = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
UPSTREAM_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token"
NOT_CONNECTED = "401 federated_connection_refresh_token_not_found"
"""What the vault answers where all is well and nobody has connected anything."""


def deployed() -> Document:
    """The definition that is deployed, to be changed."""
    document: Document = parse_yaml(DEPLOYED, DEPLOYED.read_text(encoding="utf-8"))
    return document


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The part of a definition with this name."""
    return next(item for item in items if item["name"] == name)


def api(document: Document, agent: str) -> dict[str, Any]:
    """The API of an agent."""
    return next(item for item in document["resourceServers"] if item["identifier"] == f"##API_BASE##/{agent}")


def client(document: Document, name: str) -> dict[str, Any]:
    """A client."""
    return named(document["clients"], name)


def connection(document: Document, name: str = "directory-read") -> dict[str, Any]:
    """A connection."""
    return named(document["connections"], name)


def grant(document: Document, name: str, audience: str) -> dict[str, Any]:
    """A client grant."""
    return next(
        item for item in document["clientGrants"] if item["client_id"] == name and item["audience"].endswith(audience)
    )


def without_grant(document: Document, name: str, audience: str) -> None:
    """Takes a client grant away."""
    document["clientGrants"].remove(grant(document, name, audience))


def written(document: Document, folder: Path) -> Path:
    """A file of the definition."""
    path = folder / "tenant.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, and quickly written
    return path


def found_in(path: Path, agents: Agents | None = None) -> dict[str, list[str]]:
    """What the doctor finds in the file, and where, by the checks' names."""
    keywords = {"API_BASE": API_BASE, "MY_ACCOUNT_AUDIENCE": "https://tenant.example/me/"}
    facts: dict[type, Any] = {kind: Missing("not looked at") for check in CHECKS for kind in check.facts}
    facts |= {Tenant: Tenant.read(path, keywords)} | ({Agents: agents} if agents else {})
    diagnosis = diagnose(CHECKS, facts)
    found: dict[str, list[str]] = {}
    for finding in diagnosis.findings:
        found.setdefault(finding.check.name, []).append(f"{finding.found.setting}: {finding.found.seen}")
    return found


def said(response: httpx.Response) -> str:
    """How a request was answered."""
    return "ok" if response.is_success else f"{response.status_code} {response.json()['error']}"


async def machine(tenant: LocalTenant, agent: str = "account_lookup", *, by_client_id: bool = False) -> str:
    """The supervisor asks for its own token for an agent, and the agent (or AgentCore, by client_id) verifies it."""
    form = {
        "grant_type": "client_credentials",
        "audience": tenant.api(agent),
        "scope": "agent:invoke",
        **tenant.credentials("Supervisor"),
    }
    response = await tenant.request_token(form)
    if not response.is_success:
        return said(response)
    return await verified(tenant, response.json()["access_token"], agent, by_client_id=by_client_id)


async def verified(tenant: LocalTenant, token: str, agent: str, *, by_client_id: bool = False) -> str:
    """How the agent takes a token; with `by_client_id`, how an authorizer with allowedClients does."""
    async with tenant.http() as http:
        keys = JwksCache(tenant.discovery_url, tenant.issuer, http)
        try:
            await TokenVerifier(tenant.issuer, tenant.api(agent), keys).verify(RawToken(token))
        except HelpdeskError as error:
            return error.reason
    if by_client_id and claims(token).get("client_id") != tenant.client("Supervisor").client_id:
        return "client_id mismatch"
    return "ok"


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    from local.tenant.testing import claims_of  # noqa: PLC0415 -- the stand-in's own reader

    return claims_of(token)


async def exchanged(
    tenant: LocalTenant,
    agent: str = "account_lookup",
    scopes: Collection[str] = ("account:read",),
    *,
    login: str = "amelia.hart",
    by: str = SUPERVISOR_API_CLIENT,
) -> str:
    """The supervisor exchanges a person's token for one that an agent takes: "ok" where it has the scopes."""
    subject = await tenant.sign_in(login)
    try:
        token = await tenant.exchange(subject, tenant.api(agent), scopes=scopes, client=by)
    except AssertionError as refused:
        status, _, body = str(refused).partition(": ")
        return f"{status} {json.loads(body)['error']}"
    lacking = set(scopes) - set(claims(token).get("scope", "").split())
    return f"without {', '.join(sorted(lacking))}" if lacking else "ok"


async def searched(tenant: LocalTenant) -> str:
    """docs_search exchanges what it was called with for a token for the gateway."""
    subject = await tenant.exchange(
        await tenant.sign_in("amelia.hart"), tenant.api("docs_search"), scopes=["docs:read"]
    )
    try:
        await tenant.exchange(subject, tenant.api("gateway"), client="Docs search API client", scopes=["docs:read"])
    except AssertionError as refused:
        status, _, body = str(refused).partition(": ")
        return f"{status} {json.loads(body)['error']}"
    return "ok"


async def vaulted(tenant: LocalTenant) -> str:
    """account_lookup asks Token Vault for the directory's token of a person who has connected nothing."""
    subject = await tenant.exchange(await tenant.sign_in("amelia.hart"), tenant.api("account_lookup"))
    return await brought(tenant, subject, "access_token", "Account lookup API client")


async def brought(tenant: LocalTenant, token: str, kind: str, by: str, connection: str = "directory-read") -> str:
    """What Token Vault answers for a subject token."""
    form = {
        "grant_type": VAULT_GRANT,
        "subject_token": token,
        "subject_token_type": f"urn:ietf:params:oauth:token-type:{kind}",
        "requested_token_type": UPSTREAM_TOKEN,
        "connection": connection,
        **tenant.credentials(by),
    }
    return said(await tenant.request_token(form))


async def brought_by_the_web_chat(tenant: LocalTenant) -> str:
    """The web chat brings Token Vault its own refresh token."""
    tokens = await tenant.sign_in_tokens(
        "amelia.hart", "Help desk web", ("openid", "offline_access", "helpdesk:ask"), tenant.api("supervisor")
    )
    return await brought(tenant, tokens["refresh_token"], "refresh_token", "Help desk web")


async def stays_signed_in(tenant: LocalTenant) -> str:
    """Whether a sign-in comes with a refresh token."""
    scopes = ("openid", "offline_access", "helpdesk:ask")
    tokens = await tenant.sign_in_tokens("amelia.hart", scopes=scopes, audience=tenant.api("supervisor"))
    return "ok" if "refresh_token" in tokens else "no refresh token"


async def signs_in_for(tenant: LocalTenant, agent: str, scope: str) -> str:
    """What the command line gets where it asks for people's tokens of an agent's API."""
    try:
        token = await tenant.sign_in("amelia.hart", scopes=[scope], audience=tenant.api(agent))
    except (AssertionError, KeyError):
        return "refused"
    return f"token with {claims(token)['scope']}"


async def connects(tenant: LocalTenant) -> str:
    """Whether a sign-in is good for connecting accounts."""
    try:
        token = await tenant.my_account_token("amelia.hart")
    except AssertionError as refused:
        status, _, body = str(refused).partition(": ")
        return f"{status} {json.loads(body)['error']}"
    response = await tenant.my_account("GET", "accounts", token)
    return "ok" if response.is_success else str(response.status_code)


async def begins_to_connect(tenant: LocalTenant) -> str:
    """Whether connecting an account begins."""
    body = {
        "connection": "directory-read",
        "redirect_uri": "http://127.0.0.1:8410/callback",
        "state": "s",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    response = await tenant.my_account("POST", "connect", await tenant.my_account_token("amelia.hart"), body)
    return "ok" if response.is_success else str(response.status_code)


async def device(tenant: LocalTenant) -> str:
    """Whether `helpdesk login` is given a code."""
    form = {"client_id": tenant.client("Help desk command line").client_id, "audience": tenant.api("supervisor")}
    async with tenant.http() as http:
        return said(await http.post(f"{tenant.issuer}oauth/device/code", data=form))


async def lives(tenant: LocalTenant) -> str:
    """How long an agent's token lives."""
    token = claims(await tenant.client_credentials(tenant.api("account_lookup")))
    return f"{token['exp'] - token['iat']} s"
