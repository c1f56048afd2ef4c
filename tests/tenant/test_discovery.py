"""Discovery and the key set, field by field (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517)."""

import base64
import hashlib

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from local.tenant.testing import LocalTenant
from tests.tenant._support import MakeTenant

WELL_KNOWN = ("openid-configuration", "oauth-authorization-server")
ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "oauth/token",
    "device_authorization_endpoint": "oauth/device/code",
    "userinfo_endpoint": "userinfo",
    "mfa_challenge_endpoint": "mfa/challenge",
    "jwks_uri": ".well-known/jwks.json",
    "registration_endpoint": "oidc/register",
    "revocation_endpoint": "oauth/revoke",
    "end_session_endpoint": "oidc/logout",
}


@pytest.mark.parametrize("name", WELL_KNOWN)
async def test_metadata_has_the_fields_of_auth0(tenant: LocalTenant, http: httpx.AsyncClient, name: str) -> None:
    metadata = (await http.get(f"{tenant.issuer}.well-known/{name}")).json()
    assert metadata["issuer"] == tenant.issuer
    assert {field: metadata.pop(field) for field in ENDPOINTS} == {
        field: f"{tenant.issuer}{path}" for field, path in ENDPOINTS.items()
    }
    assert metadata["code_challenge_methods_supported"] == ["S256", "plain"]
    assert metadata["subject_types_supported"] == ["public"]
    assert metadata["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert metadata["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "RS384", "PS256"]
    assert metadata["request_uri_parameter_supported"] is False
    assert metadata["request_parameter_supported"] is False
    assert "offline_access" in metadata["scopes_supported"]
    assert metadata["global_token_revocation_endpoint"].endswith(
        "/oauth/global-token-revocation/connection/{connectionName}"
    )


async def test_fields_of_features_that_are_not_there_are_not_there(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    metadata = (await http.get(tenant.discovery_url)).json()
    absent = {
        "dpop_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens",
        "entity_profiles_supported",
        "grant_types_supported",  # in no capture of a real tenant
    }
    assert not absent & metadata.keys()


async def test_endpoints_are_on_the_requested_host_while_the_issuer_is_fixed(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    response = await http.get("http://localhost:1234/.well-known/openid-configuration")
    assert response.json()["issuer"] == tenant.issuer
    assert response.json()["token_endpoint"] == "http://localhost:1234/oauth/token"


async def test_the_issuer_is_a_setting(make_tenant: MakeTenant) -> None:
    other = make_tenant(tenant_issuer="https://helpdesk.eu.auth0.example/")
    async with other.http() as client:
        response = await client.get("https://helpdesk.eu.auth0.example/.well-known/openid-configuration")
    assert response.json()["issuer"] == "https://helpdesk.eu.auth0.example/"
    assert response.json()["token_endpoint"] == "https://helpdesk.eu.auth0.example/oauth/token"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_every_name_of_this_machine_serves(http: httpx.AsyncClient, host: str) -> None:
    response = await http.get(f"http://{host}:8400/.well-known/openid-configuration")
    assert response.json()["token_endpoint"].lower() == f"http://{host.lower()}:8400/oauth/token"


async def test_a_host_that_is_not_the_tenants_is_refused(http: httpx.AsyncClient) -> None:
    """Our own choice: a name that somebody points at this machine must not reach the sign-in page."""
    response = await http.get("http://attacker.example/.well-known/openid-configuration")
    assert response.status_code == 400


async def test_the_key_set_lists_the_current_and_the_next_key(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    keys = (await http.get(f"{tenant.issuer}.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in keys] == [
        tenant.tenant.keys.current.kid,
        next(key.kid for key in tenant.tenant.keys.published() if key.state == "next"),
    ]
    for key in keys:
        assert set(key) == {"alg", "kty", "use", "n", "e", "kid", "x5t", "x5c"}
        assert (key["kty"], key["use"], key["alg"], key["e"]) == ("RSA", "sig", "RS256", "AQAB")
        assert len(key["kid"]) == 21
        der = base64.b64decode(key["x5c"][0])
        thumbprint = base64.urlsafe_b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).rstrip(b"=")
        assert key["x5t"] == thumbprint.decode()
        certified = x509.load_der_x509_certificate(der).public_key()
        described = jwt.PyJWK(key).key
        assert certified.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ) == described.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


async def test_a_token_verifies_with_the_key_set_alone(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    token = await tenant.client_credentials(tenant.api("docs_search"))
    keys = jwt.PyJWKSet.from_dict((await http.get(f"{tenant.issuer}.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["RS256"],
        audience=tenant.api("docs_search"),
        issuer=tenant.issuer,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["scope"] == "agent:invoke"
