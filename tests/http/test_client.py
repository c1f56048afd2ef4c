"""The one HTTP client of a process: it serves everybody, so that it keeps nothing of anybody."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.http import create_http_client


async def set_and_tell(request: Request) -> Response:
    response = PlainTextResponse(request.headers.get("cookie", "none"))
    response.set_cookie("session", "of-somebody")
    return response


APP = Starlette(routes=[Route("/", set_and_tell)])
ANSWER = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=of-somebody\r\nContent-Length: 4\r\n\r\ndone"


@contextlib.asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Keeps what it is sent; gives each connection one answer and ends it."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        # By name: cookie jars leave addresses out, which would hide what this is about.
        yield f"http://localhost:{listening.sockets[0].getsockname()[1]}/", heads


@pytest.mark.requirement("A13")
async def test_a_cookie_of_one_answer_does_not_go_out_with_the_next_request_in_process() -> None:
    async with create_http_client(app=httpx.ASGITransport(app=APP)) as client:
        await client.get("http://localhost/")

        assert (await client.get("http://localhost/")).text == "none"


@pytest.mark.requirement("A13")
async def test_a_cookie_of_one_answer_does_not_go_out_with_the_next_request_over_the_wire() -> None:
    async with server(ANSWER) as (url, heads), create_http_client() as client:
        await client.get(url)
        await client.get(url)

    assert len(heads) == 2
    assert b"cookie" not in b"".join(heads).lower()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_a_connect_error(method: str, unused_tcp_port: int) -> None:
    async with create_http_client() as client:
        with pytest.raises(httpx.ConnectError):
            await client.request(method, f"http://127.0.0.1:{unused_tcp_port}/")


async def test_a_connection_that_broke_is_a_read_error() -> None:
    async with server(b"") as (url, heads), create_http_client() as client:
        with pytest.raises(httpx.ReadError):
            await client.post(url)

    assert len(heads) == 1


async def test_an_answer_that_does_not_come_is_a_read_timeout() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listening:
        async with create_http_client(timeout=0.05) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")
        await asyncio.wait_for(ended.wait(), 30)


async def test_redirects_are_not_followed() -> None:
    async with server(b"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n") as (
        url,
        heads,
    ):
        async with create_http_client() as client:
            assert (await client.get(url)).status_code == 302
        assert len(heads) == 1


@pytest.mark.parametrize("length", [b"Content-Length: 33554432\r\n", b""], ids=["declared", "endless"])
async def test_an_answer_that_is_too_long_breaks_off(length: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + length + b"Connection: close\r\n\r\n" + bytes(17 * 1024 * 1024)
    async with server(answer) as (url, _), create_http_client() as client:
        with pytest.raises(httpx.RemoteProtocolError, match="too long"):
            await client.get(url)


async def test_a_compressed_answer_is_refused_which_could_unpack_to_any_size() -> None:
    body = gzip.compress(bytes(1024))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with server(head + body) as (url, heads), create_http_client() as client:
        with pytest.raises(httpx.RemoteProtocolError, match="compressed"):
            await client.get(url)

    assert b"accept-encoding: identity" in heads[0].lower()


@pytest.mark.parametrize(
    "answer",
    [b"\x00\xff no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ids=["head", "chunk"],
)
async def test_an_answer_that_is_no_http_is_an_error_of_httpx(answer: bytes) -> None:
    async with server(answer) as (url, _), create_http_client() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(url)
