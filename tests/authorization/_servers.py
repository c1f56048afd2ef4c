"""Relationship stores to test against: the embedded one, and the real OpenFGA server where it is built."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.fga import FgaConfig, PresharedKeys, create_app
from shared.testing import LoopbackServer
from tests.fga._servers import running

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Fga:
    """A server that answers OpenFGA's API, and the key that it takes."""

    url: str
    token: str


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[Fga]:
    """The stand-in of the local world."""
    token = secrets.token_urlsafe()
    app = create_app(FgaConfig(folder, access=PresharedKeys([token])))
    with LoopbackServer().start(app) as server:
        yield Fga(server.url, token)


@contextlib.contextmanager
def openfga() -> Iterator[Fga]:
    """The real server, keeping everything in memory."""
    token = secrets.token_urlsafe()
    with running("--authn-method", "preshared", "--authn-preshared-keys", token) as url:
        yield Fga(url, token)
