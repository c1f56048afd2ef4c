"""Tokens: issued to applications on people's behalf, rotated, checked, revoked (RFC 6749, RFC 7009, RFC 7662)."""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from local import _random
from local.directory.oauth._clients import OAuthClient
from local.directory.oauth._keys import SigningKey, TokenRejected
from local.directory.oauth._store import Store

ACCESS_LIFETIME = 3600
REFRESH_LIFETIME = 90 * 24 * 3600
CODE_LIFETIME = 60
TRANSACTION_LIFETIME = 600
SESSION_LIFETIME = 2 * 3600


class OAuthRefusal(Exception):
    """A refusal in OAuth's form (RFC 6749 §5.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class UserGrant:
    """What a token stands for: a person, and the application that acts for them; or a program that acts for nobody."""

    user_id: str
    login: str
    client_id: str
    client_name: str
    token_id: str
    scopes: frozenset[str]
    is_service: bool = False


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A token response (RFC 6749 §5.1)."""

    access_token: str
    token_id: str
    grant_id: str
    refresh_token: str | None
    id_token: str | None
    scopes: tuple[str, ...]

    def body(self) -> dict[str, Any]:
        """The response, as Okta writes it."""
        body: dict[str, Any] = {"token_type": "Bearer", "expires_in": ACCESS_LIFETIME}
        body |= {"access_token": self.access_token, "scope": " ".join(self.scopes)}
        if self.refresh_token is not None:
            body["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            body["id_token"] = self.id_token
        return body


class AuthorizationServer:
    """Issues and checks the directory's own tokens.

    Args:
        issuer: The organisation's URL, without a slash at its end; the audience of access tokens, too.
        key: Signs them.
        store: Keeps what was issued.
        clients: The applications, by client id.
        callbacks: Where codes may be sent.
        login_of: A user's login; None where there is no such user.
        may_be_used: Whether a user's account is one to sign in with, and to renew access to.
        secrets: What people prove themselves with, by login.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        issuer: str,
        key: SigningKey,
        store: Store,
        clients: Mapping[str, OAuthClient],
        *,
        callbacks: Collection[str],
        login_of: Callable[[str], str | None],
        may_be_used: Callable[[str], bool],
        secrets: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self.issuer = issuer
        self.key = key
        self.store = store
        self.clients = clients
        self.callbacks = frozenset(callbacks)
        self._login_of = login_of
        self.may_be_used = may_be_used
        self._secrets = {login: hashlib.sha256(secret.encode()).digest() for login, secret in secrets.items()}
        self.clock = clock

    def proves(self, login: str, secret: str) -> bool:
        """Whether somebody is who they say; takes as long for who is not here."""
        expected = self._secrets.get(login.strip().lower().partition("@")[0])
        given = hashlib.sha256(secret.encode()).digest()
        return hmac.compare_digest(expected or bytes(32), given) and expected is not None

    def authenticate(self, client_id: str | None, secret: str | None) -> OAuthClient:
        """The application that asks.

        Raises:
            OAuthRefusal: `invalid_client`.
        """
        client = self.clients.get(client_id or "")
        if client is None or secret is None or not client.secret_matches(secret):
            raise OAuthRefusal("invalid_client", "The client secret supplied for a client is invalid.", status=401)
        return client

    def grant(
        self, client: OAuthClient, user_id: str, scopes: Collection[str], *, nonce: str | None = None
    ) -> IssuedTokens:
        """Issues tokens for what a person has agreed to.

        Raises:
            OAuthRefusal: `invalid_grant` where the account may not be used.
        """
        grant_id = f"oag{_random.identifier(17)}"
        self.store.execute(
            "INSERT INTO grants (id, client_id, user_id, granted_at) VALUES (?, ?, ?, ?)",
            *(grant_id, client.client_id, user_id, self.clock()),
        )
        return self._issue(client, user_id, grant_id, tuple(scopes), nonce=nonce)

    def refresh(self, client: OAuthClient, refresh_token: str, scopes: Collection[str] | None) -> IssuedTokens:
        """Renews tokens; the refresh token is replaced, and one that comes again ends the whole grant.

        Raises:
            OAuthRefusal: `invalid_grant`, or `invalid_scope` for more than was agreed to.
        """
        refused = OAuthRefusal("invalid_grant", "The refresh token is invalid or expired.")
        now = self.clock()
        row = self.store.one(
            "SELECT * FROM refresh_tokens JOIN grants ON grants.id = grant_id WHERE digest = ? AND client_id = ?",
            *(_random.digest(refresh_token), client.client_id),
        )
        if row is None or row["revoked_at"] is not None or row["expires_at"] <= now:
            raise refused
        if row["used_at"] is not None:
            self.revoke_grant(row["grant_id"])
            raise refused
        # What the application may have today counts, and not what it might when the person agreed.
        granted = tuple(scope for scope in row["scope"].split() if client.grantable((scope,), is_administrator=True))
        if scopes is not None:
            if not set(scopes) <= set(granted):
                raise OAuthRefusal("invalid_scope", "The requested scope exceeds what was granted.")
            granted = tuple(scope for scope in granted if scope in scopes)
        with self.store.transaction():
            self.store.execute("UPDATE refresh_tokens SET used_at = ? WHERE digest = ?", now, row["digest"])
            return self._issue(client, row["user_id"], row["grant_id"], granted)

    def check(self, token: str) -> UserGrant | None:
        """What an access token stands for; None where it is not ours, not for us, expired or revoked."""
        try:
            claims = self.key.verify(token, issuer=self.issuer, audience=self.issuer, now=self.clock())
        except TokenRejected:
            return None
        row = self.store.one(
            "SELECT access_tokens.revoked_at AS token_end, grants.revoked_at AS grant_end FROM access_tokens "
            "JOIN grants ON grants.id = grant_id WHERE access_tokens.id = ?",
            claims["jti"],
        )
        client, login = self.clients.get(claims["cid"]), self._login_of(claims["uid"])
        if row is None or row["token_end"] is not None or row["grant_end"] is not None:
            return None
        if client is None or login is None:
            return None
        return UserGrant(claims["uid"], login, client.client_id, client.name, claims["jti"], frozenset(claims["scp"]))

    def introspect(self, client: OAuthClient, token: str) -> dict[str, Any]:
        """What there is to say of a token (RFC 7662 §2.2): of another application's, that it is not active."""
        found = self.check(token)
        if found is None or found.client_id != client.client_id:
            return {"active": False}
        return {
            "active": True,
            "token_type": "Bearer",
            "scope": " ".join(sorted(found.scopes)),
            "client_id": found.client_id,
            "username": found.login,
            "sub": found.login,
            "uid": found.user_id,
            "iss": self.issuer,
            "aud": self.issuer,
            "jti": found.token_id,
        }

    def revoke(self, client: OAuthClient, token: str) -> str | None:
        """Ends a token of this application's, and with a refresh token all of its grant (RFC 7009 §2.1).

        Returns:
            Whose it was, if it was one.
        """
        row = self.store.one(
            "SELECT grants.id, user_id FROM refresh_tokens JOIN grants ON grants.id = grant_id "
            "WHERE digest = ? AND client_id = ?",
            *(_random.digest(token), client.client_id),
        )
        if row is not None:
            self.revoke_grant(row["id"])
            return str(row["user_id"])
        found = self.check(token)
        if found is None or found.client_id != client.client_id:
            return None
        self.store.execute("UPDATE access_tokens SET revoked_at = ? WHERE id = ?", self.clock(), found.token_id)
        return found.user_id

    def revoke_user(self, user_id: str) -> int:
        """Ends all that a user has granted, as the administrator of the directory can; how many grants."""
        return self.store.execute(
            "UPDATE grants SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL", self.clock(), user_id
        )

    def revoke_grant(self, grant_id: str) -> None:
        """Ends a grant, and every token that came of it."""
        self.store.execute(
            "UPDATE grants SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", self.clock(), grant_id
        )

    def _issue(
        self,
        client: OAuthClient,
        user_id: str,
        grant_id: str,
        scopes: tuple[str, ...],
        *,
        nonce: str | None = None,
    ) -> IssuedTokens:
        login = self._login_of(user_id)
        if login is None or not self.may_be_used(user_id):
            raise OAuthRefusal("invalid_grant", "The user's account cannot be used.")
        now, token_id = self.clock(), f"AT.{_random.identifier(43)}"
        claims: dict[str, Any] = {"ver": 1, "iss": self.issuer, "sub": login, "iat": int(now)}
        claims["exp"] = int(now) + ACCESS_LIFETIME
        access = claims | {"jti": token_id, "aud": self.issuer, "cid": client.client_id, "uid": user_id}
        self.store.execute(
            "INSERT INTO access_tokens (id, grant_id, expires_at) VALUES (?, ?, ?)", token_id, grant_id, claims["exp"]
        )
        self.store.execute("DELETE FROM access_tokens WHERE expires_at < ?", now - ACCESS_LIFETIME)
        refresh_token = id_token = None
        if "offline_access" in scopes:
            refresh_token = _random.client_secret()
            self.store.execute(
                "INSERT INTO refresh_tokens (digest, grant_id, scope, expires_at) VALUES (?, ?, ?, ?)",
                *(_random.digest(refresh_token), grant_id, " ".join(scopes), now + REFRESH_LIFETIME),
            )
        if "openid" in scopes:
            identity = claims | {"sub": user_id, "aud": client.client_id, "jti": f"ID.{_random.identifier(43)}"}
            id_token = self.key.sign(identity | ({"nonce": nonce} if nonce is not None else {}))
        token = self.key.sign(access | {"scp": list(scopes)})
        return IssuedTokens(token, token_id, grant_id, refresh_token, id_token, scopes)
