"""Client credentials: what is granted, and each row of Auth0's error table that is about it (RFC 6749 §4.4)."""

import pytest

from local.tenant.testing import LocalTenant, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

SUPERVISOR = "Supervisor"


def request(tenant: LocalTenant, client: str = SUPERVISOR, **parameters: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", **parameters, **tenant.credentials(client)}


async def test_the_response_and_the_token_of_a_client(tenant: LocalTenant) -> None:
    response = await tenant.request_token(request(tenant, audience=tenant.api("docs_search")))
    assert response.status_code == 200
    body = response.json()
    token = body.pop("access_token")
    assert body == {"scope": "agent:invoke", "expires_in": 900, "token_type": "Bearer"}
    claims = claims_of(token)
    client_id = tenant.client(SUPERVISOR).client_id
    assert claims.pop("jti")
    assert claims == {
        "iss": tenant.issuer,
        "sub": f"{client_id}@clients",
        "aud": tenant.api("docs_search"),
        "iat": int(tenant.clock()),
        "exp": int(tenant.clock()) + 900,
        "scope": "agent:invoke",
        "client_id": client_id,
        "permissions": ["agent:invoke"],
    }


async def test_scope_narrows_and_its_absence_gives_the_whole_grant(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        for grant in document["clientGrants"]:
            if grant["client_id"] == SUPERVISOR and grant["audience"].endswith("docs_search"):
                grant["scope"] = ["agent:invoke", "docs:read"]

    tenant = make_tenant(tenant_definition=edit_definition(change))
    audience = tenant.api("docs_search")
    assert claims_of(await tenant.client_credentials(audience))["scope"] == "agent:invoke docs:read"
    assert claims_of(await tenant.client_credentials(audience, scopes=["docs:read"]))["scope"] == "docs:read"
    assert claims_of(await tenant.client_credentials(audience, scopes=[" "]))["scope"] == "agent:invoke docs:read"


async def test_a_grant_of_all_scopes_follows_the_api(make_tenant: MakeTenant, edit_definition: EditDefinition) -> None:
    def change(document: Definition) -> None:
        for grant in document["clientGrants"]:
            if grant["client_id"] == SUPERVISOR and grant["audience"].endswith("docs_search"):
                grant |= {"allow_all_scopes": True, "scope": []}

    tenant = make_tenant(tenant_definition=edit_definition(change))
    claims = claims_of(await tenant.client_credentials(tenant.api("docs_search")))
    assert claims["scope"] == "agent:invoke docs:read"


async def test_a_grant_without_scopes_gives_a_token_without_scope(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        for grant in document["clientGrants"]:
            if grant["client_id"] == SUPERVISOR and grant["audience"].endswith("docs_search"):
                grant["scope"] = []

    tenant = make_tenant(tenant_definition=edit_definition(change))
    response = await tenant.request_token(request(tenant, audience=tenant.api("docs_search")))
    assert "scope" not in response.json()
    assert "scope" not in claims_of(response.json()["access_token"])


async def test_the_api_sets_the_lifetime(make_tenant: MakeTenant, edit_definition: EditDefinition) -> None:
    def change(document: Definition) -> None:
        named(document["resourceServers"], "Document search agent")["token_lifetime"] = 77

    tenant = make_tenant(tenant_definition=edit_definition(change))
    response = await tenant.request_token(request(tenant, audience=tenant.api("docs_search")))
    claims = claims_of(response.json()["access_token"])
    assert response.json()["expires_in"] == claims["exp"] - claims["iat"] == 77


NO_GRANT = (
    'Client is not authorized to access "{audience}". You need to create a "client-grant" associated to this API. '
    "See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({}, "Non-global clients are not allowed access to APIv1"),
        ({"audience": "https://unknown.example"}, "Service not found: https://unknown.example"),
        ({"audience": "{supervisor}"}, NO_GRANT.format(audience="{supervisor}")),
        ({"audience": "{docs_search}", "scope": "docs:read"}, "Client has not been granted scopes: docs:read"),
        (
            {"audience": "{docs_search}", "scope": "agent:invoke docs:read openid"},
            "Client has not been granted scopes: docs:read, openid",
        ),
    ],
    ids=["no audience", "unknown API", "no grant", "beyond the grant", "partly beyond the grant"],
)
async def test_refusals_of_auth0(tenant: LocalTenant, parameters: dict[str, str], description: str) -> None:
    def fill(text: str) -> str:
        for agent in ("supervisor", "docs_search"):
            text = text.replace(f"{{{agent}}}", tenant.api(agent))
        return text

    response = await tenant.request_token(request(tenant, **{name: fill(value) for name, value in parameters.items()}))
    assert response.status_code == 403
    assert response.json() == {"error": "access_denied", "error_description": fill(description)}


async def test_a_grant_on_behalf_of_people_is_none_for_the_client_itself(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        named(document["clients"], "Supervisor API client")["grant_types"] = ["client_credentials"]

    tenant = make_tenant(tenant_definition=edit_definition(change))
    response = await tenant.request_token(request(tenant, "Supervisor API client", audience=tenant.api("docs_search")))
    assert response.json()["error_description"] == NO_GRANT.format(audience=tenant.api("docs_search"))


async def test_an_api_may_deny_all_clients(make_tenant: MakeTenant, edit_definition: EditDefinition) -> None:
    def change(document: Definition) -> None:
        api = named(document["resourceServers"], "Document search agent")
        api["subject_type_authorization"]["client"]["policy"] = "deny_all"

    tenant = make_tenant(tenant_definition=edit_definition(change))
    response = await tenant.request_token(request(tenant, audience=tenant.api("docs_search")))
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")


async def test_organizations_are_refused_rather_than_ignored(tenant: LocalTenant) -> None:
    response = await tenant.request_token(request(tenant, audience=tenant.api("docs_search"), organization="org_1"))
    assert response.status_code == 403


async def test_both_outcomes_are_in_the_log(tenant: LocalTenant) -> None:
    await tenant.client_credentials(tenant.api("docs_search"))
    await tenant.request_token(request(tenant, audience="https://unknown.example"))
    await tenant.request_token(request(tenant) | {"client_assertion": "x"})
    (succeeded,) = tenant.tenant.log.read(kind="seccft")
    failed = tenant.tenant.log.read(kind="feccft")
    assert succeeded["client_id"] == tenant.client(SUPERVISOR).client_id
    assert succeeded["details"]["audience"] == tenant.api("docs_search")
    assert [event["description"] for event in failed] == [
        "Missing client_id",
        "Service not found: https://unknown.example",
    ]
