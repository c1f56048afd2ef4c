"""What belongs to a user, and what users belong to: groups, devices, applications, policies."""

import json
import sqlite3
from typing import Any

from starlette.responses import JSONResponse, Response

from local.directory._database import Database
from local.directory._errors import OktaError, not_found, validation_failed
from local.directory._filter import ALWAYS, Attribute, Dialect
from local.directory._paging import cursor_of, limit_of, page
from local.directory._state import Call
from local.directory._users import find_user, require_others, user_resource

_LARGEST_PAGE = 200
_GROUPS_OF_USER = (
    "SELECT groups.* FROM groups JOIN group_members ON groups.id = group_id WHERE user_id = ? ORDER BY name"
)


def _device_attribute(name: str) -> Attribute | None:
    if name in {"id", "status"}:
        return Attribute(name)
    if name in {"created", "lastUpdated"}:
        return Attribute("created" if name == "created" else "last_updated", is_time=True)
    if name.startswith("profile.") and name.count(".") == 1:
        return Attribute(f"json_extract(profile, '$.{name.removeprefix('profile.')}')")
    return None


_DEVICE_SEARCH = Dialect(
    _device_attribute, frozenset({"eq", "gt", "ge", "lt", "le", "sw", "co", "pr"}), error="E0000031", ignores_case=True
)


def group_resource(row: sqlite3.Row) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        "id": row["id"],
        "created": row["created"],
        "lastUpdated": row["created"],
        "lastMembershipUpdated": row["created"],
        "objectClass": ["okta:user_group"],
        "type": row["type"],
        "profile": {"name": row["name"], "description": row["description"]},
    }


