"""Client-initiated backchannel authentication (CIBA Core 1.0 §10.1): the client polls while a person decides elsewhere.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-initiated-backchannel-authentication-flow
"""

from local.tenant._errors import Refusal, invalid_grant
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed
from local.tenant.grants._user_tokens import SignIn, issue_user_tokens

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
DENIED = "The end-user denied the authorization request or it has been expired"


def handle(request: TokenRequest) -> TokenResponse:
    """Issues tokens, once, after the person has approved.

    Raises:
        Refusal: `authorization_pending`, `slow_down`, `access_denied` (denied or expired alike), `invalid_grant`.
    """
    tenant, client = request.tenant, request.client
    asked = tenant.backchannel.find(request.parameters.require("auth_req_id"), client.client_id)
    if asked is None:
        raise invalid_grant("Invalid or expired auth_req_id")
    longer = tenant.backchannel.poll(asked)
    if longer is not None:
        text = f"You are polling faster than allowed. Try again in {longer} seconds."
        raise Refusal(400, "slow_down", text, headers={"Retry-After": str(longer)}, members={"interval": longer})
    expired = asked.expires_at <= tenant.clock()
    if asked.state == "denied" or expired:
        raise Refusal(400, "access_denied", DENIED)
    if asked.state == "pending" or asked.answered_at is None:
        raise Refusal(400, "authorization_pending", "The end-user authorization is pending")
    with tenant.database.transaction():
        user = tenant.active_user(asked.user_id)
        sign_in = SignIn(
            *(client, user, asked.audience, asked.scope, asked.consent_id, asked.answered_at),
            authorization_details=asked.authorization_details,
        )
        tokens = issue_user_tokens(tenant, sign_in)
        if not tenant.backchannel.forget(asked):
            raise invalid_grant("Invalid or expired auth_req_id")
    body = tokens.body()
    if asked.authorization_details is not None:
        body["authorization_details"] = list(asked.authorization_details)
    details = {
        "audience": asked.audience,
        "scope": " ".join(tokens.scopes),
        "access_token_jti": tokens.token_id,
        "transaction_linking_id": asked.consent_id,
    }
    return TokenResponse(body, user_id=user.user_id, details=details)


GRANT = Grant(
    GRANT_TYPE, listed(GRANT_TYPE), handle, succeeded="ciba_exchange_succeeded", failed="ciba_exchange_failed"
)
