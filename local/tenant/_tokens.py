"""Access tokens in Auth0's dialects, ID tokens, and the check of tokens that this tenant signed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from local import _random
from local.tenant._clients import Client
from local.tenant._clock import Clock, iso
from local.tenant._database import Database
from local.tenant._people import User
from local.tenant._signing_keys import SigningKeys
from local.tenant.definition import ResourceServer

ALGORITHM = "RS256"
JTI_LENGTH = 22
OPAQUE_TOKEN_LIFETIME = 86400
LOGOUT_TOKEN_LIFETIME = 120
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class TokenRejected(Exception):
    """A token that this tenant did not issue, or that is not valid now; the text says which, for the log."""


@dataclass(frozen=True, slots=True)
class Issuance:
    """What an access token is to say.

    Args:
        client: Whom it is issued to.
        api: What it is for.
        subject: The `sub`.
        scopes: In the order in which they are written.
        permissions: What the subject may do at this API; written only where the API adds them.
        grant: The value of `gty` in Auth0's own dialect, where this grant has one.
        with_userinfo: Whether it is also for the userinfo endpoint.
        act: The chain of actors (RFC 8693 §4.1).
        expires_at: The latest it may live, in seconds since the epoch.
        authorization_details: What exactly was approved (RFC 9396 §9.1).
    """

    client: Client
    api: ResourceServer
    subject: str
    scopes: Sequence[str]
    permissions: Sequence[str] = ()
    grant: str | None = None
    with_userinfo: bool = False
    act: Mapping[str, Any] | None = None
    expires_at: float | None = None
    authorization_details: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token, with what the token response says of it."""

    token: str
    expires_in: int
    token_id: str | None


