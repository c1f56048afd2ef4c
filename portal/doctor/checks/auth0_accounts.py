"""Accounts that people connect, and Token Vault, which keeps what their systems issue."""

from collections.abc import Iterator

from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Found, check
from portal.doctor._tenant import TOKEN_VAULT, Connection, Tenant

EVERYWHERE = "all-applications"


@check(
    "auth0/connection-missing",
    why="The agent asks Token Vault for a connection that the tenant does not have: nobody's account can be connected.",
    mend="Set DIRECTORY_CONNECTION to the name of the agent's connection in the tenant.",
)
def connection_missing(agents: Agents, tenant: Tenant) -> Iterator[Found]:
    for agent in _with_connection(agents):
        if _connection(agent, tenant) is None:
            yield Found(agent.of("DIRECTORY_CONNECTION"), agent.text("DIRECTORY_CONNECTION"))


@check(
    "auth0/connection-not-enabled",
    why="A connection is for the clients that it is enabled for alone: Token Vault gives this agent nothing, and "
    "nobody can connect an account with a client that it is not enabled for.",
    mend="Add the agent's Custom API client, and those that people sign in with, to enabled_clients of the connection.",
)
def connection_not_enabled(agents: Agents | None, tenant: Tenant) -> Iterator[Found]:
    for connection in _vaulted(tenant):
        linked = [name for name in connection.enabled_clients if (c := tenant.client(name)) and c.is_linked]
        if not linked:
            yield Found(f"{connection}.enabled_clients", "no agent's Custom API client")
        for client in tenant.clients:
            if client.signs_people_in and client.name not in connection.enabled_clients:
                yield Found(f"{connection}.enabled_clients", f"without {client.name}")
    for agent in _with_connection(agents) if agents else ():
        found = _connection(agent, tenant)
        names = {client.name for client in tenant.api_clients(agent.text("AUDIENCE"))}
        if found and names and not names & set(found.enabled_clients):
            yield Found(f"{found}.enabled_clients", f"without {', '.join(sorted(names))}")


@check(
    "auth0/connected-accounts-off",
    why="Signing in with a connection does not fill Token Vault: accounts are connected only where connected accounts "
    "are on, and otherwise the connection counts as not found.",
    mend="Set connected_accounts.active: true on the connection.",
)
def connected_accounts_off(tenant: Tenant) -> Iterator[Found]:
    for connection in tenant.connections:
        agents = [name for name in connection.enabled_clients if (c := tenant.client(name)) and c.is_linked]
        if agents and not connection.connected_accounts.active:
            yield Found(f"{connection}.connected_accounts", "not active")


@check(
    "auth0/connection-offline-access",
    why="The other system issues no refresh token, and Token Vault has nothing to keep: the account cannot be "
    "connected, or works until its first token ends and then never again.",
    mend="Add offline_access to options.scope of the connection, or what that system calls it; people connect once "
    "more.",
)
def connection_offline_access(tenant: Tenant) -> Iterator[Found]:
    for connection in _vaulted(tenant):
        if connection.options.scopes and "offline_access" not in connection.options.scopes:
            yield Found(f"{connection}.options.scope", "without offline_access")


@check(
    "auth0/token-vault-off",
    why="The agent may not ask Token Vault: every exchange is refused (unauthorized_client), and people are told to "
    "connect what they have connected.",
    mend=f"Add {TOKEN_VAULT} to grant_types of the agent's Custom API client.",
)
def token_vault_off(tenant: Tenant) -> Iterator[Found]:
    for connection in _vaulted(tenant):
        for name in connection.enabled_clients:
            client = tenant.client(name)
            if client and client.is_linked and TOKEN_VAULT not in client.grant_types:
                yield Found(f"{client}.grant_types", "without Token Vault's grant")


@check(
    "auth0/rotation-with-token-vault",
    why="A refresh token that rotates is spent by its use: Token Vault refuses it as a subject token.",
    mend="Set refresh_token.rotation_type: non-rotating on a client that brings Token Vault its refresh tokens, or "
    "have a Custom API client bring an access token instead, as the agents here do.",
)
def rotation_with_token_vault(tenant: Tenant) -> Iterator[Found]:
    for client in tenant.clients:
        rotates = client.refresh_token.rotation_type == "rotating"
        if TOKEN_VAULT in client.grant_types and "refresh_token" in client.grant_types and rotates:
            yield Found(f"{client}.refresh_token.rotation_type", "rotating")


@check(
    "auth0/my-account-grant",
    why="People cannot connect accounts: the My Account API takes no client without a grant for people's tokens. A "
    "grant that was made with subject_type client is of no use there.",
    mend="Add a client grant with subject_type user for the My Account API and its three scopes to each client that "
    "people sign in with.",
)
def my_account_grant(tenant: Tenant) -> Iterator[Found]:
    api = tenant.my_account()
    for client in tenant.clients if api and _vaulted(tenant) else ():
        grants = {grant.client_id for grant in tenant.grants_to(api.identifier, "user")} if api else set()
        if client.signs_people_in and client.name not in grants:
            yield Found(f"clientGrants[{client.name} / My Account API]", "no grant with subject_type user")


@check(
    "auth0/my-account-policy",
    why="A sign-in is for the supervisor alone, and cannot be renewed for the My Account API: `helpdesk accounts` is "
    "refused.",
    mend="Add the My Account API with its scopes to refresh_token.policies of the client (multi-resource refresh "
    "tokens).",
)
def my_account_policy(tenant: Tenant) -> Iterator[Found]:
    api = tenant.my_account()
    for client in tenant.clients if api and _vaulted(tenant) else ():
        audiences = {policy.audience for policy in client.refresh_token.policies}
        if client.signs_people_in and api and api.identifier not in audiences:
            yield Found(f"{client}.refresh_token.policies", "without the My Account API")


@check(
    "auth0/mfa-always",
    why="An agent's exchange cannot answer a second factor: where the policy asks for one always, Token Vault's "
    "exchanges fail for everybody.",
    mend="Leave guardianPolicies empty (the policy Never or Adaptive), and ask for a second factor in a post-login "
    "Action, for the clients that people sign in with.",
)
def mfa_always(tenant: Tenant) -> Iterator[Found]:
    if _vaulted(tenant) and EVERYWHERE in tenant.guardian_policies.policies:
        yield Found("guardianPolicies", EVERYWHERE)


def _vaulted(tenant: Tenant) -> list[Connection]:
    return [connection for connection in tenant.connections if connection.connected_accounts.active]


def _with_connection(agents: Agents) -> list[Agent]:
    return [
        agent
        for agent in agents
        if agent.text("DIRECTORY_CONNECTION") and agent.text("CREDENTIAL_PROVIDER") in {"", "token_vault"}
    ]


def _connection(agent: Agent, tenant: Tenant) -> Connection | None:
    return next((c for c in tenant.connections if c.name == agent.text("DIRECTORY_CONNECTION")), None)
