"""`POST /oauth/token` (RFC 6749 §3.2)."""

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._clients import Client
from local.tenant._endpoint import json_response, refusal_response, tenant_of
from local.tenant._errors import Refusal
from local.tenant._parameters import basic_credentials, read_parameters
from local.tenant.grants import GRANTS, Grant, TokenRequest, TokenResponse

GRANT_TYPES_PAGE = "https://auth0.com/docs/clients/client-grant-types"


async def token(request: Request) -> Response:
    """Authenticates the client, then lets the grant do its work; both outcomes go to the log."""
    tenant = tenant_of(request)
    client: Client | None = None
    grant = None
    try:
        _require_no_proof(request)
        parameters = await read_parameters(request)
        grant_type = parameters.require("grant_type")
        grant = GRANTS.get(grant_type)
        client = tenant.authentication.authenticate(parameters, basic_credentials(request))
        answer = allowed(grant, grant_type, client).handle(TokenRequest(tenant, client, parameters))
        response = answer if isinstance(answer, TokenResponse) else await answer
    except Refusal as refusal:
        if grant is not None:
            tenant.log_exchange(refusal.log_kind or grant.failed, client, refusal=refusal)
        return refusal_response(refusal)
    assert grant is not None  # noqa: S101 -- it has answered
    tenant.log_exchange(grant.succeeded, client, user_id=response.user_id, details=response.details)
    return json_response(response.body, headers=response.headers)


def _require_no_proof(request: Request) -> None:
    """Refuses a DPoP proof (RFC 9449): ignoring it would hand out a token that is not bound, without a word."""
    if "dpop" in request.headers:
        raise Refusal(400, "invalid_request", "The local tenant does not support DPoP")


def allowed(grant: Grant | None, grant_type: str, client: Client) -> Grant:
    """The grant, if there is one of this type and the client may use it.

    Raises:
        Refusal: `unsupported_grant_type` or `unauthorized_client`.
    """
    if grant is None:
        raise Refusal(403, "unsupported_grant_type", f"Unsupported grant type: {grant_type}")
    if not grant.allowed(client):
        raise Refusal(
            403,
            "unauthorized_client",
            f"Grant type '{grant_type}' not allowed for the client.",
            members={"error_uri": GRANT_TYPES_PAGE},
        )
    return grant
