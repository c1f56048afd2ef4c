"""On-Behalf-Of token exchange (RFC 8693): an API's client trades a person's token for one to the next API.

https://auth0.com/docs/secure/call-apis-on-users-behalf/on-behalf-of-token-exchange
"""

from collections.abc import Mapping
from typing import Any

from local.tenant._clients import Client
from local.tenant._errors import Refusal
from local.tenant._tokens import Issuance, TokenRejected, audiences, is_machine
from local.tenant.definition import ResourceServer
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
PROFILE = "on_behalf_of_token_exchange"
MAX_ACT_DEPTH = 4


def handle(request: TokenRequest) -> TokenResponse:
    """Issues a token for the same person and the next API, with this client as the outermost actor.

    Raises:
        Refusal: 400 for the request's form or the chain's depth, 401 for the subject token, 403 for a want of rights.
    """
    tenant, client, parameters = request.tenant, request.client, request.parameters
    _require_profile(client)
    for name in ("subject_token_type", "requested_token_type"):
        if parameters.require(name) != ACCESS_TOKEN_TYPE:
            raise Refusal(400, "invalid_request", f"{name} must be {ACCESS_TOKEN_TYPE}")
    if parameters.get("actor_token") is not None:
        raise Refusal(400, "invalid_request", "actor_token is not supported for On-Behalf-Of token exchange")
    claims = _subject_claims(request, parameters.require("subject_token"))
    api = tenant.access.api(parameters.require("audience"))
    user = tenant.active_user(claims["sub"])
    act = extend_chain(claims, client.client_id)
    _require_delegation(request, api)
    requested = parameters.scopes()
    scopes = tenant.access.user_scopes(client, api, user, requested)
    if requested and not scopes:
        raise Refusal(403, "access_denied", f"User has not been granted scopes: {', '.join(requested)}")
    issued = tenant.tokens.access_token(
        Issuance(
            client,
            api,
            subject=user.user_id,
            scopes=scopes,
            permissions=tenant.access.permissions(user, api),
            act=act,
            expires_at=claims["exp"] if tenant.settings.tenant_exchange_capped else None,
        )
    )
    body: dict[str, Any] = {"access_token": issued.token}
    if requested is not None and set(requested) != set(scopes):
        body["scope"] = " ".join(scopes)
    body |= {"expires_in": issued.expires_in, "token_type": "Bearer", "issued_token_type": ACCESS_TOKEN_TYPE}
    details = {
        "audience": api.identifier,
        "scope": " ".join(scopes),
        "actor": act,
        "access_token_jti": issued.token_id,
        "subject_token_type": ACCESS_TOKEN_TYPE,
    }
    return TokenResponse(body, user_id=user.user_id, details=details)


def extend_chain(claims: Mapping[str, Any], client_id: str) -> dict[str, Any]:
    """The `act` claim with a further actor (RFC 8693 §4.1): the outermost acts now, the innermost signed in.

    Raises:
        Refusal: if the subject token's chain is as long as can be.
    """
    previous = claims.get("act")
    if previous is None:
        return {"sub": client_id, "act": {"sub": claims.get("client_id") or claims["azp"]}}
    depth, level = 0, previous
    while level is not None:
        depth, level = depth + 1, level.get("act")
    if depth >= MAX_ACT_DEPTH:
        raise Refusal(
            400,
            "invalid_request",
            f"Delegation chain (`act` claim) depth exceeds the maximum allowed limit of {MAX_ACT_DEPTH}",
        )
    return {"sub": client_id, "act": previous}


def _require_profile(client: Client) -> None:
    allowed = PROFILE in client.definition.token_exchange.allow_any_profile_of_type
    if not allowed or client.definition.resource_server_identifier is None:
        raise Refusal(403, "unauthorized_client", f'"{PROFILE}" Token Exchange Profile is not allowed for the client.')


def _subject_claims(request: TokenRequest, subject_token: str) -> dict[str, Any]:
    tenant, client = request.tenant, request.client
    try:
        claims = tenant.tokens.verify(subject_token)
    except TokenRejected as error:
        raise Refusal(401, "invalid_request", "Invalid subject_token") from error
    apis = [audience for audience in audiences(claims) if audience in tenant.definition.apis]
    if not apis or not (claims.get("client_id") or claims.get("azp")):  # an ID token, or one that is for no API
        raise Refusal(401, "invalid_request", "Invalid subject_token")
    if client.definition.resource_server_identifier not in apis:
        raise Refusal(403, "unauthorized_client", "The client does not belong to the audience of the subject_token")
    if is_machine(claims):
        raise Refusal(400, "invalid_request", "The subject_token does not represent a user")
    return claims


def _require_delegation(request: TokenRequest, api: ResourceServer) -> None:
    tenant, client = request.tenant, request.client
    denied = api.subject_type_authorization.user.policy == "deny_all"
    if denied or not tenant.access.has_user_grant(client, api):
        raise Refusal(
            403,
            "access_denied",
            f'Client "{client.client_id}" is not authorized to access resource server "{api.identifier}".',
        )
    if not api.skip_consent_for_verifiable_first_party_clients:
        raise Refusal(403, "consent_required", "Consent required")


GRANT = Grant(
    GRANT_TYPE,
    lambda client: True,  # noqa: ARG005 -- switched on by `token_exchange`, which handle() looks at
    handle,
    succeeded="success_on_behalf_of_token_exchange",
    failed="failed_on_behalf_of_token_exchange",
)
