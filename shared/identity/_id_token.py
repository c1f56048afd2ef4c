"""ID tokens: who signed in, told to the client that they signed in with (OpenID Connect Core 1.0 §3.1.3.7).

An ID token is for the client alone. It authorizes nothing, so that no `Principal` is made of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.errors import InvalidToken
from shared.identity import _claims
from shared.identity._jwks import SIGNING_ALGORITHMS, JwksCache
from shared.identity._raw_token import RawToken
from shared.identity._signed_token import MAX_TOKEN_BYTES, signed_claims

LEEWAY_SECONDS: Final = 10
ID_TOKEN_TYPES: Final = frozenset({"jwt"})


@dataclass(frozen=True, slots=True)
class IdToken:
    """Who signed in.

    Attributes:
        subject: `sub`, unique within the issuer.
        name: `name`, to show; decides nothing.
        session_id: `sid`, the session at the issuer, where it names one.
    """

    subject: str
    name: str | None
    session_id: str | None = None


async def verify_id_token(
    token: RawToken,
    *,
    keys: JwksCache,
    client_id: str,
    nonce: str | None,
    clock: Callable[[], float] = time.time,
) -> IdToken:
    """Checks an ID token from the token endpoint and says who signed in.

    Checked: form and header; the signature by a key that the issuer publishes; `iss`, exactly; `aud`, which must be
    this client alone; `azp`, if there; `exp`, `nbf`, `iat`; `nonce`; `sub`; that it is no logout token.

    Not checked: `auth_time`, `acr` and `amr`, which this system does not ask for, and `at_hash`: the access token came
    in the same response over the same connection.

    Args:
        token: The ID token.
        keys: The issuer's keys.
        client_id: The client that asked for it.
        nonce: What the authorization request named; None where there was none (device flow).
        clock: Seconds since the epoch.

    Raises:
        InvalidToken: `reason` says which check failed.
        UpstreamUnavailable: the issuer's keys cannot be had.
    """
    claims, _ = await signed_claims(
        token.reveal(), keys, algorithms=SIGNING_ALGORITHMS, types=ID_TOKEN_TYPES, max_bytes=MAX_TOKEN_BYTES
    )
    _claims.check_issuer(claims, keys.issuer)
    if claims.get("aud") not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise InvalidToken(code="token_audience_mismatch", detail="the ID token is not for this client alone")
    _claims.check_validity(claims, now=clock(), leeway=LEEWAY_SECONDS)
    if "events" in claims:  # a logout token, which has the same issuer, audience and, from Auth0, type
        raise InvalidToken(code="token_type", detail="events is not a claim of an ID token")
    if nonce is not None and claims.get("nonce") != nonce:
        raise InvalidToken(code="token_nonce_mismatch", detail="the ID token answers another request")
    return IdToken(
        subject=_claims.name(claims, "sub"),
        name=claims["name"] if _claims.is_name(claims.get("name")) else None,
        session_id=claims["sid"] if _claims.is_name(claims.get("sid")) else None,
    )
