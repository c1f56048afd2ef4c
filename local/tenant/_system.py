"""What every tenant has, before and beside its definition."""

from local.tenant.definition import (
    MY_ACCOUNT_API,
    ClientDefinition,
    ClientGrant,
    Database,
    DatabaseOptions,
    Definition,
    ResourceServer,
    TenantSection,
)

MANAGEMENT_CLIENT = "Local management"
MANAGEMENT_API = "Auth0 Management API"
MANAGEMENT_SCOPES = (
    "read:signing_keys",
    "create:signing_keys",
    "update:signing_keys",
    "read:logs",
    "read:users",
    "update:users",
    *(
        f"{verb}:{what}"
        for what in ("clients", "client_credentials", "client_grants", "resource_servers", "connections", "roles")
        for verb in ("create", "read", "update", "delete")
    ),
    "read:connections_options",
    "update:connections_options",
    "read:scim_config",
    "read:directory_provisionings",
    "read:actions",
    "read:guardian_factors",
    "update:guardian_factors",
    "read:mfa_policies",
    "update:mfa_policies",
    "read:tenant_settings",
    "update:tenant_settings",
)


def system_apis(issuer: str) -> frozenset[str]:
    """The identifiers of the APIs that are Auth0's own."""
    return frozenset({f"{issuer}api/v2/", f"{issuer}me/"})


def new_tenant(issuer: str) -> Definition:
    """What Auth0 gives everybody who makes a tenant, once the My Account API is activated."""
    return Definition(
        tenant=TenantSection(friendly_name="New tenant"),
        databases=(Database(name="Username-Password-Authentication", options=DatabaseOptions()),),
        resourceServers=(ResourceServer.model_validate({"name": MY_ACCOUNT_API, "identifier": f"{issuer}me/"}),),
    )


def with_management(definition: Definition, issuer: str) -> Definition:
    """Adds the Management API, which every tenant has, and a client for it, which people make by hand elsewhere."""
    audience = f"{issuer}api/v2/"
    api = ResourceServer.model_validate(
        {
            "name": MANAGEMENT_API,
            "identifier": audience,
            "scopes": [{"value": scope} for scope in MANAGEMENT_SCOPES],
            "subject_type_authorization": {"user": {"policy": "deny_all"}},
        }
    )
    client = ClientDefinition(
        name=MANAGEMENT_CLIENT,
        app_type="non_interactive",
        token_endpoint_auth_method="client_secret_post",
        grant_types=("client_credentials",),
    )
    grant = ClientGrant(client_id=MANAGEMENT_CLIENT, audience=audience, allow_all_scopes=True)
    return Definition.model_validate(
        {name: getattr(definition, name) for name in Definition.model_fields}
        | {
            "resourceServers": (*definition.resourceServers, api),
            "clients": (*definition.clients, client),
            "clientGrants": (*definition.clientGrants, grant),
        }
    )
