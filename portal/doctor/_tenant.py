"""The Auth0 tenant as its file says: `deploy/auth0/tenant.yaml`, or what the Deploy CLI exported.

Only what a check looks at is read. What is left out has Auth0's own default.
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from portal._document import read_document

INVOKE: Final = "agent:invoke"
ASK: Final = "helpdesk:ask"
ON_BEHALF_OF: Final = "on_behalf_of_token_exchange"
TOKEN_VAULT: Final = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"  # noqa: S105 -- the name of a grant
CIBA: Final = "urn:openid:params:grant-type:ciba"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"

_KEYWORD = re.compile(r"""(?P<quote>["']?)@@(?P<json>\w+)@@(?P=quote)|##(?P<text>\w+)##""")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Value(_Part):
    value: str


class _Policy(_Part):
    policy: str


class _Policies(_Part):
    user: _Policy = _Policy(policy="allow_all")
    client: _Policy = _Policy(policy="require_client_grant")


class _DetailsType(_Part):
    type: str


class Api(_Part):
    """An API (resource server)."""

    name: str = ""
    identifier: str
    scopes: tuple[_Value, ...] = ()
    signing_alg: str = "RS256"
    token_lifetime: int = 86400
    token_dialect: str = "access_token"  # noqa: S105 -- the name of a dialect
    enforce_policies: bool = False
    allow_offline_access: bool = False
    skip_consent_for_verifiable_first_party_clients: bool = False
    subject_type_authorization: _Policies = _Policies()
    authorization_details: tuple[_DetailsType, ...] = ()

    @property
    def scope_names(self) -> frozenset[str]:
        """The names of its scopes."""
        return frozenset(scope.value for scope in self.scopes)

    @property
    def details_types(self) -> frozenset[str]:
        """The types of `authorization_details` that it knows."""
        return frozenset(details.type for details in self.authorization_details)

    def __str__(self) -> str:
        return f"resourceServers[{self.identifier}]"


class _Exchange(_Part):
    allow_any_profile_of_type: tuple[str, ...] = ()


class _FurtherAudience(_Part):
    audience: str


class _RefreshToken(_Part):
    rotation_type: str = "non-rotating"
    policies: tuple[_FurtherAudience, ...] = ()


class Client(_Part):
    """A client (application)."""

    name: str
    app_type: str = ""
    grant_types: tuple[str, ...] = ()
    resource_server_identifier: str | None = None
    token_exchange: _Exchange = _Exchange()
    async_approval_notification_channels: tuple[str, ...] = ("guardian-push",)
    refresh_token: _RefreshToken = _RefreshToken()

    @property
    def exchanges(self) -> bool:
        """Whether the On-Behalf-Of exchange is switched on for it."""
        return ON_BEHALF_OF in self.token_exchange.allow_any_profile_of_type

    @property
    def is_linked(self) -> bool:
        """Whether it is the Custom API client of an API."""
        return self.app_type == "resource_server" and self.resource_server_identifier is not None

    @property
    def signs_people_in(self) -> bool:
        """Whether people sign in with it."""
        return self.app_type in {"native", "spa", "regular_web"}

    def __str__(self) -> str:
        return f"clients[{self.name}]"


class Grant(_Part):
    """A client grant; `client_id` is the client's name."""

    client_id: str
    audience: str
    scope: tuple[str, ...] = ()
    subject_type: str = "client"
    allow_all_scopes: bool = False
    authorization_details_types: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"clientGrants[{self.client_id} / {self.audience}]"


class _Switch(_Part):
    active: bool = False


class _Options(_Part):
    scope: str | tuple[str, ...] = ()

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split() if isinstance(self.scope, str) else self.scope)


class Connection(_Part):
    """A connection to another system."""

    name: str
    enabled_clients: tuple[str, ...] = ()
    connected_accounts: _Switch = _Switch()
    options: _Options = _Options()

    def __str__(self) -> str:
        return f"connections[{self.name}]"


