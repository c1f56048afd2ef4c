"""Refresh tokens (RFC 6749 §6), rotated where the client's policy says so."""

from local.tenant._errors import Refusal, invalid_grant
from local.tenant._refresh_tokens import RefreshGrant, StoredRefreshToken
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed
from local.tenant.grants._user_tokens import OFFLINE_ACCESS, SignIn, issue_user_tokens

GRANT_TYPE = "refresh_token"
UNKNOWN = "Unknown or invalid refresh token."


def handle(request: TokenRequest) -> TokenResponse:
    """Issues new tokens for what the refresh token stands for, or for less.

    A rotated token that comes back ends its whole family: nobody can tell who of the two holders is the thief.

    Raises:
        Refusal: `invalid_grant`.
    """
    tenant, client = request.tenant, request.client
    policy = client.definition.refresh_token
    with tenant.database.transaction():
        stored = tenant.refresh_tokens.find(request.parameters.require("refresh_token"), client.client_id)
        if stored is None:
            raise invalid_grant(UNKNOWN)
        if stored.used_at is None or tenant.refresh_tokens.may_be_used_again(stored, policy):
            return _issue(request, stored)
        tenant.refresh_tokens.revoke_family(stored.family)
    raise Refusal(403, "invalid_grant", UNKNOWN, log_kind="ferrt")


def _issue(request: TokenRequest, stored: StoredRefreshToken) -> TokenResponse:
    tenant, client, grant = request.tenant, request.client, stored.grant
    audience = request.parameters.get("audience") or grant.audience
    user = tenant.active_user(grant.user_id)
    requested = request.parameters.scopes()
    scope = _most(request, grant, audience)
    if requested is not None:  # offline_access belongs to the refresh token, so it stays
        scope = tuple(name for name in scope if name in requested or name == OFFLINE_ACCESS)
    sign_in = SignIn(client, user, audience, scope, grant.sid, grant.authenticated_at)
    tokens = issue_user_tokens(tenant, sign_in, grant="refresh_token")
    policy = client.definition.refresh_token
    refresh_token = None
    if policy.rotation_type == "rotating":
        refresh_token = tenant.refresh_tokens.rotate(stored, policy)
    else:
        tenant.refresh_tokens.touch(stored, policy)
    details = {"audience": audience, "scope": " ".join(tokens.scopes), "access_token_jti": tokens.token_id}
    return TokenResponse(tokens.body(refresh_token), user_id=user.user_id, details=details)


def _most(request: TokenRequest, grant: RefreshGrant, audience: str | None) -> tuple[str, ...]:
    """The scopes to choose from: those signed in for, or for another audience those that the client's policy names.

    https://auth0.com/docs/secure/tokens/refresh-tokens/multi-resource-refresh-token
    """
    if audience == grant.audience:
        return grant.scope
    for policy in request.client.definition.refresh_token.policies:
        if policy.audience == audience:
            return policy.scope
    raise Refusal(403, "invalid_grant", "The refresh token is for another audience.")


GRANT = Grant(GRANT_TYPE, listed(GRANT_TYPE), handle, succeeded="sertft", failed="fertft")
