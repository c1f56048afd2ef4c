"""The endpoints of the authorization server, at Okta's paths."""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local import _random
from local.directory import _oauth_pages as _pages
from local.directory._oauth_log import log_grant
from local.directory._state import Directory
from local.directory.oauth import (
    CODE_LIFETIME,
    SESSION_LIFETIME,
    TRANSACTION_LIFETIME,
    AuthorizationServer,
    OAuthClient,
    OAuthRefusal,
)

BROWSER_COOKIE = "directory_browser"
SESSION_COOKIE = "directory_session"
MAX_FORM_BYTES = 16 * 1024
MAX_FIELDS = 32
MAX_VALUE = 4096
EXPIRED = "This sign-in has expired, or was begun in another browser. Start again where you came from."
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}

Endpoint = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """The routes."""
    return [
        Route("/.well-known/openid-configuration", metadata),
        Route("/.well-known/oauth-authorization-server", metadata),
        Route("/oauth2/v1/keys", keys),
        Route("/oauth2/v1/authorize", authorize),
        Route("/oauth2/v1/sign-in", sign_in, methods=["POST"]),
        Route("/oauth2/v1/consent", consent, methods=["POST"]),
        Route("/oauth2/v1/token", _answering(token), methods=["POST"]),
        Route("/oauth2/v1/introspect", _answering(introspect), methods=["POST"]),
        Route("/oauth2/v1/revoke", _answering(revoke), methods=["POST"]),
        Route("/oauth2/v1/userinfo", userinfo),
    ]


