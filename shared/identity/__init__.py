"""Who is calling, and with what this agent calls: tokens verified, tokens obtained.

`TokenVerifier` is the only maker of a `Principal`, and this package the only reader of JWTs. `TokenClient` obtains
tokens; it raises

* `ClientAuthenticationError` where the authorization server does not accept this client's proof,
* `InsufficientScope` where the scopes are not to be had,
* `OAuthError` for its other refusals, by RFC code,
* `UpstreamUnavailable` where it is away, fails, or has said to come back later, and
* `UpstreamRefused` where its answer is not what it has to be.
"""

from shared.identity._access_token import AccessToken
from shared.identity._backchannel import (
    BackchannelAuthentication,
    BackchannelClient,
    BackchannelRequest,
    Pending,
)
from shared.identity._card_keys import CardKey, CardRefusal, CardSigningKey, card_signer
from shared.identity._client_authentication import ClientAuthentication, ClientCredentials, ClientSecret
from shared.identity._id_token import IdToken, verify_id_token
from shared.identity._jwks import JwksCache
from shared.identity._logout_token import LogoutToken, verify_logout_token
from shared.identity._principal import Principal
from shared.identity._raw_token import RawToken
from shared.identity._stated_expiry import stated_expiry
from shared.identity._subject import check_subject
from shared.identity._token_cache import TokenCache
from shared.identity._token_client import TokenClient
from shared.identity._verify import TokenVerifier

__all__ = [
    "AccessToken",
    "BackchannelAuthentication",
    "BackchannelClient",
    "BackchannelRequest",
    "CardKey",
    "CardRefusal",
    "CardSigningKey",
    "ClientAuthentication",
    "ClientCredentials",
    "ClientSecret",
    "IdToken",
    "JwksCache",
    "LogoutToken",
    "Pending",
    "Principal",
    "RawToken",
    "TokenCache",
    "TokenClient",
    "TokenVerifier",
    "card_signer",
    "check_subject",
    "stated_expiry",
    "verify_id_token",
    "verify_logout_token",
]
