"""The chain: each record holds the hash of all before it, and seals sign where the chain has come to.

A writer is one process. Its records are numbered from 1. The hash of a record is SHA-256 over the hash of the one
before and the record's own bytes, which name the writer and the number, so that none can be changed, left out, moved
or put in between without breaking the chain. A seal is an Ed25519 signature (RFC 8032) over the writer, a number and
the hash there: whoever cannot sign cannot make a chain anew. What a seal cannot show is that the end of a chain was
cut off together with its seals; for that the newest seals are kept elsewhere as well (an anchor).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.errors import ConfigurationError

_PURPOSES: Final = {False: b"helpdesk audit seal v1\n", True: b"helpdesk audit expiry v1\n"}
_START: Final = b"helpdesk audit chain v1\n"
_NAMING: Final = b"helpdesk audit names v1\n"
_KEY_ID_CHARACTERS: Final = 16


class Record(NamedTuple):
    """A record as it is stored: its bytes, canonical JSON (RFC 8785), and the hash of the chain up to and with it."""

    writer: str
    sequence: int
    body: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature on where a chain had come to.

    Attributes:
        writer: Whose chain.
        sequence: The number of the last record.
        hash: The chain's hash there.
        key_id: Which key signed.
        signature: Ed25519, 64 bytes.
        expiry: It says that the records up to this one were deleted when they were old, and no more than that: so that
            no ordinary seal can be passed off as leave to delete.
    """

    writer: str
    sequence: int
    hash: bytes
    key_id: str
    signature: bytes
    expiry: bool = False

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return _PURPOSES[self.expiry] + f"{self.writer}\n{self.sequence}\n{self.hash.hex()}".encode()


def beginning(writer: str) -> bytes:
    """The hash before a writer's first record."""
    return hashlib.sha256(_START + writer.encode()).digest()


def canonical(members: Mapping[str, Any]) -> bytes:
    """JSON in its canonical form (RFC 8785).

    For what events are made of, that is what `orjson` writes: member names in ASCII, strings, and whole numbers below
    2^53. Tests hold it against the `rfc8785` package, which takes sixty times as long. Half of a surrogate pair, which
    has no form in UTF-8, becomes a question mark.
    """
    try:
        return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "replace")


def members_of(record: Record) -> dict[str, Any]:
    """What a record says. Whether it was changed is for `verify` to say."""
    members: dict[str, Any] = json.loads(record.body)
    return members


def link(before: bytes, body: bytes) -> bytes:
    """The hash of the chain with one more record."""
    return hashlib.sha256(before + body).digest()


class SealingKey:
    """Signs seals; the private half is read from a PEM file and goes nowhere else."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key_id = key_id(private.public_key())
        raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        self.naming_key = hashlib.sha256(_NAMING + raw).digest()
        """For keyed hashes that name tokens; of another purpose, and nothing that can be signed with."""

    @classmethod
    def read(cls, pem: str) -> Self:
        """Reads the private key.

        Raises:
            ConfigurationError: if it is none.
        """
        try:
            private = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError):
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigurationError("AUDIT_KEY is not an Ed25519 private key in PEM: make one with openssl genpkey.")
        return cls(private)

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    def private_pem(self) -> str:
        """The private key, for the file that it is kept in."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def public_pem(self) -> str:
        """The public key, for whoever verifies."""
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def seal(self, writer: str, sequence: int, chained: bytes, *, expiry: bool = False) -> Seal:
        """Signs where a chain has come to, or up to where it was deleted."""
        unsigned = Seal(writer, sequence, chained, self.key_id, b"", expiry)
        return replace(unsigned, signature=self._private.sign(unsigned.signed_bytes()))


class VerifyingKeys:
    """The public keys that seals may be signed with: the present one and, after rotations, those before it."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def read(cls, files: list[Path]) -> Self:
        """Reads public keys in PEM.

        Raises:
            ConfigurationError: if a file holds none.
        """
        keys: dict[str, Ed25519PublicKey] = {}
        for file in files:
            try:
                public = load_pem_public_key(file.read_bytes())
            except (OSError, ValueError):
                public = None
            if not isinstance(public, Ed25519PublicKey):
                raise ConfigurationError(f"{file.name} holds no Ed25519 public key in PEM: name another file.")
            keys[key_id(public)] = public
        return cls(keys)

    @classmethod
    def of(cls, *keys: SealingKey) -> Self:
        """The public halves of some keys."""
        return cls({key.key_id: _public(key.public_pem()) for key in keys})

    def accepts(self, seal: Seal) -> bool:
        """Whether one of the keys signed the seal."""
        public = self._keys.get(seal.key_id)
        if public is None:
            return False
        try:
            public.verify(seal.signature, seal.signed_bytes())
        except InvalidSignature:
            return False
        return True


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key: the start of the SHA-256 of its raw bytes, in hexadecimal."""
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:_KEY_ID_CHARACTERS]


def _public(pem: str) -> Ed25519PublicKey:
    public = load_pem_public_key(pem.encode())
    assert isinstance(public, Ed25519PublicKey)  # noqa: S101 -- made by us; this tells the type checker
    return public
