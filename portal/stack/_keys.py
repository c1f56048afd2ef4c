"""The keys that seal what is kept on this machine: each part's own, made on its first start."""

import base64
import json
import secrets
import threading
from pathlib import Path
from typing import Any, Final

from portal._private_files import write_private

PRIVATE: Final = "audit-key.pem"
SESSIONS: Final = "session-key"
PUBLIC: Final = "audit-keys"
"""A folder of public keys: the present one and, after rotations, those before it."""
CARD: Final = "card-key.pem"
CARD_KEYS: Final = "card-keys.json"
"""The public half, as a JSON Web Key Set: what the supervisor pins."""

_making: Final = threading.Lock()
"""A subagent's card key is wanted by the supervisor as well, at the same time: whoever comes first makes it."""


def keep_audit_key(folder: Path) -> Path:
    """The file of an agent's private key; made, with its public half beside it, where it is not there.

    Args:
        folder: The agent's own.
    """
    path = folder / PRIVATE
    if not path.exists():
        from shared.audit import SealingKey  # noqa: PLC0415 -- heavy, and needed once

        key = SealingKey.generate()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / PUBLIC).mkdir(mode=0o700, exist_ok=True)
        write_private(folder / PUBLIC / f"{key.key_id}.pem", key.public_pem())
        write_private(path, key.private_pem())
    return path


def keep_card_key(folder: Path) -> Path:
    """The file of the private key that signs an agent's card; made, with its public half, where it is not there.

    Args:
        folder: The agent's own.
    """
    from shared.identity import CardSigningKey  # noqa: PLC0415 -- heavy

    path = folder / CARD
    with _making:
        if not path.exists():
            key = CardSigningKey.generate()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(folder / CARD_KEYS, json.dumps({"keys": [key.jwk]}))
            write_private(path, key.private_pem())
    return path


def card_keys(folder: Path) -> Any:
    """The public keys that an agent's card is signed with.

    Args:
        folder: The agent's own.
    """
    return json.loads((keep_card_key(folder).parent / CARD_KEYS).read_text(encoding="utf-8"))


def keep_session_key(folder: Path) -> Path:
    """The file of the key that seals the web chat's sessions; made where it is not there.

    Args:
        folder: The web chat's own.
    """
    path = folder / SESSIONS
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, base64.b64encode(secrets.token_bytes(32)).decode())
    return path
