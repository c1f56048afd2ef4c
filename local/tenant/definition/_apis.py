"""APIs (Auth0's resource servers), client grants and roles."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from local.tenant.definition._base import Part, Text

MY_ACCOUNT_API = "Auth0 My Account API"
MY_ACCOUNT_SCOPES = {
    "create:me:connected_accounts": "Connect an account",
    "read:me:connected_accounts": "See the connected accounts",
    "delete:me:connected_accounts": "Disconnect an account",
}

TokenDialect = Literal["access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz"]


class Scope(Part):
    """A permission of an API."""

    value: Text
    description: str = ""


class Policy(Part):
    """Which clients may ask for tokens of an API at all."""

    policy: Literal["allow_all", "require_client_grant", "deny_all"]


class SubjectTypeAuthorization(Part):
    """The policies for tokens on a person's behalf, and for tokens of a client itself; the defaults are Auth0's."""

    user: Policy = Policy(policy="allow_all")
    client: Policy = Policy(policy="require_client_grant")

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.client.policy == "allow_all":
            raise ValueError("client access knows require_client_grant and deny_all only")
        return self


class DetailsType(Part):
    """A type of `authorization_details` (RFC 9396 §2) that an API knows."""

    type: Text


class ResourceServer(Part):
    """An API: an audience with its scopes. `token_lifetime` is in seconds."""

    without_effect = frozenset({"token_lifetime_for_web", "consent_policy", "client_id"})

    name: Text
    identifier: Text
    scopes: tuple[Scope, ...] = ()
    signing_alg: Literal["RS256", "HS256"] = "RS256"
    token_lifetime: int = Field(86400, ge=1, le=2592000)
    token_dialect: TokenDialect = "access_token"
    enforce_policies: bool = False
    allow_offline_access: bool = False
    skip_consent_for_verifiable_first_party_clients: bool = False
    subject_type_authorization: SubjectTypeAuthorization = SubjectTypeAuthorization()
    authorization_details: tuple[DetailsType, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _complete_my_account_api(cls, data: Any) -> Any:
        """Auth0 itself gives this API its scopes and policies; a definition only says how long its tokens live."""
        if not isinstance(data, Mapping) or data.get("name") != MY_ACCOUNT_API:
            return data
        return {
            "subject_type_authorization": {
                "user": {"policy": "require_client_grant"},
                "client": {"policy": "deny_all"},
            },
            **data,
            "scopes": [{"value": value, "description": said} for value, said in MY_ACCOUNT_SCOPES.items()],
        }

    @property
    def scope_values(self) -> tuple[str, ...]:
        """The names of the scopes, in the order of the definition."""
        return tuple(scope.value for scope in self.scopes)

    @property
    def adds_permissions(self) -> bool:
        """Whether its tokens carry `permissions`, which needs both the dialect and RBAC."""
        return self.enforce_policies and self.token_dialect.endswith("_authz")

    @property
    def is_rfc9068(self) -> bool:
        """Whether its tokens follow RFC 9068 rather than Auth0's own profile."""
        return self.token_dialect.startswith("rfc9068_profile")


class ClientGrant(Part):
    """The most that a client can be issued for an API. `client_id` holds the client's name, as in the Deploy CLI."""

    client_id: Text
    audience: Text
    scope: tuple[str, ...] = ()
    subject_type: Literal["client", "user"] = "client"
    allow_all_scopes: bool = False
    authorization_details_types: tuple[Text, ...] = ()


class Permission(Part):
    """A scope of an API that a role holds."""

    resource_server_identifier: Text
    permission_name: Text


class Role(Part):
    """What its people may do."""

    name: Text
    description: str = ""
    permissions: tuple[Permission, ...] = ()
