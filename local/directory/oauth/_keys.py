"""The key that signs tokens of the directory, made at first run."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local._files import read_or_write

ALGORITHM = "RS256"
KEY_BITS = 2048


class TokenRejected(Exception):
    """A token that this directory did not sign, or not for itself; the text says why, for tests and logs."""


class SigningKey:
    """Signs and verifies.

    Args:
        path: Where the key is kept.
    """

    def __init__(self, path: Path) -> None:
        pem = read_or_write(path, _make)
        # Ours, and from a private file: checking its primes anew takes a sixth of a second.
        key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 -- no other kind is written
        self._key = key
        self._public = key.public_key()
        numbers = self._public.public_numbers()
        self._members = {"kty": "RSA", "n": _uint(numbers.n), "e": _uint(numbers.e)}
        self.kid = _encoded(hashlib.sha256(pem.encode()).digest())[:43]

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT of these claims."""
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self.kid})

    def verify(self, token: str, *, issuer: str, audience: str, now: float) -> dict[str, Any]:
        """The claims of an access token: signature, algorithm, issuer, audience and time are right.

        Not checked: whether it was revoked.

        Raises:
            TokenRejected: one of them is not.
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                issuer=issuer,
                audience=audience,
                options={  # times are checked against the directory's own clock
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["iss", "aud", "exp", "jti", "uid", "cid", "scp"],
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenRejected(type(error).__name__) from error
        if not isinstance(claims["exp"], int) or claims["exp"] <= now:
            raise TokenRejected("expired")
        return claims

    def jwk(self) -> dict[str, str]:
        """The public half, for `/oauth2/v1/keys`."""
        return {**self._members, "alg": ALGORITHM, "use": "sig", "kid": self.kid}


def _make() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, private, serialization.NoEncryption()).decode()


def _uint(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
