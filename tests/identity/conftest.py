"""An issuer in process, a clock that stands still, and what reads and obtains tokens of that issuer."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import InvalidToken
from shared.identity import ClientCredentials, JwksCache, RawToken, TokenClient, TokenVerifier
from shared.testing import AuthorizationServer, Clock, RegisteredClient, SigningKey

AUDIENCE = "https://helpdesk.example/supervisor"
SUBAGENT = "https://helpdesk.example/password_reset"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> AuthorizationServer:
    return AuthorizationServer(
        clock=clock,
        clients={
            "supervisor": RegisteredClient(key=SigningKey("supervisor")),
            "supervisor-api": RegisteredClient(key=SigningKey("supervisor-api"), resource_server_identifier=AUDIENCE),
        },
    )


@pytest.fixture
def keys(server: AuthorizationServer, clock: Clock) -> JwksCache:
    return JwksCache(server.discovery_url, server.issuer, server.create_http_client(), clock=clock)


@pytest.fixture
def verifier(server: AuthorizationServer, keys: JwksCache, clock: Clock) -> TokenVerifier:
    return TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock)


@pytest.fixture
def sign(server: AuthorizationServer) -> Callable[..., RawToken]:
    """Signs claims as they are; `header` replaces members of the header, None leaves one out."""

    def sign(claims: Any, **header: Any) -> RawToken:
        members = {name: value for name, value in (server.header() | header).items() if value is not None}
        return RawToken(server.signing_key.sign(members, claims))

    return sign


@pytest.fixture
def refused(verifier: TokenVerifier) -> Callable[[RawToken], Any]:
    """Why the verifier refuses a token; twice, because the second time must not be different."""

    async def refused(token: RawToken) -> str:
        with pytest.raises(InvalidToken) as first:
            await verifier.verify(token)
        assert verifier.cached(token) is None
        with pytest.raises(InvalidToken) as second:
            await verifier.verify(token)
        assert first.value.reason == second.value.reason
        assert first.value.public_message == InvalidToken.public_message
        return first.value.reason

    return refused


@pytest.fixture
def make_token_client(server: AuthorizationServer, clock: Clock) -> Callable[..., TokenClient]:
    def make_token_client(client_id: str = "supervisor", **options: Any) -> TokenClient:
        registered = server.clients[client_id]
        assert registered.key is not None
        arguments: dict[str, Any] = {
            "resource_server_identifier": registered.resource_server_identifier,
            "clock": clock,
            "sleep": clock.sleep,
            "jitter": lambda: 0.5,
            **options,
        }
        client = ClientCredentials(client_id, registered.key.pem(), clock=clock)
        return TokenClient(server.discovery_url, server.issuer, server.create_http_client(), client, **arguments)

    return make_token_client
