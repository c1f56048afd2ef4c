"""Users: how they are found and shown (developer.okta.com/docs/reference/api/users)."""

import json
import sqlite3
from typing import Any

from starlette.responses import JSONResponse, Response

from local.directory._errors import OktaError, not_found, validation_failed
from local.directory._filter import Attribute, Condition, Dialect
from local.directory._paging import cursor_of, limit_of, page
from local.directory._state import Call

_LARGEST_PAGE, _DEFAULT_FOUND = 200, 10
_TIMES = {
    "created": "created",
    "activated": "activated",
    "statusChanged": "status_changed",
    "lastLogin": "last_login",
    "lastUpdated": "last_updated",
    "passwordChanged": "password_changed",
}
_SEARCHED_TIMES = _TIMES.keys() - {"lastLogin", "passwordChanged"}
_FILTERED_PROFILE = frozenset({"profile.login", "profile.email", "profile.firstName", "profile.lastName"})

# Which lifecycle and credential operations the links of a user offer, by status.
_OPERATIONS = {
    "STAGED": ("activate", "deactivate"),
    "PROVISIONED": ("deactivate",),
    "ACTIVE": ("suspend", "reset_password", "expire_password", "deactivate"),
    "RECOVERY": ("reset_password", "deactivate"),
    "PASSWORD_EXPIRED": ("reset_password", "expire_password", "deactivate"),
    "LOCKED_OUT": ("unlock", "reset_password", "deactivate"),
    "SUSPENDED": ("unsuspend", "deactivate"),
    "DEPROVISIONED": ("activate",),
}
_LINK_NAMES = {"reset_password": "resetPassword", "expire_password": "expirePassword", "reset_factors": "resetFactors"}


def _search_attribute(name: str) -> Attribute | None:
    if name in {"id", "status"}:
        return Attribute(name)
    if name in _SEARCHED_TIMES:
        return Attribute(_TIMES[name], is_time=True)
    if name.startswith("profile.") and name.count(".") == 1:
        return Attribute(f"json_extract(profile, '$.{name.removeprefix('profile.')}')")
    return None


def _filter_attribute(name: str) -> Attribute | None:
    is_offered = name in {"id", "status", "lastUpdated"} or name in _FILTERED_PROFILE
    return _search_attribute(name) if is_offered else None


_SEARCH = Dialect(
    _search_attribute,
    frozenset({"eq", "gt", "ge", "lt", "le", "sw", "co", "pr"}),
    error="E0000031",
    ignores_case=True,
)
_FILTER = Dialect(_filter_attribute, frozenset({"eq", "gt", "ge", "lt", "le"}), error="E0000031", ignores_case=False)


