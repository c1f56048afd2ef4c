"""A signed token read: form, header and signature, before any claim is looked at (RFC 7515, RFC 8725)."""

import re
from collections.abc import Collection
from typing import Any, Final

import jwt

from shared.errors import InvalidToken
from shared.identity import _claims
from shared.identity._jwks import SIGNING_ALGORITHMS, JwksCache, VerificationKey
from shared.identity._wire import decode_base64url, parse_object

MAX_TOKEN_BYTES: Final = 4096

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_VERIFIERS: Final = {name: jwt.get_algorithm_by_name(name) for name in SIGNING_ALGORITHMS}


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
    if len(value) > max_bytes:
        raise InvalidToken(code="token_too_long", detail=f"{len(value)} characters")
    compact = _COMPACT.fullmatch(value)
    if compact is None:
        raise InvalidToken(code="token_malformed", detail="not three parts in base64url")
    try:
        header, payload, signature = (decode_base64url(part) for part in compact.groups())
        members = parse_object(header)
    except ValueError as error:
        raise InvalidToken(code="token_malformed", detail=f"header: {error}") from None
    algorithm, kid = _check_header(members, algorithms=algorithms, types=types)
    key = await keys.key(kid)
    if key.algorithm not in {None, algorithm}:
        raise InvalidToken(code="token_algorithm", detail="the key is for another algorithm")
    signing_input = value[: compact.end(2)].encode()
    if not _VERIFIERS[algorithm].verify(signing_input, key.public_key, signature):
        raise InvalidToken(code="token_signature", detail="the signature does not match")
    try:
        return parse_object(payload), key
    except ValueError as error:
        raise InvalidToken(code="token_malformed", detail=f"claims: {error}") from None


def _check_header(header: dict[str, Any], *, algorithms: Collection[str], types: Collection[str]) -> tuple[str, str]:
    """The `alg` and `kid` of a header that is not trusted yet: both are names that we know, or look up and no more."""
    algorithm, kind, kid = header.get("alg"), header.get("typ"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise InvalidToken(code="token_algorithm", detail="alg is not allowed")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise InvalidToken(code="token_type", detail="typ is not that of such a token")
    if "crit" in header or "b64" in header:
        raise InvalidToken(code="token_critical_header", detail="crit and b64 are not understood")
    if not isinstance(kid, str) or not _claims.is_name(kid):
        raise InvalidToken(code="token_key_unknown", detail="kid is missing, or is no name")
    return algorithm, kid
