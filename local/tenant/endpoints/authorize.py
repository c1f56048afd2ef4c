"""`GET /authorize` (RFC 6749 §3.1, OpenID Connect Core 1.0 §3.1.2) and what follows a sign-in."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.tenant._clients import Client
from local.tenant._codes import CODE_CHALLENGE, CodeGrant
from local.tenant._endpoint import NO_STORE, tenant_of
from local.tenant._errors import Refusal, missing_parameter
from local.tenant._pages import error_page
from local.tenant._parameters import Parameters, query_parameters
from local.tenant._sessions import AuthorizationRequest, Session, Transaction
from local.tenant._tenant import Tenant
from local.tenant.endpoints._session_cookie import session_of
from shared.settings import is_loopback

MAX_AGE = re.compile(r"[0-9]{1,12}")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
KNOWN_RESPONSE_TYPES = {"token", "id_token", "code token", "code id_token", "token id_token", "code token id_token"}
NOT_SUPPORTED = (
    "request",
    "request_uri",
    "organization",
    "invitation",
    "dpop_jkt",
    "authorization_details",
    "resource",
)


async def authorize(request: Request) -> Response:
    """Checks the request, then signs the person in, or uses the session that they have."""
    tenant = tenant_of(request)
    try:
        parameters = query_parameters(request)
        client, redirect_uri = _client_and_redirect_uri(tenant, parameters)
    except Refusal as refusal:
        return error_page(request, refusal)
    response_mode = parameters.get("response_mode") or "query"
    target = AuthorizationRequest(client.client_id, redirect_uri, (), response_mode, state=parameters.get("state"))
    try:
        target = _checked(tenant, client, parameters, target)
        session = session_of(request)
        if session is not None and not _must_sign_in(tenant, target, session):
            return _continue_session(tenant, target, session)
        if target.prompt == "none":
            tenant.log.write("fsa", client_id=client.client_id, client_name=client.name)
            return error_redirect(target, Refusal(400, "login_required", "Login required"))
    except Refusal as refusal:
        return error_redirect(target, refusal)
    state = tenant.transactions.start(Transaction(request=target))
    return _redirect(f"/u/login?{urlencode({'state': state})}")


async def resume(request: Request) -> Response:
    """`GET /authorize/resume`: hands the code to the client after the pages of a transaction."""
    tenant = tenant_of(request)
    state = request.query_params.get("state")
    transaction, session = tenant.transactions.get(state), session_of(request)
    if state is None or transaction is None or transaction.request is None:
        return error_page(request, Refusal(400, "invalid_request", "This sign-in has expired. Start again."))
    if session is None or transaction.session != session.digest or not transaction.seen:
        return _redirect(f"/u/login?{urlencode({'state': state})}")
    tenant.transactions.finish(state)
    try:
        return issue_code(tenant, transaction.request, session)
    except Refusal as refusal:
        return error_redirect(transaction.request, refusal)


def issue_code(tenant: Tenant, request: AuthorizationRequest, session: Session) -> Response:
    """Redirects to the client with a code.

    Raises:
        Refusal: if the person is blocked.
    """
    require_unblocked(tenant, session.user_id)
    tenant.sessions.signed_in_to(session, request.client_id)
    code = tenant.codes.issue(
        CodeGrant(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            user_id=session.user_id,
            scope=request.scope,
            audience=request.audience,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            sid=session.sid,
            authenticated_at=session.authenticated_at,
            with_auth_time=request.max_age is not None,
        )
    )
    return _answer(request, {"code": code})


def require_unblocked(tenant: Tenant, user_id: str) -> None:
    """Checks that a person may sign in.

    Raises:
        Refusal: as Auth0 tells the client of a blocked user.
    """
    if tenant.people.is_blocked(user_id):
        raise Refusal(403, "unauthorized", "user is blocked")


def error_redirect(request: AuthorizationRequest, refusal: Refusal) -> Response:
    """Tells the client of a refusal (RFC 6749 §4.1.2.1)."""
    return _answer(request, {"error": refusal.error, "error_description": refusal.description})


def needs_confirmation(tenant: Tenant, request: AuthorizationRequest) -> bool:
    """Whether a person must see a page before a code goes to this address.

    Nobody can tell which program listens on a loopback port or has claimed a private-use scheme (RFC 8252 §8.6).
    """
    parts = urlsplit(request.redirect_uri)
    if parts.scheme == "https" or (parts.scheme == "http" and not is_loopback(parts.hostname or "")):
        return False
    client = tenant.clients.get(request.client_id)
    own = client.definition.skip_non_verifiable_callback_uri_confirmation_prompt if client is not None else None
    return not (
        own if own is not None else tenant.definition.tenant.skip_non_verifiable_callback_uri_confirmation_prompt
    )


def _continue_session(tenant: Tenant, request: AuthorizationRequest, session: Session) -> Response:
    if request.prompt == "consent" or needs_confirmation(tenant, request):
        if request.prompt == "none":
            raise Refusal(400, "interaction_required", "Interaction required")
        state = tenant.transactions.start(Transaction(request=request, session=session.digest))
        return _redirect(f"/u/consent?{urlencode({'state': state})}")
    response = issue_code(tenant, request, session)
    tenant.log.write("ssa", client_id=request.client_id, user_id=session.user_id)
    return response


def _must_sign_in(tenant: Tenant, request: AuthorizationRequest, session: Session) -> bool:
    if request.prompt in {"login", "select_account"}:
        return True
    age = tenant.clock() - session.authenticated_at
    return request.max_age is not None and (request.max_age == 0 or age > request.max_age)


def _client_and_redirect_uri(tenant: Tenant, parameters: Parameters) -> tuple[Client, str]:
    client_id = parameters.require("client_id")
    client = tenant.clients.get(client_id)
    if client is None:
        raise Refusal(400, "invalid_request", f"Unknown client: {client_id}")
    redirect_uri = parameters.require("redirect_uri")
    if redirect_uri not in client.definition.callbacks:
        raise Refusal(
            403,
            "unauthorized_client",
            "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.",
        )
    return client, redirect_uri


def _checked(
    tenant: Tenant, client: Client, parameters: Parameters, target: AuthorizationRequest
) -> AuthorizationRequest:
    if target.response_mode not in {"query", "fragment"}:
        mode = target.response_mode
        raise Refusal(400, "invalid_request", f"The local tenant does not support response_mode {mode}")
    for name in NOT_SUPPORTED:
        if parameters.get(name) is not None:
            raise Refusal(400, "invalid_request", f"The local tenant does not support the parameter {name}")
    _check_response_type(client, parameters.require("response_type"))
    challenge = _code_challenge(client, parameters)
    prompt, max_age = parameters.get("prompt"), parameters.get("max_age")
    if prompt is not None and prompt not in PROMPTS:
        raise Refusal(400, "invalid_request", f"Unsupported prompt: {prompt}")
    if max_age is not None and MAX_AGE.fullmatch(max_age) is None:
        raise Refusal(400, "invalid_request", "max_age must be a number of seconds")
    audience = parameters.get("audience")
    if audience is not None:
        tenant.access.require_user_access(client, tenant.access.api(audience))
    _check_connection(tenant, client, parameters.get("connection"))
    return replace(
        target,
        scope=parameters.scopes() or (),
        audience=audience,
        nonce=parameters.get("nonce"),
        code_challenge=challenge,
        max_age=int(max_age) if max_age is not None else None,
        prompt=prompt,
        login_hint=parameters.get("login_hint"),
    )


def _check_response_type(client: Client, response_type: str) -> None:
    if " ".join(sorted(response_type.split())) in {" ".join(sorted(known.split())) for known in KNOWN_RESPONSE_TYPES}:
        raise Refusal(403, "unauthorized_client", "Grant type 'implicit' not allowed for the client.")
    if response_type != "code":
        raise Refusal(400, "unsupported_response_type", f"Unsupported response type: {response_type}")
    if "authorization_code" not in client.definition.grant_types:
        raise Refusal(403, "unauthorized_client", "Grant type 'authorization_code' not allowed for the client.")


def _code_challenge(client: Client, parameters: Parameters) -> str | None:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        if client.definition.authentication_method == "none":
            raise missing_parameter("code_challenge")
        if method is not None:
            raise missing_parameter("code_challenge")
        return None
    if method != "S256":
        raise Refusal(400, "invalid_request", "code_challenge_method must be S256")
    if CODE_CHALLENGE.fullmatch(challenge) is None:
        raise Refusal(400, "invalid_request", "code_challenge must be 43 characters of base64url")
    return challenge


def _check_connection(tenant: Tenant, client: Client, connection: str | None) -> None:
    enabled = [database.name for database in tenant.definition.databases if client.name in database.enabled_clients]
    if not enabled:
        raise Refusal(403, "invalid_request", "no connections enabled for the client")
    if connection is not None and connection not in enabled:
        raise Refusal(403, "invalid_request", "the connection was not found")


def _answer(request: AuthorizationRequest, members: Mapping[str, str]) -> Response:
    answer = dict(members)
    if request.state is not None:
        answer["state"] = request.state
    parts = urlsplit(request.redirect_uri)
    if request.response_mode == "fragment":
        return _redirect(urlunsplit(parts._replace(fragment=urlencode(answer))))
    query = [*parse_qsl(parts.query, keep_blank_values=True), *answer.items()]
    return _redirect(urlunsplit(parts._replace(query=urlencode(query))))


def _redirect(url: str) -> Response:
    return RedirectResponse(url, 302, headers=NO_STORE)
