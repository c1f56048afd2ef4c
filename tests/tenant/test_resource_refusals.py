"""What the Management API refuses, and that nothing of it is done."""

import json
from typing import Any

import httpx
import pytest

from local.tenant.management._known import CREATE_API, CREATE_CLIENT, CREATE_CONNECTION, CREATE_GRANT, CREATE_ROLE
from local.tenant.resources import definition_from
from local.tenant.testing import LocalTenant
from tests.tenant._managed import OKTA, SERVICE, call, identified, service
from tests.tenant._support import MakeTenant


@pytest.fixture
def tenant(make_tenant: MakeTenant) -> LocalTenant:
    """A tenant that begins empty."""
    return make_tenant(tenant_managed=True)


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "resource-servers", {"identifier": "https://x.example", "lifetime": 5}, "not allowed: lifetime"),
        ("POST", "resource-servers", {"name": "No identifier"}, "Missing required property: identifier"),
        ("POST", "resource-servers", {"identifier": "https://x.example", "token_lifetime": 0}, "token_lifetime"),
        ("POST", "resource-servers", {"identifier": "https://x.example", "token_dialect": "jwt"}, "token_dialect"),
        (
            "POST",
            "resource-servers",
            {"identifier": "https://x.example", "subject_type_authorization": {"client": {"policy": "allow_all"}}},
            "client access",
        ),
        ("POST", "resource-servers", {"identifier": "https://x.example", "signing_secret": "x"}, "does not do"),
        ("POST", "resource-servers", {"identifier": "{issuer}me/v2"}, "reserved"),
        ("POST", "resource-servers", [], "Expected type object"),
        ("POST", "clients", {"app_type": "spa"}, "Missing required property: name"),
        ("POST", "clients", {"name": "X", "app_type": "desktop"}, "app_type"),
        ("POST", "clients", {"name": "X", "app_type": "spa", "grant_types": ["password"]}, "grant_types"),
        ("POST", "clients", {"name": "X", "app_type": "spa", "is_first_party": False}, "is_first_party"),
        ("POST", "clients", {"name": "X", "app_type": "spa", "pkce": True}, "not allowed: pkce"),
        ("POST", "clients", {"name": "X", "app_type": "spa", "require_proof_of_possession": True}, "does not do"),
        ("POST", "clients", {"name": "X", "app_type": "resource_server"}, "belong together"),
        (
            "POST",
            "clients",
            {"name": "X", "app_type": "resource_server", "resource_server_identifier": "https://no.example"},
            "no API",
        ),
        ("POST", "clients", {"name": "local management", "app_type": "spa"}, "knows clients by name"),
        ("POST", "client-grants", {"client_id": "{client}", "audience": SERVICE}, "scope"),
        (
            "POST",
            "client-grants",
            {"client_id": "{client}", "audience": SERVICE, "subject_type": "user", "scope": ["x"]},
            "does not have",
        ),
        ("POST", "client-grants", {"client_id": "{client}", "audience": "https://no", "scope": []}, "no API"),
        ("POST", "connections", {"name": "x"}, "Missing required property: strategy"),
        ("POST", "connections", {"name": "x", "strategy": "okta"}, "options"),
        ("POST", "connections", {"name": "x", "strategy": "github", "options": {}}, "strategy"),
        ("POST", "connections", {"name": "x", "strategy": "okta", "options": {**OKTA, "type": "x"}}, "type"),
        (
            "POST",
            "connections",
            {"name": "x", "strategy": "okta", "options": OKTA, "enabled_clients": ["nobody"]},
            "No such client",
        ),
        ("POST", "roles", {"name": "X", "permissions": []}, "not allowed: permissions"),
        ("POST", "roles", {"name": "X", "type": "organization"}, "of the tenant only"),
        ("PATCH", "tenants/settings", {"session_lifetime": -1}, "session_lifetime"),
        ("PATCH", "tenants/settings", {"session_lifetime_in_minutes": "90"}, "session_lifetime_in_minutes"),
        ("PATCH", "tenants/settings", {"flags": {"enable_sso": True}}, "does not do this"),
        ("PUT", "guardian/factors/push-notification", {"enabled": "yes"}, "boolean"),
        ("PUT", "guardian/policies", ["always"], "Expected an array"),
        ("PUT", "guardian/policies", ["confidence-score"], "policies"),
    ],
)  # fmt: skip
async def test_what_auth0_or_this_tenant_does_not_know_is_refused_and_changes_nothing(
    tenant: LocalTenant, method: str, path: str, body: Any, words: str
) -> None:
    client = await service(tenant)
    before = tenant.tenant.definition
    text = json.dumps(body).replace("{client}", client["client_id"]).replace("{issuer}", tenant.issuer)
    response = await tenant.manage(method, path, json.loads(text))
    assert (response.status_code, response.json()["errorCode"]) == (400, "invalid_body")
    assert words in response.json()["message"]
    assert definition_from(tenant.tenant.resources) == tenant.tenant.definition == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("resource-servers", {"identifier": SERVICE}),
        ("client-grants", {"client_id": "{client}", "audience": SERVICE, "scope": []}),
        ("connections", {"name": "Username-Password-Authentication", "strategy": "auth0"}),
        ("roles", {"name": "Reader"}),
    ],
)
async def test_what_is_there_already_is_a_conflict(tenant: LocalTenant, path: str, body: Any) -> None:
    client = await service(tenant)
    await call(tenant, "POST", "roles", {"name": "Reader"})
    named = json.loads(json.dumps(body).replace("{client}", client["client_id"]))
    response = await tenant.manage("POST", path, named)
    assert (response.status_code, response.json()["error"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("resource-servers/none", "inexistent_resource_server"),
        ("clients/none", "inexistent_client"),
        ("client-grants/none", "inexistent_client_grant"),
        ("connections/none", "inexistent_connection"),
        ("roles/none", "inexistent_role"),
    ],
)
async def test_what_is_not_there_is_not_found(tenant: LocalTenant, path: str, code: str) -> None:
    for method, body in (("PATCH", {}), ("DELETE", None)):
        response = await tenant.manage(method, path, body)
        assert (response.status_code, response.json()["errorCode"]) == (404, code)


