"""The pages of a "phone": where a person sees what is asked of them, by whom, and approves it or not.

They stand in for the Guardian app. Looking at a page decides nothing: an answer is a form, submitted from the page.
"""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.tenant._backchannel import BackchannelRequest
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal
from local.tenant._pages import error_page, page, require_form
from local.tenant._parameters import Parameters, read_parameters
from local.tenant._sessions import Transaction
from local.tenant._tenant import Tenant
from local.tenant.endpoints._session_cookie import session_of
from local.tenant.endpoints.authorize import require_unblocked
from local.tenant.endpoints.guardian import answer as take_answer

ENROL = "phone enrolment"


async def phone(request: Request) -> Response:
    """`GET /phone`: what waits for the person who is signed in here."""
    tenant, session = tenant_of(request), session_of(request)
    if session is None:
        state = tenant.transactions.start(Transaction(phone=True))
        return RedirectResponse(f"/u/login?{urlencode({'state': state})}", 302, headers=NO_STORE)
    try:
        require_unblocked(tenant, session.user_id)
    except Refusal as refusal:
        return error_page(request, refusal)
    waiting = tenant.backchannel.pending(session.user_id)
    return page(
        request,
        "phone.html",
        purpose=f"phone {session.sid}",
        user=tenant.people.get(session.user_id),
        waiting=[_described(tenant, asked) for asked in waiting],
        devices=tenant.devices.of(session.user_id),
    )


async def answer(request: Request) -> Response:
    """`POST /phone`: the person's answer to one request."""
    tenant = tenant_of(request)
    try:
        parameters = await read_parameters(request)
        user_id = _signed_in(request, parameters)
        action = parameters.get("action")
        if action == "enrol":
            return page(request, "enrol.html", ticket=tenant.devices.ticket(user_id))
        _answer(tenant, user_id, parameters.require("consent_id"), action)
    except Refusal as refusal:
        return error_page(request, refusal)
    if action == "approve":
        return page(request, "done.html", heading="Approved", text="It goes ahead now.")
    text = "It does not happen. If you did not ask for it, tell security."
    return page(request, "done.html", heading="Denied", text=text)


def _signed_in(request: Request, parameters: Parameters) -> str:
    """Who is signed in, and has submitted a form of the page that they were shown.

    Raises:
        Refusal: if it is nobody.
    """
    session = session_of(request)
    if session is None:
        raise Refusal(403, "invalid_request", "You are not signed in here any more. Open this page again.")
    require_form(request, parameters, f"phone {session.sid}")
    require_unblocked(tenant_of(request), session.user_id)
    return session.user_id


def _answer(tenant: Tenant, user_id: str, consent_id: str, action: str | None) -> None:
    asked = tenant.backchannel.consent(consent_id)
    if asked is None or asked.user_id != user_id:
        raise Refusal(404, "invalid_request", "This request has expired, or was answered already.")
    if action not in {"approve", "deny"}:
        raise Refusal(400, "invalid_request", "Approve it, or deny it.")
    take_answer(tenant, asked, approved=action == "approve")


def _described(tenant: Tenant, asked: BackchannelRequest) -> dict[str, Any]:
    client = tenant.clients.get(asked.client_id)
    details = asked.authorization_details or ()
    return {
        "consent_id": asked.consent_id,
        "client_name": client.name if client is not None else asked.client_id,
        "binding_message": asked.binding_message,
        "minutes": max(1, round((asked.expires_at - tenant.clock()) / 60)),
        "instructions": [str(one["instruction"]) for one in details if one.get("instruction")],
        "properties": [row for one in details for row in _properties(one)],
    }


def _properties(details: dict[str, Any]) -> list[tuple[str, str]]:
    """The names and values that are to be shown, in the order in which they are to be shown."""
    properties = details.get("properties")
    if not isinstance(properties, dict):
        return []
    shown = []
    for key, one in properties.items():
        if isinstance(one, dict) and one.get("display", True):
            order = one.get("display_order")
            number = order if isinstance(order, int) else len(properties)
            shown.append((number, str(one.get("name", key)), str(one.get("value"))))
    return [(name, value) for _, name, value in sorted(shown)]
