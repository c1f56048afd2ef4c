"""The registered clients: their definitions, with the ids and credentials that this tenant made for them."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local import _random
from local._files import keep_private, read_or_write, write_private
from local.tenant._database import Database
from local.tenant.definition import ClientDefinition, PublicKey, slug_of
from shared.errors import ConfigurationError

MIN_KEY_BITS, MAX_KEY_BITS = 2048, 4096
CLIENTS_FOLDER = "clients"
SECRET_FILE = "client_secret"
PUBLIC_KEY_SUFFIX = "_PUBLIC_KEY"

KeySource = Callable[[], rsa.RSAPrivateKey]


def new_private_key() -> rsa.RSAPrivateKey:
    """An RSA key as Auth0 uses: 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=MIN_KEY_BITS)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    """The key in PKCS #8, unencrypted: the file's permissions protect it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def load_private_key(pem: str) -> rsa.RSAPrivateKey:
    """A key from a file that this tenant wrote; checking its primes anew would take a sixth of a second."""
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 -- no other kind is written
    return key


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key that verifies assertions. `kid` is its JWK thumbprint (RFC 7638)."""

    kid: str
    key: rsa.RSAPublicKey
    alg: str


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client."""

    client_id: str
    definition: ClientDefinition
    secret_digest: str | None
    keys: tuple[ClientKey, ...]

    @property
    def name(self) -> str:
        """Its name in the definition."""
        return self.definition.name

    def secret_matches(self, secret: str) -> bool:
        """Compares in constant time."""
        return self.secret_digest is not None and hmac.compare_digest(self.secret_digest, _random.digest(secret))


class Clients:
    """The clients by id and by name."""

    def __init__(self, clients: list[Client]) -> None:
        self._by_id = {client.client_id: client for client in clients}
        self._by_name = {client.name: client for client in clients}

    def get(self, client_id: str) -> Client | None:
        """The client with this id."""
        return self._by_id.get(client_id)

    def named(self, name: str) -> Client:
        """The client with this name.

        Raises:
            KeyError: if there is none.
        """
        return self._by_name[name]


def local_public_key(keyword: str, folder: Path, make_key: KeySource) -> str | None:
    """The value of a keyword `<CLIENT NAME>_PUBLIC_KEY`: the public half of a key that is made on first run."""
    if not keyword.endswith(PUBLIC_KEY_SUFFIX):
        return None
    slug = keyword.removesuffix(PUBLIC_KEY_SUFFIX).lower().replace("_", "-")
    pem = read_or_write(folder / slug / "key.pem", lambda: private_pem(make_key()))
    return (
        load_private_key(pem)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def register_client(definition: ClientDefinition, folder: Path, database: Database) -> Client:
    """Gives a client its id and secret the first time, and writes what its owner needs to `folder`.

    The database is what counts: a file that was lost is written again, a secret that was lost is made anew.
    """
    with database.transaction():
        row = database.row("select client_id, secret_digest from clients where name = ?", definition.name)
        client_id = str(row["client_id"]) if row is not None else _random.client_id()
        secret_digest: str | None = row["secret_digest"] if row is not None else None
        secret_file = folder / definition.slug / SECRET_FILE
        if not definition.authentication_method.startswith("client_secret"):
            secret_digest = None
            secret_file.unlink(missing_ok=True)
        elif secret_digest is None or not secret_file.exists():
            secret = _random.client_secret()
            secret_digest = _random.digest(secret)
            write_private(secret_file, f"{secret}\n")
        keep_private(folder / definition.slug / "client_id", f"{client_id}\n")
        database.execute("insert or replace into clients values (?, ?, ?)", definition.name, client_id, secret_digest)
        keys = tuple(_parse_key(definition.name, key) for key in definition.public_keys)
        database.execute("delete from client_keys where client_id = ?", client_id)
        for parsed, key in zip(keys, definition.public_keys, strict=True):
            database.execute("insert into client_keys values (?, ?, ?, ?)", client_id, parsed.kid, key.pem, key.alg)
    return Client(client_id, definition, secret_digest, keys)


def client_secret_of(name: str, folder: Path) -> str | None:
    """The secret of a client that has one, as its owner finds it."""
    path = folder / slug_of(name) / SECRET_FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


@contextmanager
def renamed(folder: Path, name: str, new_name: str) -> Iterator[None]:
    """Moves what a client's owner needs to where it is under another name; back again, if that comes to nothing."""
    old, new = folder / slug_of(name), folder / slug_of(new_name)
    if old == new or not old.exists():
        yield
        return
    old.rename(new)
    try:
        yield
    except BaseException:
        new.rename(old)
        raise


def _parse_key(name: str, key: PublicKey) -> ClientKey:
    try:
        parsed = serialization.load_pem_public_key(key.pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"The public key of the client {name} is not a PEM public key.") from error
    if not isinstance(parsed, rsa.RSAPublicKey) or not MIN_KEY_BITS <= parsed.key_size <= MAX_KEY_BITS:
        raise ConfigurationError(f"The public key of the client {name} is not RSA of 2048 to 4096 bits.")
    return ClientKey(thumbprint(parsed), parsed, key.alg)


def base64url_uint(value: int) -> str:
    """A positive integer as JWK writes it (RFC 7518 §2)."""
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def base64url(value: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def thumbprint(key: rsa.RSAPublicKey) -> str:
    """The JWK thumbprint of a key (RFC 7638)."""
    numbers = key.public_numbers()
    members = f'{{"e":"{base64url_uint(numbers.e)}","kty":"RSA","n":"{base64url_uint(numbers.n)}"}}'
    return base64url(hashlib.sha256(members.encode()).digest())
