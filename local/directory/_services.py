"""Programs that act for nobody: an operator's tools, which read everybody to keep another system in step.

As Okta's API service applications, they have a role of their own. Each has a token in a file that its owner alone can
read; no agent has one, and none of these may act.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from local import _random
from local._files import read_or_write
from local.directory._identifiers import identifier
from local.directory.oauth import UserGrant

SERVICES: Mapping[str, frozenset[str]] = {"relationships": frozenset({"okta.users.read", "okta.groups.read"})}


class ServiceTokens:
    """The tokens of such programs, by digest.

    Args:
        folder: Where their files are, and are made at first run.
    """

    def __init__(self, folder: Path) -> None:
        self._grants: dict[bytes, UserGrant] = {}
        for name, scopes in SERVICES.items():
            digest = _digest(read_or_write(folder / name, _random.client_secret))
            client_id = identifier("0oa", name)
            self._grants[digest] = UserGrant(
                client_id, name, client_id, name, identifier("00T", digest.hex()), scopes, is_service=True
            )

    def check(self, token: str) -> UserGrant | None:
        """What a token stands for; None where it is none of these."""
        return self._grants.get(_digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
