"""The keys of agent cards (A2A 1.0 §8.4): one signs an agent's own, others are pinned for the agents that it calls.

A key has one algorithm, by its kind: Ed25519 signs with EdDSA (RFC 8037), P-256 with ES256 (RFC 7518). What a signature
says of itself can only agree with that; nothing that came with a card chooses a key's use.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from jwt.exceptions import PyJWTError

from shared.errors import ConfigurationError
from shared.identity._claims import is_name
from shared.identity._wire import decode_base64url, parse_object

ALGORITHMS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),  # RFC 8037's name, and the one that RFC 9864 gives it besides
    ("EC", "P-256"): ("ES256",),
}
"""What a key of each kind signs with, by the names that `alg` may have for it. There are no others."""

_PARTS: Final = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y")}
_VERIFIERS: Final = {name: jwt.get_algorithm_by_name(name) for name in ("EdDSA", "ES256")}


@dataclass(frozen=True, slots=True)
class CardKey:
    """A public key that the card of one agent may be signed with.

    Attributes:
        kid: Its name, by which a signature finds it: its own, or else its thumbprint (RFC 7638).
        algorithms: The names that its one algorithm has.
        expires_at: After that, in seconds since the epoch, it verifies nothing; None where its owner says no time.
    """

    kid: str
    algorithms: tuple[str, ...]
    expires_at: float | None
    _public: Ed25519PublicKey | EllipticCurvePublicKey = field(repr=False)

    @classmethod
    def read(cls, jwk: Mapping[str, Any]) -> Self:
        """Reads a JSON Web Key (RFC 7517); `exp`, which that does not define, is read as tokens have it (RFC 7519).

        Raises:
            ConfigurationError: it is no key of these kinds, or not a public one for signatures.
        """
        kind = (str(jwk.get("kty")), str(jwk.get("crv")))
        if kind not in ALGORITHMS:
            raise ConfigurationError("CARD_KEYS has a key that is neither Ed25519 nor P-256: no other signs a card.")
        if "d" in jwk:
            raise ConfigurationError("CARD_KEYS has a private key: give its public half alone, and replace the key.")
        expires_at, operations = jwk.get("exp"), jwk.get("key_ops", ["verify"])
        if (
            jwk.get("use", "sig") != "sig"
            or not (isinstance(operations, list) and "verify" in operations)
            or jwk.get("alg", ALGORITHMS[kind][0]) not in ALGORITHMS[kind]
            or not (expires_at is None or type(expires_at) in {int, float})
        ):
            raise ConfigurationError("CARD_KEYS has a key whose use, key_ops, alg or exp is not that of a card's key.")
        parts = {name: jwk.get(name) for name in _PARTS[kind[0]]}
        try:
            reader = OKPAlgorithm if kind[0] == "OKP" else ECAlgorithm
            public = reader.from_jwk(json.dumps(parts))
        except (PyJWTError, ValueError, TypeError) as error:
            raise ConfigurationError("CARD_KEYS has a key that cannot be read: give it as its owner does.") from error
        if not isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey):
            raise ConfigurationError("CARD_KEYS has a key that cannot be read: give it as its owner does.")
        kid = jwk.get("kid", thumbprint(parts))
        if not isinstance(kid, str) or not is_name(kid):
            raise ConfigurationError("CARD_KEYS has a key whose kid is no name: give it as its owner does.")
        return cls(kid, ALGORITHMS[kind], expires_at, public)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's, over these bytes. That it has not expired is for the caller to see."""
        return bool(_VERIFIERS[self.algorithms[0]].verify(signed, self._public, signature))


class CardSigningKey:
    """The private key that signs an agent's own card; it is read once, and goes nowhere else.

    Attributes:
        kid: The thumbprint of its public half.
        algorithm: EdDSA or ES256.
        jwk: Its public half, for whoever pins it.
        private: The key itself.
    """

    def __init__(self, private: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
        self.private = private
        public = private.public_key()
        if isinstance(public, Ed25519PublicKey):
            full = OKPAlgorithm.to_jwk(public, as_dict=True)
        else:
            full = ECAlgorithm.to_jwk(public, as_dict=True)
        parts = {name: full[name] for name in _PARTS[full["kty"]]}
        self.kid = thumbprint(parts)
        self.algorithm = ALGORITHMS[full["kty"], full["crv"]][0]
        self.jwk: Mapping[str, str] = parts | {"kid": self.kid, "use": "sig", "alg": self.algorithm}

    @classmethod
    def read(cls, pem: str) -> Self:
        """Reads the private key.

        Raises:
            ConfigurationError: if it is none that signs cards. The text says nothing of the key itself.
        """
        try:
            private = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if isinstance(private, Ed25519PrivateKey):
            return cls(private)
        if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
            return cls(private)
        raise ConfigurationError(
            "CARD_KEY is neither an Ed25519 nor a P-256 private key in PEM: make one with openssl genpkey."
        )

    @classmethod
    def generate(cls) -> Self:
        """A new Ed25519 key: its signature of a card is the same in every replica, and so is the card's entity tag."""
        return cls(Ed25519PrivateKey.generate())

    def private_pem(self) -> str:
        """The private key, for the file that it is kept in."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class CardRefusal(StrEnum):
    """Why a card is not taken of an agent whose keys are pinned; of several signatures, the first of these."""

    SIGNATURE = "card_signature"
    KEY_EXPIRED = "card_key_expired"
    ALGORITHM = "card_algorithm"
    HEADER = "card_signature_header"
    KEY_UNKNOWN = "card_key_unknown"
    UNSIGNED = "card_unsigned"
    NOT_CANONICAL = "card_not_canonical"


def card_signer(
    protected: str, payload: bytes, signature: str, *, keys: Mapping[str, CardKey], now: float
) -> CardKey | CardRefusal:
    """The key that a card was signed with, by one of its signatures: a JWS with its payload elsewhere (RFC 7515, F).

    `jku`, `jwk`, `x5u`, `x5c` and the unprotected header are not looked at: no key is taken from what it is to verify.

    Args:
        protected: The protected header, in base64url.
        payload: The card's bytes.
        signature: In base64url.
        keys: Those that are pinned for the agent, by name.
        now: Seconds since the epoch.
    """
    try:
        header, raw = parse_object(decode_base64url(protected)), decode_base64url(signature)
    except ValueError:
        return CardRefusal.HEADER
    algorithm, kid = header.get("alg"), header.get("kid")
    if "crit" in header or "b64" in header or str(header.get("typ", "JOSE")).upper() != "JOSE":
        return CardRefusal.HEADER  # something that is not understood must be, or it was signed as something else
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        return CardRefusal.KEY_UNKNOWN
    if algorithm not in key.algorithms:
        return CardRefusal.ALGORITHM
    if key.expires_at is not None and key.expires_at <= now:
        return CardRefusal.KEY_EXPIRED
    signed = f"{protected}.".encode() + base64.urlsafe_b64encode(payload).rstrip(b"=")
    return key if key.verifies(signed, raw) else CardRefusal.SIGNATURE


def thumbprint(parts: Mapping[str, Any]) -> str:
    """The thumbprint of a key (RFC 7638), of the members that it is made of alone."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
