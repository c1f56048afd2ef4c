"""The pages of a sign-in: the password at `/u/login`, and at `/u/consent` the question whether to go on."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._pages import browser_of, error_page, page, require_form
from local.tenant._parameters import read_parameters
from local.tenant._sessions import Session, Transaction
from local.tenant._tenant import Tenant
from local.tenant.endpoints._session_cookie import session_of, set_session_cookie
from local.tenant.endpoints.authorize import error_redirect, require_unblocked

EXPIRED = Refusal(400, "invalid_request", "This sign-in has expired. Start again.")


async def login_page(request: Request) -> Response:
    """`GET /u/login`."""
    state = request.query_params.get("state", "")
    transaction = tenant_of(request).transactions.get(state)
    if transaction is None or transaction.browser not in {None, browser_of(request)}:
        return error_page(request, EXPIRED)
    return _show(request, state, transaction)


async def login(request: Request) -> Response:
    """`POST /u/login`: checks the password and starts a session."""
    tenant = tenant_of(request)
    state = request.query_params.get("state", "")
    transaction = tenant.transactions.get(state)
    if transaction is None or transaction.browser not in {None, browser_of(request)}:
        return error_page(request, EXPIRED)
    try:
        parameters = await read_parameters(request)
        require_form(request, parameters, f"login {state}")
    except Refusal as refusal:
        return error_page(request, refusal)
    typed = parameters.get("username") or ""
    user = tenant.people.find(typed)
    if not tenant.people.password_matches(user, parameters.get("password") or ""):
        client_id = _client_id(transaction)
        tenant.log.write("fp" if user else "fu", client_id=client_id, user_id=user.user_id if user else None)
        return _show(request, state, transaction, typed=typed, failed=True)
    assert user is not None  # noqa: S101 -- no password matches nobody
    try:
        require_unblocked(tenant, user.user_id)
    except Refusal as refusal:
        tenant.log.write("f", client_id=_client_id(transaction), user_id=user.user_id, description=refusal.description)
        if transaction.request is None:
            return error_page(request, refusal)
        tenant.transactions.finish(state)
        return error_redirect(transaction.request, refusal)
    return _signed_in(request, state, transaction, user.user_id)


async def consent_page(request: Request) -> Response:
    """`GET /u/consent`: whether to go on as the person who is signed in here."""
    tenant, state = tenant_of(request), request.query_params.get("state", "")
    transaction, session = tenant.transactions.get(state), session_of(request)
    if transaction is None or transaction.request is None or not _is_of(transaction, session):
        return error_page(request, EXPIRED)
    assert session is not None  # noqa: S101 -- _is_of() has looked
    user = tenant.people.get(session.user_id)
    return page(
        request,
        "consent.html",
        purpose=f"consent {state}",
        redirect_uri=transaction.request.redirect_uri,
        action=f"/u/consent?{urlencode({'state': state})}",
        client_name=_client_name(tenant, transaction),
        redirect_uri_shown=transaction.request.redirect_uri,
        user=user,
    )


async def consent(request: Request) -> Response:
    """`POST /u/consent`."""
    tenant, state = tenant_of(request), request.query_params.get("state", "")
    transaction = tenant.transactions.get(state)
    try:
        parameters = await read_parameters(request)
        require_form(request, parameters, f"consent {state}")
    except Refusal as refusal:
        return error_page(request, refusal)
    if transaction is None or transaction.request is None or not _is_of(transaction, session_of(request)):
        return error_page(request, EXPIRED)
    if parameters.get("action") != "accept":
        tenant.transactions.finish(state)
        return error_redirect(transaction.request, Refusal(403, "access_denied", "User did not authorize the request"))
    tenant.transactions.progress(state, transaction, seen=True)
    return _go(f"/authorize/resume?{urlencode({'state': state})}")


def _signed_in(request: Request, state: str, transaction: Transaction, user_id: str) -> Response:
    tenant = tenant_of(request)
    former = session_of(request)
    if former is not None:
        tenant.sessions.end(former)
    cookie, session = tenant.sessions.start(user_id)
    tenant.transactions.progress(state, transaction, session=session.digest, seen=True)
    tenant.log.write("s", client_id=_client_id(transaction), user_id=user_id)
    if transaction.phone:
        tenant.transactions.finish(state)
        response = _go("/phone")
    else:
        after = "/authorize/resume" if transaction.request is not None else "/activate/resume"
        response = _go(f"{after}?{urlencode({'state': state})}")
    set_session_cookie(request, response, cookie)
    return response


def _show(
    request: Request, state: str, transaction: Transaction, *, typed: str | None = None, failed: bool = False
) -> Response:
    asked = transaction.request
    return page(
        request,
        "login.html",
        status=400 if failed else 200,
        purpose=f"login {state}",
        redirect_uri=asked.redirect_uri if asked is not None else None,
        action=f"/u/login?{urlencode({'state': state})}",
        client_name=_client_name(tenant_of(request), transaction),
        typed=typed if typed is not None else (asked.login_hint if asked is not None else None) or "",
        failed=failed,
    )


def _is_of(transaction: Transaction, session: Session | None) -> bool:
    return session is not None and transaction.session == session.digest


def _client_id(transaction: Transaction) -> str | None:
    return transaction.request.client_id if transaction.request is not None else None


def _client_name(tenant: Tenant, transaction: Transaction) -> str:
    client = tenant.clients.get(_client_id(transaction) or "")
    return client.name if client is not None else tenant.definition.tenant.friendly_name


def _go(url: str) -> Response:
    return RedirectResponse(url, 302, headers=NO_STORE)
