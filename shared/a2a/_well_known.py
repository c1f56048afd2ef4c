"""What an agent says to everybody: its card, what protects it, and that it is there."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from a2a.server.request_handlers.response_helpers import agent_card_to_dict
from a2a.types import AgentCard
from a2a.utils.constants import AGENT_CARD_WELL_KNOWN_PATH
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shared.a2a._entry import Entry

CARD_MAX_AGE_SECONDS: Final = 300
PING_PATH: Final = "/ping"
CARD_PATH: Final = AGENT_CARD_WELL_KNOWN_PATH
RESOURCE_METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
OPEN_PATHS: Final = frozenset({PING_PATH, CARD_PATH, RESOURCE_METADATA_PATH})


class ServedCard:
    """The card, rendered once, with what lets caches keep it (RFC 9110 §13).

    Args:
        card: The card; its 0.3 fields are added for clients of that version.
        rendered_at: When the card came to be as it is.
    """

    def __init__(self, card: AgentCard, *, rendered_at: datetime | None = None) -> None:
        self.body = json.dumps(
            agent_card_to_dict(card), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()
        self.modified = (rendered_at or datetime.now(UTC)).replace(microsecond=0)
        self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'
        self._headers = {
            "Cache-Control": f"public, max-age={CARD_MAX_AGE_SECONDS}",
            "ETag": self.etag,
            "Last-Modified": format_datetime(self.modified, usegmt=True),
        }

    async def __call__(self, request: Request) -> Response:
        """Answers GET and HEAD."""
        if self._is_fresh(request):
            return Response(status_code=304, headers=self._headers)
        return Response(self.body, media_type="application/json", headers=self._headers)

    def _is_fresh(self, request: Request) -> bool:
        tags = request.headers.get("if-none-match")
        if tags is not None:  # takes precedence over the date
            return any(tag.strip().removeprefix("W/") in {"*", self.etag} for tag in tags.split(","))
        since = request.headers.get("if-modified-since")
        try:
            return since is not None and parsedate_to_datetime(since) >= self.modified
        except (ValueError, TypeError):  # not a date, or one without a zone: as if it were not there
            return False


def create_open_routes(card: AgentCard, entry: Entry, is_busy: Callable[[], bool]) -> list[BaseRoute]:
    """The routes that need no token.

    Args:
        card: The agent's card.
        entry: What protects the agent.
        is_busy: Whether it works on anything.
    """
    metadata = {
        "resource": entry.resource,
        "authorization_servers": list(entry.authorization_servers),
        "scopes_supported": list(entry.scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": card.name,
    }

    async def ping(_: Request) -> Response:
        """AgentCore's health check; no time of last update, which would keep the session alive for ever."""
        return JSONResponse({"status": "HealthyBusy" if is_busy() else "Healthy"})

    async def resource_metadata(_: Request) -> Response:
        """OAuth 2.0 Protected Resource Metadata (RFC 9728 §2); the resource is named as Auth0 names it, by audience."""
        return JSONResponse(metadata, headers={"Cache-Control": f"public, max-age={CARD_MAX_AGE_SECONDS}"})

    return [
        Route(PING_PATH, ping),
        Route(CARD_PATH, ServedCard(card).__call__),
        Route(RESOURCE_METADATA_PATH, resource_metadata),
    ]
