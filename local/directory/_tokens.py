"""Who calls, and with which scopes: the one place that knows how a bearer token is checked.

Each agent has an opaque token of its own, made at first run. A check of access tokens that an authorization
server issued is another `TokenCheck`; nothing else in the directory needs to change for it.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local.directory._errors import OktaError
from local.directory._identifiers import identifier

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for: the client that holds it, and what that client may do."""

    client_id: str
    client_name: str
    token_id: str
    scopes: frozenset[str]


class TokenCheck(Protocol):
    """Finds what a bearer token stands for."""

    async def __call__(self, token: str) -> Grant | None:
        """The grant, or None when the token is unknown, expired or meant for somebody else."""


class StaticTokens:
    """Opaque tokens, one for each agent, in files that only the owner can read; kept in memory as digests."""

    def __init__(self, folder: Path, scopes: Mapping[str, frozenset[str]]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._grants: dict[bytes, Grant] = {}
        for agent, granted in scopes.items():
            digest = _digest(_token_of(folder / agent))
            self._grants[digest] = Grant(
                client_id=identifier("0oa", agent),
                client_name=agent,
                token_id=identifier("00T", digest.hex()),
                scopes=granted,
            )

    async def __call__(self, token: str) -> Grant | None:
        """Looks the token up by its digest, so that the time it takes tells nothing about the tokens held."""
        return self._grants.get(_digest(token))


def bearer_token(authorization: list[str]) -> str:
    """The token of the only `Authorization` header (RFC 6750 §2.1).

    Raises:
        OktaError: E0000011 where there is none, more than one, or another scheme.
    """
    scheme, _, token = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise OktaError("E0000011", headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def challenge(error: str, description: str, *, base_url: str, scope: str, resource: str) -> dict[str, str]:
    """The `WWW-Authenticate` header in Okta's form (RFC 6750 §3)."""
    return {
        "WWW-Authenticate": (
            f'Bearer authorization_uri="{base_url}/oauth2/v1/authorize", realm="{base_url}", scope="{scope}", '
            f'error="{error}", error_description="{description}", resource="{resource}"'
        )
    }


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token_of(path: Path) -> str:
    """Reads the token in a file, which is made when it is not there."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_TOKEN_BYTES))
    return path.read_text(encoding="ascii").strip()
