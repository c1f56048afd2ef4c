"""The pages at `/activate` where a person lets a device in (RFC 8628 §3.3): the code, the confirmation, the sign-in."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.tenant._device_codes import DeviceCode, normalised_user_code
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._pages import browser_of, error_page, page, require_form
from local.tenant._parameters import read_parameters
from local.tenant._sessions import Session, Transaction
from local.tenant.endpoints._session_cookie import session_of
from local.tenant.endpoints.authorize import require_unblocked

PURPOSE = "activate"
GONE = Refusal(400, "invalid_request", "This code has expired or has been used. Start again on your device.")


async def activate_page(request: Request) -> Response:
    """`GET /activate`: asks for the code; a link may bring it along, to be confirmed all the same."""
    return _ask(request, request.query_params.get("user_code", ""))


async def activate(request: Request) -> Response:
    """`POST /activate`: looks the code up and asks for confirmation."""
    tenant = tenant_of(request)
    try:
        parameters = await read_parameters(request)
        require_form(request, parameters, PURPOSE)
    except Refusal as refusal:
        return error_page(request, refusal)
    typed = parameters.get("user_code") or ""
    device = tenant.device_codes.waiting(normalised_user_code(typed))
    if device is None:
        tenant.log.write("fdeac")
        return _ask(request, typed, failed=True)
    return _confirm(request, device, session_of(request))


async def decide(request: Request) -> Response:
    """`POST /activate/confirm`: the person's answer."""
    tenant = tenant_of(request)
    try:
        parameters = await read_parameters(request)
        user_code = parameters.get("user_code") or ""
        require_form(request, parameters, f"{PURPOSE} {user_code}")
    except Refusal as refusal:
        return error_page(request, refusal)
    device = tenant.device_codes.waiting(user_code)
    if device is None:
        return error_page(request, GONE)
    action = parameters.get("action")
    if action == "confirm" and (session := session_of(request)) is not None:
        return _approve(request, device, session)
    if action in {"confirm", "switch"}:
        state = tenant.transactions.start(Transaction(user_code=user_code, browser=browser_of(request)))
        return RedirectResponse(f"/u/login?{urlencode({'state': state})}", 302, headers=NO_STORE)
    tenant.device_codes.deny(user_code)
    tenant.log.write("fdecc", client_id=device.client_id)
    return page(
        request, "done.html", heading="Cancelled", text="The device has not been signed in. You can close this page."
    )


async def resume(request: Request) -> Response:
    """`GET /activate/resume`: lets the device in after the person has signed in for it."""
    tenant, state = tenant_of(request), request.query_params.get("state", "")
    transaction, session = tenant.transactions.get(state), session_of(request)
    if transaction is None or transaction.user_code is None:
        return error_page(request, GONE)
    if session is None or transaction.session != session.digest or not transaction.seen:
        return RedirectResponse(f"/u/login?{urlencode({'state': state})}", 302, headers=NO_STORE)
    tenant.transactions.finish(state)
    device = tenant.device_codes.waiting(transaction.user_code)
    return error_page(request, GONE) if device is None else _approve(request, device, session)


def _approve(request: Request, device: DeviceCode, session: Session) -> Response:
    tenant = tenant_of(request)
    try:
        require_unblocked(tenant, session.user_id)
    except Refusal as refusal:
        return error_page(request, refusal)
    if not tenant.device_codes.approve(device.user_code, session):
        return error_page(request, GONE)
    text = "Your device is signed in. You can close this page and go back to it."
    return page(request, "done.html", heading="You are all set", text=text)


def _ask(request: Request, typed: str, *, failed: bool = False) -> Response:
    return page(request, "activate.html", status=400 if failed else 200, purpose=PURPOSE, typed=typed, failed=failed)


def _confirm(request: Request, device: DeviceCode, session: Session | None) -> Response:
    tenant = tenant_of(request)
    client = tenant.clients.get(device.client_id)
    return page(
        request,
        "confirm.html",
        purpose=f"{PURPOSE} {device.user_code}",
        user_code=device.user_code,
        client_name=client.name if client is not None else "",
        user=tenant.people.get(session.user_id) if session is not None else None,
    )
