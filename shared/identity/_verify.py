"""Verification of access tokens: signature, header and claims, and the memory of what was verified."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import ConfigurationError
from shared.identity import _claims
from shared.identity._jwks import SIGNING_ALGORITHMS, JwksCache, VerificationKey
from shared.identity._principal import SEAL, Principal
from shared.identity._raw_token import RawToken
from shared.identity._signed_token import MAX_TOKEN_BYTES, signed_claims

MAX_LEEWAY_SECONDS: Final = 10
ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""`typ` in lower case: RFC 9068 §2.1, and `JWT` of Auth0's own dialect."""


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    key: VerificationKey


class TokenVerifier:
    """Turns an access token of one issuer for one audience into a `Principal`.

    Checked, each with its own `reason` on `InvalidToken`: length and form; `alg` (of a fixed list, and the key's own),
    `typ`, `crit`, `kid`; the signature by a key that the issuer publishes; `iss` and `aud`, exactly; `exp`, `nbf`,
    `iat`; `sub`; `client_id` or `azp`; `scope`, `permissions` and `act` in form; no mark of another kind of token; not
    sender-constrained.

    Not checked here: whether the scopes suffice for the act, whether the client or the actors may call (that is the
    door's), whether a token was revoked before it expired or seen before (bearer tokens are meant to be reused),
    whether the subject still exists, and `auth_time`, `acr`, `org_id` and what `authorization_details` say.

    Args:
        issuer: `iss`, exactly.
        audience: What `aud` must be or hold, exactly: our own API identifier.
        keys: The issuer's keys.
        algorithms: RS256, PS256, or both.
        leeway: How far the issuer's clock may be off, in seconds; at most 10.
        clock: Seconds since the epoch.
        max_token_bytes: Longer tokens are refused unread.
        cache_size: How many verified tokens are remembered.
        fingerprint_key: Names tokens without `jti` the same in several processes.

    Raises:
        ConfigurationError: an argument is unsafe.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: JwksCache,
        *,
        algorithms: Sequence[str] = SIGNING_ALGORITHMS,
        leeway: float = MAX_LEEWAY_SECONDS,
        clock: Callable[[], float] = time.time,
        max_token_bytes: int = MAX_TOKEN_BYTES,
        cache_size: int = 4096,
        fingerprint_key: bytes | None = None,
    ) -> None:
        if not algorithms or not set(algorithms) <= set(SIGNING_ALGORITHMS):
            raise ConfigurationError(f"algorithms may be {', '.join(SIGNING_ALGORITHMS)} and nothing else.")
        if not 0 <= leeway <= MAX_LEEWAY_SECONDS:
            raise ConfigurationError(f"leeway is between 0 and {MAX_LEEWAY_SECONDS} seconds.")
        if not audience or issuer != keys.issuer:
            raise ConfigurationError("A verifier needs an audience, and the issuer whose keys it is given.")
        self.issuer = issuer
        self.audience = audience
        self._keys = keys
        self._algorithms = frozenset(algorithms)
        self._leeway = leeway
        self._clock = clock
        self._max_token_bytes = max_token_bytes
        self._cache_size = cache_size
        self._fingerprint_key = fingerprint_key
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def cached(self, token: RawToken) -> Principal | None:
        """The principal of a token verified before, if it still holds; never waits.

        A token is forgotten when it expires (with the leeway), when the issuer withdraws its key, and when the keys
        are too old to be trusted. Called on the event loop.
        """
        digest = token.digest()
        verified = self._verified.get(digest)
        if verified is None:
            return None
        if (
            self._clock() >= verified.principal.expires_at + self._leeway
            or self._keys.current(verified.key.kid) is not verified.key
        ):
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return verified.principal

    async def verify(self, token: RawToken) -> Principal:
        """The principal that the token names.

        Raises:
            InvalidToken: `reason` says which check failed; the public text does not.
            UpstreamUnavailable: the issuer's keys cannot be had.
        """
        known = self.cached(token)
        if known is not None:
            return known
        claims, key = await self._claims(token)
        principal = self._principal(claims, token)
        self._verified[token.digest()] = _Verified(principal, key)
        while len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)
        return principal

    async def verify_details(self, token: RawToken) -> tuple[Principal, tuple[Mapping[str, Any], ...]]:
        """The principal, and the `authorization_details` (RFC 9396 §9.1): what exactly was authorized.

        Nothing is remembered: whoever asks for details acts upon the token once. What they say is not checked here.

        Raises:
            InvalidToken: `reason` says which check failed; the public text does not.
            UpstreamUnavailable: the issuer's keys cannot be had.
        """
        claims, _ = await self._claims(token)
        return self._principal(claims, token), _claims.parse_authorization_details(claims)

    async def _claims(self, token: RawToken) -> tuple[dict[str, Any], VerificationKey]:
        return await signed_claims(
            token.reveal(),
            self._keys,
            algorithms=self._algorithms,
            types=ACCESS_TOKEN_TYPES,
            max_bytes=self._max_token_bytes,
        )

    def _principal(self, claims: dict[str, Any], token: RawToken) -> Principal:
        _claims.check_issuer(claims, self.issuer)
        _claims.check_audience(claims, self.audience)
        validity = _claims.check_validity(claims, now=self._clock(), leeway=self._leeway)
        _claims.check_is_access_token(claims)
        _claims.check_not_bound(claims)
        subject = _claims.name(claims, "sub")
        client_id = _claims.parse_client(claims)
        actors = _claims.parse_actors(claims)
        return Principal(
            issuer=self.issuer,
            subject=subject,
            actors=actors,
            client_id=client_id,
            scopes=_claims.parse_scope(claims),
            permissions=_claims.parse_permissions(claims),
            audience=self.audience,
            token_id=_claims.name(claims, "jti") if "jti" in claims else token.fingerprint(self._fingerprint_key),
            issued_at=validity.issued_at,
            expires_at=validity.expires_at,
            is_machine=_claims.parse_is_machine(claims, subject=subject, client_id=client_id, actors=actors),
            token_digest=token.digest(),
            seal=SEAL,
        )
