"""The keys that seal the agents' audit trails on this machine: each agent's own, made on its first start."""

from pathlib import Path
from typing import Final

from portal._private_files import write_private

PRIVATE: Final = "audit-key.pem"
PUBLIC: Final = "audit-keys"
"""A folder of public keys: the present one and, after rotations, those before it."""


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
