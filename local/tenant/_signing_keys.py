"""The tenant's signing keys: one signs, the next is published before its first use, previous ones until revoked."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from local import _random
from local._files import write_private
from local.tenant._clients import KeySource, base64url, base64url_uint, load_private_key, private_pem
from local.tenant._clock import Clock, iso
from local.tenant._database import Database
from local.tenant._errors import ManagementRefusal

KID_LENGTH = 21
_CERTIFICATE_LIFETIME = timedelta(days=5000)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its certificate and its place in the rotation."""

    kid: str
    state: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def jwk(self) -> dict[str, Any]:
        """The public half as a member of the JSON Web Key Set (RFC 7517 §4)."""
        numbers = self.key.public_key().public_numbers()
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return {
            "kty": "RSA",
            "use": "sig",
            "n": base64url_uint(numbers.n),
            "e": base64url_uint(numbers.e),
            "kid": self.kid,
            "x5t": base64url(self.certificate.fingerprint(hashes.SHA1())),  # noqa: S303 -- what x5t is (RFC 7517 §4.8)
            "x5c": [base64.b64encode(der).decode()],
            "alg": "RS256",
        }


class SigningKeys:
    """The keys, kept in a folder, with their states in the database."""

    def __init__(self, folder: Path, database: Database, issuer: str, clock: Clock, make_key: KeySource) -> None:
        self._folder = folder
        self._database = database
        self._issuer = issuer
        self._clock = clock
        self._make_key = make_key
        self._loaded: dict[str, SigningKey] = {}
        with database.transaction():
            if database.row("select 1 from signing_keys where state = 'current'") is None:
                self._add("current")
            if database.row("select 1 from signing_keys where state = 'next'") is None:
                self._add("next")
        self._load()

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return next(key for key in self._loaded.values() if key.state == "current")

    def published(self) -> list[SigningKey]:
        """The keys of the JSON Web Key Set: current, next, and previous ones that are not revoked."""
        order = ("current", "next", "previous")
        keys = [key for key in self._loaded.values() if key.state in order]
        return sorted(keys, key=lambda key: order.index(key.state))

    def verifying(self, kid: str) -> SigningKey | None:
        """The key that verifies tokens with this `kid`, if it may."""
        key = self._loaded.get(kid)
        return key if key is not None and key.state != "revoked" else None

    def rotate(self) -> SigningKey:
        """Makes the next key the current one, the current one a previous one, and a new one the next.

        Returns:
            The key that signs from now on.
        """
        now = self._clock()
        with self._database.transaction():
            self._database.execute(
                "update signing_keys set state = 'previous', current_until = ? where state = 'current'", now
            )
            self._database.execute(
                "update signing_keys set state = 'current', current_since = ? where state = 'next'", now
            )
            self._add("next")
        self._load()
        return self.current

    def revoke(self, kid: str) -> SigningKey:
        """Takes a previous key out of the set: what it signed is valid no longer.

        Raises:
            ManagementRefusal: if there is no such key, or it is current or next.
        """
        key = self._loaded.get(kid)
        if key is None:
            raise ManagementRefusal(404, "Not Found", "The key does not exist.")
        if key.state != "previous":
            raise ManagementRefusal(400, "Bad Request", f"A {key.state} key cannot be revoked.")
        self._database.execute(
            "update signing_keys set state = 'revoked', revoked_at = ? where kid = ?", self._clock(), kid
        )
        self._load()
        return self._loaded[kid]

    def describe(self) -> list[dict[str, Any]]:
        """The keys as the Management API lists them."""
        described = []
        for row in self._database.rows("select * from signing_keys order by created_at, kid"):
            key = self._loaded[row["kid"]]
            item: dict[str, Any] = {
                "kid": key.kid,
                "cert": key.certificate_pem,
                "fingerprint": key.certificate.fingerprint(hashes.SHA1()).hex(":").upper(),  # noqa: S303
                "thumbprint": key.certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303
                "current": key.state == "current",
                "next": key.state == "next",
                "previous": key.state == "previous",
                "revoked": key.state == "revoked",
            }
            item |= {
                name: iso(row[name])
                for name in ("current_since", "current_until", "revoked_at")
                if row[name] is not None
            }
            described.append(item)
        return described

    def _add(self, state: str) -> None:
        kid, key, now = _random.identifier(KID_LENGTH), self._make_key(), self._clock()
        write_private(self._path(kid), private_pem(key))
        certificate = _self_signed(key, urlsplit(self._issuer).hostname or "localhost", now)
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self._database.execute(
            "insert into signing_keys (kid, state, certificate, created_at, current_since) values (?, ?, ?, ?, ?)",
            *(kid, state, pem, now, now if state == "current" else None),
        )

    def _path(self, kid: str) -> Path:
        return self._folder / f"{kid}.pem"

    def _load(self) -> None:
        loaded = {}
        for row in self._database.rows("select kid, state, certificate from signing_keys"):
            kid = str(row["kid"])
            known = self._loaded.get(kid)
            key = known.key if known is not None else self._read(kid)
            certificate = x509.load_pem_x509_certificate(row["certificate"].encode())
            loaded[kid] = SigningKey(kid, row["state"], key, certificate)
        self._loaded = loaded

    def _read(self, kid: str) -> rsa.RSAPrivateKey:
        return load_private_key(self._path(kid).read_text(encoding="utf-8"))


def _self_signed(key: rsa.RSAPrivateKey, host: str, now: float) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _CERTIFICATE_LIFETIME)
        .sign(key, hashes.SHA256())
    )
