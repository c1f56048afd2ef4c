"""Discovery and keys: what clients and resource servers may know of the tenant."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.tenant._endpoint import tenant_of

CACHE = {"Cache-Control": "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"}


def metadata(issuer: str, base: str) -> dict[str, Any]:
    """The provider metadata (OpenID Connect Discovery 1.0 §3), in Auth0's order.

    Args:
        issuer: The fixed issuer.
        base: The URL that the request came to, with its trailing slash: endpoints are on the requested host.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}authorize",
        "token_endpoint": f"{base}oauth/token",
        "device_authorization_endpoint": f"{base}oauth/device/code",
        "userinfo_endpoint": f"{base}userinfo",
        "mfa_challenge_endpoint": f"{base}mfa/challenge",
        "jwks_uri": f"{base}.well-known/jwks.json",
        "registration_endpoint": f"{base}oidc/register",
        "revocation_endpoint": f"{base}oauth/revoke",
        "scopes_supported": [
            "openid",
            "profile",
            "offline_access",
            "name",
            "given_name",
            "family_name",
            "nickname",
            "email",
            "email_verified",
            "picture",
            "created_at",
            "identities",
            "phone",
            "address",
        ],
        "response_types_supported": [
            "code",
            "token",
            "id_token",
            "code token",
            "code id_token",
            "token id_token",
            "code token id_token",
        ],
        "code_challenge_methods_supported": ["S256", "plain"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "claims_supported": [
            "aud",
            "auth_time",
            "created_at",
            "email",
            "email_verified",
            "exp",
            "family_name",
            "given_name",
            "iat",
            "identities",
            "iss",
            "name",
            "nickname",
            "phone_number",
            "picture",
            "sub",
        ],
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
        "end_session_endpoint": f"{base}oidc/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "global_token_revocation_endpoint": f"{base}oauth/global-token-revocation/connection/{{connectionName}}",
        "global_token_revocation_endpoint_auth_methods_supported": ["global-token-revocation+jwt"],
        "backchannel_authentication_endpoint": f"{base}bc-authorize",
        "backchannel_token_delivery_modes_supported": ["poll"],
    }


async def configuration(request: Request) -> Response:
    """`GET /.well-known/openid-configuration`, and the same at `/.well-known/oauth-authorization-server`."""
    return JSONResponse(metadata(tenant_of(request).settings.issuer, str(request.base_url)), headers=CACHE)


async def jwks(request: Request) -> Response:
    """`GET /.well-known/jwks.json` (RFC 7517 §5)."""
    keys = [key.jwk() for key in tenant_of(request).keys.published()]
    return JSONResponse({"keys": keys}, headers=CACHE)
