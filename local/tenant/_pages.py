"""The pages that people see: rendered with escaping on, framed by nobody, with no script and nothing from elsewhere."""

import hashlib
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from local import _random
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._parameters import Parameters

TEMPLATES = Path(__file__).parent / "templates"
FORM_COOKIE = "auth0_form"
FORM_FIELD = "form_token"

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
)


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    purpose: str | None = None,
    redirect_uri: str | None = None,
    **values: Any,
) -> Response:
    """Renders a page.

    Args:
        request: The request that it answers.
        template: A file of `templates/`.
        status: HTTP status.
        purpose: For a page with a form: what the form is for. A token binds it to this browser.
        redirect_uri: Where submitting the form may lead in the end (browsers check redirects against `form-action`).
        values: For the template.
    """
    tenant = tenant_of(request)
    browser = request.cookies.get(FORM_COOKIE) or _random.opaque_token()
    form_token = _form_token(tenant.form_key, browser, purpose) if purpose is not None else ""
    html = _environment.get_template(template).render(
        tenant_name=tenant.definition.tenant.friendly_name, form_token=form_token, **values
    )
    response = HTMLResponse(html, status, headers={**NO_STORE, **_security_headers(redirect_uri)})
    if purpose is not None:
        secure = tenant.settings.issuer.startswith("https:")
        response.set_cookie(FORM_COOKIE, browser, path="/", httponly=True, samesite="lax", secure=secure)
    return response


def error_page(request: Request, refusal: Refusal) -> Response:
    """Shows a refusal to a person, where the client's address cannot be trusted with it."""
    return page(request, "error.html", status=refusal.status, error=refusal.error, description=refusal.description)


def require_form(request: Request, parameters: Parameters, purpose: str) -> None:
    """Checks that a form was submitted from a page that this browser was shown.

    Raises:
        Refusal: if it was not.
    """
    browser = request.cookies.get(FORM_COOKIE, "")
    expected = _form_token(tenant_of(request).form_key, browser, purpose)
    if not browser or not hmac.compare_digest(expected.encode(), (parameters.get(FORM_FIELD) or "").encode()):
        raise Refusal(403, "invalid_request", "This form has expired. Go back and start again.")


def browser_of(request: Request) -> str:
    """What tells this browser from others: a digest of the cookie that its forms are bound to."""
    return _random.digest(request.cookies.get(FORM_COOKIE, ""))


def _form_token(key: str, browser: str, purpose: str) -> str:
    return hmac.new(key.encode(), f"{browser} {purpose}".encode(), hashlib.sha256).hexdigest()


def _security_headers(redirect_uri: str | None) -> dict[str, str]:
    targets = "'self'"
    if redirect_uri is not None:
        parts = urlsplit(redirect_uri)
        targets += f" {parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f" {parts.scheme}:"
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
