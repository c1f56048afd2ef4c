"""The grants, one module each. To add one, write its module and name it here."""

from collections.abc import Mapping

from local.tenant.grants import (
    authorization_code,
    ciba,
    client_credentials,
    device_code,
    federated_connection,
    refresh_token,
    token_exchange,
)
from local.tenant.grants._grant import Grant, TokenRequest, TokenResponse

GRANTS: Mapping[str, Grant] = {
    module.GRANT.grant_type: module.GRANT
    for module in (
        *(authorization_code, ciba, client_credentials, device_code, refresh_token),
        *(token_exchange, federated_connection),
    )
}

__all__ = ["GRANTS", "Grant", "TokenRequest", "TokenResponse"]
