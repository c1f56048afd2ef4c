"""The operations, one table, with their scopes and what their queries may say."""

from starlette.routing import BaseRoute, Route

from local.tenant.management import _apis as apis
from local.tenant.management import _clients as clients
from local.tenant.management import _connections as connections
from local.tenant.management import _grants as grants
from local.tenant.management import _keys as keys
from local.tenant.management import _logs as logs
from local.tenant.management import _roles as roles
from local.tenant.management import _tenant_settings as tenant
from local.tenant.management import _users as users
from local.tenant.management._call import Operation
from local.tenant.management._paging import CHECKPOINT, FIELDS, PAGE

FURTHER_SCOPES = ("update:client_credentials", connections.READ_OPTIONS, connections.UPDATE_OPTIONS)
"""Scopes that some calls of an operation need besides."""

_CLIENTS = (*PAGE, *FIELDS, "app_type", "is_first_party", "is_global")
_GRANTS = (*PAGE, *CHECKPOINT, "audience", "client_id", "subject_type")
_CONNECTIONS = (*PAGE, *CHECKPOINT, *FIELDS, "name", "strategy")

OPERATIONS = (
    Operation("GET", "keys/signing", keys.list_keys, ("read:signing_keys",)),
    Operation("POST", "keys/signing/rotate", keys.rotate_key, ("create:signing_keys", "update:signing_keys")),
    Operation("PUT", "keys/signing/{kid}/revoke", keys.revoke_key, ("update:signing_keys",)),
    Operation("GET", "logs", logs.list_logs, ("read:logs",), ("page", "per_page", "q")),
    Operation("GET", "users", users.list_users, ("read:users",), PAGE),
    Operation("GET", "users/{id}", users.get_user, ("read:users",)),
    Operation("PATCH", "users/{id}", users.update_user, ("update:users",)),
    Operation("GET", "resource-servers", apis.list_apis, ("read:resource_servers",), (*PAGE, *FIELDS)),
    Operation("POST", "resource-servers", apis.create_api, ("create:resource_servers",)),
    Operation("GET", "resource-servers/{id}", apis.get_api, ("read:resource_servers",), FIELDS),
    Operation("PATCH", "resource-servers/{id}", apis.update_api, ("update:resource_servers",)),
    Operation("DELETE", "resource-servers/{id}", apis.delete_api, ("delete:resource_servers",)),
    Operation("GET", "clients", clients.list_clients, ("read:clients",), _CLIENTS),
    Operation("POST", "clients", clients.create_client, ("create:clients",)),
    Operation("GET", "clients/{id}", clients.get_client, ("read:clients",), FIELDS),
    Operation("PATCH", "clients/{id}", clients.update_client, ("update:clients",)),
    Operation("DELETE", "clients/{id}", clients.delete_client, ("delete:clients",)),
    Operation("GET", "clients/{id}/credentials", clients.list_credentials, ("read:client_credentials",)),
    Operation("POST", "clients/{id}/credentials", clients.create_credential, ("create:client_credentials",)),
    Operation(
        "DELETE",
        "clients/{id}/credentials/{credential_id}",
        clients.delete_credential,
        ("delete:client_credentials",),
    ),
    Operation("GET", "client-grants", grants.list_grants, ("read:client_grants",), _GRANTS),
    Operation("POST", "client-grants", grants.create_grant, ("create:client_grants",)),
    Operation("PATCH", "client-grants/{id}", grants.update_grant, ("update:client_grants",)),
    Operation("DELETE", "client-grants/{id}", grants.delete_grant, ("delete:client_grants",)),
    Operation("GET", "connections", connections.list_connections, ("read:connections",), _CONNECTIONS),
    Operation("POST", "connections", connections.create_connection, ("create:connections",)),
    Operation("GET", "connections/{id}", connections.get_connection, ("read:connections",), FIELDS),
    Operation("PATCH", "connections/{id}", connections.update_connection, ("update:connections",)),
    Operation("DELETE", "connections/{id}", connections.delete_connection, ("delete:connections",)),
    Operation("GET", "connections/{id}/clients", connections.list_enabled, ("read:connections",), CHECKPOINT),
    Operation("PATCH", "connections/{id}/clients", connections.update_enabled, ("update:connections",)),
    Operation("GET", "connections/{id}/scim-configuration", connections.get_scim, ("read:scim_config",)),
    Operation(
        "GET",
        "connections-directory-provisionings",
        connections.list_provisionings,
        ("read:directory_provisionings",),
        CHECKPOINT,
    ),
    Operation("GET", "roles", roles.list_roles, ("read:roles",), (*PAGE, "name_filter", "type")),
    Operation("POST", "roles", roles.create_role, ("create:roles",)),
    Operation("PATCH", "roles/{id}", roles.update_role, ("update:roles",)),
    Operation("DELETE", "roles/{id}", roles.delete_role, ("delete:roles",)),
    Operation("GET", "roles/{id}/permissions", roles.list_permissions, ("read:roles",), PAGE),
    Operation("POST", "roles/{id}/permissions", roles.add_permissions, ("update:roles",)),
    Operation("DELETE", "roles/{id}/permissions", roles.remove_permissions, ("update:roles",)),
    Operation("GET", "tenants/settings", tenant.get_settings, ("read:tenant_settings",), FIELDS),
    Operation("PATCH", "tenants/settings", tenant.update_settings, ("update:tenant_settings",)),
    Operation("GET", "guardian/factors", tenant.list_factors, ("read:guardian_factors",)),
    Operation("PUT", "guardian/factors/{name}", tenant.set_factor, ("update:guardian_factors",)),
    Operation("GET", "guardian/policies", tenant.get_policies, ("read:mfa_policies",)),
    Operation("PUT", "guardian/policies", tenant.set_policies, ("update:mfa_policies",)),
    Operation("GET", "actions/actions", tenant.list_actions, ("read:actions",), PAGE),
)


def management_routes() -> list[BaseRoute]:
    """The routes of the operations."""
    return [
        Route(f"/api/v2/{operation.path}", operation.__call__, methods=[operation.method]) for operation in OPERATIONS
    ]
