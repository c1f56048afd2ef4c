"""Logout: `/oidc/logout` (OpenID Connect RP-Initiated Logout 1.0) and Auth0's older `/v2/logout`."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from local.tenant._clients import Client
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._pages import error_page, page, require_form
from local.tenant._parameters import Parameters, query_parameters, read_parameters
from local.tenant._sessions import Session
from local.tenant._tenant import Tenant
from local.tenant._tokens import TokenRejected
from local.tenant.endpoints._logout_tokens import tell_clients
from local.tenant.endpoints._session_cookie import delete_session_cookie, session_of

PURPOSE = "logout"
FIELDS = ("post_logout_redirect_uri", "client_id", "state")


@dataclass(frozen=True, slots=True)
class _LogoutRequest:
    """A checked request: where to go after it, and the `sid` of the session that it names."""

    target: str | None
    sid: str | None


async def oidc_logout(request: Request) -> Response:
    """Ends the session that the hints name; without hints, or for another's session, the person is asked first."""
    try:
        parameters = query_parameters(request) if request.method == "GET" else await read_parameters(request)
        asked = _checked(tenant_of(request), parameters)
    except Refusal as refusal:
        tenant_of(request).log.write("flo", description=refusal.description)
        return error_page(request, refusal)
    session = session_of(request)
    if session is not None and asked.sid != session.sid:
        fields = {name: value for name in FIELDS if (value := parameters.get(name)) is not None}
        user = tenant_of(request).people.get(session.user_id)
        return page(request, "logout.html", purpose=PURPOSE, redirect_uri=asked.target, user=user, fields=fields)
    return _signed_out(request, session, asked.target)


async def confirm_logout(request: Request) -> Response:
    """`POST /oidc/logout/confirm`: the person's answer."""
    try:
        parameters = await read_parameters(request)
        require_form(request, parameters, PURPOSE)
        asked = _checked(tenant_of(request), parameters)
    except Refusal as refusal:
        return error_page(request, refusal)
    if parameters.get("action") != "accept":
        return page(request, "done.html", heading="Still signed in", text="You can close this page.")
    return _signed_out(request, session_of(request), asked.target)


async def v2_logout(request: Request) -> Response:
    """Ends the session without a question."""
    tenant = tenant_of(request)
    try:
        parameters = query_parameters(request)
        client = _client(tenant, parameters.get("client_id"))
        allowed = _allowed_urls(tenant, client)
        target = parameters.get("returnTo")
        if target is None:
            target = allowed[0] if client is not None and allowed else None
        else:
            _require_allowed("returnTo", target, allowed)
    except Refusal as refusal:
        tenant.log.write("flo", description=refusal.description)
        return error_page(request, refusal)
    session = session_of(request)
    if target is None:
        return _end(request, session, PlainTextResponse("OK", headers=NO_STORE))
    return _end(request, session, RedirectResponse(target, 302, headers=NO_STORE))


def _checked(tenant: Tenant, parameters: Parameters) -> _LogoutRequest:
    client_id, sid = parameters.get("client_id"), parameters.get("logout_hint")
    hint = parameters.get("id_token_hint")
    hinted_client: str | None = None
    if hint is not None:
        try:
            claims = tenant.tokens.verify_hint(hint)
        except TokenRejected as error:
            raise Refusal(400, "invalid_request", "Invalid id_token_hint") from error
        hinted_client = claims["aud"] if isinstance(claims["aud"], str) else None
        if hinted_client is None or "sid" not in claims or client_id not in {None, hinted_client}:
            raise Refusal(400, "invalid_request", "id_token_hint does not belong to client_id")
        if sid not in {None, claims["sid"]}:
            raise Refusal(400, "invalid_request", "logout_hint does not match id_token_hint")
        sid = claims["sid"]
    client = _client(tenant, client_id or hinted_client)
    allowed = _allowed_urls(tenant, client)
    target = parameters.get("post_logout_redirect_uri")
    if target is None:
        return _LogoutRequest(allowed[0] if client_id is not None and allowed else None, sid)
    _require_allowed("post_logout_redirect_uri", target, allowed)
    return _LogoutRequest(_with_state(target, parameters.get("state")), sid)


def _client(tenant: Tenant, client_id: str | None) -> Client | None:
    if client_id is None:
        return None
    client = tenant.clients.get(client_id)
    if client is None:
        raise Refusal(400, "invalid_request", f"Unknown client: {client_id}")
    return client


def _allowed_urls(tenant: Tenant, client: Client | None) -> tuple[str, ...]:
    return tenant.definition.tenant.allowed_logout_urls if client is None else client.definition.allowed_logout_urls


def _require_allowed(name: str, url: str, allowed: tuple[str, ...]) -> None:
    """Compares without query and fragment, as Auth0 does."""
    try:
        is_allowed = _bare(url) in {_bare(known) for known in allowed}
    except ValueError:  # no URL at all
        is_allowed = False
    if not is_allowed:
        text = f'The "{name}" parameter "{url}" is not defined as a valid URL in "Allowed Logout URLs".'
        raise Refusal(400, "invalid_request", text)


def _bare(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _with_state(url: str, state: str | None) -> str:
    if state is None:
        return url
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("state", state)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _signed_out(request: Request, session: Session | None, target: str | None) -> Response:
    if target is None:
        shown = page(request, "done.html", heading="Signed out", text="You are signed out. You can close this page.")
        return _end(request, session, shown)
    return _end(request, session, RedirectResponse(target, 302, headers=NO_STORE))


def _end(request: Request, session: Session | None, response: Response) -> Response:
    if session is not None:
        tenant = tenant_of(request)
        client_ids = tenant.sessions.end(session)
        tenant.log.write("slo", user_id=session.user_id)
        response.background = BackgroundTask(tell_clients, tenant, session, client_ids)
    delete_session_cookie(response)
    return response
