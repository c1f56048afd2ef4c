"""`POST /backchannel-logout`: the issuer says that somebody's session has ended there, and it ends here.

This is OpenID Connect Back-Channel Logout 1.0. No browser sends it, so that neither cookie nor origin says anything;
the token's signature says all.
"""

from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portal.web._forms import FORM, MAX_FIELDS, FormRefused, body_of
from portal.web._signed_in import Backend, backend_of
from shared.errors import InvalidToken, TooManyRequests, UpstreamUnavailable
from shared.identity import LogoutToken, RawToken, verify_logout_token
from shared.telemetry import get_logger, metrics

TOKEN: Final = "logout_token"  # noqa: S105 -- the parameter's name

_log = get_logger()


async def backchannel_logout(request: Request) -> Response:
    """Ends the sessions that a logout token names; that there are none is no error (§2.8)."""
    backend = backend_of(request)
    try:
        backend.shares.require(request.scope)
        token = await _received(request)
        verified = await verify_logout_token(
            token, keys=backend.keys, client_id=backend.desk.client_id, clock=backend.clock.now
        )
        ended = _ended(backend, verified)
    except (InvalidToken, FormRefused) as error:
        with suppress(TooManyRequests):
            backend.shares.take(request.scope)  # what holds takes nothing: an issuer may tell of many at once
        metrics.refused(error, place="request")
        _log.warning("logout_token_refused", error=error.reason, detail=error.detail)
        return _refused(400, "invalid_request", "The logout token does not verify.")
    except UpstreamUnavailable as error:
        _log.warning("logout_token_refused", error=error.reason, detail=error.detail)
        return _refused(503, "temporarily_unavailable", "The issuer's keys cannot be had right now.")
    _log.info("signed_out_elsewhere", sessions=ended)
    return Response(status_code=200)


def _ended(backend: Backend, token: LogoutToken) -> int:
    """Ends the sessions; how many.

    Raises:
        InvalidToken: the token came before.
    """
    if not backend.sessions.take_once(token.token_id, token.good_until):
        raise InvalidToken(code="token_replayed", detail="this logout token came before")
    if token.session_id is not None:
        return backend.end_issuer_session(token.session_id)
    assert token.subject is not None  # noqa: S101 -- one of both is there; this tells the type checker
    return backend.end_sessions_of(token.subject)


async def _received(request: Request) -> RawToken:
    """The token, which stands in a form once.

    Raises:
        FormRefused: it does not.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise FormRefused("This form cannot be read.", status=400, detail="content type")
    try:
        pairs = parse_qsl((await body_of(request)).decode(), max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise FormRefused("This form cannot be read.", status=400, detail="not a form") from None
    tokens = [value for name, value in pairs if name == TOKEN]
    if len(tokens) != 1:
        raise FormRefused("This form cannot be read.", status=400, detail="not one logout token")
    return RawToken(tokens[0])


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