async def metadata(request: Request) -> Response:
    """`GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §3)."""
    issuer = _server(request).issuer
    return JSONResponse(
        {
            "issuer": issuer,
            **{
                f"{name}_endpoint": f"{issuer}/oauth2/v1/{path}"
                for name, path in (
                    *(("authorization", "authorize"), ("token", "token"), ("userinfo", "userinfo")),
                    *(("introspection", "introspect"), ("revocation", "revoke")),
                )
            },
            "jwks_uri": f"{issuer}/oauth2/v1/keys",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
    )


async def keys(request: Request) -> Response:
    """`GET /oauth2/v1/keys`."""
    return JSONResponse({"keys": [_server(request).key.jwk()]})


async def authorize(request: Request) -> Response:
    """`GET /oauth2/v1/authorize` (RFC 6749 §4.1.1, RFC 7636): signs the person in, then asks what they agree to."""
    server, parameters = _server(request), dict(request.query_params)
    client = server.clients.get(parameters.get("client_id", ""))
    redirect_uri = parameters.get("redirect_uri", "")
    if client is None or redirect_uri not in server.callbacks:
        return _pages.error_page("The application, or the address that it wants to be answered at, is not known here.")
    if any(len(value) > MAX_VALUE for value in parameters.values()):
        return _pages.error_page("A parameter is too long.")
    if problem := _problem(parameters):
        return _answer(parameters, {"error": problem[0], "error_description": problem[1]})
    state, browser = _random.opaque_token(), request.cookies.get(BROWSER_COOKIE) or _random.opaque_token()
    now = server.clock()
    asked = {name: parameters[name] for name in ("client_id", "redirect_uri", "scope", "code_challenge")}
    asked |= {name: parameters[name] for name in ("state", "nonce") if name in parameters}
    data = {"asked": asked, "browser": _random.digest(browser)}
    server.store.keep("transaction", _random.digest(state), data, now=now, expires_at=now + TRANSACTION_LIFETIME)
    user_id = _session(request)
    if user_id is not None:
        response = _ask_for_consent(request, state, data, client, user_id)
    else:
        typed = parameters.get("login_hint", "")
        response = _pages.sign_in_page(state, client, redirect_uri=redirect_uri, typed=typed)
    response.set_cookie(BROWSER_COOKIE, browser, path="/oauth2/v1", httponly=True, samesite="lax")
    return response


async def sign_in(request: Request) -> Response:
    """`POST /oauth2/v1/sign-in`: the person says who they are."""
    server, form = _server(request), await _form(request)
    state = form.get("state", "")
    data = _transaction(request, state)
    if data is None:
        return _pages.error_page(EXPIRED)
    asked = data["asked"]
    client, typed = server.clients[asked["client_id"]], form.get("username", "")
    user_id = _user_id(request, typed) if server.proves(typed, form.get("passkey", "")) else None
    if user_id is None or not server.may_be_used(user_id):
        return _pages.sign_in_page(state, client, redirect_uri=asked["redirect_uri"], typed=typed, failed=True)
    cookie, now = _random.opaque_token(), server.clock()
    server.store.keep(
        "session", _random.digest(cookie), {"user_id": user_id}, now=now, expires_at=now + SESSION_LIFETIME
    )
    response = _ask_for_consent(request, state, data, client, user_id)
    response.set_cookie(SESSION_COOKIE, cookie, path="/oauth2/v1", httponly=True, samesite="lax")
    return response


async def consent(request: Request) -> Response:
    """`POST /oauth2/v1/consent`: their answer, once."""
    server, form = _server(request), await _form(request)
    state = form.get("state", "")
    data = _transaction(request, state)
    if data is None or data.get("user_id") is None or data["user_id"] != _session(request):
        return _pages.error_page(EXPIRED)
    if not server.store.forget("transaction", _random.digest(state)):
        return _pages.error_page(EXPIRED)
    asked = data["asked"]
    if form.get("action") != "allow":
        return _answer(asked, {"error": "access_denied", "error_description": "The resource owner denied the request."})
    code, now = _random.opaque_token(), server.clock()
    server.store.keep("code", _random.digest(code), data, now=now, expires_at=now + CODE_LIFETIME)
    log_grant(request, "app.oauth2.as.consent.grant", data["user_id"], server.clients[asked["client_id"]])
    return _answer(asked, {"code": code})


async def token(request: Request) -> Response:
    """`POST /oauth2/v1/token` (RFC 6749 §4.1.3, §6)."""
    server, form = _server(request), await _form(request)
    client = _client(request, form)
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        issued = _redeem(server, client, form)
    elif grant_type == "refresh_token":
        scopes = form["scope"].split() if form.get("scope") else None
        issued = server.refresh(client, form.get("refresh_token", ""), scopes)
    else:
        raise OAuthRefusal("unsupported_grant_type", "The grant type is not supported.")
    found = server.check(issued.access_token)
    if found is not None:
        log_grant(request, "app.oauth2.token.grant.access_token", found.user_id, client, token_id=issued.token_id)
    return JSONResponse(issued.body(), headers=_NO_STORE)


async def introspect(request: Request) -> Response:
    """`POST /oauth2/v1/introspect` (RFC 7662)."""
    server, form = _server(request), await _form(request)
    return JSONResponse(server.introspect(_client(request, form), form.get("token", "")), headers=_NO_STORE)


async def revoke(request: Request) -> Response:
    """`POST /oauth2/v1/revoke` (RFC 7009): the same answer for a token that is none."""
    server, form = _server(request), await _form(request)
    client = _client(request, form)
    user_id = server.revoke(client, form.get("token", ""))
    if user_id is not None:
        log_grant(request, "app.oauth2.token.revoke", user_id, client)
    return Response(headers=_NO_STORE)


async def userinfo(request: Request) -> Response:
    """`GET /oauth2/v1/userinfo` (OpenID Connect Core 1.0 §5.3)."""
    server = _server(request)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    found = server.check(value.strip()) if scheme.lower() == "bearer" else None
    if found is None or "openid" not in found.scopes:
        return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return JSONResponse({"sub": found.user_id, "preferred_username": found.login}, headers=_NO_STORE)


def _redeem(server: AuthorizationServer, client: OAuthClient, form: Mapping[str, str]) -> Any:
    digest, now = _random.digest(form.get("code", "")), server.clock()
    data = server.store.kept("code", digest, now=now)
    refused = OAuthRefusal("invalid_grant", "The authorization code is invalid or has expired.")
    spent = server.store.kept("spent-code", digest, now=now)
    if spent is not None and spent["client_id"] == client.client_id:  # who was first may be a thief: RFC 6749 §4.1.2
        server.revoke_grant(spent["grant_id"])
    if data is None or data["asked"]["client_id"] != client.client_id:
        raise refused
    asked, verifier = data["asked"], form.get("code_verifier", "")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if form.get("redirect_uri") != asked["redirect_uri"]:
        raise refused
    if not hmac.compare_digest(challenge, asked["code_challenge"]):
        raise OAuthRefusal("invalid_grant", "PKCE verification failed.")
    if not server.store.forget("code", digest):
        raise refused
    issued = server.grant(client, data["user_id"], data["scopes"], nonce=asked.get("nonce"))
    spent = {"client_id": client.client_id, "grant_id": issued.grant_id}
    server.store.keep("spent-code", digest, spent, now=now, expires_at=now + CODE_LIFETIME)
    return issued


def _problem(parameters: Mapping[str, str]) -> tuple[str, str] | None:
    if parameters.get("response_type") != "code":
        return "unsupported_response_type", "The response type is not supported by the authorization server."
    if not parameters.get("scope", "").strip():
        return "invalid_scope", "The authorization server resource does not have any configured default scopes."
    if parameters.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        parameters.get("code_challenge", "")
    ):
        return "invalid_request", "PKCE code challenge is required, with S256."
    if parameters.get("prompt") == "none":
        return "login_required", "The client specified not to prompt, but the user has to agree."
    return None


