"""The tenant definition, `deploy/auth0/tenant.yaml`, as types.

The same file goes to a real tenant, so nothing in it is ever skipped in silence: a key that changes nothing on the wire
is named in a warning, and one that would change something that this stand-in does not do stops the start.
"""

from local.tenant.definition._apis import (
    MY_ACCOUNT_API,
    MY_ACCOUNT_SCOPES,
    ClientGrant,
    Permission,
    ResourceServer,
    Role,
)
from local.tenant.definition._base import QUIET
from local.tenant.definition._clients import (
    AuthenticationMethod,
    ClientDefinition,
    PublicKey,
    Quota,
    RefreshTokenPolicy,
    slug_of,
)
from local.tenant.definition._connections import Connection, OktaOptions
from local.tenant.definition._load import load_definition, replace_keywords
from local.tenant.definition._tenant import Database, DatabaseOptions, Definition, TenantSection

__all__ = [
    "MY_ACCOUNT_API",
    "MY_ACCOUNT_SCOPES",
    "QUIET",
    "AuthenticationMethod",
    "ClientDefinition",
    "ClientGrant",
    "Connection",
    "Database",
    "DatabaseOptions",
    "Definition",
    "OktaOptions",
    "Permission",
    "PublicKey",
    "Quota",
    "RefreshTokenPolicy",
    "ResourceServer",
    "Role",
    "TenantSection",
    "load_definition",
    "replace_keywords",
    "slug_of",
]
