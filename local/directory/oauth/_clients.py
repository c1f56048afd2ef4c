"""The applications that may ask people for access: one for each connection of the vault, with its own most scopes."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from local._vault_clients import vault_client

CONNECTIONS: Mapping[str, str] = {"account_lookup": "directory-read", "password_reset": "directory-manage"}
"""For each agent that acts here, the connection in `deploy/auth0/tenant.yaml` that leads here for it."""

SELF_SERVICE = frozenset(
    {
        *("openid", "profile", "email", "offline_access"),
        *("okta.users.read.self", "okta.users.manage.self", "okta.logs.read", "okta.policies.read"),
    }
)
"""What somebody without an administrator role can grant: what concerns themselves."""

_SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An application: whose, and the most that people can grant it."""

    client_id: str
    name: str
    scopes: frozenset[str]
    secret_digest: bytes

    def secret_matches(self, secret: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(self.secret_digest, _digest(secret))

    def grantable(self, scopes: Collection[str], *, is_administrator: bool) -> tuple[str, ...]:
        """Of the scopes asked for, in order, those that this client and this person can have."""
        most = self.scopes | _SIGN_IN_SCOPES
        return tuple(scope for scope in scopes if scope in most and (is_administrator or scope in SELF_SERVICE))


def load_clients(folder: Path, scopes: Mapping[str, frozenset[str]]) -> dict[str, OAuthClient]:
    """The applications by client id, one for each agent of `scopes`."""
    clients = {}
    for agent, most in scopes.items():
        made = vault_client(folder, CONNECTIONS.get(agent, agent))
        clients[made.client_id] = OAuthClient(made.client_id, agent, most, _digest(made.client_secret))
    return clients


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
