"""A machine that is gone answers nothing at all: that is known soon, however long an answer may take."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from shared.http import _transport, create_http_client


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port at which the system drops every attempt to connect: its queue of one is full."""
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = server.getsockname()[1]
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


@pytest.mark.parametrize("patience", [300.0, httpx.Timeout(None)])
async def test_no_connection_within_the_bound_is_a_connect_timeout(
    silent_port: int, patience: httpx.Timeout | float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_transport, "CONNECT_SECONDS", 0.2)
    async with create_http_client() as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.post(f"http://127.0.0.1:{silent_port}/", timeout=patience)


async def test_who_wants_to_wait_less_waits_less(silent_port: int) -> None:
    async with create_http_client() as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(f"http://127.0.0.1:{silent_port}/", timeout=0.1)
