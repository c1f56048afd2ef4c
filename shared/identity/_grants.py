"""The grants that agents use: client credentials, and Auth0's On-Behalf-Of and Token Vault exchanges.

For each, one function makes the request and one reads the response; sending is `TokenEndpoint`'s.
"""

from collections.abc import Mapping
from typing import Final

from shared.errors import InsufficientScope, OAuthError
from shared.identity._access_token import AccessToken
from shared.identity._client_authentication import ClientAuthentication
from shared.identity._metadata import AuthorizationServerMetadata
from shared.identity._raw_token import RawToken
from shared.identity._token_endpoint import TokenRequest, process_token_response, unusable
from shared.identity._wire import Response

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 -- a name
ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- a name
CONNECTION_EXCHANGE: Final = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
CONNECTION_TOKEN_TYPE: Final = "http://auth0.com/oauth/token-type/federated-connection-access-token"  # noqa: S105 -- a name
_SCOPE_REFUSALS: Final = frozenset({"invalid_scope", "insufficient_scope"})
_FORBIDDEN: Final = 403


def client_credentials_request(
    server: AuthorizationServerMetadata, client: ClientAuthentication, *, audience: str, scopes: frozenset[str]
) -> TokenRequest:
    """A client-credentials grant (RFC 6749 §4.4.2) for one API, in Auth0's terms its `audience`."""
    parameters = {"grant_type": "client_credentials", "audience": audience, "scope": " ".join(sorted(scopes))}
    return _request(server, client, parameters)


def process_client_credentials_response(response: Response, *, scopes: frozenset[str], sent_at: float) -> AccessToken:
    """Reads the answer; see `process_token_response` for the arguments.

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        InsufficientScope: the client's grant lacks the scopes.
        OAuthError: any other refusal; 403 `access_denied` is a missing client grant, or a scope beyond it.
        UpstreamRefused: the answer is not what it has to be.
    """
    try:
        token, _ = process_token_response(response, scopes=scopes, sent_at=sent_at)
    except OAuthError as error:
        if error.error in _SCOPE_REFUSALS:
            raise InsufficientScope(tuple(sorted(scopes)), detail=error.detail) from error
        raise
    return token


def token_exchange_request(
    server: AuthorizationServerMetadata,
    client: ClientAuthentication,
    *,
    subject_token: RawToken,
    audience: str,
    scopes: frozenset[str],
) -> TokenRequest:
    """An On-Behalf-Of token exchange (RFC 8693 §2.1, with Auth0's `audience`); the client becomes the actor."""
    parameters = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject_token.reveal(),
        "subject_token_type": ACCESS_TOKEN_TYPE,
        "requested_token_type": ACCESS_TOKEN_TYPE,
        "audience": audience,
        "scope": " ".join(sorted(scopes)),
    }
    return _request(server, client, parameters)


def process_token_exchange_response(response: Response, *, scopes: frozenset[str], sent_at: float) -> AccessToken:
    """Reads the answer (RFC 8693 §2.2); see `process_token_response` for the arguments.

    Not checked: who the new token's subject and actors are; its resource server does that.

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        InsufficientScope: the user lacks the scopes there, or the client may not ask for them.
        OAuthError: any other refusal, also of the subject token.
        UpstreamRefused: the answer is not what it has to be.
    """
    try:
        token, members = process_token_response(response, scopes=scopes, sent_at=sent_at)
    except OAuthError as error:
        forbidden = error.status == _FORBIDDEN and error.error == "access_denied"
        if forbidden or error.error in _SCOPE_REFUSALS:
            raise InsufficientScope(tuple(sorted(scopes)), detail=error.detail) from error
        raise
    if members.get("issued_token_type") != ACCESS_TOKEN_TYPE:
        raise unusable("issued_token_type is not that of an access token")
    return token


def connection_token_request(
    server: AuthorizationServerMetadata, client: ClientAuthentication, *, subject_token: RawToken, connection: str
) -> TokenRequest:
    """A Token Vault exchange: the user's token for one that the connection's provider issued for the same user."""
    parameters = {
        "grant_type": CONNECTION_EXCHANGE,
        "subject_token": subject_token.reveal(),
        "subject_token_type": ACCESS_TOKEN_TYPE,
        "requested_token_type": CONNECTION_TOKEN_TYPE,
        "connection": connection,
    }
    return _request(server, client, parameters)


def process_connection_token_response(response: Response, *, sent_at: float) -> AccessToken:
    """Reads the answer. Which scopes the provider granted was decided when the account was connected.

    Raises:
        ClientAuthenticationError: the server does not accept this client's proof.
        OAuthError: any other refusal; `federated_connection_refresh_token_not_found` where nothing is connected.
        UpstreamRefused: the answer is not what it has to be.
    """
    token, members = process_token_response(response, scopes=None, sent_at=sent_at)
    if members.get("issued_token_type") != CONNECTION_TOKEN_TYPE:
        raise unusable("issued_token_type is not that of a connection's access token")
    return token


def _request(
    server: AuthorizationServerMetadata, client: ClientAuthentication, parameters: Mapping[str, str]
) -> TokenRequest:
    proof = client.prove(server.issuer)
    return TokenRequest(url=server.token_endpoint, form={**parameters, **proof.form}, headers=proof.headers)
