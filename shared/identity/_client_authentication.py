"""How a client proves itself at the token endpoint (OpenID Connect Core §9, RFC 7523, RFC 6749 §2.3.1)."""

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, Protocol
from urllib.parse import quote_plus

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.errors import ConfigurationError

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 60
"""Auth0's own advice; it accepts 300."""

MIN_KEY_BITS: Final = 2048
MAX_KEY_BITS: Final = 4096


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes with one request: form parameters and headers. It holds secrets and does not print them."""

    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class ClientAuthentication(Protocol):
    """A client's way to prove itself."""

    @property
    def client_id(self) -> str:
        """The client."""
        ...

    def prove(self, issuer: str) -> Proof:
        """A fresh proof for one request to `issuer`."""
        ...


class ClientCredentials:
    """`private_key_jwt`: a signed assertion, made anew for each request (RFC 7523 §2.2, §3).

    Args:
        client_id: The client.
        private_key_pem: Its RSA key of 2048 to 4096 bits, unencrypted PEM.
        key_id: `kid`, if the authorization server gave the key one; Auth0 tries the client's keys without it.
        algorithm: As registered with the key.
        clock: Seconds since the epoch.

    Raises:
        ConfigurationError: the key is not usable. The text says nothing of the key itself.
    """

    def __init__(
        self,
        client_id: str,
        private_key_pem: str,
        *,
        key_id: str | None = None,
        algorithm: Literal["RS256", "PS256"] = "RS256",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client_id = client_id
        self._key = _load_private_key(client_id, private_key_pem)
        self._headers = {"kid": key_id} if key_id else {}
        self._algorithm = algorithm
        self._clock = clock

    def prove(self, issuer: str) -> Proof:
        """A fresh assertion whose audience is the issuer exactly, valid for 60 seconds."""
        now = int(self._clock())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        assertion = jwt.encode(claims, self._key, algorithm=self._algorithm, headers=self._headers)
        return Proof(
            form={"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        )

    def __repr__(self) -> str:
        return f"ClientCredentials({self.client_id!r})"


class ClientSecret:
    """`client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1); `private_key_jwt` is better where it can be had.

    Args:
        client_id: The client.
        secret: Its secret.
        method: How the secret is sent.
    """

    def __init__(
        self,
        client_id: str,
        secret: str,
        *,
        method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic",
    ) -> None:
        self.client_id = client_id
        self._secret = secret
        self._method = method

    def prove(self, issuer: str) -> Proof:  # noqa: ARG002 -- a secret is the same for every issuer
        """The secret, in the way that was chosen."""
        if self._method == "client_secret_post":
            return Proof(form={"client_id": self.client_id, "client_secret": self._secret})
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret)}"
        return Proof(headers={"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})

    def __repr__(self) -> str:
        return f"ClientSecret({self.client_id!r})"


def _load_private_key(client_id: str, pem: str) -> RSAPrivateKey:
    try:
        key = _read(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(f"The key of client {client_id} is not an RSA key in unencrypted PEM: give it one.")
    if not MIN_KEY_BITS <= key.key_size <= MAX_KEY_BITS:
        raise ConfigurationError(
            f"The key of client {client_id} has {key.key_size} bits: make one of {MIN_KEY_BITS} to {MAX_KEY_BITS}."
        )
    return key


@lru_cache(maxsize=4)
def _read(pem: str) -> PrivateKeyTypes:
    """Reads a key, and checks its numbers, which takes 36 ms: several clients of a process have the same one."""
    return load_pem_private_key(pem.encode(), password=None)
