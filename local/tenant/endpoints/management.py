"""The Management API, as far as this system needs it: signing keys, log events, and blocking people."""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._endpoint import json_response, tenant_of
from local.tenant._errors import ManagementRefusal
from local.tenant._parameters import bearer_token
from local.tenant._people import User
from local.tenant._tenant import Tenant
from local.tenant._tokens import TokenRejected, audiences

MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,9}")
LOG_FIELDS = {"type": "kind", "client_id": "client_id", "user_id": "user_id"}


def _authorized(request: Request, *scopes: str) -> Tenant:
    """The tenant, for a token of its Management API with all of the scopes.

    Raises:
        ManagementRefusal: 401 or 403.
    """
    tenant, token = tenant_of(request), bearer_token(request)
    if token is None:
        raise ManagementRefusal(401, "Unauthorized", "Missing authentication")
    try:
        claims = tenant.tokens.verify(token)
    except TokenRejected as error:
        raise ManagementRefusal(401, "Unauthorized", "Invalid token") from error
    if tenant.tokens.management_audience not in audiences(claims):
        raise ManagementRefusal(401, "Unauthorized", "Bad audience: the token is not for the Management API")
    if not set(scopes) <= set(str(claims.get("scope", "")).split()):
        message = f"Insufficient scope, expected all of: {', '.join(scopes)}"
        raise ManagementRefusal(403, "Forbidden", message, "insufficient_scope")
    return tenant


async def list_keys(request: Request) -> Response:
    """`GET /api/v2/keys/signing`."""
    return json_response(_authorized(request, "read:signing_keys").keys.describe())


async def rotate_key(request: Request) -> Response:
    """`POST /api/v2/keys/signing/rotate`."""
    tenant = _authorized(request, "create:signing_keys", "update:signing_keys")
    key = tenant.keys.rotate()
    tenant.log.write("sapi", description="Rotate the Application Signing Key")
    return json_response({"cert": key.certificate_pem, "kid": key.kid}, 201)


async def revoke_key(request: Request) -> Response:
    """`PUT /api/v2/keys/signing/{kid}/revoke`."""
    tenant = _authorized(request, "update:signing_keys")
    key = tenant.keys.revoke(str(request.path_params["kid"]))
    tenant.log.write("sapi", description="Revoke an Application Signing Key by its key id")
    return json_response({"cert": key.certificate_pem, "kid": key.kid}, 202)


async def list_logs(request: Request) -> Response:
    """`GET /api/v2/logs`: newest first; `q` takes `type:`, `client_id:` and `user_id:`, joined by AND."""
    tenant = _authorized(request, "read:logs")
    page, per_page = _number(request, "page", 0), _number(request, "per_page", DEFAULT_PER_PAGE)
    if not 1 <= per_page <= MAX_PER_PAGE:
        raise ManagementRefusal(
            400, "Bad Request", f"per_page must be between 1 and {MAX_PER_PAGE}", "invalid_query_string"
        )
    events = tenant.log.read(**_conditions(request.query_params.get("q", "")), limit=(page + 1) * per_page)
    return json_response(events[page * per_page :])


async def list_users(request: Request) -> Response:
    """`GET /api/v2/users`."""
    tenant = _authorized(request, "read:users")
    page, per_page = _number(request, "page", 0), _number(request, "per_page", DEFAULT_PER_PAGE)
    return json_response([_described(tenant, user) for user in tenant.people.all()][page * per_page :][:per_page])


async def get_user(request: Request) -> Response:
    """`GET /api/v2/users/{id}`."""
    tenant = _authorized(request, "read:users")
    return json_response(_described(tenant, _user(tenant, request)))


async def update_user(request: Request) -> Response:
    """`PATCH /api/v2/users/{id}` with `{"blocked": true}`."""
    tenant = _authorized(request, "update:users")
    user = _user(tenant, request)
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ManagementRefusal(400, "Bad Request", "Invalid request payload JSON format") from error
    if not isinstance(body, dict) or set(body) != {"blocked"} or not isinstance(body["blocked"], bool):
        message = "Payload validation error: the local tenant updates 'blocked' (true or false) and nothing else."
        raise ManagementRefusal(400, "Bad Request", message, "invalid_body")
    tenant.people.set_blocked(user.user_id, blocked=body["blocked"])
    tenant.log.write("sapi", user_id=user.user_id, description="Update a User")
    return json_response(_described(tenant, user))


def _user(tenant: Tenant, request: Request) -> User:
    user = tenant.people.get(str(request.path_params["user_id"]))
    if user is None:
        raise ManagementRefusal(404, "Not Found", "The user does not exist.", "inexistent_user")
    return user


def _described(tenant: Tenant, user: User) -> dict[str, Any]:
    profile = tenant.tokens.profile(user, ("profile", "email"))
    return {"user_id": user.user_id, **profile, "blocked": tenant.people.is_blocked(user.user_id)}


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name)
    if value is None:
        return default
    if _NUMBER.fullmatch(value) is None:
        raise ManagementRefusal(400, "Bad Request", f"{name} must be a number", "invalid_query_string")
    return int(value)


def _conditions(query: str) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for term in filter(None, query.split(" AND ")):
        name, separator, value = term.strip().partition(":")
        if not separator or name not in LOG_FIELDS:
            message = "The local tenant searches logs by type, client_id and user_id only"
            raise ManagementRefusal(400, "Bad Request", message, "invalid_query_string")
        conditions[LOG_FIELDS[name]] = value.strip('"')
    return conditions
