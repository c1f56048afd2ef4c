"""For whom a call is, in one header that the interceptor writes and the tool reads.

The gateway tells a Lambda which tool is called with which arguments, and hands on the headers that the target allows;
nothing of the caller. So the interceptor, which sees the token that the gateway has verified, writes this header, and
signs it with a key that only these two functions hold: a header of that name that anybody else sent, by whatever way
it reached the tool, is not taken for an identity (`docs/adr/0020-signed-identity-from-the-interceptor.md`).
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

HEADER: Final = "x-helpdesk-identity"
"""In lower case: names of headers are compared without case."""

VERSION: Final = "v1"
LIFETIME_SECONDS: Final = 60
CLOCK_SKEW_SECONDS: Final = 5
MIN_KEY_BYTES: Final = 32
MAX_CHARACTERS: Final = 2048
"""AgentCore takes headers up to 4 KB, and Lambda a client context of 3583 bytes in base64: about 2600 for all of it."""


class IdentityRefused(Exception):
    """The header is missing, not ours, or too old; the text says which, for the log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a call is for, as the interceptor found it.

    Attributes:
        issuer: `iss` of the verified token.
        subject: `sub`: a person.
        client_id: The client that calls the gateway on the person's behalf.
        scopes: `scope`.
        audiences: For whom the articles are written that this person may read.
    """

    issuer: str
    subject: str
    client_id: str
    scopes: frozenset[str]
    audiences: frozenset[str]


def sign(identity: Identity, key: bytes, *, now: float) -> str:
    """The header's value.

    Raises:
        ValueError: the key is too short to be one, or the value would not fit into a header.
    """
    claims = {
        "iss": identity.issuer,
        "sub": identity.subject,
        "client_id": identity.client_id,
        "scope": " ".join(sorted(identity.scopes)),
        "audiences": sorted(identity.audiences),
        "exp": int(now) + LIFETIME_SECONDS,
    }
    payload = f"{VERSION}.{_encode(json.dumps(claims, separators=(',', ':')).encode())}"
    value = f"{payload}.{_encode(_mac(payload, key))}"
    if len(value) > MAX_CHARACTERS:
        raise ValueError(f"the identity would take {len(value)} characters")
    return value


def read(value: str, key: bytes, *, now: float) -> Identity:
    """The identity in a header's value.

    Raises:
        IdentityRefused: it was not signed with this key, has expired, or is not what `sign` writes.
    """
    payload, _, signature = value.rpartition(".")
    version, _, claims = payload.partition(".")
    if len(value) > MAX_CHARACTERS or not value.isascii() or version != VERSION:
        raise IdentityRefused("not an identity of this version")
    if not hmac.compare_digest(signature, _encode(_mac(payload, key))):
        raise IdentityRefused("not signed by the interceptor")
    try:
        return _identity(json.loads(_decode(claims)), now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IdentityRefused("signed, but not what the interceptor writes") from error


def _identity(claims: dict[str, Any], now: float) -> Identity:
    remaining = claims["exp"] - now
    if not -CLOCK_SKEW_SECONDS < remaining <= LIFETIME_SECONDS + CLOCK_SKEW_SECONDS:
        raise IdentityRefused("signed too long ago, or in the future")
    return Identity(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        client_id=str(claims["client_id"]),
        scopes=frozenset(claims["scope"].split()),
        audiences=frozenset(map(str, claims["audiences"])),
    )


def _mac(payload: str, key: bytes) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"IDENTITY_KEY is shorter than {MIN_KEY_BYTES} bytes: make a random one.")
    return hmac.digest(key, payload.encode(), "sha256")


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
