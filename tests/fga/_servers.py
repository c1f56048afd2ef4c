"""The embedded server, and the real one where it is built: the same calls to either."""

import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.fga import FgaConfig, create_app
from shared.http import create_http_client
from shared.testing import reserved_port

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30
SECRET = "a-preshared-key"


@dataclass(frozen=True, slots=True)
class Api:
    """Calls to a server.

    Attributes:
        name: "embedded", or "openfga".
    """

    name: str
    client: httpx.AsyncClient
    url: str = "http://127.0.0.1"

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the body of an answer."""
        answer = await self.client.request(method, self.url + path, json=body)
        return answer.status_code, answer.json() if answer.content else None

    async def store(self, model: Any = None) -> str:
        """The path of a new store, with a model if one is given."""
        status, made = await self.call("POST", "/stores", {"name": "of a test"})
        assert status == 201, made
        store = f"/stores/{made['id']}"
        if model is not None:
            status, answer = await self.call("POST", f"{store}/authorization-models", model)
            assert status == 201, answer
        return store

    async def write(self, store: str, tuples: list[dict[str, Any]]) -> None:
        """Writes tuples, as many as there are."""
        for begin in range(0, len(tuples), 100):
            body = {"writes": {"tuple_keys": tuples[begin : begin + 100]}}
            status, answer = await self.call("POST", f"{store}/write", body)
            assert status == 200, answer


@asynccontextmanager
async def embedded(folder: Path, **config: Any) -> AsyncIterator[Api]:
    """The embedded server, in this process."""
    app = create_app(FgaConfig(folder, **config))
    async with app.router.lifespan_context(app), create_http_client(app=httpx.ASGITransport(app)) as client:
        yield Api("embedded", client)


@cache
def program() -> Path | None:
    """The real server's program; None where it is not built, which in CI is no excuse."""
    path = subprocess.run([ROOT / "dev" / "openfga", "--path"], capture_output=True, text=True, check=True, timeout=60)
    found = Path(path.stdout.strip())
    return found if found.exists() or os.environ.get("CI") else None


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """Runs the real server, in memory; yields its URL."""
    server = program()
    if server is None:
        pytest.skip("the real OpenFGA server is not built: dev/openfga")
    with reserved_port() as http, reserved_port() as grpc:
        command = [
            *(str(server), "run", "--datastore-engine", "memory", "--log-level", "error", "--playground-enabled=false"),
            *("--metrics-enabled=false", "--http-addr", f"127.0.0.1:{http}", "--grpc-addr", f"127.0.0.1:{grpc}"),
            *arguments,
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            url = f"http://127.0.0.1:{http}"
            try:
                _wait(url, process)
                yield url
            finally:
                process.terminate()
                process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    waited = threading.Event()
    for _ in range(int(START_SECONDS / 0.05)):
        if _is_healthy(url):
            return
        assert process.poll() is None, "the real server ended"
        waited.wait(0.05)
    raise AssertionError("the real server did not start")


def _is_healthy(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False
