"""The directory's own authorization server, as each Okta organisation has one.

https://developer.okta.com/docs/reference/api/oidc
"""

from local.directory.oauth._clients import CONNECTIONS, OAuthClient, load_clients
from local.directory.oauth._keys import SigningKey
from local.directory.oauth._server import (
    CODE_LIFETIME,
    SESSION_LIFETIME,
    TRANSACTION_LIFETIME,
    AuthorizationServer,
    OAuthRefusal,
    UserGrant,
)
from local.directory.oauth._store import Call, Store

__all__ = [
    "CODE_LIFETIME",
    "CONNECTIONS",
    "SESSION_LIFETIME",
    "TRANSACTION_LIFETIME",
    "AuthorizationServer",
    "Call",
    "OAuthClient",
    "OAuthRefusal",
    "SigningKey",
    "Store",
    "UserGrant",
    "load_clients",
]
