"""Calls of the Management API, and a service made by it."""

from typing import Any

from local.tenant.testing import LocalTenant

SERVICE = "https://service.example"
OKTA = {
    "type": "back_channel",
    "domain": "company.okta.example",
    "issuer": "https://company.okta.example",
    "authorization_endpoint": "https://company.okta.example/oauth2/v1/authorize",
    "token_endpoint": "https://company.okta.example/oauth2/v1/token",
    "userinfo_endpoint": "https://company.okta.example/oauth2/v1/userinfo",
    "jwks_uri": "https://company.okta.example/oauth2/v1/keys",
    "client_id": "0oa1",
    "client_secret": "upstream-secret-never-in-the-clear",
    "scope": "openid offline_access",
}


async def call(tenant: LocalTenant, method: str, path: str, body: Any = None) -> Any:
    response = await tenant.manage(method, path, body)
    assert response.is_success, response.text
    return response.json() if response.content else None


async def identified(tenant: LocalTenant, path: str, name: str) -> str:
    found = next(one for one in await call(tenant, "GET", path) if one["name"] == name)
    return str(found.get("id") or found["client_id"])


async def service(tenant: LocalTenant, **members: Any) -> dict[str, Any]:
    """An API with a client that may call it, made by hand."""
    api = {"name": "Service", "identifier": SERVICE, "scopes": [{"value": "read:all"}], **members}
    await call(tenant, "POST", "resource-servers", api)
    client: dict[str, Any] = await call(
        tenant,
        "POST",
        "clients",
        {"name": "Caller", "app_type": "non_interactive", "grant_types": ["client_credentials"]},
    )
    grant = {"client_id": client["client_id"], "audience": SERVICE, "scope": ["read:all"]}
    await call(tenant, "POST", "client-grants", grant)
    return client


async def token_refusal(tenant: LocalTenant, **form: str) -> tuple[int, str]:
    response = await tenant.request_token({"grant_type": "client_credentials", "audience": SERVICE, **form})
    return response.status_code, response.json().get("error", "ok")
