"""`POST /oauth/revoke` (RFC 7009): refresh tokens only; JWT access tokens cannot be revoked."""

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._parameters import basic_credentials, read_parameters


async def revoke(request: Request) -> Response:
    """Ends a refresh token, and where the tenant's flag says so all of that person's for the client and audience.

    An unknown token is answered like a known one (RFC 7009 §2.2).
    """
    tenant = tenant_of(request)
    parameters = await read_parameters(request)
    client = tenant.authentication.authenticate(parameters, basic_credentials(request))
    stored = tenant.refresh_tokens.find(parameters.require("token"), client.client_id)
    if stored is not None:
        tenant.refresh_tokens.revoke_family(stored.family)
        if tenant.definition.tenant.flags.revoke_refresh_token_grant:
            tenant.refresh_tokens.revoke_grant(stored.grant)
        tenant.log_exchange("srrt", client, user_id=stored.grant.user_id)
    return Response(status_code=200, media_type="application/json", headers=NO_STORE)
