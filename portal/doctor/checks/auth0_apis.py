"""The APIs of the tenant, and the roles of its people."""

from collections.abc import Iterator
from typing import Final

from portal.doctor._check import Found, check
from portal.doctor._tenant import INVOKE, Tenant

LONGEST_LIFETIME: Final = 3600


@check(
    "auth0/rbac-off",
    why="Without RBAC a person's roles count for nothing: whoever is signed in gets every scope that the client is "
    "granted, contractors that of resetting passwords too.",
    mend="Set enforce_policies: true on the API.",
)
def rbac_off(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.own:
        if not api.enforce_policies:
            yield Found(f"{api}.enforce_policies", "false")


@check(
    "auth0/open-to-every-client",
    why="With allow_all, Auth0's default, any application of the tenant gets people's tokens for the agent, without a "
    "grant.",
    mend="Set subject_type_authorization of the API: user and client both with the policy require_client_grant.",
)
def open_to_every_client(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.own:
        if api.subject_type_authorization.user.policy == "allow_all":
            yield Found(f"{api}.subject_type_authorization.user", "allow_all")


@check(
    "auth0/consent-asked",
    why="A token exchange has no page to ask a person for consent on: it is refused (consent_required).",
    mend="Set skip_consent_for_verifiable_first_party_clients: true on the API.",
)
def consent_asked(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.delegated:
        if not api.skip_consent_for_verifiable_first_party_clients:
            yield Found(f"{api}.skip_consent_for_verifiable_first_party_clients", "false")


@check(
    "auth0/offline-access",
    severity="warning",
    why="People's clients get no refresh token: everybody signs in again when the access token ends, and nobody can "
    "connect an account with their sign-in.",
    mend="Set allow_offline_access: true on the supervisor's API, and refresh_token in grant_types of the clients that "
    "people sign in with.",
)
def offline_access(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.supervisors:
        if not api.allow_offline_access:
            yield Found(f"{api}.allow_offline_access", "false")
        for grant in tenant.grants_to(api.identifier, "user"):
            client = tenant.client(grant.client_id)
            if client and client.signs_people_in and "refresh_token" not in client.grant_types:
                yield Found(f"{client}.grant_types", "without refresh_token")


@check(
    "auth0/token-lifetime",
    severity="warning",
    why="An access token cannot be called back: what was taken away from somebody, or stolen, goes on for as long as "
    "it lives. Auth0's default is a day.",
    mend="Set token_lifetime of the API to 900 seconds.",
)
def token_lifetime(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.own:
        if api.token_lifetime > LONGEST_LIFETIME:
            yield Found(f"{api}.token_lifetime", f"{api.token_lifetime} seconds")


@check(
    "auth0/scope-in-no-role",
    why="With RBAC a scope is issued only to people whose role holds it: nobody can do this, and no error says why.",
    mend="Add the scope to the permissions of the roles that are to have it.",
)
def scope_in_no_role(tenant: Tenant) -> Iterator[Found]:
    held = {(p.resource_server_identifier, p.permission_name) for role in tenant.roles for p in role.permissions}
    for api in tenant.own:
        for scope in sorted(api.scope_names - {INVOKE}):
            if api.enforce_policies and (api.identifier, scope) not in held:
                yield Found(f"roles, for {api.identifier}", f"{scope} is in none")


@check(
    "auth0/agents-scope-in-role",
    why="`agent:invoke` says that an agent calls. In a role, people's own tokens would carry it.",
    mend="Take agent:invoke out of the role: the supervisor has it by its client grant.",
)
def agents_scope_in_role(tenant: Tenant) -> Iterator[Found]:
    for role in tenant.roles:
        for permission in role.permissions:
            if permission.permission_name == INVOKE:
                yield Found(f"roles[{role.name}]", f"{INVOKE} of {permission.resource_server_identifier}")
