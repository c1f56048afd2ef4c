"""The whole of a tenant definition."""

from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from local.tenant.definition._apis import ClientGrant, ResourceServer, Role
from local.tenant.definition._base import Part, Text
from local.tenant.definition._clients import ClientDefinition
from local.tenant.definition._connections import Connection, Source


class DatabaseOptions(Part):
    """How people sign up and sign in. Here nobody signs up, and wrong passwords are logged and not counted."""

    without_effect = frozenset({"password_options", "passwordPolicy", "disable_self_service_change_password"})

    disable_signup: bool = False
    brute_force_protection: bool = True


class Database(Source):
    """A connection whose people the tenant keeps itself."""

    strategy: Literal["auth0"] = "auth0"
    options: DatabaseOptions = DatabaseOptions()


class TenantFlags(Part):
    """Switches of the tenant."""

    revoke_refresh_token_grant: bool = False


class TenantSection(Part):
    """Settings of the tenant; session lifetimes in hours, with Auth0's defaults."""

    without_effect = frozenset({"support_email", "support_url", "picture_url", "enabled_locales"})

    friendly_name: str = "Local tenant"
    session_lifetime: float = Field(168, gt=0)
    idle_session_lifetime: float = Field(72, gt=0)
    allowed_logout_urls: tuple[Text, ...] = ()
    skip_non_verifiable_callback_uri_confirmation_prompt: bool = False
    flags: TenantFlags = TenantFlags()


class GuardianFactor(Part):
    """A second factor, and whether the tenant has it switched on."""

    name: Text
    enabled: bool = False


class GuardianPolicies(Part):
    """When people need a second factor: never, or always. Signing in here asks for none all the same."""

    policies: tuple[Literal["all-applications"], ...] = ()


class Definition(Part):
    """The whole of `tenant.yaml`."""

    without_effect = frozenset(
        {"branding", "emailProvider", "emailTemplates", "logStreams", "pages", "prompts", "themes", "attackProtection"}
    )

    tenant: TenantSection = TenantSection()
    databases: tuple[Database, ...] = ()
    connections: tuple[Connection, ...] = ()
    resourceServers: tuple[ResourceServer, ...] = ()  # noqa: N815 -- the Deploy CLI's name
    clients: tuple[ClientDefinition, ...] = ()
    clientGrants: tuple[ClientGrant, ...] = ()  # noqa: N815 -- the Deploy CLI's name
    roles: tuple[Role, ...] = ()
    guardianFactors: tuple[GuardianFactor, ...] = ()  # noqa: N815 -- the Deploy CLI's name
    guardianPolicies: GuardianPolicies = GuardianPolicies()  # noqa: N815 -- the Deploy CLI's name

    @property
    def has_push(self) -> bool:
        """Whether people can be asked by push notification."""
        return any(factor.name == "push-notification" and factor.enabled for factor in self.guardianFactors)

    @property
    def asks_for_factor(self) -> bool:
        """Whether a second factor is asked for always, also where nobody could give one."""
        return bool(self.guardianPolicies.policies)

    @cached_property
    def apis(self) -> dict[str, ResourceServer]:
        """The APIs by identifier."""
        return {api.identifier: api for api in self.resourceServers}

    @cached_property
    def grants(self) -> dict[tuple[str, str, str], ClientGrant]:
        """The client grants by (client name, audience, subject type)."""
        return {(grant.client_id, grant.audience, grant.subject_type): grant for grant in self.clientGrants}

    @cached_property
    def connections_by_name(self) -> dict[str, Connection]:
        """The connections by name."""
        return {connection.name: connection for connection in self.connections}

    @cached_property
    def roles_by_name(self) -> dict[str, Role]:
        """The roles by name."""
        return {role.name: role for role in self.roles}

    @model_validator(mode="after")
    def _verify(self) -> Self:
        _require_unique("resourceServers", [api.identifier for api in self.resourceServers])
        _require_unique("clients", [client.slug for client in self.clients])
        _require_unique("clientGrants", [f"{g.client_id} / {g.audience} / {g.subject_type}" for g in self.clientGrants])
        sources: tuple[Source, ...] = (*self.databases, *self.connections)
        _require_unique("connections", [source.name for source in sources])
        _require_unique("roles", [role.name for role in self.roles])
        names = {client.name for client in self.clients}
        for grant in self.clientGrants:
            where = f"the client grant {grant.client_id} / {grant.audience}"
            self._require_scopes(where, grant.audience, grant.scope)
            if grant.client_id not in names:
                raise ValueError(f"{where} names no client of this definition")
        for role in self.roles:
            for permission in role.permissions:
                where, audience = f"the role {role.name}", permission.resource_server_identifier
                self._require_scopes(where, audience, (permission.permission_name,))
        for client in self.clients:
            identifier = client.resource_server_identifier
            if identifier is not None and identifier not in self.apis:
                raise ValueError(
                    f"the client {client.name} belongs to {identifier}, which is no API of this definition"
                )
            for policy in client.refresh_token.policies:
                where = f"the refresh token policy of {client.name} / {policy.audience}"
                self._require_scopes(where, policy.audience, policy.scope)
        for source in sources:
            for name in set(source.enabled_clients) - names:
                raise ValueError(f"the connection {source.name} is enabled for {name}, which is no client")
        return self

    def _require_scopes(self, where: str, audience: str, scopes: tuple[str, ...]) -> None:
        api = self.apis.get(audience)
        if api is None:
            raise ValueError(f"{where} names {audience}, which is no API of this definition")
        if unknown := set(scopes) - set(api.scope_values):
            raise ValueError(f"{where} names {', '.join(sorted(unknown))}, which {audience} does not have")


def _require_unique(section: str, keys: list[str]) -> None:
    for key in {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"{section} has {key} twice")
