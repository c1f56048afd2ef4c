"""Authorization code (RFC 6749 §4.1.3) with PKCE (RFC 7636)."""

from local.tenant._codes import CodeGrant, code_verifier_matches
from local.tenant._errors import Refusal, invalid_grant
from local.tenant._refresh_tokens import RefreshGrant
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed
from local.tenant.grants._user_tokens import OFFLINE_ACCESS, SignIn, issue_refresh_token, issue_user_tokens

GRANT_TYPE = "authorization_code"


def handle(request: TokenRequest) -> TokenResponse:
    """Redeems a code, once.

    A second use is refused and ends the refresh tokens that came of the first (RFC 6749 §4.1.2).

    Raises:
        Refusal: `invalid_grant`, without using up a code whose verifier or redirect URI does not fit.
    """
    tenant, client, parameters = request.tenant, request.client, request.parameters
    code = parameters.require("code")
    with tenant.database.transaction():
        redeemed = tenant.codes.find(code, client.client_id)
        if redeemed is None:
            raise invalid_grant("Invalid authorization code")
        if not redeemed.used:
            _check_proof(request, redeemed.grant)
            return _issue(request, redeemed.grant, code)
        if redeemed.family is not None:
            tenant.refresh_tokens.revoke_family(redeemed.family)
    raise invalid_grant("Invalid authorization code")


def _issue(request: TokenRequest, grant: CodeGrant, code: str) -> TokenResponse:
    tenant, client = request.tenant, request.client
    user = tenant.active_user(grant.user_id)
    tokens = issue_user_tokens(
        tenant,
        SignIn(
            client,
            user,
            grant.audience,
            grant.scope,
            grant.sid,
            grant.authenticated_at,
            grant.nonce,
            grant.with_auth_time,
        ),
    )
    refresh_token = family = None
    if OFFLINE_ACCESS in tokens.scopes:
        refresh_token, family = issue_refresh_token(
            tenant,
            client,
            RefreshGrant(
                client.client_id, user.user_id, grant.audience, grant.scope, grant.sid, grant.authenticated_at
            ),
        )
    tenant.codes.use(code, family)
    details = {"audience": grant.audience, "scope": " ".join(tokens.scopes), "access_token_jti": tokens.token_id}
    return TokenResponse(tokens.body(refresh_token), user_id=user.user_id, details=details)


def _check_proof(request: TokenRequest, grant: CodeGrant) -> None:
    if request.parameters.get("redirect_uri") != grant.redirect_uri:
        raise invalid_grant("The redirect URI is wrong. You sent a different one to /authorize.")
    code_verifier = request.parameters.get("code_verifier")
    if grant.code_challenge is None:
        if code_verifier is not None:
            raise invalid_grant("Failed to verify code verifier")
        return
    if code_verifier is None:
        raise Refusal(403, "invalid_grant", "Parameter 'code_verifier' is required")
    if not code_verifier_matches(code_verifier, grant.code_challenge):
        raise invalid_grant("Failed to verify code verifier")


GRANT = Grant(GRANT_TYPE, listed(GRANT_TYPE), handle, succeeded="seacft", failed="feacft")
