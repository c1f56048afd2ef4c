"""`/api/v2/resource-servers`."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import CREATE_API, UPDATE_API, UPDATE_SYSTEM_API
from local.tenant.management._paging import paged
from local.tenant.resources import API_DEFAULTS, Kind, Resource, Resources


def list_apis(call: Call) -> Response:
    """`GET /resource-servers`."""
    return paged(call, "resource_servers", [_described(call.tenant.resources, api) for api in _all(call)])


def get_api(call: Call) -> Response:
    """`GET /resource-servers/{id}`."""
    return json_response(_described(call.tenant.resources, _found(call)))


def create_api(call: Call) -> Response:
    """`POST /resource-servers`."""
    body = call.members(CREATE_API, required=["identifier"])
    if any(api.body["identifier"] == body["identifier"] for api in _all(call)):
        message = "A resource server with the same identifier already exists."
        raise ManagementRefusal(409, "Conflict", message, "resource_server_conflict")
    if str(body["identifier"]).startswith(call.tenant.settings.issuer):
        raise bad_body("The identifier is reserved for APIs of the tenant itself")
    body = {"name": body["identifier"], **body}
    api = call.change("Create a resource server", lambda: call.tenant.resources.add(Kind.API, body))
    return json_response(_described(call.tenant.resources, api), 201)


def update_api(call: Call) -> Response:
    """`PATCH /resource-servers/{id}`."""
    api = _found(call)
    body = call.members(UPDATE_SYSTEM_API if api.body.get("is_system") else UPDATE_API)
    api = replace(api, body=api.body | body)
    call.change("Update a resource server", lambda: call.tenant.resources.write(api))
    return json_response(_described(call.tenant.resources, api))


def delete_api(call: Call) -> Response:
    """`DELETE /resource-servers/{id}`, with what cannot be without it."""
    api, resources = _found(call), call.tenant.resources
    if api.body.get("is_system"):
        raise ManagementRefusal(400, "Bad Request", "A system API cannot be deleted.", "invalid_operation")
    identifier = api.body["identifier"]

    def remove() -> None:
        for grant in resources.all(Kind.GRANT):
            if grant.body["audience"] == identifier:
                resources.remove(Kind.GRANT, grant.id)
        for role in resources.all(Kind.ROLE):
            kept = [
                permission
                for permission in role.body.get("permissions", ())
                if permission["resource_server_identifier"] != identifier
            ]
            resources.write(replace(role, body=role.body | {"permissions": kept}))
        resources.remove(Kind.API, api.id)

    call.change("Delete a resource server", remove)
    return Response(status_code=204)


def _all(call: Call) -> list[Resource]:
    return call.tenant.resources.all(Kind.API)


def _found(call: Call) -> Resource:
    return call.found(Kind.API, "resource server", "inexistent_resource_server")


def _described(resources: Resources, api: Resource) -> dict[str, Any]:
    body = {name: value for name, value in api.body.items() if value is not None}
    linked = [
        client.id
        for client in resources.all(Kind.CLIENT)
        if client.body.get("resource_server_identifier") == api.body["identifier"]
    ]
    return {
        "id": api.id,
        "is_system": False,
        **API_DEFAULTS,
        **body,
        **({"client_id": linked[0]} if linked else {}),
    }
