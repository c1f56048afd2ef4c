"""The issuer's keys, held and kept fresh (RFC 7517; Auth0: "JSON Web Key Sets")."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared.errors import InvalidToken, UpstreamUnavailable
from shared.identity._metadata import Discovery
from shared.identity._single_flight import SingleFlight
from shared.identity._wire import AUTHORIZATION_SERVER, get_object
from shared.telemetry import get_logger

SIGNING_ALGORITHMS: Final = ("RS256", "PS256")
MIN_KEY_BITS: Final = 2048
MAX_KEY_BITS: Final = 8192
MAX_KEYS: Final = 32
FETCH_TIMEOUT_SECONDS: Final = 5.0

_log = get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A key of the issuer. While it is in the set it is one object: `is` tells whether it was withdrawn.

    Attributes:
        kid: Its name in the set.
        algorithm: The only algorithm that it is for, if the set says so.
        public_key: RSA.
    """

    kid: str
    algorithm: str | None
    public_key: RSAPublicKey

    def same_as(self, other: "VerificationKey") -> bool:
        """Whether the two, of one name, are the same key for the same use."""
        return (
            self.algorithm == other.algorithm and self.public_key.public_numbers() == other.public_key.public_numbers()
        )


class JwksCache:
    """The key set of one issuer, shared by all verifiers of a process.

    Fetched when first needed, and again: in the background when older than `refresh_after`, so that a withdrawn key
    stops working and no request waits; at once when a token names an unknown key, at most once in
    `unknown_kid_cooldown` however many tokens do. While the issuer is away the held keys serve up to `max_age`;
    after that nothing is verified. One fetch is under way at a time.

    Within the cooldown a token signed with a key that has only just appeared is refused; Auth0 publishes the next key
    long before it signs with it.

    Args:
        discovery_url: Where the issuer's metadata is.
        issuer: The issuer, exactly.
        http: The process's HTTP client.
        refresh_after: Seconds.
        max_age: Seconds.
        unknown_kid_cooldown: Seconds from the end of one fetch to the next that an unknown key, or a failure, brings.
        timeout: For one fetch, in seconds.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        discovery_url: str,
        issuer: str,
        http: httpx.AsyncClient,
        *,
        refresh_after: float = 600,
        max_age: float = 86400,
        unknown_kid_cooldown: float = 10,
        timeout: float = FETCH_TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._http = http
        self._discovery = Discovery(discovery_url, issuer, http, timeout=timeout)
        self._refresh_after = refresh_after
        self._max_age = max_age
        self._cooldown = unknown_kid_cooldown
        self._timeout = timeout
        self._clock = clock
        self._keys: dict[str, VerificationKey] = {}
        self._fetched_at = float("-inf")
        self._next_fetch_at = float("-inf")
        self._problem: UpstreamUnavailable | None = None
        self._flights: SingleFlight[None, None] = SingleFlight()

    def current(self, kid: str) -> VerificationKey | None:
        """The key if it is held and the set is not too old; never waits. Called on the event loop."""
        age = self._clock() - self._fetched_at
        if age > self._refresh_after:
            if self._clock() >= self._next_fetch_at:
                self._flights.start(None, self._fetch)
            if age > self._max_age:
                return None
        return self._keys.get(kid)

    async def key(self, kid: str) -> VerificationKey:
        """The key with this name, fetched if need be.

        Raises:
            InvalidToken: `token_key_unknown`: the issuer has no such key.
            UpstreamUnavailable: the issuer cannot be asked, so that nobody knows whether it has the key.
        """
        found = self.current(kid)
        if found is not None:
            return found
        if self._clock() >= self._next_fetch_at:  # so it is, too, while a fetch is under way
            await self._flights.do(None, self._fetch)
        found = self.current(kid)
        if found is not None:
            return found
        if self._problem is not None:
            wait = max(0.0, self._next_fetch_at - self._clock())
            raise UpstreamUnavailable(AUTHORIZATION_SERVER, retry_after=wait, detail=self._problem.detail)
        raise InvalidToken(code="token_key_unknown", detail="the issuer has no such key")

    async def _fetch(self) -> None:
        try:
            metadata = await self._discovery.metadata()
            document = await get_object(self._http, metadata.jwks_uri, timeout=self._timeout)
            self._accept(document)
            self._problem = None
        except UpstreamUnavailable as problem:
            self._problem = problem
            self._discovery.forget()
            _log.warning("jwks_not_fetched", issuer=self.issuer, detail=problem.detail)
        finally:
            self._next_fetch_at = self._clock() + self._cooldown

    def _accept(self, document: dict[str, Any]) -> None:
        """Takes the set as the issuer's word: what is not in it is withdrawn. A key that stays is the same object."""
        keys = document.get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"not a key set of at most {MAX_KEYS} keys")
        found: dict[str, VerificationKey] = {}
        for jwk in keys:
            key = parse_verification_key(jwk)
            if key is None or key.kid in found:
                continue
            held = self._keys.get(key.kid)
            found[key.kid] = held if held is not None and held.same_as(key) else key
        if found.keys() != self._keys.keys():
            _log.info("jwks_changed", issuer=self.issuer, key_ids=sorted(found))
        self._keys = found
        self._fetched_at = self._clock()


def parse_verification_key(jwk: Any) -> VerificationKey | None:
    """A JWK as a key that may verify tokens, or None: only RSA keys of 2048 to 8192 bits for signatures will do.

    A member that contradicts this use (`use`, `key_ops`, `alg` other than RS256 and PS256, a private part) rules the
    key out (RFC 8725 §3.1, §3.5).
    """
    if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use") != "sig" or "d" in jwk:
        return None
    kid, algorithm, operations = jwk.get("kid"), jwk.get("alg"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not kid or algorithm not in (None, *SIGNING_ALGORITHMS):
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        public_key = PyJWK({name: jwk[name] for name in ("kty", "n", "e")}, algorithm="RS256").key
    except (PyJWTError, KeyError, TypeError, ValueError, OverflowError):
        return None
    if not isinstance(public_key, RSAPublicKey) or not MIN_KEY_BITS <= public_key.key_size <= MAX_KEY_BITS:
        return None
    return VerificationKey(kid, algorithm, public_key)
