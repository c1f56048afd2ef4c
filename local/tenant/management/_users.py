"""`/api/v2/users`: looking at people, and blocking them."""

from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant._people import User
from local.tenant._tenant import Tenant
from local.tenant.management._call import Call, bad_body
from local.tenant.management._paging import paged


def list_users(call: Call) -> Response:
    """`GET /users`."""
    return paged(call, "users", [_described(call.tenant, user) for user in call.tenant.people.all()])


def get_user(call: Call) -> Response:
    """`GET /users/{id}`."""
    return json_response(_described(call.tenant, _found(call)))


def update_user(call: Call) -> Response:
    """`PATCH /users/{id}` with `{"blocked": true}`."""
    user, body = _found(call), call.body
    if not isinstance(body, dict) or set(body) != {"blocked"} or not isinstance(body["blocked"], bool):
        raise bad_body("the local tenant updates 'blocked' (true or false) and nothing else")
    call.tenant.people.set_blocked(user.user_id, blocked=body["blocked"])
    call.tenant.log.write("sapi", user_id=user.user_id, description="Update a User")
    return json_response(_described(call.tenant, user))


def _found(call: Call) -> User:
    user = call.tenant.people.get(call.parameter("id"))
    if user is None:
        raise ManagementRefusal(404, "Not Found", "The user does not exist.", "inexistent_user")
    return user


def _described(tenant: Tenant, user: User) -> dict[str, Any]:
    profile = tenant.tokens.profile(user, ("profile", "email"))
    return {"user_id": user.user_id, **profile, "blocked": tenant.people.is_blocked(user.user_id)}
