"""`POST /oauth/device/code` (RFC 8628 §3.1)."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._clients import Client
from local.tenant._device_codes import INTERVAL, LIFETIME
from local.tenant._endpoint import json_response, refusal_response, tenant_of
from local.tenant._errors import Refusal
from local.tenant._parameters import basic_credentials, read_parameters
from local.tenant.endpoints.token import allowed
from local.tenant.grants import GRANTS
from local.tenant.grants.device_code import GRANT_TYPE


async def device_code(request: Request) -> Response:
    """Starts a device authorization."""
    tenant = tenant_of(request)
    client: Client | None = None
    try:
        parameters = await read_parameters(request)
        client = tenant.authentication.authenticate(parameters, basic_credentials(request))
        allowed(GRANTS[GRANT_TYPE], GRANT_TYPE, client)
        audience = parameters.get("audience")
        if audience is not None:
            tenant.access.require_user_access(client, tenant.access.api(audience))
        code, user_code = tenant.device_codes.start(client.client_id, parameters.scopes() or (), audience)
    except Refusal as refusal:
        tenant.log_exchange("fdeaz", client, refusal=refusal)
        return refusal_response(refusal)
    verification_uri = f"{request.base_url}activate"
    return json_response(
        {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": verification_uri,
            "expires_in": LIFETIME,
            "interval": INTERVAL,
            "verification_uri_complete": f"{verification_uri}?{urlencode({'user_code': user_code})}",
        }
    )
