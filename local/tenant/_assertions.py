"""private_key_jwt: client authentication with a signed assertion (RFC 7523 §3, with Auth0's limits).

https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
"""

from typing import Any, TypeGuard

import jwt

from local.tenant._clients import Client, ClientKey
from local.tenant._clock import Clock
from local.tenant._database import Database
from local.tenant._errors import Refusal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_BYTES = 2048
MAX_CLAIM_CHARACTERS = 64
MAX_ALG_CHARACTERS = 16
MAX_LIFETIME = 300
LEEWAY = 10


def asserted_client_id(assertion: str) -> str | None:
    """The `sub` of an assertion, unverified: it says which client's keys to verify with, and nothing else."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):  # PyJWT lets JSON that nests too deep through
        return None
    subject = claims.get("sub")
    return subject if isinstance(subject, str) else None


def verify_assertion(assertion: str, client: Client, issuer: str, database: Database, clock: Clock) -> None:
    """Checks an assertion, and that it has not been used before.

    Raises:
        Refusal: `invalid_client`, saying what is wrong.
    """
    if len(assertion.encode()) > MAX_ASSERTION_BYTES:
        raise _refused(f"client_assertion is longer than {MAX_ASSERTION_BYTES} bytes")
    claims = _verified(assertion, client)
    for name in ("iss", "sub"):
        if claims.get(name) != client.client_id or len(client.client_id) > MAX_CLAIM_CHARACTERS:
            raise _refused(f"client_assertion {name} must be the client_id")
    if claims.get("aud") != issuer:
        raise _refused(f"client_assertion aud must be {issuer}")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_CLAIM_CHARACTERS:
        raise _refused(f"client_assertion jti must be a text of 1 to {MAX_CLAIM_CHARACTERS} characters")
    expires_at = _check_times(claims, clock())
    with database.transaction():
        kept_until = expires_at + LEEWAY
        if (
            database.execute("insert or ignore into assertions values (?, ?, ?)", client.client_id, jti, kept_until)
            == 0
        ):
            raise _refused("client_assertion has already been used")


def _verified(assertion: str, client: Client) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(assertion)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise _refused("client_assertion is not a JWT") from error
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or len(alg) > MAX_ALG_CHARACTERS:
        raise _refused("client_assertion alg is not supported")
    candidates: list[ClientKey] = [key for key in client.keys if kid is None or key.kid == kid]
    if not candidates:
        raise _refused("client_assertion kid is unknown")
    if alg not in {key.alg for key in candidates}:
        raise _refused("client_assertion alg is not the credential's")
    for key in candidates:
        if key.alg != alg:
            continue
        try:
            return jwt.decode(
                assertion,
                key.key,
                algorithms=[key.alg],
                options={  # checked by the caller, by this tenant's clock and in Auth0's terms
                    "verify_aud": False,
                    "verify_iss": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_jti": False,
                    "verify_sub": False,
                },
            )
        except (jwt.InvalidTokenError, RecursionError):
            continue
    raise _refused("client_assertion signature is not valid")


def _check_times(claims: dict[str, Any], now: float) -> float:
    expires_at: Any = claims.get("exp")
    if not _is_time(expires_at) or expires_at + LEEWAY <= now:
        raise _refused("client_assertion is expired")
    if expires_at > now + MAX_LIFETIME + LEEWAY:
        raise _refused(f"client_assertion exp is more than {MAX_LIFETIME} seconds ahead")
    for name in ("iat", "nbf"):
        value: Any = claims.get(name)
        if value is not None and (not _is_time(value) or value > now + LEEWAY):
            raise _refused(f"client_assertion {name} is in the future")
    return float(expires_at)


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(description: str) -> Refusal:
    return Refusal(401, "invalid_client", description)
