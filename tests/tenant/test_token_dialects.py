"""The four token dialects, claim by claim, for a client and for a person (Auth0: access-token-profiles; RFC 9068)."""

from typing import Any

import jwt
import pytest

from local.tenant.testing import LocalTenant, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

COMMON = {"iss", "sub", "aud", "iat", "exp", "scope"}


def tenant_with(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str, *, enforce_policies: bool = True
) -> LocalTenant:
    def change(document: Definition) -> None:
        for name in ("Document search agent", "Help desk supervisor"):
            api = named(document["resourceServers"], name)
            api |= {"token_dialect": dialect, "enforce_policies": enforce_policies}

    return make_tenant(tenant_definition=edit_definition(change))


DIALECTS = [
    ("access_token", "JWT", {"azp", "gty"}),
    ("access_token_authz", "JWT", {"azp", "gty", "permissions"}),
    ("rfc9068_profile", "at+jwt", {"client_id", "jti"}),
    ("rfc9068_profile_authz", "at+jwt", {"client_id", "jti", "permissions"}),
]


async def test_an_api_may_have_its_tokens_signed_with_a_secret(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    """As some tenants have it by mistake: nobody who verifies with the published keys takes such a token."""

    def change(document: Definition) -> None:
        named(document["resourceServers"], "Document search agent")["signing_alg"] = "HS256"

    tenant = make_tenant(tenant_definition=edit_definition(change))
    token = await tenant.client_credentials(tenant.api("docs_search"))
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}
    other = await tenant.client_credentials(tenant.api("account_lookup"))
    assert jwt.get_unverified_header(other)["alg"] == "RS256"


@pytest.mark.parametrize(("dialect", "typ", "own"), DIALECTS)
async def test_a_clients_token(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str, typ: str, own: set[str]
) -> None:
    tenant = tenant_with(make_tenant, edit_definition, dialect)
    token = await tenant.client_credentials(tenant.api("docs_search"))
    claims = claims_of(token)
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256",
        "typ": typ,
        "kid": tenant.tenant.keys.current.kid,
    }
    assert set(claims) == COMMON | own
    assert claims.get("azp", claims.get("client_id")) == tenant.client("Supervisor").client_id
    assert claims.get("gty", "client-credentials") == "client-credentials"
    assert claims.get("permissions", ["agent:invoke"]) == ["agent:invoke"]


@pytest.mark.parametrize(("dialect", "typ", "own"), DIALECTS)
async def test_a_persons_token(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str, typ: str, own: set[str]
) -> None:
    tenant = tenant_with(make_tenant, edit_definition, dialect)
    token = await tenant.sign_in("amelia.hart")
    claims = claims_of(token)
    assert jwt.get_unverified_header(token)["typ"] == typ
    assert set(claims) == COMMON | own - {"gty"}  # gty is for refreshed tokens and those of clients
    assert claims["sub"] == tenant.user_id("amelia.hart")
    assert claims["aud"] == tenant.api("supervisor")
    assert claims.get("azp", claims.get("client_id")) == tenant.client("Help desk command line").client_id


@pytest.mark.parametrize(("dialect", "typ", "own"), DIALECTS)
async def test_a_delegated_token(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str, typ: str, own: set[str]
) -> None:
    tenant = tenant_with(make_tenant, edit_definition, dialect)
    token = await tenant.exchange(await tenant.sign_in("amelia.hart"), tenant.api("docs_search"))
    claims = claims_of(token)
    assert jwt.get_unverified_header(token)["typ"] == typ
    assert set(claims) == COMMON | {"act"} | own - {"gty"}
    assert claims.get("azp", claims.get("client_id")) == claims["act"]["sub"]


@pytest.mark.parametrize(("dialect", "gty"), [("access_token", "refresh_token"), ("rfc9068_profile", None)])
async def test_a_refreshed_token(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str, gty: str | None
) -> None:
    tenant = tenant_with(make_tenant, edit_definition, dialect)
    scopes, audience = ["helpdesk:ask", "offline_access"], tenant.api("supervisor")
    tokens = await tenant.sign_in_tokens("amelia.hart", scopes=scopes, audience=audience)
    parameters = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refreshed = await tenant.request_token(parameters | tenant.credentials("Help desk command line"))
    assert claims_of(refreshed.json()["access_token"]).get("gty") == gty


@pytest.mark.parametrize("dialect", ["access_token_authz", "rfc9068_profile_authz"])
async def test_permissions_need_rbac_too(
    make_tenant: MakeTenant, edit_definition: EditDefinition, dialect: str
) -> None:
    tenant = tenant_with(make_tenant, edit_definition, dialect, enforce_policies=False)
    assert "permissions" not in claims_of(await tenant.sign_in("amelia.hart"))


async def test_permissions_are_all_that_the_roles_hold_while_scope_is_what_was_asked_for(tenant: LocalTenant) -> None:
    user_token = await tenant.sign_in("amelia.hart")
    claims = claims_of(await tenant.exchange(user_token, tenant.api("password_reset"), scopes=["password:read"]))
    assert claims["scope"] == "password:read"
    assert claims["permissions"] == ["password:read", "password:reset", "account:unlock", "action:approve"]


@pytest.mark.parametrize(
    ("scopes", "expected"), [(["helpdesk:ask"], "api"), (["openid", "helpdesk:ask"], "api and userinfo")]
)
async def test_the_audience_is_an_array_where_openid_was_asked_for(
    tenant: LocalTenant, scopes: list[str], expected: str
) -> None:
    claims: dict[str, Any] = claims_of(await tenant.sign_in("amelia.hart", scopes=scopes))
    api = tenant.api("supervisor")
    assert claims["aud"] == {"api": api, "api and userinfo": [api, f"{tenant.issuer}userinfo"]}[expected]


async def test_without_an_audience_the_access_token_is_opaque(tenant: LocalTenant) -> None:
    tokens = await tenant.sign_in_tokens("amelia.hart", scopes=["openid", "profile"])
    assert "." not in tokens["access_token"]
    assert tokens["expires_in"] == 86400
    assert tokens["scope"] == "openid profile"
