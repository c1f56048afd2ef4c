"""Refresh tokens: rotated at each use, in families that end when an old one comes back.

https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation
"""

import json
from dataclasses import dataclass
from typing import Any

from local import _random
from local.tenant._clock import Clock
from local.tenant._database import Database
from local.tenant.definition import RefreshTokenPolicy

MAX_TOKENS = 200
FAMILY_LENGTH = 22


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """What a refresh token stands for. `sid` and `authenticated_at` are those of the sign-in that it came from."""

    client_id: str
    user_id: str
    audience: str | None
    scope: tuple[str, ...]
    sid: str
    authenticated_at: float


@dataclass(frozen=True, slots=True)
class StoredRefreshToken:
    """A refresh token as it is kept."""

    digest: str
    family: str
    grant: RefreshGrant
    expires_at: float | None
    idle_expires_at: float | None
    used_at: float | None
    parent: str | None


class RefreshTokens:
    """Refresh tokens by value."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def issue(self, grant: RefreshGrant, policy: RefreshTokenPolicy) -> tuple[str, str, int]:
        """Makes the first token of a family.

        Returns:
            The token, the family, and how many older tokens of this person and client were dropped to make room.
        """
        now = self._clock()
        expires_at = None
        if policy.expiration_type == "expiring" and not policy.infinite_token_lifetime:
            expires_at = now + policy.token_lifetime
        family = _random.identifier(FAMILY_LENGTH)
        with self._database.transaction():
            self._forget_expired(now)
            token = self._insert(grant, policy, family, expires_at, parent=None)
            dropped = self._database.execute(
                "delete from refresh_tokens where user_id = ? and client_id = ? and used_at is null and digest not in ("
                "select digest from refresh_tokens where user_id = ? and client_id = ? and used_at is null "
                "order by created_at desc, rowid desc limit ?)",
                *(grant.user_id, grant.client_id, grant.user_id, grant.client_id, MAX_TOKENS),
            )
        return token, family, dropped

    def find(self, token: str, client_id: str) -> StoredRefreshToken | None:
        """An unexpired token of this client, used or not."""
        row = self._database.row(
            "select * from refresh_tokens where digest = ? and client_id = ?", _random.digest(token), client_id
        )
        if row is None:
            return None
        data: dict[str, Any] = json.loads(row["data"])
        grant = RefreshGrant(client_id, row["user_id"], row["audience"] or None, tuple(row["scope"].split()), **data)
        stored = StoredRefreshToken(
            row["digest"],
            row["family"],
            grant,
            row["expires_at"],
            row["idle_expires_at"],
            row["used_at"],
            row["parent"],
        )
        now = self._clock()
        ends = [end for end in (stored.expires_at, stored.idle_expires_at) if end is not None]
        return stored if all(end > now for end in ends) else None

    def touch(self, stored: StoredRefreshToken, policy: RefreshTokenPolicy) -> None:
        """Counts a use of a token that is not rotated: it starts its idle time anew."""
        self._database.execute(
            "update refresh_tokens set idle_expires_at = ? where digest = ?", self._idle_end(policy), stored.digest
        )

    def may_be_used_again(self, stored: StoredRefreshToken, policy: RefreshTokenPolicy) -> bool:
        """Whether a used token may be used once more: within the leeway, and only while its successors are unused."""
        if stored.used_at is None or self._clock() > stored.used_at + policy.leeway:
            return False
        successor_used = self._database.row(
            "select 1 from refresh_tokens where parent = ? and used_at is not null", stored.digest
        )
        return policy.leeway > 0 and successor_used is None

    def rotate(self, stored: StoredRefreshToken, policy: RefreshTokenPolicy) -> str:
        """Replaces a token by the next of its family; the family's lifetime does not grow."""
        with self._database.transaction():
            self._database.execute(
                "update refresh_tokens set used_at = coalesce(used_at, ?) where digest = ?",
                self._clock(),
                stored.digest,
            )
            return self._insert(stored.grant, policy, stored.family, stored.expires_at, parent=stored.digest)

    def revoke_family(self, family: str) -> None:
        """Ends all tokens that descend from one sign-in."""
        self._database.execute("delete from refresh_tokens where family = ?", family)

    def revoke_grant(self, grant: RefreshGrant) -> None:
        """Ends all tokens of this person, client and audience."""
        self._database.execute(
            "delete from refresh_tokens where user_id = ? and client_id = ? and audience = ?",
            *(grant.user_id, grant.client_id, grant.audience or ""),
        )

    def _insert(
        self,
        grant: RefreshGrant,
        policy: RefreshTokenPolicy,
        family: str,
        expires_at: float | None,
        *,
        parent: str | None,
    ) -> str:
        token = _random.refresh_token()
        data = json.dumps({"sid": grant.sid, "authenticated_at": grant.authenticated_at})
        self._database.execute(
            "insert into refresh_tokens (digest, family, client_id, user_id, audience, scope, data, created_at, "
            "expires_at, idle_expires_at, parent) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(_random.digest(token), family, grant.client_id, grant.user_id, grant.audience or ""),
            *(" ".join(grant.scope), data, self._clock(), expires_at, self._idle_end(policy), parent),
        )
        return token

    def _idle_end(self, policy: RefreshTokenPolicy) -> float | None:
        if policy.expiration_type != "expiring" or policy.infinite_idle_token_lifetime:
            return None
        return self._clock() + policy.idle_token_lifetime

    def _forget_expired(self, now: float) -> None:
        self._database.execute("delete from refresh_tokens where expires_at < ? or idle_expires_at < ?", now, now)
