"""`/api/v2/clients`, with the credentials of each."""

from dataclasses import replace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from local import _random
from local.tenant._clients import CLIENTS_FOLDER, MAX_KEY_BITS, MIN_KEY_BITS, client_secret_of, renamed, thumbprint
from local.tenant._clock import iso
from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.definition import slug_of
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import CREATE_CLIENT, CREATE_CREDENTIAL, UPDATE_CLIENT
from local.tenant.management._paging import paged
from local.tenant.resources import CLIENT_DEFAULTS, Kind, Resource

MAX_CREDENTIALS = 2
_ALGORITHMS = ("RS256", "RS384", "PS256")
_PUBLIC = frozenset({"native", "spa"})


def list_clients(call: Call) -> Response:
    """`GET /clients`."""
    return paged(call, "clients", [_described(client) for client in _all(call) if _asked_for(call, client)])


def get_client(call: Call) -> Response:
    """`GET /clients/{id}`."""
    return json_response(_described(_found(call)))


def create_client(call: Call) -> Response:
    """`POST /clients`. The secret is told here, and never again: of it a digest is kept."""
    members = call.members(CREATE_CLIENT, required=["name"])
    body = {name: value for name, value in members.items() if value is not None}
    _require_name(call, body.get("name"), None)
    resources, client_id = call.tenant.resources, _random.client_id()

    def add() -> Resource:
        methods = body.get("client_authentication_methods")
        if methods is not None:
            keys = [_credential(call, key) for key in _objects(methods, "private_key_jwt")]
            made = [resources.add(Kind.CREDENTIAL, key | {"client_id": client_id}) for key in keys]
            body["client_authentication_methods"] = _references(made)
        call.tenant.database.execute("insert into clients values (?, ?, null)", body["name"], client_id)
        return resources.add(Kind.CLIENT, body, resource_id=client_id)

    client = call.change("Create a client", add)
    secret = client_secret_of(str(body["name"]), call.tenant.settings.folder / CLIENTS_FOLDER)
    return json_response(_described(client) | ({"client_secret": secret} if secret is not None else {}), 201)


def update_client(call: Call) -> Response:
    """`PATCH /clients/{id}`."""
    client, resources = _found(call), call.tenant.resources
    body = call.members(UPDATE_CLIENT)
    if "name" in body:
        _require_name(call, body["name"], client)
    methods = body.get("client_authentication_methods", client.body.get("client_authentication_methods"))
    if methods is not None and body.get("token_endpoint_auth_method") is not None:
        raise bad_body("token_endpoint_auth_method and client_authentication_methods exclude each other")
    if "client_authentication_methods" in body:
        call.require("update:client_credentials")
    if body.get("client_authentication_methods") is not None:
        _require_own(call, client, _objects(methods, "private_key_jwt"))
    changed = {name: value for name, value in (client.body | body).items() if value is not None}
    former, client = client.body["name"], replace(client, body=changed)

    def write() -> None:
        call.tenant.database.execute("update clients set name = ? where client_id = ?", changed["name"], client.id)
        resources.write(client)

    with renamed(call.tenant.settings.folder / CLIENTS_FOLDER, former, changed["name"]):
        call.change("Update a client", write)
    return json_response(_described(client))


def delete_client(call: Call) -> Response:
    """`DELETE /clients/{id}`, with its grants and credentials."""
    client, resources = _found(call), call.tenant.resources

    def remove() -> None:
        for kind in (Kind.GRANT, Kind.CREDENTIAL):
            for row in resources.all(kind):
                if row.body.get("client_id") == client.id:
                    resources.remove(kind, row.id)
        for connection in resources.all(Kind.CONNECTION):
            enabled = [name for name in connection.body.get("enabled_clients", ()) if name != client.id]
            resources.write(replace(connection, body=connection.body | {"enabled_clients": enabled}))
        resources.remove(Kind.CLIENT, client.id)
        call.tenant.database.execute("delete from clients where client_id = ?", client.id)
        call.tenant.database.execute("delete from client_keys where client_id = ?", client.id)

    call.change("Delete a client", remove)
    return Response(status_code=204)


def list_credentials(call: Call) -> Response:
    """`GET /clients/{id}/credentials`; the key itself is not told."""
    return json_response([_told(credential) for credential in _credentials(call, _found(call))])


def create_credential(call: Call) -> Response:
    """`POST /clients/{id}/credentials`."""
    client = _found(call)
    body = _credential(call, call.members(CREATE_CREDENTIAL, required=["credential_type"]))
    if len(_credentials(call, client)) >= MAX_CREDENTIALS:
        message = f"A client has at most {MAX_CREDENTIALS} credentials."
        raise ManagementRefusal(400, "Bad Request", message, "too_many_credentials")
    made = call.change(
        "Create a client credential",
        lambda: call.tenant.resources.add(Kind.CREDENTIAL, body | {"client_id": client.id}),
    )
    return json_response(_told(made), 201)


