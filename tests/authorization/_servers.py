"""Relationship stores to test against: the embedded one, and the real OpenFGA server where it is built."""

import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0


@dataclass(frozen=True)
class Fga:
    """A server that answers OpenFGA's API, and the key that it takes."""

    url: str
    token: str


@contextlib.contextmanager
def openfga() -> Iterator[Fga]:
    """The real server, keeping everything in memory."""
    asked = subprocess.run([ROOT / "dev/openfga", "--path"], capture_output=True, text=True, check=True, timeout=10)
    program = asked.stdout.strip()
    if not Path(program).exists():
        pytest.skip("OpenFGA is not built here: dev/openfga builds it")
    token, http, grpc = secrets.token_urlsafe(), _free_port(), _free_port()
    command = [
        *(program, "run", "--datastore-engine", "memory", "--log-level", "none"),
        *("--http-addr", f"127.0.0.1:{http}", "--grpc-addr", f"127.0.0.1:{grpc}"),
        *("--playground-enabled=false", "--metrics-enabled=false"),
        *("--authn-method", "preshared", "--authn-preshared-keys", token),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(process, http)
            yield Fga(f"http://127.0.0.1:{http}", token)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise TimeoutError("OpenFGA did not start")
