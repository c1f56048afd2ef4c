"""The My Account API, as far as this system needs it: accounts at other systems that a person has connected.

https://auth0.com/docs/manage-users/my-account-api
"""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.tenant._clients import Client
from local.tenant._codes import code_verifier_matches
from local.tenant._connected_accounts import REQUEST_LIFETIME, AccountIsTaken, AccountRequest
from local.tenant._endpoint import NO_STORE, json_response, tenant_of
from local.tenant._errors import AccountRefusal
from local.tenant._parameters import MAX_BODY_BYTES, bearer_token
from local.tenant._people import User
from local.tenant._tenant import Tenant
from local.tenant._tokens import TokenRejected, audiences, is_machine
from local.tenant.definition import Connection

MAX_SCOPES = 100
MAX_LENGTHS = {"connection": 128, "redirect_uri": 2048, "state": 4096, "auth_session": 64, "connect_code": 46}
DEFAULT_TAKE, MAX_TAKE = 10, 20
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43,128}")
_NUMBER = re.compile(r"[0-9]{1,3}")


async def connect(request: Request) -> Response:
    """`POST /me/v1/connected-accounts/connect`: begins; the browser goes on with the ticket."""
    tenant, client, user = _authorized(request, "create:me:connected_accounts")
    body = await _body(request)
    connection = _connection(tenant, client, _text(body, "connection"))
    redirect_uri = _text(body, "redirect_uri")
    if redirect_uri not in client.definition.callbacks:
        raise _invalid("redirect_uri", "is not in the list of allowed callback URLs")
    if body.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(str(body.get("code_challenge"))):
        raise _invalid("code_challenge", "must be 43 to 128 characters, with code_challenge_method S256")
    asked = AccountRequest(
        user_id=user.user_id,
        client_id=client.client_id,
        connection=connection.name,
        redirect_uri=redirect_uri,
        state=_text(body, "state"),
        code_challenge=str(body["code_challenge"]),
        scopes=_scopes(body, connection),
    )
    auth_session, ticket = tenant.connected_accounts.begin(asked)
    answer = {
        "connect_uri": f"{request.base_url}connected-accounts/connect",
        "connect_params": {"ticket": ticket},
        "auth_session": auth_session,
        "expires_in": REQUEST_LIFETIME,
    }
    return json_response(answer, 201)


async def complete(request: Request) -> Response:
    """`POST /me/v1/connected-accounts/complete`: the client that began it proves that the browser came back to it."""
    tenant, client, user = _authorized(request, "create:me:connected_accounts")
    body = await _body(request)
    auth_session, code = _text(body, "auth_session"), _text(body, "connect_code")
    asked = tenant.connected_accounts.finish(auth_session, code)
    fits = asked is not None and (asked.user_id, asked.client_id) == (user.user_id, client.client_id)
    if asked is None or not fits or asked.redirect_uri != body.get("redirect_uri"):
        raise _invalid("connect_code", "is not valid for this auth_session, was used, or has expired")
    if not code_verifier_matches(str(body.get("code_verifier")), asked.code_challenge):
        raise _invalid("code_verifier", "is not that of the code_challenge")
    try:
        account = await tenant.connected_accounts.complete(asked)
    except AccountIsTaken:
        _log(tenant, "connected_accounts_connection_failed", client, user, asked.connection)
        raise AccountRefusal(409, "Conflict", "This account is connected to another user.") from None
    _log(tenant, "connected_accounts_connection_succeeded", client, user, asked.connection)
    return json_response(account.described(), 201)


async def list_accounts(request: Request) -> Response:
    """`GET /me/v1/connected-accounts/accounts`."""
    tenant, _, user = _authorized(request, "read:me:connected_accounts")
    parameters = request.query_params
    take, start = _number(parameters.get("take"), DEFAULT_TAKE), _number(parameters.get("from"), 0)
    if take is None or not 1 <= take <= MAX_TAKE:
        raise _invalid("take", f"must be between 1 and {MAX_TAKE}")
    if start is None:
        raise _invalid("from", "is not one that this list gave out")
    accounts = tenant.connected_accounts.of(user.user_id, parameters.get("connection"))
    body: dict[str, Any] = {"accounts": [account.described() for account in accounts[start : start + take]]}
    if len(accounts) > start + take:
        body["next"] = str(start + take)
    return json_response(body)