def user_resource(row: sqlite3.Row, base_url: str, *, operations: bool) -> dict[str, Any]:
    """A user as the API shows it; `operations` adds the links of what can be done next."""
    own = f"{base_url}/api/v1/users/{row['id']}"
    links: dict[str, Any] = {"self": {"href": own}}
    if operations:
        links |= {
            _LINK_NAMES.get(name, name): {"href": f"{own}/lifecycle/{name}", "method": "POST"}
            for name in _OPERATIONS.get(row["status"], ())
        }
    password: dict[str, Any] = {"password": {}} if row["password_hash"] is not None else {}
    return {
        "id": row["id"],
        "status": row["status"],
        **{name: row[column] for name, column in _TIMES.items()},
        "type": {"id": "oty1defaultHelpdesk0"},
        "profile": json.loads(row["profile"]),
        "credentials": {**password, "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": links,
    }


def find_user(call: Call, key: str | None = None) -> sqlite3.Row:
    """The user that a path names: by id, by login, or by the part of a login before its `@` where that is unambiguous.

    `me` is whom the token is for. Whether this call may reach the user is decided here, for every endpoint.

    Raises:
        OktaError: E0000007 where there is none; E0000006 where the call may not reach them. Who may reach nobody but
            themselves is not told which others there are.
    """
    key = key or call.request.path_params["user"]
    if key == "me":
        key = call.grant.user_id
    user = _named(call, key)
    act = None if call.request.method == "GET" else _act_of(call)
    if user is None and call.rights.reads_others(call.scope):
        raise not_found(key[:100])
    if user is None or not call.rights.reaches(user, call.scope, act):
        raise OktaError("E0000006")
    return user


def _act_of(call: Call) -> str:
    """What a call does to a user, by its path: `unlock` of `…/lifecycle/unlock`, `factors` of `…/factors/{id}`."""
    parts = call.request.url.path.rstrip("/").split("/")
    return "factors" if "factors" in parts else parts[-1]


def _named(call: Call, key: str) -> sqlite3.Row | None:
    rows = call.directory.database.rows("SELECT * FROM users WHERE id = ? OR login = ?", (key, key))
    if not rows and "@" not in key:
        rows = call.directory.database.rows(
            "SELECT * FROM users WHERE instr(fold(login), ?) = 1 LIMIT 2", (f"{key.casefold()}@",)
        )
    return rows[0] if len(rows) == 1 else None


def require_others(call: Call) -> None:
    """Lets in who may read what concerns other people.

    Raises:
        OktaError: E0000006.
    """
    if not call.rights.reads_others(call.scope):
        raise OktaError("E0000006")


async def get_user(call: Call) -> Response:
    """`GET /api/v1/users/{id or login}`."""
    return JSONResponse(user_resource(find_user(call), call.base_url, operations=True))


async def list_users(call: Call) -> Response:
    """`GET /api/v1/users` with `search`, `filter` or `q`; without any, all that are not DEPROVISIONED."""
    require_others(call)
    parameters = call.request.query_params
    search, expression, q = parameters.get("search"), parameters.get("filter"), parameters.get("q")
    if sum(bool(given) for given in (search, expression, q)) > 1:
        raise OktaError("E0000033")
    condition = _condition(search, expression, q)
    limit = limit_of(call.request, default=_DEFAULT_FOUND if q else _LARGEST_PAGE, most=_LARGEST_PAGE)
    start = _start(cursor_of(call.request))
    rows = call.directory.database.rows(
        f"SELECT * FROM users WHERE {condition.sql} ORDER BY {_order(call, search)} LIMIT ? OFFSET ?",  # noqa: S608 -- compiled; values are bound
        (*condition.values, limit + 1, start),
    )
    users = [user_resource(row, call.base_url, operations=False) for row in rows[:limit]]
    return page(call.request, users, after=f"{start + limit}" if len(rows) > limit and not q else None)


def _condition(search: str | None, expression: str | None, q: str | None) -> Condition:
    if search:
        return _SEARCH.compile(search)
    if expression:
        return _FILTER.compile(expression)
    shown = Condition("status <> 'DEPROVISIONED'")
    if not q:
        return shown
    starts = " OR ".join(
        f"instr(fold(json_extract(profile, '$.{name}')), ?) = 1" for name in ("firstName", "lastName", "email")
    )
    return Condition(f"{shown.sql} AND ({starts})", (q.casefold(),) * 3)


def _order(call: Call, search: str | None) -> str:
    parameters = call.request.query_params
    sort_by = parameters.get("sortBy") if search else None
    if sort_by is None:
        return "id"
    attribute = _search_attribute(sort_by)
    if attribute is None or not sort_by.replace(".", "").isalnum() or not sort_by.isascii():
        raise validation_failed("sortBy", "is not a property that users can be sorted by.")
    direction = {"asc": "ASC", "desc": "DESC"}.get(parameters.get("sortOrder", "asc").lower())
    if direction is None:
        raise validation_failed("sortOrder", "must be asc or desc.")
    return f"fold({attribute.sql}) {direction}, id"


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:  # noqa: PLR2004 -- no directory is longer
        raise OktaError("E0000029")
    return int(cursor)
