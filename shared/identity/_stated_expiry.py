"""How long a token that was issued to us says that it lasts, where its issuer's answer does not say."""

import base64
import binascii
from typing import Final

from shared.identity._raw_token import RawToken
from shared.identity._wire import parse_object

_PARTS: Final = 3


def stated_expiry(token: RawToken) -> int | None:
    """`exp` of a JWT, in seconds since the epoch; None for any other token.

    Nothing is verified: good for how long to hold a token that is to be sent to somebody else, and for nothing more.
    """
    parts = token.reveal().split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = parse_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    expiry = claims.get("exp")
    return int(expiry) if isinstance(expiry, int | float) and not isinstance(expiry, bool) else None
