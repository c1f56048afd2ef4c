"""Back-channel logout: who was signed in to is told, as Auth0 tells it (OpenID Connect Back-Channel Logout 1.0)."""

import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.tenant.testing import LocalTenant, claims_of
from shared.testing import LoopbackServer
from tests.tenant._support import MakeTenant

WEB, COMMAND_LINE = "Help desk web", "Help desk command line"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Client:
    """What a client of the tenant hears, and what it answers."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.status = 200
        self.heard: list[tuple[str, str, bytes]] = []
        server.start(Starlette(routes=[Route("/backchannel-logout", self._take, methods=["POST"])]))

    async def _take(self, request: Request) -> Response:
        self.heard.append((request.headers["host"], request.headers["content-type"], await request.body()))
        return Response(status_code=self.status)


@pytest.fixture
def client() -> Iterator[Client]:
    with LoopbackServer() as server:
        yield Client(server)


@pytest.fixture
def tenant(make_tenant: MakeTenant, client: Client) -> LocalTenant:
    return make_tenant(auth0_keyword_replace_mappings={"WEB_URL": client.server.url.rstrip("/")})


@pytest.fixture
async def http(tenant: LocalTenant) -> AsyncIterator[httpx.AsyncClient]:
    async with tenant.http() as browser:
        yield browser


async def sign_in(tenant: LocalTenant, http: httpx.AsyncClient, name: str = WEB) -> dict[str, str]:
    tokens = await tenant.sign_in_tokens("amelia.hart", name, ["openid"], http=http)
    return {"id_token_hint": tokens["id_token"], "sid": claims_of(tokens["id_token"])["sid"]}


async def log_out(tenant: LocalTenant, http: httpx.AsyncClient, signed_in: dict[str, str]) -> httpx.Response:
    return await http.get(f"{tenant.issuer}oidc/logout", params={"id_token_hint": signed_in["id_token_hint"]})


async def test_the_request_and_the_token_are_auth0s(
    tenant: LocalTenant, http: httpx.AsyncClient, client: Client
) -> None:
    signed_in = await sign_in(tenant, http)
    await log_out(tenant, http, signed_in)
    ((host, kind, body),) = client.heard
    assert host == client.server.url.removeprefix("http://").rstrip("/")
    assert kind == "application/x-www-form-urlencoded"
    (token,) = parse_qs(body.decode(), strict_parsing=True).pop("logout_token")
    header, claims, now = jwt.get_unverified_header(token), claims_of(token), int(tenant.clock())
    assert (header["alg"], header["typ"], header["kid"]) == ("RS256", "JWT", tenant.tenant.keys.current.kid)
    assert list(claims) == ["iss", "sub", "aud", "iat", "exp", "jti", "events", "trace_id", "sid"]
    assert (claims["iss"], claims["sub"]) == (tenant.issuer, tenant.user_id("amelia.hart"))
    assert claims["aud"] == tenant.client(WEB).client_id
    assert claims["exp"] == claims["iat"] + 120
    assert now - 60 <= claims["iat"] <= now
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims["jti"])
    assert re.fullmatch(r"[0-9a-f]{16}", claims["trace_id"])
    assert claims["events"] == {EVENT: {}}
    assert claims["sid"] == signed_in["sid"]
    assert tenant.tenant.tokens.verify(token)
    assert tenant.tenant.log.count("sslo") == 1


async def test_the_older_logout_tells_too(tenant: LocalTenant, http: httpx.AsyncClient, client: Client) -> None:
    await sign_in(tenant, http)
    await http.get(f"{tenant.issuer}v2/logout")
    assert len(client.heard) == 1


async def test_only_who_was_signed_in_to_is_told_and_only_once(
    tenant: LocalTenant, http: httpx.AsyncClient, client: Client
) -> None:
    await log_out(tenant, http, await sign_in(tenant, http, COMMAND_LINE))
    assert client.heard == []
    signed_in = await sign_in(tenant, http)
    async with tenant.http() as other:
        await sign_in(tenant, other)
        await log_out(tenant, http, signed_in)
        await log_out(tenant, http, signed_in)
    assert len(client.heard) == 1


@pytest.mark.parametrize("status", [204, 400, 503])
async def test_a_client_that_does_not_take_it_stands_in_the_log_and_stops_nobody(
    tenant: LocalTenant, http: httpx.AsyncClient, client: Client, status: int
) -> None:
    client.status = status
    left = await log_out(tenant, http, await sign_in(tenant, http))
    assert left.status_code in {200, 302}
    (event,) = tenant.tenant.log.read(kind="fslo")
    assert event["details"] == {"url": f"{client.server.url}backchannel-logout", "status": status}
    assert event["client_name"] == WEB


async def test_a_client_that_is_away_stands_in_the_log_and_stops_nobody(
    tenant: LocalTenant, http: httpx.AsyncClient, client: Client
) -> None:
    signed_in = await sign_in(tenant, http)
    client.server.stop()
    assert (await log_out(tenant, http, signed_in)).status_code in {200, 302}
    (event,) = tenant.tenant.log.read(kind="fslo")
    assert event["details"]["error"] == "ConnectError"


async def test_in_containers_it_is_reached_elsewhere_under_its_own_name(
    make_tenant: MakeTenant, client: Client
) -> None:
    public = "http://127.0.0.1:8402"
    tenant = make_tenant(tenant_upstream_origins={public: client.server.url.rstrip("/")})
    async with tenant.http() as http:
        await log_out(tenant, http, await sign_in(tenant, http))
    assert [host for host, _, _ in client.heard] == ["127.0.0.1:8402"]
