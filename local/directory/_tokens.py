"""Bearer tokens at the edge: how one comes in, and what is said where it does not do (RFC 6750)."""

from local.directory._errors import OktaError


def bearer_token(authorization: list[str]) -> str:
    """The token of the only `Authorization` header (RFC 6750 §2.1).

    Raises:
        OktaError: E0000011 where there is none, more than one, or another scheme.
    """
    scheme, _, token = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise OktaError("E0000011", headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def challenge(error: str, description: str, *, base_url: str, scope: str, resource: str) -> dict[str, str]:
    """The `WWW-Authenticate` header in Okta's form (RFC 6750 §3)."""
    return {
        "WWW-Authenticate": (
            f'Bearer authorization_uri="{base_url}/oauth2/v1/authorize", realm="{base_url}", scope="{scope}", '
            f'error="{error}", error_description="{description}", resource="{resource}"'
        )
    }
