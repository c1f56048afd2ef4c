"""The cookie of the single sign-on session."""

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._endpoint import tenant_of
from local.tenant._sessions import Session

SESSION_COOKIE = "auth0"


def session_of(request: Request) -> Session | None:
    """The session that this browser has."""
    return tenant_of(request).sessions.get(request.cookies.get(SESSION_COOKIE))


def set_session_cookie(request: Request, response: Response, cookie: str) -> None:
    """Gives the browser its session."""
    tenant = tenant_of(request)
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=int(tenant.sessions.lifetime),
        path="/",
        httponly=True,
        samesite="lax",
        secure=tenant.settings.issuer.startswith("https:"),
    )


def delete_session_cookie(response: Response) -> None:
    """Takes the session from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/")
