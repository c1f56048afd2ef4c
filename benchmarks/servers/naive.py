"""What a first secure version looks like: everything that a message needs is fetched for that message.

    python -m benchmarks.servers.naive PORT JWKS-URL ISSUER AUDIENCE [NEXT-URL]

The keys are fetched to verify the token; where there is a next agent, an HTTP client is made and the card fetched to
call it, and the token that came in is passed on. Tasks are in memory.
"""

import sys
from collections.abc import Awaitable, Callable

import jwt
import uvicorn
from a2a.client import ClientCallContext
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from benchmarks.servers.echo import Echo, plain_card
from benchmarks.servers.forward import Forward, call_once


class VerifyEachTime(BaseHTTPMiddleware):
    """Verifies the bearer token with keys that are fetched for it."""

    def __init__(self, app: ASGIApp, jwks_url: str, issuer: str, audience: str) -> None:
        super().__init__(app)
        self._jwks_url = jwks_url
        self._issuer = issuer
        self._audience = audience

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Lets a request through whose token is valid, and those for the card."""
        if request.method == "POST":
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            await run_in_threadpool(self._verify, token)
        return await call_next(request)

    def _verify(self, token: str) -> None:
        keys = jwt.PyJWKClient(self._jwks_url)  # lint: allow jwt-door -- what is measured is just this habit
        key = keys.get_signing_key_from_jwt(token)
        jwt.decode(  # lint: allow jwt-door -- as above
            token, key, algorithms=["RS256"], issuer=self._issuer, audience=self._audience
        )


async def ask(url: str, text: str, headers: dict[str, str]) -> str:
    """Makes a client, fetches the card, asks."""
    context = ClientCallContext(service_parameters={"Authorization": headers["authorization"]})
    return await call_once(url, text, context)


def main() -> None:
    """Serves until it is stopped."""
    port, (jwks_url, issuer, audience), next_url = int(sys.argv[1]), sys.argv[2:5], sys.argv[5:]
    card = plain_card(f"http://127.0.0.1:{port}/")
    executor = Forward(lambda text, headers: ask(next_url[0], text, headers)) if next_url else Echo()
    handler = DefaultRequestHandler(agent_executor=executor, task_store=InMemoryTaskStore(), agent_card=card)
    app = Starlette(
        routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/")],
        middleware=[Middleware(VerifyEachTime, jwks_url=jwks_url, issuer=issuer, audience=audience)],
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
