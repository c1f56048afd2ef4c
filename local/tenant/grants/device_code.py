"""Device authorization (RFC 8628 §3.4): the device polls while a person decides at /activate.

https://auth0.com/docs/api/authentication/device-authorization-flow/authorize-device
"""

from local.tenant._device_codes import INTERVAL
from local.tenant._errors import Refusal, invalid_grant
from local.tenant._refresh_tokens import RefreshGrant
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed
from local.tenant.grants._user_tokens import OFFLINE_ACCESS, SignIn, issue_refresh_token, issue_user_tokens

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


def handle(request: TokenRequest) -> TokenResponse:
    """Issues tokens once the person has agreed.

    Raises:
        Refusal: `authorization_pending`, `slow_down`, `access_denied`, `expired_token` (once), `invalid_grant`.
    """
    tenant, client = request.tenant, request.client
    device = tenant.device_codes.find(request.parameters.require("device_code"), client.client_id)
    if device is None:
        raise invalid_grant("Invalid or expired device code.")
    if device.expires_at <= tenant.clock():
        tenant.device_codes.forget(device)
        raise Refusal(403, "expired_token", "The device code has expired.")
    if not tenant.device_codes.poll(device):
        text = f"You are polling faster than the specified interval of {INTERVAL} seconds."
        raise Refusal(429, "slow_down", text)
    if device.state == "denied":
        raise Refusal(403, "access_denied", "User cancelled the confirmation prompt.")
    if device.state == "pending" or device.user_id is None or device.sid is None or device.authenticated_at is None:
        raise Refusal(403, "authorization_pending", "User has yet to authorize device code.")
    with tenant.database.transaction():
        user = tenant.active_user(device.user_id)
        sign_in = SignIn(client, user, device.audience, device.scope, device.sid, device.authenticated_at)
        tokens = issue_user_tokens(tenant, sign_in)
        refresh_token = None
        if OFFLINE_ACCESS in tokens.scopes:
            grant = RefreshGrant(
                *(client.client_id, user.user_id, device.audience),
                *(device.scope, device.sid, device.authenticated_at),
            )
            refresh_token, _ = issue_refresh_token(tenant, client, grant)
        tenant.device_codes.forget(device)
    details = {"audience": device.audience, "scope": " ".join(tokens.scopes), "access_token_jti": tokens.token_id}
    return TokenResponse(tokens.body(refresh_token), user_id=user.user_id, details=details)


GRANT = Grant(GRANT_TYPE, listed(GRANT_TYPE), handle, succeeded="sede", failed="fede")
