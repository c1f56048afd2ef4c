"""The claims of an access token, each checked by itself (RFC 9068 §4, RFC 8693 §4.1, RFC 8725)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import InvalidToken

MAX_ACTORS: Final = 5
"""Auth0 issues no deeper chain (On-Behalf-Of Token Exchange)."""

MAX_NAME_CHARACTERS: Final = 255
LATEST_DATE: Final = 253_402_300_799
"""The end of the year 9999: no date in a token lies beyond."""

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3
_MACHINE_SUFFIX: Final = "@clients"  # Auth0's subject of a client-credentials token
_OTHER_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash", "events")
"""Claims of ID tokens and logout tokens (OpenID Connect Core §2, Back-Channel Logout §2.4), never of access tokens."""

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Validity:
    """When a token may be used: NumericDates in whole seconds."""

    issued_at: int
    expires_at: int


def check_issuer(claims: Claims, issuer: str) -> None:
    """`iss` is exactly ours, to the last slash."""
    if name(claims, "iss") != issuer:
        raise InvalidToken(code="token_issuer_mismatch", detail="iss is not the configured issuer")


def check_audience(claims: Claims, audience: str) -> None:
    """`aud` is ours, or a list that holds ours: Auth0 adds its userinfo endpoint where a sign-in asked for `openid`."""
    value = _required(claims, "aud")
    audiences = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in audiences):
        raise _malformed("aud")
    if audience not in audiences:
        raise InvalidToken(code="token_audience_mismatch", detail="aud does not hold this audience")


def check_is_access_token(claims: Claims) -> None:
    """It is no other kind of token that the issuer signs with the same key and, in Auth0's dialect, the same `typ`."""
    for claim in _OTHER_TOKENS:
        if claim in claims:
            raise InvalidToken(code="token_type", detail=f"{claim} is not a claim of an access token")


def check_not_bound(claims: Claims) -> None:
    """It is not bound to a key of the sender (RFC 9449 §6, RFC 8705 §3): as plain Bearer it would prove nothing."""
    if "cnf" in claims:
        raise InvalidToken(code="token_bound", detail="a sender-constrained token came as a bearer token")


def check_validity(claims: Claims, *, now: float, leeway: float) -> Validity:
    """`exp`, `nbf` and `iat` against the clock."""
    expires_at, issued_at = _date(claims, "exp"), _date(claims, "iat")
    if now >= expires_at + leeway:
        raise InvalidToken(code="token_expired", detail=f"expired {now - expires_at:.0f} s ago")
    if "nbf" in claims and _date(claims, "nbf") > now + leeway:
        raise InvalidToken(code="token_not_yet_valid", detail="nbf is in the future")
    if issued_at > now + leeway:
        raise InvalidToken(code="token_issued_in_future", detail="iat is in the future")
    if expires_at <= issued_at:
        raise _malformed("exp")
    return Validity(issued_at, expires_at)


def parse_client(claims: Claims) -> str:
    """The client that the token was issued to: `client_id` (RFC 9068), `azp` (Auth0), or both if they agree."""
    present = [claim for claim in ("client_id", "azp") if claim in claims]
    if not present:
        raise InvalidToken(code="token_claim_missing", detail="neither client_id nor azp")
    names = {name(claims, claim) for claim in present}
    if len(names) > 1:
        raise InvalidToken(code="token_client_mismatch", detail="client_id and azp differ")
    return names.pop()


def parse_scope(claims: Claims) -> frozenset[str]:
    """`scope`: a string of scope tokens between spaces; absent if none was granted."""
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise _malformed("scope")
    scopes = frozenset(filter(None, value.split(" ")))
    if not all(_SCOPE_TOKEN.fullmatch(scope) for scope in scopes):
        raise _malformed("scope")
    return scopes


def parse_permissions(claims: Claims) -> frozenset[str]:
    """`permissions` (Auth0's role-based access control): a list of strings; absent if the API does not ask for it."""
    value = claims.get("permissions", [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise _malformed("permissions")
    return frozenset(value)


def parse_actors(claims: Claims) -> tuple[str, ...]:
    """The subjects of `act`, outermost first; other members of an actor are left alone (RFC 8693 §4.1)."""
    actors: list[str] = []
    holder: Claims = claims
    while "act" in holder:
        actor = holder["act"]
        if len(actors) == MAX_ACTORS:
            raise InvalidToken(code="token_actor_chain", detail=f"more than {MAX_ACTORS} actors")
        if not isinstance(actor, dict) or not is_name(actor.get("sub")):
            raise InvalidToken(code="token_actor_chain", detail="an actor is not an object with a sub")
        actors.append(actor["sub"])
        holder = actor
    return tuple(actors)


def parse_authorization_details(claims: Claims) -> tuple[Mapping[str, Any], ...]:
    """`authorization_details` (RFC 9396 §2): objects, each of a `type`; empty where there are none."""
    value = claims.get("authorization_details", [])
    if not isinstance(value, list) or not all(isinstance(one, dict) and is_name(one.get("type")) for one in value):
        raise _malformed("authorization_details")
    return tuple(value)


def parse_is_machine(claims: Claims, *, subject: str, client_id: str, actors: tuple[str, ...]) -> bool:
    """Whether a client speaks for itself: Auth0's `CLIENT@clients`, its `gty`, or RFC 9068's equal sub and client_id.

    A subject that looks like another client's is refused: it would be one client under the name of another.
    """
    if subject.endswith(_MACHINE_SUFFIX) and not actors and subject != f"{client_id}{_MACHINE_SUFFIX}":
        raise InvalidToken(code="token_client_mismatch", detail="sub names another client than client_id or azp")
    return subject.endswith(_MACHINE_SUFFIX) or subject == client_id or claims.get("gty") == "client-credentials"


def name(claims: Claims, claim: str) -> str:
    """A required claim that names something: see `is_name`."""
    value = _required(claims, claim)
    if not is_name(value):
        raise _malformed(claim)
    return str(value)


def is_name(value: Any) -> bool:
    """1 to 255 characters, all printable: no control, format, surrogate or unassigned characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARACTERS and value.isprintable()


def _date(claims: Claims, claim: str) -> int:
    """A NumericDate (RFC 7519 §2) in whole seconds."""
    value = _required(claims, claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST_DATE:
        raise _malformed(claim)
    return int(value)


def _required(claims: Claims, claim: str) -> Any:
    if claim not in claims:
        raise InvalidToken(code="token_claim_missing", detail=f"{claim} is missing")
    return claims[claim]


def _malformed(claim: str) -> InvalidToken:
    return InvalidToken(code="token_claim_malformed", detail=f"{claim} is not what it has to be")
