"""`/api/v2/roles`, with the permissions of each."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import CREATE_ROLE, UPDATE_ROLE
from local.tenant.management._paging import paged
from local.tenant.resources import Kind, Resource

_PERMISSION = {"resource_server_identifier", "permission_name"}


def list_roles(call: Call) -> Response:
    """`GET /roles`; all are the tenant's here, none an organization's."""
    if call.query.get("type", "tenant") != "tenant":
        return paged(call, "roles", [])
    wanted = call.query.get("name_filter", "").lower()
    return paged(call, "roles", [_described(role) for role in _all(call) if wanted in role.body["name"].lower()])


def create_role(call: Call) -> Response:
    """`POST /roles`."""
    body = call.members(CREATE_ROLE, required=["name"])
    if body.pop("type", "tenant") != "tenant":
        raise bad_body("the local tenant knows roles of the tenant only on property type")
    _require_name(call, body["name"], None)
    role = call.change("Create a role", lambda: call.tenant.resources.add(Kind.ROLE, body))
    return json_response(_described(role))


def update_role(call: Call) -> Response:
    """`PATCH /roles/{id}`."""
    role, body = _found(call), call.members(UPDATE_ROLE)
    if "name" in body:
        _require_name(call, body["name"], role)
    role = replace(role, body=role.body | body)
    call.change("Update a role", lambda: call.tenant.resources.write(role))
    return json_response(_described(role))


def delete_role(call: Call) -> Response:
    """`DELETE /roles/{id}`."""
    role = _found(call)
    call.change("Delete a role", lambda: call.tenant.resources.remove(Kind.ROLE, role.id))
    return Response(status_code=204)


def list_permissions(call: Call) -> Response:
    """`GET /roles/{id}/permissions`, each with what its API calls it."""
    apis = call.tenant.definition.apis

    def described(permission: dict[str, str]) -> dict[str, str]:
        api = apis[permission["resource_server_identifier"]]
        said = {scope.value: scope.description for scope in api.scopes}
        return {
            **permission,
            "resource_server_name": api.name,
            "description": said[permission["permission_name"]],
        }

    return paged(call, "permissions", [described(permission) for permission in _permissions(_found(call))])


def add_permissions(call: Call) -> Response:
    """`POST /roles/{id}/permissions`."""
    role = _found(call)
    added = [*_permissions(role), *(one for one in _asked(call) if one not in _permissions(role))]
    changed = replace(role, body=role.body | {"permissions": added})
    call.change("Associate permissions with a role", lambda: call.tenant.resources.write(changed))
    return Response(status_code=201)


def remove_permissions(call: Call) -> Response:
    """`DELETE /roles/{id}/permissions`."""
    role, asked = _found(call), _asked(call)
    kept = [one for one in _permissions(role) if one not in asked]
    changed = replace(role, body=role.body | {"permissions": kept})
    call.change("Remove permissions from a role", lambda: call.tenant.resources.write(changed))
    return Response(status_code=204)


def _all(call: Call) -> list[Resource]:
    return call.tenant.resources.all(Kind.ROLE)


def _found(call: Call) -> Resource:
    return call.found(Kind.ROLE, "role", "inexistent_role")


def _permissions(role: Resource) -> list[dict[str, str]]:
    return list(role.body.get("permissions") or ())


def _described(role: Resource) -> dict[str, Any]:
    return {"id": role.id} | {name: value for name, value in role.body.items() if name != "permissions"}


def _require_name(call: Call, name: Any, role: Resource | None) -> None:
    if any(other.body["name"] == name for other in _all(call) if role is None or other.id != role.id):
        raise ManagementRefusal(409, "Conflict", "A role with this name already exists.", "role_conflict")


def _asked(call: Call) -> list[dict[str, str]]:
    asked = call.members(["permissions"], required=["permissions"])["permissions"]
    if not isinstance(asked, list) or not all(isinstance(one, dict) and set(one) == _PERMISSION for one in asked):
        raise bad_body("Expected objects of resource_server_identifier and permission_name on property permissions")
    return asked
