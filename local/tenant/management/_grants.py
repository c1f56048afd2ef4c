"""`/api/v2/client-grants`."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import CREATE_GRANT, UPDATE_GRANT
from local.tenant.management._paging import from_checkpoint
from local.tenant.resources import Kind, Resource

_FILTERS = ("client_id", "audience", "subject_type")


def list_grants(call: Call) -> Response:
    """`GET /client-grants`."""
    grants = [_described(grant) for grant in _all(call)]
    asked = {name: call.query[name] for name in _FILTERS if name in call.query}
    return from_checkpoint(
        call, "client_grants", [grant for grant in grants if all(grant[name] == asked[name] for name in asked)]
    )


def create_grant(call: Call) -> Response:
    """`POST /client-grants`."""
    body = {"subject_type": "client", **call.members(CREATE_GRANT, required=["client_id", "audience"])}
    if call.tenant.resources.get(Kind.CLIENT, str(body["client_id"])) is None:
        raise ManagementRefusal(404, "Not Found", "The client does not exist.", "inexistent_client")
    _require_scope(body)
    identity = ("client_id", "audience", "subject_type")
    if any([grant.body.get(name) for name in identity] == [body[name] for name in identity] for grant in _all(call)):
        message = "A resource with the same identifier already exists."
        raise ManagementRefusal(409, "Conflict", message, "client_grant_conflict")
    grant = call.change("Create client grant", lambda: call.tenant.resources.add(Kind.GRANT, body))
    return json_response(_described(grant), 201)


def update_grant(call: Call) -> Response:
    """`PATCH /client-grants/{id}`."""
    grant = call.found(Kind.GRANT, "client grant", "inexistent_client_grant")
    grant = replace(grant, body=grant.body | call.members(UPDATE_GRANT))
    _require_scope(grant.body)
    call.change("Update client grant", lambda: call.tenant.resources.write(grant))
    return json_response(_described(grant))


def delete_grant(call: Call) -> Response:
    """`DELETE /client-grants/{id}`."""
    grant = call.found(Kind.GRANT, "client grant", "inexistent_client_grant")
    call.change("Delete client grant", lambda: call.tenant.resources.remove(Kind.GRANT, grant.id))
    return Response(status_code=204)


def _all(call: Call) -> list[Resource]:
    return call.tenant.resources.all(Kind.GRANT)


def _described(grant: Resource) -> dict[str, Any]:
    return {"id": grant.id, "subject_type": "client"} | {
        name: value for name, value in grant.body.items() if value is not None
    }


def _require_scope(body: dict[str, Any]) -> None:
    if bool(body.get("allow_all_scopes")) is (body.get("scope") is not None):
        raise bad_body("One of scope and allow_all_scopes is needed, and not both")
