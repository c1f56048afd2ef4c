"""`deploy/auth0/tenant.yaml`: who may get what, row by row, through the tenant that reads it."""

from typing import Any

import pytest

from local.tenant.testing import ROOT, LocalTenant, claims_of
from tests.tenant._support import MakeTenant

AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")
USER_SCOPES: dict[str, str | None] = {
    "supervisor": "helpdesk:ask",
    "account_lookup": "account:read people:read",
    "password_reset": "password:read password:reset account:unlock",
    "docs_search": "docs:read",
}
OF_OPERATORS = "password:expire factors:reset people:read people:manage"
PEOPLE: dict[str, dict[str, str | None]] = {
    "amelia.hart": USER_SCOPES,
    "oscar.lind": USER_SCOPES | {"password_reset": f"{USER_SCOPES['password_reset']} {OF_OPERATORS}"},
    "tess.ferraro": USER_SCOPES | {"password_reset": f"{USER_SCOPES['password_reset']} people:read"},
    "casey.moreno": USER_SCOPES | {"account_lookup": "account:read", "password_reset": None},
}
CLIENTS = (
    "Help desk command line",
    "Help desk web",
    "Supervisor",
    "Supervisor API client",
    "Account lookup API client",
    "Password reset API client",
    "Docs search API client",
)
TOKEN_VAULT = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"


def test_every_api_is_locked_down(tenant: LocalTenant) -> None:
    for agent in AGENTS:
        api = tenant.tenant.definition.apis[tenant.api(agent)]
        assert api.token_dialect == "rfc9068_profile_authz"
        assert (api.signing_alg, api.token_lifetime, api.enforce_policies) == ("RS256", 900, True)
        policies = api.subject_type_authorization
        assert policies.user.policy == policies.client.policy == "require_client_grant"
        assert api.skip_consent_for_verifiable_first_party_clients
        assert api.allow_offline_access is (agent == "supervisor")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("agent", AGENTS)
async def test_which_client_may_call_which_agent_itself(tenant: LocalTenant, client: str, agent: str) -> None:
    form = {"grant_type": "client_credentials", "audience": tenant.api(agent), **tenant.credentials(client)}
    response = await tenant.request_token(form)
    if client == "Supervisor" and agent != "supervisor":
        assert claims_of(response.json()["access_token"])["scope"] == "agent:invoke"
    else:
        assert response.status_code == 403


@pytest.mark.parametrize("client", ["Help desk command line", "Help desk web"])
async def test_people_sign_in_for_the_supervisor_only(tenant: LocalTenant, client: str) -> None:
    everything = ["openid", "profile", "email", "offline_access", "agent:invoke", *filter(None, USER_SCOPES.values())]
    asked = " ".join(everything).split()
    for agent in AGENTS:
        if agent != "supervisor":
            with pytest.raises(KeyError, match="code"):
                await tenant.sign_in("amelia.hart", client, asked, tenant.api(agent))
    tokens = await tenant.sign_in_tokens("amelia.hart", client, asked, tenant.api("supervisor"))
    assert tokens["scope"] == "openid profile email offline_access helpdesk:ask"


@pytest.mark.parametrize("login", PEOPLE)
async def test_what_the_supervisor_may_do_for_whom(tenant: LocalTenant, login: str) -> None:
    token = await tenant.sign_in(login)
    for agent in AGENTS[1:]:
        claims: dict[str, Any] = claims_of(await tenant.exchange(token, tenant.api(agent)))
        assert claims.get("scope") == PEOPLE[login][agent]
        assert "agent:invoke" not in claims["permissions"]


async def test_docs_search_may_call_the_gateway_for_a_person_and_nobody_else_may(tenant: LocalTenant) -> None:
    signed_in = await tenant.sign_in("casey.moreno")
    delegated = await tenant.exchange(signed_in, tenant.api("docs_search"), scopes=["docs:read"])
    token = await tenant.exchange(delegated, tenant.api("gateway"), client="Docs search API client")
    claims = claims_of(token)
    docs, supervisor = (tenant.client(name).client_id for name in ("Docs search API client", "Supervisor API client"))
    assert (claims["client_id"], claims["scope"]) == (docs, "docs:read")
    assert claims["act"]["sub"] == docs
    assert claims["act"]["act"]["sub"] == supervisor
    with pytest.raises(AssertionError, match="403"):
        await tenant.exchange(signed_in, tenant.api("gateway"))
    for client in CLIENTS[2:]:
        form = {"grant_type": "client_credentials", "audience": tenant.api("gateway"), **tenant.credentials(client)}
        assert (await tenant.request_token(form)).status_code == 403


def test_the_command_line_is_public_and_its_tokens_rotate(tenant: LocalTenant) -> None:
    definition = tenant.tenant.clients.named("Help desk command line").definition
    assert (definition.app_type, definition.authentication_method) == ("native", "none")
    assert definition.refresh_token.rotation_type == "rotating"
    assert "urn:ietf:params:oauth:grant-type:device_code" in definition.grant_types


def test_the_agents_clients_prove_themselves_with_keys(tenant: LocalTenant) -> None:
    for name in CLIENTS[2:]:
        client = tenant.tenant.clients.named(name)
        assert client.definition.authentication_method == "private_key_jwt"
        assert len(client.keys) == 1


def test_each_custom_api_client_belongs_to_its_agents_api(tenant: LocalTenant) -> None:
    for name, agent in zip(CLIENTS[3:], AGENTS, strict=True):
        definition = tenant.tenant.clients.named(name).definition
        assert definition.app_type == "resource_server"
        assert definition.resource_server_identifier == tenant.api(agent)
        acts_upstream = agent in {"account_lookup", "password_reset"}
        assert definition.grant_types == ((TOKEN_VAULT,) if acts_upstream else ())
        may_exchange = definition.token_exchange.allow_any_profile_of_type == ("on_behalf_of_token_exchange",)
        assert may_exchange is (agent in {"supervisor", "docs_search"})


@pytest.mark.requirement("G1")
def test_each_connection_is_for_one_agent_and_for_who_connects_accounts(tenant: LocalTenant) -> None:
    people = {"Help desk command line", "Help desk web"}
    enabled = {
        connection.name: set(connection.enabled_clients) - people for connection in tenant.tenant.definition.connections
    }

    assert enabled == {
        "directory-read": {"Account lookup API client"},
        "directory-manage": {"Password reset API client"},
    }
    for connection in tenant.tenant.definition.connections:
        assert connection.connected_accounts.active
        assert not connection.authentication.active
        assert people < set(connection.enabled_clients)
    asked = {connection.name: connection.options.scope for connection in tenant.tenant.definition.connections}
    assert "manage" not in asked["directory-read"]


def test_no_role_lets_a_person_be_an_agent(tenant: LocalTenant) -> None:
    for role in tenant.tenant.definition.roles:
        assert "agent:invoke" not in {permission.permission_name for permission in role.permissions}


def test_everybody_who_may_sign_in_has_a_role(make_tenant: MakeTenant) -> None:
    tenant = make_tenant(tenant_people=ROOT / "local/people.yaml")
    definition = tenant.tenant.definition
    assert {role.name for role in definition.roles} == {"Employee", "Help-desk operator", "Security", "Contractor"}
    with_role = [user for user in tenant.tenant.people.all() if user.roles]
    assert len(with_role) >= 25
    assert all(tenant.password(user.login) for user in with_role)