class _Permission(_Part):
    resource_server_identifier: str
    permission_name: str


class _Role(_Part):
    name: str
    permissions: tuple[_Permission, ...] = ()


class _Factor(_Part):
    name: str
    enabled: bool = False


class _MfaPolicies(_Part):
    policies: tuple[str, ...] = ()


class Tenant(_Part):
    """What the file says."""

    resource_servers: tuple[Api, ...] = Field((), alias="resourceServers")
    clients: tuple[Client, ...] = ()
    client_grants: tuple[Grant, ...] = Field((), alias="clientGrants")
    connections: tuple[Connection, ...] = ()
    roles: tuple[_Role, ...] = ()
    guardian_factors: tuple[_Factor, ...] = Field((), alias="guardianFactors")
    guardian_policies: _MfaPolicies = Field(_MfaPolicies(), alias="guardianPolicies")

    @classmethod
    def read(cls, path: Path, keywords: Mapping[str, str]) -> Self:
        """Reads the file; keywords that have no value stay as they are.

        Raises:
            CommandFailed: it is not such a file.
        """
        return read_document(
            cls, path, what="The tenant's file", code="tenant_file", prepare=lambda text: _replaced(text, keywords)
        )

    @cached_property
    def supervisors(self) -> tuple[Api, ...]:
        """The API that people's clients call: it has `helpdesk:ask`."""
        return tuple(api for api in self.resource_servers if ASK in api.scope_names)

    @cached_property
    def subagents(self) -> tuple[Api, ...]:
        """The APIs that agents call: they have `agent:invoke`."""
        return tuple(api for api in self.resource_servers if INVOKE in api.scope_names)

    @cached_property
    def delegated(self) -> tuple[Api, ...]:
        """The APIs that are called with a token that was exchanged: the help desk's own but the supervisor's."""
        kept = {api.identifier for api in self.supervisors}
        return tuple(api for api in self.resource_servers if api.identifier not in kept and not _is_auth0s(api))

    @cached_property
    def own(self) -> tuple[Api, ...]:
        """All APIs of the help desk."""
        return (*self.supervisors, *self.delegated)

    def api(self, identifier: str) -> Api | None:
        """The API with exactly this identifier."""
        return next((api for api in self.resource_servers if api.identifier == identifier), None)

    def client(self, name: str) -> Client | None:
        """The client of this name."""
        return next((client for client in self.clients if client.name == name), None)

    def api_clients(self, identifier: str) -> tuple[Client, ...]:
        """The Custom API clients of an API."""
        return tuple(c for c in self.clients if c.is_linked and c.resource_server_identifier == identifier)

    def grants_to(self, identifier: str, subject_type: str) -> tuple[Grant, ...]:
        """The grants of a kind to an API."""
        return tuple(g for g in self.client_grants if g.audience == identifier and g.subject_type == subject_type)

    def my_account(self) -> Api | None:
        """Auth0's My Account API."""
        return next((api for api in self.resource_servers if api.identifier.endswith(("/me/", _MY_ACCOUNT))), None)


_MY_ACCOUNT: Final = "##MY_ACCOUNT_AUDIENCE##"


def _is_auth0s(api: Api) -> bool:
    return api.identifier.endswith(("/me/", "/api/v2/", "/userinfo", _MY_ACCOUNT))


def _replaced(text: str, keywords: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match["json"] or match["text"]
        if name not in keywords:
            return match[0] if match["text"] else json.dumps(match[0].strip("\"'"))
        return json.dumps(keywords[name]) if match["json"] else keywords[name]

    return _KEYWORD.sub(value, text)


def keywords_of(text: str) -> dict[str, str]:
    """`AUTH0_KEYWORD_REPLACE_MAPPINGS`, the Deploy CLI's own setting; what is no text is left out."""
    try:
        found: Any = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
