"""Token Vault: a person's token of this tenant for the one that another system issued for the same person.

https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault
"""

from local.tenant._connected_accounts import ConnectedAccount
from local.tenant._errors import Refusal, invalid_grant
from local.tenant._tokens import TokenRejected, audiences, is_machine
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse, listed
from local.tenant.grants.token_exchange import ACCESS_TOKEN_TYPE
from shared.errors import UpstreamRefused, UpstreamUnavailable

GRANT_TYPE = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
REFRESH_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:refresh_token"
ISSUED_TOKEN_TYPE = "http://auth0.com/oauth/token-type/federated-connection-access-token"


async def handle(request: TokenRequest) -> TokenResponse:
    """Gives out the other system's access token, renewed there if need be; its refresh token stays here.

    Raises:
        Refusal: 400 and 403 for a request that no connecting would mend, 401 for a subject token that does not hold
            and for an account that is not connected, or no longer.
    """
    tenant, parameters = request.tenant, request.parameters
    if parameters.require("requested_token_type") != ISSUED_TOKEN_TYPE:
        raise Refusal(400, "invalid_request", f"requested_token_type must be {ISSUED_TOKEN_TYPE}")
    if tenant.definition.asks_for_factor:
        raise Refusal(403, "mfa_required", "Multifactor authentication required")
    user_id = _subject(request)
    account = _account(request, tenant.active_user(user_id).user_id)
    try:
        token = await tenant.connected_accounts.token(account)
    except UpstreamRefused as error:
        raise Refusal(
            401, "federated_connection_refresh_token_flow_failed", "Federated connection Refresh Token flow failed."
        ) from error
    except UpstreamUnavailable as error:
        raise Refusal(503, "temporarily_unavailable", "The connection's provider is not available.") from error
    if token is None:
        raise _not_found()
    body = {
        "access_token": token.token,
        "scope": " ".join(token.scopes),
        "expires_in": token.expires_in,
        "issued_token_type": ISSUED_TOKEN_TYPE,
        "token_type": "Bearer",
    }
    details = {"connection": account.connection, "scope": body["scope"], "connected_account_id": account.id}
    return TokenResponse(body, user_id=user_id, details=details)


def _subject(request: TokenRequest) -> str:
    """Whom the subject token is about: a person, in a token for this client's own API or a refresh token of its own."""
    kind, token = request.parameters.require("subject_token_type"), request.parameters.require("subject_token")
    if kind == ACCESS_TOKEN_TYPE:
        return _of_access_token(request, token)
    if kind == REFRESH_TOKEN_TYPE:
        return _of_refresh_token(request, token)
    raise Refusal(400, "invalid_request", f"subject_token_type {kind} is not supported")


def _of_access_token(request: TokenRequest, token: str) -> str:
    own_api = request.client.definition.resource_server_identifier
    try:
        claims = request.tenant.tokens.verify(token)
    except TokenRejected as error:
        raise Refusal(401, "invalid_request", "Invalid subject_token") from error
    if own_api is None or own_api not in audiences(claims) or not (claims.get("client_id") or claims.get("azp")):
        raise Refusal(403, "unauthorized_client", "The client does not belong to the audience of the subject_token")
    if is_machine(claims):
        raise Refusal(400, "invalid_request", "The subject_token does not represent a user")
    return str(claims["sub"])


def _of_refresh_token(request: TokenRequest, token: str) -> str:
    """Auth0 asks for rotation to be off here: the vault does not spend the token."""
    client = request.client
    if client.definition.refresh_token.rotation_type == "rotating":
        raise Refusal(403, "unauthorized_client", "Refresh token rotation must be off to use it as a subject_token")
    stored = request.tenant.refresh_tokens.find(token, client.client_id)
    if stored is None or stored.used_at is not None:
        raise invalid_grant("Unknown or invalid refresh token.")
    return stored.grant.user_id


def _account(request: TokenRequest, user_id: str) -> ConnectedAccount:
    tenant, name = request.tenant, request.parameters.require("connection")
    connection = tenant.definition.connections_by_name.get(name)
    if connection is None or not connection.connected_accounts.active:
        raise Refusal(400, "invalid_request", "the connection was not found")
    if request.client.name not in connection.enabled_clients:
        raise Refusal(403, "unauthorized_client", "The connection is not enabled for the client")
    hint = request.parameters.get("login_hint")
    accounts = tenant.connected_accounts.of(user_id, name)
    found = next((account for account in accounts if hint in {None, account.upstream_user}), None)
    if found is None:
        raise _not_found()
    return found


def _not_found() -> Refusal:
    return Refusal(401, "federated_connection_refresh_token_not_found", "Federated connection Refresh Token not found.")


GRANT = Grant(
    GRANT_TYPE,
    listed(GRANT_TYPE),
    handle,
    succeeded="success_token_vault_exchange",
    failed="failed_token_vault_exchange",
)
