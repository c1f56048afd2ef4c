"""Connections are kept, but not for ever: replicas that come later get their part."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.http import create_http_client
from shared.http._transport import LAST_OF_CONNECTION
from shared.testing import LoopbackServer


async def port(request: Request) -> PlainTextResponse:
    """From which port it is asked: another one for each connection."""
    assert request.client is not None
    return PlainTextResponse(str(request.client.port))


async def test_a_connection_is_let_go_after_so_many_requests_and_not_before() -> None:
    app = Starlette(routes=[Route("/", port)])
    with LoopbackServer().start(app) as server:
        async with create_http_client() as http:
            ports = [(await http.get(server.url)).text for _ in range(LAST_OF_CONNECTION + 1)]
    assert len(set(ports[:LAST_OF_CONNECTION])) == 1
    assert ports[-1] != ports[0]
