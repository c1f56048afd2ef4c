"""A signed token read: form, header and signature, before any claim is looked at (RFC 7515, RFC 8725)."""

import base64
import binascii
import re
from collections.abc import Collection
from typing import Any, Final

import jwt
from jwt.exceptions import PyJWTError

from shared.errors import InvalidToken
from shared.identity import _claims
from shared.identity._jwks import SIGNING_ALGORITHMS, JwksCache, VerificationKey
from shared.identity._wire import parse_object

MAX_TOKEN_BYTES: Final = 4096

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_jws = jwt.PyJWS(algorithms=SIGNING_ALGORITHMS)


async def signed_claims(
    value: str, keys: JwksCache, *, algorithms: Collection[str], types: Collection[str], max_bytes: int
) -> tuple[dict[str, Any], VerificationKey]:
    """The claims that the issuer signed, not yet checked themselves, and the key that it signed them with.

    Args:
        value: The token.
        keys: The issuer's keys.
        algorithms: RS256, PS256, or both.
        types: What `typ` may be, in lower case.
        max_bytes: Longer tokens are refused unread.

    Raises:
        InvalidToken: `reason` says which check failed.
        UpstreamUnavailable: the issuer's keys cannot be had.
    """
    header = _header(value, algorithms=algorithms, types=types, max_bytes=max_bytes)
    key = await keys.key(header["kid"])
    return _claims_under(value, header["alg"], key), key


def _header(value: str, *, algorithms: Collection[str], types: Collection[str], max_bytes: int) -> dict[str, Any]:
    """The header, not yet trusted, with an `alg`, `typ` and `kid` that may be looked at further."""
    if len(value) > max_bytes:
        raise InvalidToken(code="token_too_long", detail=f"{len(value)} characters")
    compact = _COMPACT.fullmatch(value)
    if compact is None:
        raise InvalidToken(code="token_malformed", detail="not three parts in base64url")
    try:
        header = parse_object(_decode(compact[1]))
    except ValueError as error:
        raise InvalidToken(code="token_malformed", detail=f"header: {error}") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise InvalidToken(code="token_algorithm", detail="alg is not allowed")
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise InvalidToken(code="token_type", detail="typ is not that of such a token")
    if "crit" in header or "b64" in header:
        raise InvalidToken(code="token_critical_header", detail="crit and b64 are not understood")
    if not _claims.is_name(header.get("kid")):
        raise InvalidToken(code="token_key_unknown", detail="kid is missing, or is no name")
    return header


def _claims_under(value: str, algorithm: str, key: VerificationKey) -> dict[str, Any]:
    if key.algorithm not in {None, algorithm}:
        raise InvalidToken(code="token_algorithm", detail="the key is for another algorithm")
    try:
        signed = _jws.decode_complete(value, key.public_key, algorithms=[algorithm])
    except jwt.InvalidSignatureError:
        raise InvalidToken(code="token_signature", detail="the signature does not match") from None
    except PyJWTError as error:
        raise InvalidToken(code="token_malformed", detail=type(error).__name__) from None
    try:
        return parse_object(signed["payload"])
    except ValueError as error:
        raise InvalidToken(code="token_malformed", detail=f"claims: {error}") from None


def _decode(part: str) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None
