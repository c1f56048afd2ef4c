"""What the directory's administrator and the tenant's tell each other by hand: the clients that the vault is there.

In a company somebody registers an application in Okta and puts its id and secret into the connection in Auth0. Here
whichever of the two stand-ins starts first makes them, and the other reads them.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local import _random
from local._files import private_folder

FOLDER = "token-vault"
"""Below `HELPDESK_VAR`; in containers a volume that the tenant and the directory share."""


@dataclass(frozen=True, slots=True)
class VaultClient:
    """A client of the directory that is the token vault of the tenant."""

    client_id: str
    client_secret: str = field(repr=False)


def vault_client(folder: Path, connection: str) -> VaultClient:
    """The client of a connection, made by whoever asks first."""
    own = private_folder(private_folder(folder) / connection)
    client_id = _read_or_make(own / "client_id", lambda: f"0oa{_random.identifier(17)}")
    return VaultClient(client_id, _read_or_make(own / "client_secret", _random.client_secret))


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """What the file holds. Of two processes that make it at once one does, and both read the same, whole."""
    if not path.exists():
        new = path.with_name(f"{path.name}.{os.getpid()}.{_random.identifier(8)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{make()}\n")
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_text(encoding="ascii").strip()
