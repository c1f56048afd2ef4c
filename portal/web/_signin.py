"""Signing in and out: OpenID Connect's authorization code flow with PKCE, as a confidential client.

What a response is checked against lies, sealed, in the browser that began (`state`, `nonce`, `code_verifier`), so
that nobody can be signed in by a link that somebody else began with.
"""

import base64
import hmac
import re
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal._errors import CommandFailed, NotSignedIn, PartAway
from portal.session import AuthorizationRequest, process_authorization_response
from portal.signin import process_sign_in
from portal.web._forms import read_form
from portal.web._pages import error_response, page
from portal.web._signed_in import Backend, backend_of
from shared.errors import OAuthError
from shared.telemetry import get_logger

BEGUN_SECONDS: Final = 600
RETURN_TO: Final = re.compile(r"/(?:conversations/[A-Za-z0-9_-]{1,64}|accounts|activity)?")
"""The pages that a sign-in leads back to; any other address is somebody else's idea."""

_PURPOSE: Final = "sign-in"

_log = get_logger()


def safe_return_to(path: str | None) -> str:
    """A page of ours to go to, or the first one."""
    return path if path is not None and RETURN_TO.fullmatch(path) else "/"


def sign_in_path(return_to: str) -> str:
    """The address that begins a sign-in."""
    return f"/login?{urlencode({'return_to': safe_return_to(return_to)})}"


async def login(request: Request) -> Response:
    """`GET /login`: sends the browser to the authorization server."""
    backend = backend_of(request)
    return_to = safe_return_to(request.query_params.get("return_to"))
    if backend.find(request) is not None:
        return RedirectResponse(return_to, 303)
    asked = await backend.server.authorization_request(f"{backend.settings.origin}/callback")
    begun = {
        "state": asked.state,
        "nonce": asked.nonce,
        "code_verifier": asked.code_verifier,
        "return_to": return_to,
        "until": backend.clock.now() + BEGUN_SECONDS,
    }
    sealed = base64.urlsafe_b64encode(backend.sealing.seal(_PURPOSE, begun)).decode()
    response = RedirectResponse(asked.url, 303)
    backend.set_cookie(response, _begun_cookie(backend), sealed, max_age=BEGUN_SECONDS)
    return response


async def callback(request: Request) -> Response:
    """`GET /callback`: the browser is back with a code, or a refusal."""
    backend = backend_of(request)
    is_signed_in = backend.find(request) is not None
    begun = _begun(backend, request)
    answer = dict(request.query_params.multi_items())
    is_whole = len(answer) == len(request.query_params.multi_items())
    if begun is None or not is_whole or not _is_same(answer.get("state", ""), str(begun["state"])):
        if is_signed_in:  # the way back, or a second tab: nothing is to be done
            return RedirectResponse("/", 303)
        return error_response(request, 400, "This sign-in was not begun here, or it took too long.", way_on="sign_in")
    redirect_uri = f"{backend.settings.origin}/callback"
    asked = AuthorizationRequest(
        "", redirect_uri, str(begun["state"]), str(begun["nonce"]), str(begun["code_verifier"])
    )
    try:
        metadata = await backend.server.metadata()
        code = process_authorization_response(answer, issuer=backend.desk.issuer, says_issuer=metadata.says_issuer)
        tokens = await backend.server.authorization_code_request(asked, code)
        sign_in, issuer_session = await process_sign_in(
            backend.desk, tokens, keys=backend.keys, nonce=asked.nonce, clock=backend.clock
        )
        response: Response = RedirectResponse(safe_return_to(str(begun["return_to"])), 303)
        backend.begin(request, response, sign_in, issuer_session or "")
    except (OAuthError, CommandFailed) as error:
        _log.warning("sign_in_failed", error=error.reason, detail=error.detail)
        response = error_response(request, 400, "The sign-in did not work.", way_on="sign_in")
    else:
        _log.info("signed_in")
    backend.set_cookie(response, _begun_cookie(backend), "")
    return response


async def logout(request: Request) -> Response:
    """`POST /logout`: ends the session here, revokes its tokens, and then ends the one at the issuer."""
    backend = backend_of(request)
    who = backend.require(request)
    await read_form(request, who, origin=backend.settings.origin)
    try:
        revoked = await who.session.end()
    except NotSignedIn:
        revoked = True
    backend.end(request.cookies.get(backend.cookie, ""))  # what is still shown for it ends, too
    _log.info("signed_out", revoked=revoked)
    response = page(request, "leave.html", url=await _issuer_logout(backend, who.kept.issuer_session), what="logout")
    backend.set_cookie(response, backend.cookie, "")
    return response


async def _issuer_logout(backend: Backend, issuer_session: str) -> str:
    """Where the browser's session at the issuer ends; our own first page, where that cannot be had."""
    here = f"{backend.settings.origin}/"
    try:
        url = await backend.server.logout_request(session_id=issuer_session or None, post_logout_redirect_uri=here)
    except (PartAway, OAuthError):
        return here
    return url or here


def _begun(backend: Backend, request: Request) -> dict[str, object] | None:
    """What this browser began, if it did so lately."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(_begun_cookie(backend), ""))
    except ValueError:
        return None
    begun = backend.sealing.open(_PURPOSE, sealed)
    return begun if begun is not None and float(begun["until"]) > backend.clock.now() else None


def _begun_cookie(backend: Backend) -> str:
    return f"{backend.cookie}-sign-in"


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
