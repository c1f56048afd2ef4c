"""The tenant as it answers: its metadata, its clock, and what it says to the supervisor."""

from collections.abc import Iterator
from typing import Final

from portal.doctor._agents import Agents
from portal.doctor._check import Found, check
from portal.doctor._issuer import Hops, Issuers, Proofs
from portal.doctor._tenant import INVOKE, Tenant

SKEW_SECONDS: Final = 10
"""What Auth0 and the agents both allow. The answer's date is in whole seconds."""

NO_SUCH_API: Final = "Service not found"


@check(
    "auth0/unreachable",
    why="Without the issuer's metadata and keys no token can be checked or asked for: every request fails.",
    mend="See that AUTH0_ISSUER is https://TENANT.auth0.com/ with your tenant's domain (or its custom domain), and "
    "that the network lets it through.",
)
def unreachable(issuers: Issuers) -> Iterator[Found]:
    for answer in issuers:
        if answer.says is None:
            yield Found(f"AUTH0_ISSUER of {_names(answer.agents)}", f"{answer.url} {answer.problem}")


@check(
    "auth0/issuer-mismatch",
    why="Every token's `iss` is what the metadata says, and is compared to the last character. A tenant with a custom "
    "domain has another issuer there than under its own.",
    mend="Set AUTH0_ISSUER to what the tenant calls itself, on every agent.",
)
def issuer_mismatch(issuers: Issuers) -> Iterator[Found]:
    for answer in issuers:
        if answer.says is not None and answer.says != answer.issuer:
            said = f"{answer.issuer}, where the tenant calls itself {answer.says}"
            yield Found(f"AUTH0_ISSUER of {_names(answer.agents)}", said)


@check(
    "auth0/clock",
    why="A client's proof from the future or the past is refused, and so are tokens that seem to be: Auth0 and the "
    f"agents allow {SKEW_SECONDS} seconds.",
    mend="Set this machine's clock by NTP.",
)
def clock(issuers: Issuers) -> Iterator[Found]:
    for answer in issuers:
        if answer.says is not None and abs(answer.ahead) > SKEW_SECONDS + 1:
            direction = "before" if answer.ahead > 0 else "behind"
            yield Found("the clock of this machine", f"{abs(answer.ahead):.0f} s {direction} the tenant's")


@check(
    "auth0/client-key",
    why="Auth0 does not take the client's proof (private_key_jwt): it has another public key for that id, or none, or "
    "the key is another client's. The agent gets no token (invalid_client).",
    mend="Give the client in Auth0 the public half of the key (openssl pkey -in KEY -pubout), as a credential for "
    "private_key_jwt, and see that the id beside the key is that client's.",
)
def client_key(proofs: Proofs) -> Iterator[Found]:
    for proof in proofs:
        if proof.refusal:
            yield Found(proof.agent.of(proof.key), f"refused: {proof.refusal}")


@check(
    "auth0/api-missing",
    why="Auth0 issues tokens for APIs that it knows by exactly this identifier, the slash at its end included.",
    mend="Add the API to the tenant with that identifier, or correct the setting: an API's identifier cannot be "
    "changed.",
)
def api_missing(agents: Agents, tenant: Tenant | None, hops: Hops | None) -> Iterator[Found]:
    for agent in agents if tenant else ():
        for name in ("AUDIENCE", "GATEWAY_AUDIENCE"):
            identifier = agent.text(name)
            if identifier and tenant and tenant.api(identifier) is None:
                yield Found(agent.of(name), f"the tenant has no API {identifier}")
    for hop in hops or ():
        if NO_SUCH_API in hop.description:
            yield Found("SUBAGENTS of supervisor", f"Auth0 knows no API {hop.callee.audience}")


@check(
    "auth0/client-grant-missing",
    why="The supervisor gets no token for the subagent (403 access_denied), or one without `agent:invoke`: it cannot "
    "call it.",
    mend="Grant the client Supervisor the API: a client grant with subject_type `client` and the scope agent:invoke.",
)
def client_grant_missing(tenant: Tenant | None, hops: Hops | None) -> Iterator[Found]:
    for api in tenant.subagents if tenant else ():
        grants = tenant.grants_to(api.identifier, "client") if tenant else ()
        if not any(INVOKE in grant.scope or grant.allow_all_scopes for grant in grants):
            said = f"no grant with subject_type client and {INVOKE}" if not grants else f"without {INVOKE}"
            yield Found(f"clientGrants to {api.identifier}", said)
    for hop in hops or ():
        refused = hop.refusal in {"access_denied", "unauthorized_client", "insufficient_scope", "invalid_scope"}
        if refused and NO_SUCH_API not in hop.description:
            yield Found(f"clientGrants to {hop.callee.audience}", f"{hop.refusal}: {hop.description}")


@check(
    "auth0/token-dialect",
    why="Auth0's own dialect calls the client `azp`. The authorizer of AgentCore compares `client_id`, which only the "
    "RFC 9068 profile has: with allowedClients every token is refused there.",
    mend="Set the API's token_dialect to rfc9068_profile_authz.",
)
def token_dialect(tenant: Tenant | None, hops: Hops | None) -> Iterator[Found]:
    for api in tenant.own if tenant else ():
        if not api.token_dialect.startswith("rfc9068_profile"):
            yield Found(f"{api}.token_dialect", api.token_dialect)
    for hop in hops or ():
        if hop.claims is not None and "client_id" not in hop.claims:
            yield Found(f"resourceServers[{hop.callee.audience}].token_dialect", "its tokens have no client_id")


@check(
    "auth0/signing-algorithm",
    why="HS256 signs with a secret that the API would have to share; agents and AgentCore verify with the tenant's "
    "public keys, and refuse such tokens (`token_algorithm`).",
    mend="Set the API's signing_alg to RS256.",
)
def signing_algorithm(tenant: Tenant | None, hops: Hops | None) -> Iterator[Found]:
    for api in tenant.own if tenant else ():
        if api.signing_alg not in {"RS256", "PS256"}:
            yield Found(f"{api}.signing_alg", api.signing_alg)
    for hop in hops or ():
        if hop.header is not None and hop.header.get("alg") not in {"RS256", "PS256"}:
            yield Found(
                f"resourceServers[{hop.callee.audience}].signing_alg", f"its tokens have {hop.header.get('alg')}"
            )


def _names(agents: tuple[object, ...]) -> str:
    return ", ".join(str(getattr(agent, "name", agent)) for agent in agents)
