"""What the endpoints share: the tenant of a request, and JSON answers that nobody may store."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.tenant._errors import Refusal
from local.tenant._tenant import Tenant

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def tenant_of(request: Request) -> Tenant:
    """The tenant that the application serves."""
    tenant: Tenant = request.app.state.tenant
    return tenant


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer with `Cache-Control: no-store` (RFC 6749 §5.1)."""
    return JSONResponse(body, status, headers={**NO_STORE, **(headers or {})})


def refusal_response(refusal: Refusal) -> Response:
    """A refusal as JSON (RFC 6749 §5.2)."""
    return json_response(refusal.body, refusal.status, refusal.headers)


async def handle_refusal(_: Request, error: Exception) -> Response:
    """Answers a refusal that an endpoint raised."""
    assert isinstance(error, Refusal)  # noqa: S101 -- registered for this class only
    return refusal_response(error)
