"""Client credentials (RFC 6749 §4.4): a token for the client itself.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow
"""

from typing import Any

from local.tenant._errors import Refusal
from local.tenant._tokens import Issuance
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed

GRANT_TYPE = "client_credentials"
SUBJECT_SUFFIX = "@clients"


def handle(request: TokenRequest) -> TokenResponse:
    """Issues an access token, never a refresh or ID token.

    Raises:
        Refusal: without an audience, a grant or a quota.
    """
    tenant, client, parameters = request.tenant, request.client, request.parameters
    audience = parameters.get("audience")
    if audience is None:
        raise Refusal(403, "access_denied", "Non-global clients are not allowed access to APIv1")
    if parameters.get("organization") is not None:
        raise Refusal(403, "access_denied", "This tenant has no organizations")
    scopes = tenant.access.client_scopes(client, audience, parameters.scopes())
    headers = tenant.quotas.take(client)
    issued = tenant.tokens.access_token(
        Issuance(
            client,
            tenant.access.api(audience),
            subject=f"{client.client_id}{SUBJECT_SUFFIX}",
            scopes=scopes,
            permissions=scopes,
            grant="client-credentials",
        )
    )
    body: dict[str, Any] = {"access_token": issued.token}
    if scopes:
        body["scope"] = " ".join(scopes)
    body |= {"expires_in": issued.expires_in, "token_type": "Bearer"}
    details = {"audience": audience, "scope": " ".join(scopes), "access_token_jti": issued.token_id}
    return TokenResponse(body, headers, details=details)


GRANT = Grant(GRANT_TYPE, listed(GRANT_TYPE), handle, succeeded="seccft", failed="feccft")
