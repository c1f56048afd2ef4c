"""Pages, made of templates with escaping on."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

if TYPE_CHECKING:
    from portal.web._signed_in import SignedIn

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC_FILES: Final = Path(__file__).parent / "static"
REQUEST_ID: Final = "helpdesk.request_id"
MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
EVENT_STREAM: Final = "text/event-stream"

STATIC: Final = {path.name: path.read_bytes() for path in sorted(STATIC_FILES.iterdir()) if path.suffix in MEDIA_TYPES}
_VERSION: Final = hashlib.sha256(b"".join(STATIC.values())).hexdigest()[:12]

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["version"] = _VERSION


def render(template: str, **values: Any) -> str:
    """A template's text."""
    return _environment.get_template(template).render(**values)


def page(
    request: Request, template: str, *, status: int = 200, who: "SignedIn | None" = None, **values: Any
) -> Response:
    """A whole page.

    Args:
        request: The request that it answers.
        template: A file of `templates/`.
        status: HTTP's.
        who: Whose page it is.
        values: For the template.
    """
    return HTMLResponse(render(template, who=who, path=request.url.path, **values), status)


def error_response(
    request: Request, status: int, message: str, *, who: "SignedIn | None" = None, way_on: str = ""
) -> Response:
    """A refusal or a failure, in the form that was asked for; it says nothing but this and the request's id.

    Args:
        request: What is refused.
        status: HTTP's.
        message: For the person.
        who: Whose page it is.
        way_on: Where they go from here: `sign_in`, `accounts`, or else the chat.
    """
    request_id = str(request.scope.get(REQUEST_ID, ""))
    if EVENT_STREAM in request.headers.get("accept", ""):
        return JSONResponse({"message": message, "request_id": request_id}, status)
    return page(request, "error.html", status=status, who=who, message=message, way_on=way_on, request_id=request_id)


async def static(request: Request) -> Response:
    """`GET /static/NAME`: what pages are shown with; their address changes with what is in them."""
    name = str(request.path_params["name"])
    content = STATIC.get(name)
    if content is None:
        return error_response(request, 404, "There is nothing here.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=MEDIA_TYPES[f".{name.rpartition('.')[2]}"], headers=headers)
