"""`/api/v2/connections`, with who may use each."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import CREATE_CONNECTION, UPDATE_CONNECTION
from local.tenant.management._paging import from_checkpoint
from local.tenant.resources import Kind, Resource

MAX_ENABLED = 50
READ_OPTIONS, UPDATE_OPTIONS = "read:connections_options", "update:connections_options"
_DATABASE_OPTIONS = {"disable_signup": False, "brute_force_protection": True}


def list_connections(call: Call) -> Response:
    """`GET /connections`."""
    strategies = call.request.query_params.getlist("strategy")
    name = call.query.get("name")
    found = [
        _described(call, connection)
        for connection in _all(call)
        if (not strategies or connection.body["strategy"] in strategies)
        and (name is None or connection.body["name"] == name)
    ]
    return from_checkpoint(call, "connections", found)


def get_connection(call: Call) -> Response:
    """`GET /connections/{id}`."""
    return json_response(_described(call, _found(call)))


def create_connection(call: Call) -> Response:
    """`POST /connections`."""
    body = call.members(CREATE_CONNECTION, required=["name", "strategy"])
    if any(connection.body["name"] == body["name"] for connection in _all(call)):
        raise ManagementRefusal(
            409, "Conflict", "A connection with the same name already exists.", "connection_conflict"
        )
    _require_clients(call, body.get("enabled_clients", []))
    connection = call.change("Create a connection", lambda: call.tenant.resources.add(Kind.CONNECTION, body))
    return json_response(_described(call, connection), 201)


def update_connection(call: Call) -> Response:
    """`PATCH /connections/{id}`; the options are replaced as a whole, but for a secret that is not among them."""
    connection, body = _found(call), call.members(UPDATE_CONNECTION)
    if "options" in body:
        call.require(UPDATE_OPTIONS)
        body["options"] = _with_secret(connection, body["options"])
    _require_clients(call, body.get("enabled_clients") or [])
    connection = replace(connection, body=connection.body | body)
    call.change("Update a connection", lambda: call.tenant.resources.write(connection))
    return json_response(_described(call, connection))


def delete_connection(call: Call) -> Response:
    """`DELETE /connections/{id}`, with the accounts that people connected from it."""
    connection = _found(call)

    def remove() -> None:
        call.tenant.database.execute("delete from connected_accounts where connection = ?", connection.body["name"])
        call.tenant.resources.remove(Kind.CONNECTION, connection.id)

    call.change("Delete a connection", remove)
    return Response(status_code=204)


def list_enabled(call: Call) -> Response:
    """`GET /connections/{id}/clients`."""
    enabled = [{"client_id": client_id} for client_id in _enabled(_found(call))]
    return from_checkpoint(call, "clients", enabled, key="client_id")


def update_enabled(call: Call) -> Response:
    """`PATCH /connections/{id}/clients` with `[{"client_id": …, "status": true}, …]`."""
    connection, asked = _found(call), call.body
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_ENABLED:
        raise bad_body(f"Expected an array of 1 to {MAX_ENABLED}")
    if not all(
        isinstance(one, dict) and set(one) == {"client_id", "status"} and isinstance(one["status"], bool)
        for one in asked
    ):
        raise bad_body("Expected objects of client_id and status")
    _require_clients(call, [one["client_id"] for one in asked])
    status = dict.fromkeys(_enabled(connection), True) | {one["client_id"]: one["status"] for one in asked}
    enabled = [client_id for client_id, on in status.items() if on]
    changed = replace(connection, body=connection.body | {"enabled_clients": enabled})
    call.change("Update enabled clients of a connection", lambda: call.tenant.resources.write(changed))
    return Response(status_code=204)


def get_scim(call: Call) -> Response:
    """`GET /connections/{id}/scim-configuration`: none has any."""
    _found(call)
    raise ManagementRefusal(404, "Not Found", "Not Found", "not_found")


def list_provisionings(call: Call) -> Response:
    """`GET /connections-directory-provisionings`: there are none."""
    return from_checkpoint(call, "directory_provisionings", [])


def _all(call: Call) -> list[Resource]:
    return call.tenant.resources.all(Kind.CONNECTION)


def _found(call: Call) -> Resource:
    return call.found(Kind.CONNECTION, "connection", "inexistent_connection")


def _enabled(connection: Resource) -> list[str]:
    return list(connection.body.get("enabled_clients") or ())


def _described(call: Call, connection: Resource) -> dict[str, Any]:
    body = {name: value for name, value in connection.body.items() if name != "enabled_clients" and value is not None}
    if body["strategy"] == "auth0":
        body["options"] = _DATABASE_OPTIONS | body.get("options", {})
    if READ_OPTIONS not in call.scopes:
        body.pop("options", None)
    return {"id": connection.id, "is_domain_connection": False, "realms": [body["name"]], **body}


def _with_secret(connection: Resource, options: Any) -> Any:
    """Whoever writes an export back has no secret to write; the Deploy CLI counts on the old one being kept."""
    kept = connection.body.get("options") or {}
    if not isinstance(options, dict) or "client_secret" in options or "client_secret" not in kept:
        return options
    return {"client_secret": kept["client_secret"], **options}


def _require_clients(call: Call, client_ids: Any) -> None:
    known = {client.id for client in call.tenant.resources.all(Kind.CLIENT)}
    if not isinstance(client_ids, list) or any(
        not isinstance(client_id, str) or client_id not in known for client_id in client_ids
    ):
        raise bad_body("No such client on property enabled_clients")