def delete_credential(call: Call) -> Response:
    """`DELETE /clients/{id}/credentials/{credential_id}`, once the client does not use it any more."""
    client, credential_id = _found(call), call.parameter("credential_id")
    if credential_id not in {credential.id for credential in _credentials(call, client)}:
        raise ManagementRefusal(404, "Not Found", "The credential does not exist.", "inexistent_credential")
    methods = client.body.get("client_authentication_methods")
    if methods is not None and {"id": credential_id} in _objects(methods, "private_key_jwt"):
        message = "The credential is used by client_authentication_methods."
        raise ManagementRefusal(400, "Bad Request", message, "credential_in_use")
    call.change("Delete a client credential", lambda: call.tenant.resources.remove(Kind.CREDENTIAL, credential_id))
    return Response(status_code=204)


def _all(call: Call) -> list[Resource]:
    return call.tenant.resources.all(Kind.CLIENT)


def _found(call: Call) -> Resource:
    return call.found(Kind.CLIENT, "client", "inexistent_client")


def _credentials(call: Call, client: Resource) -> list[Resource]:
    return [row for row in call.tenant.resources.all(Kind.CREDENTIAL) if row.body["client_id"] == client.id]


def _asked_for(call: Call, client: Resource) -> bool:
    """Whether a client is among those that the query asks for; all are first-party and none is global here."""
    app_type = call.query.get("app_type")
    return (
        (app_type is None or client.body.get("app_type") in app_type.split(","))
        and call.query.get("is_global", "false") == "false"
        and call.query.get("is_first_party", "true") == "true"
    )


def _described(client: Resource) -> dict[str, Any]:
    body = CLIENT_DEFAULTS | client.body
    body["jwt_configuration"] = CLIENT_DEFAULTS["jwt_configuration"] | body["jwt_configuration"]
    if "client_authentication_methods" not in body and "token_endpoint_auth_method" not in body:
        body["token_endpoint_auth_method"] = "none" if body.get("app_type") in _PUBLIC else "client_secret_post"
    return {"tenant": "local", "global": False, "client_id": client.id, **body}


def _require_name(call: Call, name: Any, client: Resource | None) -> None:
    """Auth0 lets clients share a name; here a folder of that name holds what the client's owner needs."""
    if not isinstance(name, str) or not slug_of(name):
        raise bad_body("Expected type string on property name")
    others = [slug_of(other.body["name"]) for other in _all(call) if client is None or other.id != client.id]
    if slug_of(name) in others:
        raise bad_body("the local tenant knows clients by name, and has one of this name on property name")


def _credential(call: Call, key: Any) -> dict[str, Any]:
    """A credential as it is kept.

    Raises:
        ManagementRefusal: 400, if it is no RSA public key of a size that Auth0 takes.
    """
    if not isinstance(key, dict) or key.get("credential_type") != "public_key":
        raise bad_body("the local tenant knows public_key only on property credential_type")
    if key.get("alg", "RS256") not in _ALGORITHMS:
        raise bad_body("No enum match on property alg")
    try:
        public = serialization.load_pem_public_key(str(key.get("pem")).encode())
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, rsa.RSAPublicKey) or not MIN_KEY_BITS <= public.key_size <= MAX_KEY_BITS:
        raise bad_body("Expected the PEM of an RSA public key of 2048 to 4096 bits on property pem")
    now = iso(call.tenant.clock())
    return {"alg": "RS256", **key, "kid": thumbprint(public), "created_at": now, "updated_at": now}


def _objects(methods: Any, method: str) -> list[dict[str, Any]]:
    """The credentials of a method, the only one that may be there."""
    if not isinstance(methods, dict) or set(methods) != {method}:
        raise bad_body(f"the local tenant knows {method} only on property client_authentication_methods")
    credentials = methods[method].get("credentials") if isinstance(methods[method], dict) else None
    if not isinstance(credentials, list) or not all(isinstance(credential, dict) for credential in credentials):
        raise bad_body(f"Expected type array on property client_authentication_methods.{method}.credentials")
    if not 1 <= len(credentials) <= MAX_CREDENTIALS:
        raise bad_body(f"Expected one or two on property client_authentication_methods.{method}.credentials")
    return credentials


def _require_own(call: Call, client: Resource, references: list[dict[str, Any]]) -> None:
    own = [{"id": credential.id} for credential in _credentials(call, client)]
    if any(reference not in own for reference in references):
        raise bad_body("No such credential of the client on property client_authentication_methods")


def _references(credentials: list[Resource]) -> dict[str, Any]:
    return {"private_key_jwt": {"credentials": [{"id": credential.id} for credential in credentials]}}


def _told(credential: Resource) -> dict[str, Any]:
    hidden = {"pem", "client_id"}
    return {"id": credential.id} | {name: value for name, value in credential.body.items() if name not in hidden}
