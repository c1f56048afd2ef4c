"""What anybody who reaches a port can send before they prove anything: heads that never end, and ambiguous ones."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from shared.a2a import _http_protocol
from shared.testing import LoopbackServer


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the path and the length of what was sent."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{scope['path']} {len(body)}")(scope, receive, send)


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as started:
        yield started.start(echo)


def said(server: LoopbackServer, *pieces: bytes) -> bytes:
    """What comes back, until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionError:
            pass  # the rest is not wanted
        return answer


@pytest.mark.requirement("A12")
@pytest.mark.parametrize("line", [b"X-A: " + b"a" * 8000 + b"\r\n", b"a" * 8000], ids=["many headers", "one header"])
def test_a_head_without_end_is_refused_before_it_is_kept(server: LoopbackServer, line: bytes) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with suppress(ConnectionError):
            while sent < 50_000_000:
                connection.sendall(line)
                sent += len(line)
    assert sent < 10_000_000  # what the buffers of both ends hold


@pytest.mark.requirement("A12")
def test_a_head_that_is_too_long_is_answered_so(server: LoopbackServer) -> None:
    filling = [b"a" * 30_000 for _ in range(4)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        for piece in filling:
            connection.sendall(piece)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET "])
def test_a_head_that_never_ends_is_not_waited_for(
    server: LoopbackServer, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http_protocol, "FIRST_SECONDS", 0.5)
    monkeypatch.setattr(_http_protocol, "HEAD_SECONDS", 0.5)
    answer = said(server, begun)
    assert b"HTTP/1.1 408 " in answer
    assert answer.count(b"HTTP/1.1 200 ") == begun.count(b"/one")


def test_what_is_long_but_not_a_head_comes_through(server: LoopbackServer) -> None:
    head = b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n"
    pieces = [head, b"Connection: close\r\n\r\n", *[b"x" * 50_000] * 10]
    assert said(server, *pieces).endswith(b"/long 500000")
    again = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000 + b"GET /b HTTP/1.1\r\n"
    assert b"/b 0" in said(server, again, b"Host: x\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length : 5\r\n",
        b"Content-Length: +5\r\n",
        b"X: a\r\n b: c\r\n",
    ],
    ids=repr,
)
def test_of_an_ambiguous_length_nothing_is_made_a_second_request(server: LoopbackServer, head: bytes) -> None:
    """Request smuggling (RFC 9112 §11.2): a proxy may have read it otherwise."""
    answer = said(
        server, b"POST /a HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert b"HTTP/1.1 400 " in answer
    assert b"smuggled" not in answer
