"""Factors: what confirms a user's sign-in (developer.okta.com/docs/reference/api/factors)."""

import json
import sqlite3
from typing import Any

from starlette.responses import JSONResponse, Response

from local.directory._errors import OktaError, not_found
from local.directory._log import append_act, user_entity
from local.directory._state import Call
from local.directory._users import find_user


async def list_factors(call: Call) -> Response:
    """`GET /api/v1/users/{id}/factors`: those that are enrolled."""
    user = find_user(call)
    rows = call.directory.database.rows("SELECT * FROM factors WHERE user_id = ? ORDER BY created, id", (user["id"],))
    return JSONResponse([_resource(row, f"{call.base_url}/api/v1/users/{user['id']}") for row in rows])


async def get_factor(call: Call) -> Response:
    """`GET /api/v1/users/{id}/factors/{factorId}`."""
    user = find_user(call)
    return JSONResponse(_resource(_find(call, user), f"{call.base_url}/api/v1/users/{user['id']}"))


async def unenroll_factor(call: Call) -> Response:
    """`DELETE /api/v1/users/{id}/factors/{factorId}`: that factor is gone, and its owner may enrol another."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] == "DEPROVISIONED":
            raise OktaError("E0000038")
        factor = _find(call, user)
        call.directory.database.execute("DELETE FROM factors WHERE id = ?", (factor["id"],))
        person = user_entity(user, json.loads(user["profile"])["displayName"])
        append_act(call, "user.mfa.factor.deactivate", "Reset factor for user", [person, _entity(factor)])
    return Response(status_code=204)


def _find(call: Call, user: sqlite3.Row) -> sqlite3.Row:
    key = call.request.path_params["factor"]
    row = call.directory.database.one("SELECT * FROM factors WHERE id = ? AND user_id = ?", (key, user["id"]))
    if row is None:
        raise not_found(key[:100], "UserFactor")
    return row


def _resource(row: sqlite3.Row, user_url: str) -> dict[str, Any]:
    own = f"{user_url}/factors/{row['id']}"
    return {
        "id": row["id"],
        "factorType": row["factor_type"],
        "provider": row["provider"],
        "vendorName": row["vendor_name"],
        "status": row["status"],
        "created": row["created"],
        "lastUpdated": row["created"],
        "profile": json.loads(row["profile"]),
        "_links": {"self": {"href": own}, "user": {"href": user_url}},
    }


def _entity(row: sqlite3.Row) -> dict[str, Any]:
    """The factor as a target of an event."""
    return {
        "id": row["id"],
        "type": "AuthenticatorEnrollment",
        "alternateId": "unknown",
        "displayName": f"{row['vendor_name']} {row['factor_type']}",
        "detailEntry": None,
    }
