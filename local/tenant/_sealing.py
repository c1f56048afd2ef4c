"""What is kept of other systems' tokens is sealed: the database alone opens none of it."""

import json
import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from local._files import read_or_write

NONCE_BYTES = 12


class Sealing:
    """AES-256-GCM with a key from a private file; what is sealed under one name opens under no other.

    Args:
        path: Where the key is kept; made the first time.
    """

    def __init__(self, path: Path) -> None:
        key = read_or_write(path, lambda: b64encode(AESGCM.generate_key(256)).decode())
        self._cipher = AESGCM(b64decode(key))

    def seal(self, name: str, values: dict[str, Any]) -> bytes:
        """The values as bytes that nobody can read or change without the key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(values).encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> dict[str, Any]:
        """What was sealed under this name."""
        values: dict[str, Any] = json.loads(
            self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        )
        return values
