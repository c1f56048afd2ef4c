"""The clients that exchange people's tokens, and those that people sign in with."""

from collections.abc import Iterator

from portal.doctor._check import Found, check
from portal.doctor._tenant import CIBA, DEVICE, INVOKE, Api, Tenant


@check(
    "auth0/api-client-not-linked",
    why="Only the Custom API client of an API may exchange the tokens that are for it: Auth0 answers that the client "
    "does not belong to the audience of the subject_token.",
    mend="Make a client with app_type resource_server whose resource_server_identifier is the API's identifier. "
    "Neither can be changed later.",
)
def api_client_not_linked(tenant: Tenant) -> Iterator[Found]:
    for api in (*tenant.supervisors, *tenant.subagents):
        if not tenant.api_clients(api.identifier):
            yield Found(f"clients, for {api.identifier}", "no Custom API client is linked to it")


@check(
    "auth0/exchange-off",
    why="The On-Behalf-Of exchange is off by default: the person's token cannot be exchanged for the next agent's "
    "(403 unauthorized_client).",
    mend="Set token_exchange.allow_any_profile_of_type of the Custom API client to [on_behalf_of_token_exchange].",
)
def exchange_off(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.delegated:
        for grant in tenant.grants_to(api.identifier, "user"):
            client = tenant.client(grant.client_id)
            if client and client.is_linked and not client.exchanges:
                yield Found(f"{client}.token_exchange", "on_behalf_of_token_exchange is off")


@check(
    "auth0/user-grant-missing",
    why="An exchange needs a grant for people's tokens besides the one for the client's own: without it, or where it "
    "was made with subject_type client, Auth0 answers 403 access_denied.",
    mend="Add a client grant for the Custom API client and the API with subject_type user. That of an existing grant "
    "cannot be changed: make a new one.",
)
def user_grant_missing(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.delegated:
        grants = tenant.grants_to(api.identifier, "user")
        exchanging = [grant for grant in grants if _is_exchangers(tenant, grant.client_id)]
        if not exchanging:
            yield Found(f"clientGrants to {api.identifier}", "no Custom API client has one with subject_type user")


def _is_exchangers(tenant: Tenant, name: str) -> bool:
    client = tenant.client(name)
    return (
        client is not None
        and client.app_type not in {"native", "spa", "regular_web"}
        and CIBA not in client.grant_types
    )


@check(
    "auth0/user-grant-scopes",
    why="What is exchanged carries the scopes of the grant at most: the agent refuses what people hold a role for, "
    "since the token lacks the scope.",
    mend="Add the scopes to the client grant with subject_type user.",
)
def user_grant_scopes(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.delegated:
        grants = tenant.grants_to(api.identifier, "user")
        granted = {scope for grant in grants for scope in grant.scope}
        lacking = sorted(api.scope_names - granted - {INVOKE})
        if grants and lacking and not any(grant.allow_all_scopes for grant in grants):
            yield Found(f"clientGrants to {api.identifier}", f"without {', '.join(lacking)}")


@check(
    "auth0/sign-in-grant-missing",
    why="People cannot sign in: the client may not ask for tokens of the supervisor's API on their behalf.",
    mend="Add a client grant for the client and the supervisor's API with subject_type user and the scope "
    "helpdesk:ask.",
)
def sign_in_grant_missing(tenant: Tenant) -> Iterator[Found]:
    for api in tenant.supervisors:
        for client in tenant.clients:
            if client.signs_people_in and _needs_grant(api) and not _has_user_grant(tenant, client.name, api):
                yield Found(f"clientGrants[{client.name} / {api.identifier}]", "no grant with subject_type user")


def _needs_grant(api: Api) -> bool:
    return api.subject_type_authorization.user.policy != "allow_all"


def _has_user_grant(tenant: Tenant, name: str, api: Api) -> bool:
    return any(grant.client_id == name for grant in tenant.grants_to(api.identifier, "user"))


@check(
    "auth0/device-flow-off",
    severity="warning",
    why="`helpdesk login` shows a code to confirm in any browser, which Auth0 refuses to the client "
    "(unauthorized_client).",
    mend=f"Add {DEVICE} to grant_types of the native client, or sign in with --browser.",
)
def device_flow_off(tenant: Tenant) -> Iterator[Found]:
    for client in tenant.clients:
        if client.app_type == "native" and DEVICE not in client.grant_types:
            yield Found(f"{client}.grant_types", "without the device code")
