"""What is kept of people's sign-ins is sealed: without the key, neither a session nor a cookie can be read or made."""

import hmac
import json
import os
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES: Final = 12


class Sealing:
    """AES-256-GCM and HMAC-SHA-256, each with a key derived from one.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(_derived(key, b"helpdesk web sealing"))
        self._mac_key = _derived(key, b"helpdesk web forms")

    def seal(self, name: str, values: dict[str, Any]) -> bytes:
        """The values, which open under this name alone."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(values).encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> dict[str, Any] | None:
        """What was sealed under this name; None if it was not, or with another key."""
        try:
            opened = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            return None
        values: dict[str, Any] = json.loads(opened)
        return values

    def mark(self, name: str) -> str:
        """What stands for a name, and cannot be made without the key."""
        return hmac.digest(self._mac_key, name.encode(), "sha256").hex()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(key)
