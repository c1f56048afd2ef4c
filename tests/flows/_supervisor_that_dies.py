"""The supervisor in a process of its own, which kills itself at a named point: composed as its `app.py` does it."""

from typing import Any

import httpx

from agents.supervisor import app as composition
from agents.supervisor.settings import SupervisorSettings
from shared.agent_loop import _compose
from shared.http import create_http_client
from shared.telemetry import configure_logging
from tests.approval._agent_that_dies import Trap, opening, serve_here


class TrappedCalls(httpx.AsyncBaseTransport):
    """What goes to subagents, with a trap before each message and when its answer begins."""

    def __init__(self, transport: httpx.AsyncBaseTransport, trap: Trap) -> None:
        self._transport = transport
        self._trap = trap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_message = "delegated-user-token" in request.headers and b'"method":"Send' in request.content.replace(
            b" ", b""
        )
        self._trap.reached("the question goes out, before" if is_message else "")
        response = await self._transport.handle_async_request(request)
        self._trap.reached("the answer begins" if is_message else "")
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def serve(settings: dict[str, Any], point: str | None) -> None:
    """Serves the supervisor until it is killed."""
    configure_logging(level="ERROR", log_format="json")
    trap = Trap(point)

    vars(_compose)["open_storage"] = opening(trap)
    http = create_http_client()
    http._transport = TrappedCalls(http._transport, trap)
    loaded = SupervisorSettings.load(**settings)
    serve_here(composition.create_app(loaded, http=http), loaded.port)
