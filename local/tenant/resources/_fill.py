"""From a definition that was read from a file to rows, under the ids that they had before."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from local.tenant._clients import Clients
from local.tenant.definition import Connection, Database, Definition
from local.tenant.resources._store import Kind, Resources


def fill(resources: Resources, definition: Definition, clients: Clients, system_apis: frozenset[str]) -> None:
    """Replaces all rows by what the definition says.

    Args:
        resources: The rows.
        definition: What was read.
        clients: Its clients, registered.
        system_apis: The identifiers of APIs that Auth0 itself has.
    """
    known = {(kind, _natural(kind, row.body)): row.id for kind in Kind for row in resources.all(kind)}
    resources.clear()

    def add(kind: Kind, body: dict[str, Any], resource_id: str | None = None) -> str:
        return resources.add(kind, body, resource_id=resource_id or known.get((kind, _natural(kind, body)))).id

    add(Kind.SETTINGS, _body(definition.tenant), "tenant")
    add(Kind.POLICIES, {"policies": list(definition.guardianPolicies.policies)}, "guardian")
    for api in definition.resourceServers:
        add(Kind.API, _body(api) | ({"is_system": True} if api.identifier in system_apis else {}))
    for client in definition.clients:
        client_id = clients.named(client.name).client_id
        body = _body(client)
        methods = body.pop("client_authentication_methods", None)
        if methods is not None:
            keys = [add(Kind.CREDENTIAL, key | {"client_id": client_id}) for key in _keys(methods)]
            body["client_authentication_methods"] = {"private_key_jwt": {"credentials": [{"id": key} for key in keys]}}
        add(Kind.CLIENT, body, client_id)
    for grant in definition.clientGrants:
        add(Kind.GRANT, _body(grant) | {"client_id": clients.named(grant.client_id).client_id})
    sources: tuple[Database | Connection, ...] = (*definition.databases, *definition.connections)
    for source in sources:
        enabled = [clients.named(name).client_id for name in source.enabled_clients]
        add(Kind.CONNECTION, _body(source) | {"strategy": source.strategy, "enabled_clients": enabled})
    for role in definition.roles:
        add(Kind.ROLE, _body(role))
    for factor in definition.guardianFactors:
        add(Kind.FACTOR, _body(factor), factor.name)


def _body(part: BaseModel) -> dict[str, Any]:
    return part.model_dump(mode="json", exclude_unset=True)


def _keys(methods: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = methods["private_key_jwt"]["credentials"]
    return keys


def _natural(kind: Kind, body: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one of a kind from the others, whatever its id."""
    match kind:
        case Kind.API:
            return (body["identifier"],)
        case Kind.GRANT:
            return body["client_id"], body["audience"], body.get("subject_type", "client")
        case Kind.CREDENTIAL:
            return body["client_id"], body.get("name"), body["pem"]
        case _:
            return (body.get("name"),)
