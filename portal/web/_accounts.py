"""The accounts in which agents act: connected at the other system, in the same browser, and disconnected."""

import asyncio
import base64
import hmac
from contextlib import aclosing
from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.accounts import ConnectRequest
from portal.session import process_authorization_response
from portal.web._chat import conversation_id
from portal.web._forms import FormRefused, read_form
from portal.web._pages import error_response, page
from portal.web._signed_in import Backend, SignedIn, backend_of
from shared.errors import HelpdeskError, OAuthError
from shared.telemetry import get_logger

GO_ON_SECONDS: Final = 10.0

_log = get_logger()


async def accounts(request: Request) -> Response:
    """`GET /accounts`: what is connected, and what could be."""
    who = backend_of(request).require(request)
    connected, connections = await asyncio.gather(who.accounts.connected(), who.accounts.connections())
    missing = [name for name in connections if name not in {account.connection for account in connected}]
    return page(request, "accounts.html", who=who, connected=connected, missing=missing)


async def connect(request: Request) -> Response:
    """`POST /accounts/connect`: begins; a page of ours sends the browser on, so that no form leads anywhere else."""
    backend = backend_of(request)
    who = backend.require(request)
    fields = await read_form(request, who, origin=backend.settings.origin)
    connection = fields.get("connection", "")
    if not connection:
        raise FormRefused("This form cannot be read.", status=400, detail="connection")
    asked = await who.accounts.connect_request(connection, f"{backend.settings.origin}/accounts/callback")
    begun = {
        "asked": asdict(asked),
        "until": backend.clock.now() + asked.expires_in,
        "context_id": conversation_id(fields, "context_id"),
        "task_id": conversation_id(fields, "task_id"),
    }
    sealed = base64.urlsafe_b64encode(backend.sealing.seal(_purpose(who), begun)).decode()
    response = page(request, "leave.html", who=who, url=asked.url, what="connect")
    backend.set_cookie(response, _cookie(backend), sealed, max_age=int(asked.expires_in))
    return response


async def callback(request: Request) -> Response:
    """`GET /accounts/callback`: the browser is back; what waited for the account goes on."""
    backend = backend_of(request)
    who = backend.require(request)
    begun = _begun(backend, who, request)
    answer = dict(request.query_params)
    is_whole = len(answer) == len(request.query_params.multi_items())
    state = answer.get("state", "")
    if begun is None or not is_whole or not hmac.compare_digest(state.encode(), begun["asked"]["state"].encode()):
        return error_response(request, 400, "This was not begun here, or it took too long.", who=who, way_on="accounts")
    response: Response = RedirectResponse("/accounts", 303)
    try:
        code = process_authorization_response(answer, issuer=backend.desk.issuer, parameter="connect_code")
        await who.accounts.complete_request(ConnectRequest(**begun["asked"]), code)
    except OAuthError:
        response = error_response(request, 400, "The account was not connected.", who=who, way_on="accounts")
    else:
        if begun["task_id"]:
            await _go_on(who, begun["task_id"], begun["context_id"])
            response = RedirectResponse(f"/conversations/{begun['context_id']}", 303)
    backend.set_cookie(response, _cookie(backend), "")
    return response


async def disconnect(request: Request) -> Response:
    """`POST /accounts/disconnect`."""
    backend = backend_of(request)
    who = backend.require(request)
    fields = await read_form(request, who, origin=backend.settings.origin)
    found = [account for account in await who.accounts.connected() if account.id == fields.get("account_id")]
    for account in found:
        await who.accounts.disconnect(account)
    return RedirectResponse("/accounts", 303)


async def _go_on(who: SignedIn, task_id: str, context_id: str) -> None:
    """Has the task that waited go on; its page shows what comes of it."""
    try:
        async with asyncio.timeout(GO_ON_SECONDS):
            async with aclosing(who.desk.go_on(task_id, context_id=context_id, heard=())) as events:
                async for _ in events:
                    break
    except (HelpdeskError, TimeoutError) as error:
        _log.warning("task_did_not_go_on", error=type(error).__name__)


def _begun(backend: Backend, who: SignedIn, request: Request) -> dict[str, Any] | None:
    """What this session began, if it did so lately."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(_cookie(backend), ""))
    except ValueError:
        return None
    begun = backend.sealing.open(_purpose(who), sealed)
    return begun if begun is not None and float(begun["until"]) > backend.clock.now() else None


def _purpose(who: SignedIn) -> str:
    """Sealed for one session: nobody can have an account of theirs connected to somebody else."""
    return f"connect {who.kept.digest}"


def _cookie(backend: Backend) -> str:
    return f"{backend.cookie}-connect"