class Tokens:
    """Signs and checks tokens of this issuer."""

    def __init__(self, issuer: str, keys: SigningKeys, database: Database, clock: Clock) -> None:
        self.issuer = issuer
        self._keys = keys
        self._database = database
        self._clock = clock
        self._since = database.remember("created_at", lambda: iso(clock()))

    @property
    def userinfo_audience(self) -> str:
        """The audience of tokens for the userinfo endpoint."""
        return f"{self.issuer}userinfo"

    @property
    def management_audience(self) -> str:
        """The audience of tokens for the Management API."""
        return f"{self.issuer}api/v2/"

    @property
    def my_account_audience(self) -> str:
        """The audience of tokens for the My Account API."""
        return f"{self.issuer}me/"

    def access_token(self, issuance: Issuance) -> IssuedToken:
        """Issues a JWT access token in the API's dialect."""
        api, now = issuance.api, int(self._clock())
        expires_at = now + api.token_lifetime
        if issuance.expires_at is not None:
            expires_at = min(expires_at, int(issuance.expires_at))
        audience: str | list[str] = api.identifier
        if issuance.with_userinfo:
            audience = [api.identifier, self.userinfo_audience]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": issuance.subject,
            "aud": audience,
            "iat": now,
            "exp": expires_at,
        }
        if issuance.scopes:
            claims["scope"] = " ".join(issuance.scopes)
        token_id = None
        if api.is_rfc9068:
            token_id = _random.identifier(JTI_LENGTH)
            claims |= {"jti": token_id, "client_id": issuance.client.client_id}
        else:
            if issuance.grant is not None:
                claims["gty"] = issuance.grant
            claims["azp"] = issuance.client.client_id
        if issuance.act is not None:
            claims["act"] = dict(issuance.act)
        if issuance.authorization_details is not None:
            claims["authorization_details"] = [dict(details) for details in issuance.authorization_details]
        if api.adds_permissions:
            claims["permissions"] = list(issuance.permissions)
        typ = "at+jwt" if api.is_rfc9068 else "JWT"
        token = self._sign(claims, typ) if api.signing_alg == ALGORITHM else self._authenticate(claims, typ, api)
        return IssuedToken(token, expires_at - now, token_id)

    def opaque_token(self, client: Client, user: User, scopes: Sequence[str]) -> IssuedToken:
        """Issues a token for the userinfo endpoint alone, as when no audience is asked for."""
        token = _random.opaque_token()
        self._database.execute(
            "insert into opaque_tokens values (?, ?, ?, ?, ?)",
            *(_random.digest(token), client.client_id, user.user_id, " ".join(scopes)),
            self._clock() + OPAQUE_TOKEN_LIFETIME,
        )
        return IssuedToken(token, OPAQUE_TOKEN_LIFETIME, None)

    def id_token(
        self,
        client: Client,
        user: User,
        scopes: Sequence[str],
        *,
        sid: str,
        nonce: str | None = None,
        auth_time: float | None = None,
    ) -> str:
        """Issues an ID token (OpenID Connect Core 1.0 §2); `auth_time` is given where `max_age` was asked for."""
        now = int(self._clock())
        claims: dict[str, Any] = self.profile(user, scopes) | {
            "iss": self.issuer,
            "aud": client.client_id,
            "sub": user.user_id,
            "iat": now,
            "exp": now + client.definition.jwt_configuration.lifetime_in_seconds,
            "sid": sid,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if auth_time is not None:
            claims["auth_time"] = int(auth_time)
        return self._sign(claims, "JWT")

    def logout_token(self, client: Client, user_id: str, sid: str) -> str:
        """Issues a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4), with Auth0's type and lifetime."""
        now = int(self._clock())
        claims = {
            "iss": self.issuer,
            "sub": user_id,
            "aud": client.client_id,
            "iat": now,
            "exp": now + LOGOUT_TOKEN_LIFETIME,
            "jti": str(uuid.uuid4()),
            "events": {LOGOUT_EVENT: {}},
            "trace_id": _random.identifier(16, "0123456789abcdef"),
            "sid": sid,
        }
        return self._sign(claims, "JWT")

    def profile(self, user: User, scopes: Sequence[str]) -> dict[str, Any]:
        """The claims about a person that the scopes `profile` and `email` ask for."""
        claims: dict[str, Any] = {}
        if "profile" in scopes:
            initials = "".join(part[0] for part in (user.given_name, user.family_name) if part).lower()
            claims |= {
                "given_name": user.given_name,
                "family_name": user.family_name,
                "nickname": user.login,
                "name": user.name,
                "picture": f"{self.issuer}avatars/{initials}.svg",
                "updated_at": self._since,
            }
        if "email" in scopes:
            claims |= {"email": user.email, "email_verified": True}
        return claims

    def verify(self, token: str, *, leeway: float = 0) -> dict[str, Any]:
        """Checks signature, algorithm, issuer and time of a JWT of this tenant.

        It does not check what the token is for: `aud`, `typ` and the claims are the caller's to look at.

        Raises:
            TokenRejected: if any of it fails.
        """
        claims = self._verified(token)
        now = self._clock()
        if not isinstance(claims.get("exp"), int) or claims["exp"] + leeway <= now:
            raise TokenRejected("expired")
        return claims

    def verify_hint(self, token: str) -> dict[str, Any]:
        """Checks an ID token that is used as a hint, which may have expired (OpenID Connect RP-Initiated Logout §4).

        Raises:
            TokenRejected: if this tenant did not sign it.
        """
        return self._verified(token)

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.verifying(str(header.get("kid")))
            if key is None:
                raise TokenRejected("unknown key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key.public_key(),
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                options={  # times are checked against this tenant's own clock
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenRejected(f"invalid: {type(error).__name__}") from error
        return claims

    def _sign(self, claims: Mapping[str, Any], typ: str) -> str:
        key = self._keys.current
        return jwt.encode(dict(claims), key.key, algorithm=ALGORITHM, headers={"typ": typ, "kid": key.kid})

    def _authenticate(self, claims: Mapping[str, Any], typ: str, api: ResourceServer) -> str:
        """A token with a secret that the API would have to share with the tenant, as HS256 does."""
        secret = self._database.remember(f"signing_secret {api.identifier}", _random.opaque_token)
        return jwt.encode(dict(claims), secret, algorithm=api.signing_alg, headers={"typ": typ})


def is_machine(claims: Mapping[str, Any]) -> bool:
    """Whether an access token of this tenant is a client's own rather than a person's."""
    return str(claims.get("sub", "")).endswith("@clients") or claims.get("gty") == "client-credentials"


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The `aud` claim as a tuple."""
    value = claims.get("aud")
    return (value,) if isinstance(value, str) else tuple(value or ())