def _ask_for_consent(request: Request, state: str, data: dict[str, Any], client: OAuthClient, user_id: str) -> Response:
    """The page that asks; what it shows is what will be granted, and no more."""
    server, directory = _server(request), _directory(request)
    asked, now = data["asked"], server.clock()
    scopes = client.grantable(asked["scope"].split(), is_administrator=directory.has_role(user_id))
    if not scopes:
        return _answer(asked, {"error": "invalid_scope", "error_description": "None of the scopes can be granted."})
    changed = data | {"user_id": user_id, "scopes": list(scopes)}
    server.store.keep("transaction", _random.digest(state), changed, now=now, expires_at=now + TRANSACTION_LIFETIME)
    login = directory.login_of(user_id) or ""
    return _pages.consent_page(state, client, login, scopes, redirect_uri=asked["redirect_uri"])


def _transaction(request: Request, state: str) -> dict[str, Any] | None:
    """The sign-in under way, if this is the browser that began it."""
    server = _server(request)
    data = server.store.kept("transaction", _random.digest(state), now=server.clock())
    browser = _random.digest(request.cookies.get(BROWSER_COOKIE, ""))
    return data if data is not None and hmac.compare_digest(data["browser"], browser) else None


def _session(request: Request) -> str | None:
    """Who is signed in in this browser."""
    server = _server(request)
    found = server.store.kept("session", _random.digest(request.cookies.get(SESSION_COOKIE, "")), now=server.clock())
    user_id = found["user_id"] if found is not None else None
    return user_id if user_id is not None and server.may_be_used(user_id) else None


def _user_id(request: Request, typed: str) -> str | None:
    name = typed.strip().lower().partition("@")[0]
    row = _directory(request).database.one("SELECT id FROM users WHERE instr(fold(login), ?) = 1", (f"{name}@",))
    return str(row["id"]) if row is not None else None


def _answer(asked: Mapping[str, str], members: Mapping[str, str]) -> Response:
    """Sends the browser back with an answer (RFC 6749 §4.1.2)."""
    answer = {**members, **({"state": asked["state"]} if "state" in asked else {})}
    joint = "&" if "?" in asked["redirect_uri"] else "?"
    return RedirectResponse(f"{asked['redirect_uri']}{joint}{urlencode(answer)}", 302, headers=_NO_STORE)


def _answering(endpoint: Endpoint) -> Endpoint:
    """Has refusals answered in OAuth's form (RFC 6749 §5.2)."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except OAuthRefusal as refusal:
            body = {"error": refusal.error, "error_description": refusal.description}
            headers = dict(_NO_STORE)
            if refusal.error == "invalid_client" and "authorization" in request.headers:
                headers["www-authenticate"] = f'Basic realm="{_server(request).issuer}"'
            return JSONResponse(body, status_code=refusal.status, headers=headers)

    return answered


def _client(request: Request, form: Mapping[str, str]) -> OAuthClient:
    """The application, by HTTP Basic or in the form (RFC 6749 §2.3.1)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return _server(request).authenticate(form.get("client_id"), form.get("client_secret"))
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        raise OAuthRefusal("invalid_client", "The Authorization header cannot be read.", status=401) from None
    return _server(request).authenticate(unquote_plus(client_id), unquote_plus(secret))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; of one that is too long or not well formed, none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        return {}
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {}


def _directory(request: Request) -> Directory:
    directory: Directory = request.app.state.directory
    return directory


def _server(request: Request) -> AuthorizationServer:
    return _directory(request).oauth
