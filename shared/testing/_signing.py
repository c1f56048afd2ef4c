"""Tokens signed by hand, well or badly: a second opinion on what the verifier reads, and a maker of what it refuses."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@cache
def _private_key(name: str, bits: int) -> rsa.RSAPrivateKey:  # noqa: ARG001 -- the key of the cache
    """Made once in a run: that takes a while. `name` only tells keys apart."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class SigningKey:
    """An RSA key with a name; the same name is the same key within a run."""

    def __init__(self, kid: str = "key-1", *, bits: int = 2048) -> None:
        self.kid = kid
        self.private = _private_key(kid, bits)

    def jwk(self, **members: Any) -> dict[str, Any]:
        """The public half as Auth0 publishes it; a member that is None is left out."""
        numbers = self.private.public_key().public_numbers()
        jwk = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": encode_part(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": encode_part(numbers.e.to_bytes(3, "big")),
        }
        return {name: value for name, value in (jwk | members).items() if value is not None}

    def pem(self) -> str:
        """The private half."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def public_pem(self) -> bytes:
        """The public half."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, header: Mapping[str, Any], payload: Mapping[str, Any] | bytes) -> str:
        """A compact JWS: signed by RS256, or by PS256 where the header says so, whatever else it says."""
        content = payload if isinstance(payload, bytes) else _json(payload)
        signing_input = f"{encode_part(_json(header))}.{encode_part(content)}"
        return f"{signing_input}.{encode_part(self._signature(signing_input.encode(), header.get('alg')))}"

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed; raises InvalidSignature, or ValueError."""
        signing_input, _, signature = token.rpartition(".")
        head, _, payload = signing_input.partition(".")
        scheme, digest = _scheme(json.loads(decode_part(head)).get("alg"))
        self.private.public_key().verify(decode_part(signature), signing_input.encode(), scheme, digest)
        claims: dict[str, Any] = json.loads(decode_part(payload))
        return claims

    def _signature(self, content: bytes, algorithm: Any) -> bytes:
        return self.private.sign(content, *_scheme(algorithm))


def _scheme(algorithm: Any) -> tuple[padding.PKCS1v15 | padding.PSS, hashes.SHA256]:
    if algorithm == "PS256":
        return padding.PSS(padding.MGF1(hashes.SHA256()), hashlib.sha256().digest_size), hashes.SHA256()
    return padding.PKCS1v15(), hashes.SHA256()


def decode_part(part: str) -> bytes:
    """What `encode_part` made."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode_part(content: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