async def list_connections(request: Request) -> Response:
    """`GET /me/v1/connected-accounts/connections`: what this person can connect with this client."""
    tenant, client, _ = _authorized(request, "read:me:connected_accounts")
    return json_response(
        {
            "connections": [
                {"name": connection.name, "strategy": connection.strategy, "scopes": connection.options.scope.split()}
                for connection in tenant.definition.connections
                if connection.connected_accounts.active and client.name in connection.enabled_clients
            ]
        }
    )


async def delete_account(request: Request) -> Response:
    """`DELETE /me/v1/connected-accounts/accounts/{id}`."""
    tenant, client, user = _authorized(request, "delete:me:connected_accounts")
    account = await tenant.connected_accounts.delete(user.user_id, str(request.path_params["account_id"]))
    if account is None:
        raise AccountRefusal(404, "Not Found", "The connected account does not exist.")
    _log(tenant, "connected_accounts_delete_succeeded", client, user, account.connection)
    return Response(status_code=204, headers=NO_STORE)


async def handle_account_refusal(_: Request, error: Exception) -> Response:
    """Answers a refusal of the My Account API (RFC 9457)."""
    assert isinstance(error, AccountRefusal)  # noqa: S101 -- registered for this class only
    return JSONResponse(error.body, error.status, headers=NO_STORE, media_type="application/problem+json")


def _authorized(request: Request, scope: str) -> tuple[Tenant, Client, User]:
    """The tenant, the client and the person of a token for this API.

    Raises:
        AccountRefusal: 401 or 403.
    """
    tenant, token = tenant_of(request), bearer_token(request)
    try:
        claims = tenant.tokens.verify(token or "")
    except TokenRejected as error:
        raise AccountRefusal(401, "Unauthorized", "Invalid or missing access token.") from error
    client = tenant.clients.get(str(claims.get("azp") or claims.get("client_id")))
    user = tenant.people.get(str(claims["sub"]))
    wrong_audience = tenant.tokens.my_account_audience not in audiences(claims)
    if wrong_audience or is_machine(claims) or client is None or user is None:
        raise AccountRefusal(401, "Unauthorized", "The access token is not one of a user for the My Account API.")
    if tenant.people.is_blocked(user.user_id):
        raise AccountRefusal(403, "Forbidden", "The user is blocked.")
    if scope not in str(claims.get("scope", "")).split():
        raise AccountRefusal(403, "Insufficient scope", f"The access token lacks {scope}.")
    return tenant, client, user


def _connection(tenant: Tenant, client: Client, name: str) -> Connection:
    connection = tenant.definition.connections_by_name.get(name)
    active = connection is not None and connection.connected_accounts.active
    if connection is None or not active or client.name not in connection.enabled_clients:
        raise _invalid("connection", "is not one that accounts can be connected of")
    return connection


def _scopes(body: dict[str, Any], connection: Connection) -> tuple[str, ...]:
    """Those of the connection, and what was asked for besides."""
    asked = body.get("scopes", [])
    if not isinstance(asked, list) or len(asked) > MAX_SCOPES or not all(isinstance(one, str) for one in asked):
        raise _invalid("scopes", f"must be a list of at most {MAX_SCOPES} texts")
    return tuple(dict.fromkeys((*connection.options.scope.split(), *asked)))


async def _body(request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise AccountRefusal(413, "Payload Too Large", "The request body is too long.")
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text: it raises a ValueError
    except (ValueError, RecursionError) as error:
        raise AccountRefusal(400, "Bad Request", "The request body is not JSON.") from error
    if not isinstance(body, dict):
        raise AccountRefusal(400, "Bad Request", "The request body is not a JSON object.")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_LENGTHS[name]:
        raise _invalid(name, f"must be a text of 1 to {MAX_LENGTHS[name]} characters")
    return value


def _number(text: str | None, default: int) -> int | None:
    """The number of a query's parameter; None for what is no number."""
    if text is None:
        return default
    return int(text) if _NUMBER.fullmatch(text) is not None else None


def _invalid(name: str, problem: str) -> AccountRefusal:
    return AccountRefusal(400, "Bad Request", f"{name} {problem}.", field=name)


def _log(tenant: Tenant, kind: str, client: Client, user: User, connection: str) -> None:
    tenant.log_exchange(kind, client, user_id=user.user_id, details={"connection": connection})