def device_resource(row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    """A device as the API shows it."""
    profile = json.loads(row["profile"])
    own = f"{base_url}/api/v1/devices/{row['id']}"
    return {
        "id": row["id"],
        "status": row["status"],
        "created": row["created"],
        "lastUpdated": row["last_updated"],
        "profile": profile,
        "resourceType": "UDDevice",
        "resourceDisplayName": {"value": profile["displayName"], "sensitive": False},
        "resourceAlternateId": None,
        "resourceId": row["id"],
        "_links": {"self": {"href": own}, "users": {"href": f"{own}/users"}},
    }


async def list_user_groups(call: Call) -> Response:
    """`GET /api/v1/users/{id}/groups`."""
    rows = call.directory.database.rows(_GROUPS_OF_USER, (find_user(call)["id"],))
    return JSONResponse([group_resource(row) for row in rows])


async def list_user_devices(call: Call) -> Response:
    """`GET /api/v1/users/{id}/devices`: each device with the user's own tie to it."""
    rows = call.directory.database.rows(
        "SELECT devices.*, device_users.id AS tie, device_users.created AS tied, management_status, screen_lock_type "
        "FROM devices JOIN device_users ON device_id = devices.id WHERE user_id = ? ORDER BY tied, devices.id",
        (find_user(call)["id"],),
    )
    return JSONResponse(
        [
            {
                "created": row["tied"],
                "deviceUserId": row["tie"],
                "managementStatus": row["management_status"],
                "screenLockType": row["screen_lock_type"],
                "device": device_resource(row, call.base_url),
            }
            for row in rows
        ]
    )


async def list_app_links(call: Call) -> Response:
    """`GET /api/v1/users/{id}/appLinks`: the applications that the user's groups give."""
    rows = call.directory.database.rows(
        "SELECT DISTINCT apps.* FROM apps JOIN app_groups ON app_id = apps.id "
        "JOIN group_members ON group_members.group_id = app_groups.group_id WHERE user_id = ? ORDER BY label",
        (find_user(call)["id"],),
    )
    return JSONResponse(
        [
            {
                "id": row["id"],
                "label": row["label"],
                "linkUrl": f"{call.base_url}/home/{row['name']}/{row['id']}",
                "logoUrl": None,
                "appName": row["name"],
                "appInstanceId": row["id"],
                "appAssignmentId": row["id"].replace("0oa", "0ua", 1),
                "credentialsSetup": False,
                "hidden": False,
                "sortOrder": order,
            }
            for order, row in enumerate(rows)
        ]
    )


async def list_groups(call: Call) -> Response:
    """`GET /api/v1/groups`, with `q` for the beginning of a name."""
    require_others(call)
    limit = limit_of(call.request, default=_LARGEST_PAGE, most=_LARGEST_PAGE)
    rows = call.directory.database.rows(
        "SELECT * FROM groups WHERE instr(fold(name), ?) = 1 AND name > ? ORDER BY name LIMIT ?",
        (call.request.query_params.get("q", "").casefold(), cursor_of(call.request) or "", limit + 1),
    )
    shown = rows[:limit]
    after = shown[-1]["name"] if len(rows) > limit else None
    return page(call.request, [group_resource(row) for row in shown], after=after)


async def get_group(call: Call) -> Response:
    """`GET /api/v1/groups/{id}`."""
    require_others(call)
    return JSONResponse(group_resource(_named(call, "groups", "group", "UserGroup")))


async def list_group_users(call: Call) -> Response:
    """`GET /api/v1/groups/{id}/users`."""
    require_others(call)
    group = _named(call, "groups", "group", "UserGroup")
    limit = limit_of(call.request, default=_LARGEST_PAGE, most=_LARGEST_PAGE)
    rows = call.directory.database.rows(
        "SELECT users.* FROM users JOIN group_members ON user_id = users.id "
        "WHERE group_id = ? AND users.id > ? ORDER BY users.id LIMIT ?",
        (group["id"], cursor_of(call.request) or "", limit + 1),
    )
    shown = rows[:limit]
    users = [user_resource(row, call.base_url, operations=False) for row in shown]
    return page(call.request, users, after=shown[-1]["id"] if len(rows) > limit else None)


async def list_devices(call: Call) -> Response:
    """`GET /api/v1/devices`, with `search`."""
    require_others(call)
    search = call.request.query_params.get("search")
    condition = _DEVICE_SEARCH.compile(search) if search else ALWAYS
    limit = limit_of(call.request, default=_LARGEST_PAGE, most=_LARGEST_PAGE)
    rows = call.directory.database.rows(
        f"SELECT * FROM devices WHERE {condition.sql} AND id > ? ORDER BY id LIMIT ?",  # noqa: S608 -- compiled; values are bound
        (*condition.values, cursor_of(call.request) or "", limit + 1),
    )
    shown = rows[:limit]
    devices = [device_resource(row, call.base_url) for row in shown]
    return page(call.request, devices, after=shown[-1]["id"] if len(rows) > limit else None)


async def get_device(call: Call) -> Response:
    """`GET /api/v1/devices/{id}`."""
    require_others(call)
    return JSONResponse(device_resource(_named(call, "devices", "device", "UDDevice"), call.base_url))


def _named(call: Call, table: str, parameter: str, kind: str) -> sqlite3.Row:
    key = call.request.path_params[parameter]
    row = call.directory.database.one(f"SELECT * FROM {table} WHERE id = ?", (key,))  # noqa: S608 -- from code alone
    if row is None:
        raise not_found(key[:100], kind)
    return row


async def list_policies(call: Call) -> Response:
    """`GET /api/v1/policies?type=PASSWORD`: in the order in which they apply."""
    kind = call.request.query_params.get("type")
    if kind is None:
        raise OktaError("E0000028", causes=("type is required.",))
    if kind != "PASSWORD":
        raise validation_failed("type", "The directory of the local world has policies of type PASSWORD only.")
    return JSONResponse(policies(call.directory.database))


def policies(database: Database) -> list[dict[str, Any]]:
    """The password policies, the one that applies first at the front."""
    rows = database.rows("SELECT document FROM policies WHERE type = 'PASSWORD' ORDER BY priority")
    return [json.loads(row["document"]) for row in rows]


def policy_of(database: Database, user_id: str) -> dict[str, Any]:
    """The password policy that applies to a user: the first that includes one of the user's groups."""
    groups = {row["id"] for row in database.rows(_GROUPS_OF_USER, (user_id,))}
    return next(
        policy for policy in policies(database) if groups & set(policy["conditions"]["people"]["groups"]["include"])
    )
