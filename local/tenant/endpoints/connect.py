"""What the browser does while an account is connected: it goes to the other system, and comes back."""

import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local import _random
from local.tenant._connected_accounts import AccountRequest, NoRefreshToken
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._pages import error_page
from shared.errors import UpstreamError

CONNECT_COOKIE = "auth0_connect"
EXPIRED = Refusal(400, "invalid_request", "This link has expired, or was used. Start again where you came from.")


async def connect_page(request: Request) -> Response:
    """`GET /connected-accounts/connect?ticket=…`: sends the browser to the other system, once."""
    tenant = tenant_of(request)
    asked = tenant.connected_accounts.take("ticket", request.query_params.get("ticket", ""))
    if asked is None:
        return error_page(request, EXPIRED)
    browser = _random.opaque_token()
    asked = replace(asked, code_verifier=_random.client_secret(), browser=_random.digest(browser))
    state = tenant.connected_accounts.keep("state", asked)
    url = tenant.connected_accounts.upstream(asked.connection).authorization_url(
        state=state, code_verifier=asked.code_verifier, scopes=asked.scopes
    )
    response = RedirectResponse(url, 302, headers=NO_STORE)
    secure = tenant.settings.issuer.startswith("https:")
    response.set_cookie(CONNECT_COOKIE, browser, path="/login/callback", httponly=True, samesite="lax", secure=secure)
    return response


async def callback(request: Request) -> Response:
    """`GET /login/callback`: the browser is back, if it is the one that went; the client completes the rest."""
    tenant, parameters = tenant_of(request), request.query_params
    asked = tenant.connected_accounts.take("state", parameters.get("state", ""))
    browser = _random.digest(request.cookies.get(CONNECT_COOKIE, ""))
    if asked is None or asked.browser is None or not hmac.compare_digest(asked.browser, browser):
        return error_page(request, EXPIRED)
    if "code" not in parameters:
        return _refused(request, asked, str(parameters.get("error") or "access_denied"))
    try:
        agreed = await tenant.connected_accounts.agreed(asked, parameters["code"])
    except UpstreamError as error:
        return _refused(request, asked, "server_error", detail=error.detail)
    except NoRefreshToken:
        return _refused(request, asked, "invalid_scope", detail="no refresh token was issued")
    return _answer(agreed, {"connect_code": tenant.connected_accounts.keep("code", agreed)})


def _refused(request: Request, asked: AccountRequest, error: str, *, detail: str = "") -> Response:
    tenant = tenant_of(request)
    client = tenant.clients.get(asked.client_id)
    details: dict[str, Any] = {"connection": asked.connection, "error": error, "detail": detail}
    tenant.log_exchange("connected_accounts_connection_failed", client, user_id=asked.user_id, details=details)
    return _answer(asked, {"error": error, "error_description": "The account was not connected."})


def _answer(asked: AccountRequest, members: dict[str, str]) -> Response:
    parts = urlsplit(asked.redirect_uri)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *members.items(), ("state", asked.state)]
    return RedirectResponse(urlunsplit(parts._replace(query=urlencode(query))), 302, headers=NO_STORE)
