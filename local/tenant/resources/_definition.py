"""From rows to the definition that the tenant serves."""

from collections.abc import Mapping
from typing import Any

from local.tenant.definition import QUIET, Definition
from local.tenant.resources._defaults import API_DEFAULTS, CLIENT_DEFAULTS
from local.tenant.resources._store import Kind, Resource, Resources

DATABASE = "auth0"


def definition_from(resources: Resources) -> Definition:
    """The definition that the rows amount to.

    Raises:
        pydantic.ValidationError: if they contradict each other, or ask for what this tenant does not do.
    """
    clients = resources.all(Kind.CLIENT)
    names = {client.id: str(client.body["name"]) for client in clients}
    credentials = {credential.id: credential.body for credential in resources.all(Kind.CREDENTIAL)}
    connections = [_connection(connection, names) for connection in resources.all(Kind.CONNECTION)]
    (settings,) = resources.all(Kind.SETTINGS)
    policies = resources.all(Kind.POLICIES)
    return Definition.model_validate(
        {
            "tenant": settings.body,
            "databases": [connection for connection in connections if connection["strategy"] == DATABASE],
            "connections": [connection for connection in connections if connection["strategy"] != DATABASE],
            "resourceServers": [_api(api) for api in resources.all(Kind.API)],
            "clients": [_client(client, credentials) for client in clients],
            "clientGrants": [_grant(grant, names) for grant in resources.all(Kind.GRANT)],
            "roles": [role.body for role in resources.all(Kind.ROLE)],
            "guardianFactors": [factor.body for factor in resources.all(Kind.FACTOR)],
            "guardianPolicies": {"policies": policies[0].body["policies"] if policies else []},
        },
        context=QUIET,
    )


def _api(api: Resource) -> dict[str, Any]:
    body = _effective(api.body, API_DEFAULTS)
    body.pop("is_system", None)
    return body


def _client(client: Resource, credentials: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    body = _effective(client.body, CLIENT_DEFAULTS)
    methods: dict[str, Any] | None = body.get("client_authentication_methods")
    if methods is not None:
        body["client_authentication_methods"] = {
            method: {"credentials": [_key(credentials[reference["id"]]) for reference in value["credentials"]]}
            for method, value in methods.items()
        }
    return body


def _key(credential: Mapping[str, Any]) -> dict[str, Any]:
    return {name: credential[name] for name in ("name", "credential_type", "pem", "alg") if name in credential}


def _grant(grant: Resource, names: Mapping[str, str]) -> dict[str, Any]:
    body = {key: value for key, value in grant.body.items() if value is not None}
    return body | {"client_id": names[body["client_id"]]}


def _connection(connection: Resource, names: Mapping[str, str]) -> dict[str, Any]:
    body = _effective(connection.body, {"is_domain_connection": False, "realms": [connection.body.get("name")]})
    return body | {"enabled_clients": [names[client_id] for client_id in body.get("enabled_clients", ())]}


def _effective(body: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body says more than nothing would."""
    return {
        key: value
        for key, value in body.items()
        if value is not None and (key not in defaults or defaults[key] != value)
    }
