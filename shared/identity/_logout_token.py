"""Logout tokens: the issuer tells a client whose session has ended there (OpenID Connect Back-Channel Logout 1.0 §2).

Anybody may send one, so that all that it says is in its signature. It ends sessions and gives nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.errors import InvalidToken
from shared.identity import _claims
from shared.identity._id_token import LEEWAY_SECONDS
from shared.identity._jwks import SIGNING_ALGORITHMS, JwksCache
from shared.identity._raw_token import RawToken
from shared.identity._signed_token import MAX_TOKEN_BYTES, signed_claims

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_TYPES: Final = frozenset({"jwt", "logout+jwt"})
"""The specification's own (§2.4), and the one that Auth0 writes."""

MAX_AGE_SECONDS: Final = 300
"""Auth0's expire after two minutes; whatever an issuer allows, an older one is no news."""


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose session has ended.

    Attributes:
        subject: `sub`, where it names one.
        session_id: `sid`, where it names one: that session alone has ended; without, all of the subject's.
        token_id: `jti`.
        good_until: When it could no longer be sent again, in seconds since the epoch.
    """

    subject: str | None
    session_id: str | None
    token_id: str
    good_until: float


async def verify_logout_token(
    token: RawToken, *, keys: JwksCache, client_id: str, clock: Callable[[], float] = time.time
) -> LogoutToken:
    """Checks a logout token that somebody sent, and says whose session has ended (§2.6).

    Checked: form and header, `typ` among it; the signature by a key that the issuer publishes; `iss`, exactly; `aud`,
    which must be this client alone; `exp`, `nbf`, `iat`, and its age; `jti`; `events`, which must hold the logout event
    as an object; that there is no `nonce`, so that no ID token is taken for one; `sub`, `sid`, of which one must be
    there.

    Not checked: whether it was sent before, and whether there is such a session: that is the caller's to know.

    Args:
        token: What was sent.
        keys: The issuer's keys.
        client_id: The client that it must be for.
        clock: Seconds since the epoch.

    Raises:
        InvalidToken: `reason` says which check failed.
        UpstreamUnavailable: the issuer's keys cannot be had.
    """
    claims, _ = await signed_claims(
        token.reveal(), keys, algorithms=SIGNING_ALGORITHMS, types=LOGOUT_TOKEN_TYPES, max_bytes=MAX_TOKEN_BYTES
    )
    _claims.check_issuer(claims, keys.issuer)
    if claims.get("aud") not in (client_id, [client_id]):
        raise InvalidToken(code="token_audience_mismatch", detail="the logout token is not for this client alone")
    now = clock()
    validity = _claims.check_validity(claims, now=now, leeway=LEEWAY_SECONDS)
    if now - validity.issued_at > MAX_AGE_SECONDS:
        raise InvalidToken(code="token_expired", detail="the logout token is too old")
    if "nonce" in claims:
        raise InvalidToken(code="token_type", detail="nonce is not a claim of a logout token")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise InvalidToken(code="token_type", detail="events does not hold the logout event")
    if "sub" not in claims and "sid" not in claims:
        raise InvalidToken(code="token_claim_missing", detail="neither sub nor sid")
    return LogoutToken(
        subject=_claims.name(claims, "sub") if "sub" in claims else None,
        session_id=_claims.name(claims, "sid") if "sid" in claims else None,
        token_id=_claims.name(claims, "jti"),
        good_until=min(validity.expires_at, validity.issued_at + MAX_AGE_SECONDS) + LEEWAY_SECONDS,
    )
