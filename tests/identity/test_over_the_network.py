"""The real HTTP client against real sockets: an issuer that works, one that goes away, and some that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from shared.errors import UpstreamError, UpstreamUnavailable
from shared.http import create_http_client
from shared.identity import ClientCredentials, JwksCache, TokenClient, TokenVerifier
from shared.testing import AuthorizationServer, LoopbackServer, RegisteredClient, SigningKey

AUDIENCE = "https://helpdesk.example/supervisor"
SUBAGENT = "https://helpdesk.example/password_reset"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client() as client:
        yield client


async def test_a_token_is_verified_exchanged_and_verified_again(http: httpx.AsyncClient) -> None:
    with LoopbackServer() as loopback:
        key = SigningKey("supervisor-api")
        server = AuthorizationServer(
            loopback.url, clients={"api": RegisteredClient(key=key, resource_server_identifier=AUDIENCE)}
        )
        loopback.start(server)
        keys = JwksCache(server.discovery_url, server.issuer, http)
        client = TokenClient(
            server.discovery_url,
            server.issuer,
            http,
            ClientCredentials("api", key.pem()),
            resource_server_identifier=AUDIENCE,
        )
        token = server.user_token(audience=AUDIENCE)
        principal = await TokenVerifier(server.issuer, AUDIENCE, keys).verify(token)
        delegated = await client.exchange(token, principal, audience=SUBAGENT, scopes=["password:reset"])
        user = await TokenVerifier(server.issuer, SUBAGENT, keys).verify(delegated.token)
        assert (user.subject, user.actors) == (principal.subject, ("api", "portal"))
        machine = await client.client_credentials(audience=SUBAGENT, scopes=["agent:invoke"])
        assert (await TokenVerifier(server.issuer, SUBAGENT, keys).verify(machine.token)).is_machine

        loopback.stop()
        assert await client.exchange(token, principal, audience=SUBAGENT, scopes=["password:reset"]) is delegated
        with pytest.raises(UpstreamUnavailable):
            await client.client_credentials(audience=SUBAGENT, scopes=["another"])
        loopback.start(server)
        await client.client_credentials(audience=SUBAGENT, scopes=["another"])


@asynccontextmanager
async def misbehaving(handler: Handler) -> AsyncIterator[str]:
    """A server that does with a connection whatever `handler` does; its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def closes(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Says nothing."""


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")
    await writer.drain()


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
    await writer.drain()


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def says_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client gives up


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte whenever the client has had time to take the one before: no single read is ever slow."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("handler", [closes, babbles, breaks_off, never_ends, says_nothing, drips])
async def test_an_issuer_that_misbehaves_is_unavailable_and_does_not_hold_anybody_up(
    http: httpx.AsyncClient, handler: Handler
) -> None:
    async with misbehaving(handler) as issuer, asyncio.timeout(30):
        url = f"{issuer}.well-known/openid-configuration"
        with pytest.raises(UpstreamUnavailable):
            await JwksCache(url, issuer, http, timeout=0.3).key("key-1")


@pytest.mark.parametrize("handler", [closes, babbles, breaks_off, never_ends, says_nothing, drips])
async def test_a_token_endpoint_that_misbehaves_does_not_hold_anybody_up(
    http: httpx.AsyncClient, handler: Handler
) -> None:
    async def metadata_then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not (line := await reader.readline()).startswith(b"GET"):
            reader.feed_data(line)
            await handler(reader, writer)
            return
        await reader.readuntil(b"\r\n\r\n")
        body = (
            f'{{"issuer": "{issuer}", "jwks_uri": "{issuer}jwks", "token_endpoint": "{issuer}oauth/token"}}'
        ).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    async with misbehaving(metadata_then) as issuer, asyncio.timeout(30):
        client = TokenClient(
            f"{issuer}.well-known/openid-configuration",
            issuer,
            http,
            ClientCredentials("api", SigningKey("api").pem()),
            timeout=0.3,
            sleep=lambda _: asyncio.sleep(0),
        )
        with pytest.raises(UpstreamError):
            await client.client_credentials(audience=AUDIENCE, scopes=["a"])