async def test_auth0s_own_apis_change_little_and_stay(tenant: LocalTenant) -> None:
    api = await identified(tenant, "resource-servers", "Auth0 My Account API")
    refused = await tenant.manage("PATCH", f"resource-servers/{api}", {"scopes": []})
    assert "not allowed: scopes" in refused.json()["message"]
    assert (await tenant.manage("DELETE", f"resource-servers/{api}")).status_code == 400
    assert (await call(tenant, "PATCH", f"resource-servers/{api}", {"token_lifetime": 60}))["token_lifetime"] == 60


@pytest.mark.parametrize("member", ["identifier", "client_id", "is_system", "id"])
async def test_an_identifier_cannot_be_changed(tenant: LocalTenant, member: str) -> None:
    await service(tenant)
    api = await identified(tenant, "resource-servers", "Service")
    response = await tenant.manage("PATCH", f"resource-servers/{api}", {member: "x"})
    assert response.json()["message"] == f"Payload validation error: 'Additional properties not allowed: {member}'."


async def test_a_body_that_is_no_json_or_too_long(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    audience = f"{tenant.issuer}api/v2/"
    token = await tenant.client_credentials(audience, client="Local management")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for body, status in (("{", 400), ("[" * 100_000, 413), ("[" * 60_000, 400)):
        response = await http.post(f"{audience}roles", content=body, headers=headers)
        assert response.status_code == status


@pytest.mark.parametrize(
    ("path", "known", "needed"),
    [
        ("resource-servers", CREATE_API, {"identifier": "https://odd.example"}),
        ("clients", CREATE_CLIENT, {"name": "Odd", "app_type": "non_interactive"}),
        ("client-grants", CREATE_GRANT, {"client_id": "{client}", "audience": SERVICE, "subject_type": "user"}),
        ("connections", CREATE_CONNECTION, {"name": "odd", "strategy": "okta", "options": OKTA}),
        ("roles", CREATE_ROLE, {"name": "Odd"}),
    ],
)
async def test_whatever_a_member_holds_is_taken_or_refused_in_order(
    tenant: LocalTenant, http: httpx.AsyncClient, path: str, known: frozenset[str], needed: dict[str, Any]
) -> None:
    """No value of any member, of those that are made or changed, has the tenant fail, or be what it cannot be."""
    client, audience = await service(tenant), f"{tenant.issuer}api/v2/"
    token = await tenant.client_credentials(audience, client="Local management")
    headers = {"Authorization": f"Bearer {token}"}
    sound = json.loads(json.dumps(needed).replace("{client}", client["client_id"]))
    values: list[Any] = [None, 5, "x", [], [None], [{}], {}, {"x": None}]
    for member in sorted(known):
        for odd in values:
            made = await http.post(f"{audience}{path}", json=sound | {member: odd}, headers=headers)
            assert made.status_code in {200, 201, 400, 404}, (member, odd, made.text)
            if made.is_success:
                url = f"{audience}{path}/{made.json().get('id') or made.json()['client_id']}"
                again = await http.patch(url, json={member: odd}, headers=headers)
                assert again.status_code in {200, 400}, (member, odd, again.text)
                assert (await http.delete(url, headers=headers)).status_code == 204
    assert definition_from(tenant.tenant.resources) == tenant.tenant.definition
