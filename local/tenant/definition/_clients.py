"""Clients (Auth0's applications)."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from local.tenant.definition._base import Part, Text

AppType = Literal["native", "spa", "regular_web", "non_interactive", "resource_server"]
AuthenticationMethod = Literal["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
]

MAX_CLIENT_KEYS = 2


class FurtherAudience(Part):
    """Another API that a client's refresh tokens are good for, and how far (multi-resource refresh tokens)."""

    audience: Text
    scope: tuple[Text, ...] = ()


class RefreshTokenPolicy(Part):
    """How refresh tokens of a client live; lifetimes in seconds. The defaults are Auth0's."""

    rotation_type: Literal["rotating", "non-rotating"] = "non-rotating"
    expiration_type: Literal["expiring", "non-expiring"] = "non-expiring"
    leeway: int = Field(0, ge=0)
    token_lifetime: int = Field(2592000, ge=1, le=31557600)
    infinite_token_lifetime: bool = False
    idle_token_lifetime: int = Field(1296000, ge=1)
    infinite_idle_token_lifetime: bool = False
    policies: tuple[FurtherAudience, ...] = ()

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.rotation_type == "rotating" and self.expiration_type != "expiring":
            raise ValueError("rotating refresh tokens must be expiring")
        return self


class LogoutInitiators(Part):
    """Which ends of a session a client is told of. Here a session ends by a logout alone, which is always told."""

    mode: Literal["custom", "all"] = "custom"
    selected_initiators: tuple[Text, ...] = ("rp-logout", "idp-logout")

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.mode == "custom" and not {"rp-logout", "idp-logout"} <= set(self.selected_initiators):
            raise ValueError("rp-logout and idp-logout are required initiators")
        return self


class OidcLogout(Part):
    """Where a client takes logout tokens (OpenID Connect Back-Channel Logout 1.0): one address at most."""

    backchannel_logout_urls: tuple[Text, ...] = Field((), max_length=1)
    backchannel_logout_initiators: LogoutInitiators = LogoutInitiators()


class JwtConfiguration(Part):
    """How ID tokens of a client are made."""

    without_effect = frozenset({"secret_encoded"})

    alg: Literal["RS256"] = "RS256"
    lifetime_in_seconds: int = Field(36000, ge=1, le=2592000)


class PublicKey(Part):
    """A key that verifies assertions of a client."""

    name: str = ""
    credential_type: Literal["public_key"]
    pem: Text
    alg: Literal["RS256", "RS384", "PS256"] = "RS256"


class PrivateKeyJwt(Part):
    """The keys of private_key_jwt: two at most, so that one can follow the other."""

    credentials: tuple[PublicKey, ...] = Field(min_length=1, max_length=MAX_CLIENT_KEYS)


class AuthenticationMethods(Part):
    """The methods that need registered credentials."""

    private_key_jwt: PrivateKeyJwt


class TokenExchange(Part):
    """Which exchanges a client may do."""

    allow_any_profile_of_type: tuple[Literal["on_behalf_of_token_exchange"], ...] = ()


class Quota(Part):
    """How many client credentials tokens a client may have."""

    enforce: bool = True
    per_hour: int | None = Field(None, ge=1)
    per_day: int | None = Field(None, ge=1)


class TokenQuota(Part):
    """Quotas by grant."""

    client_credentials: Quota


class ClientDefinition(Part):
    """A client (an application of Auth0), known by its name: the tenant makes its id."""

    without_effect = frozenset(
        {"logo_uri", "client_metadata", "custom_login_page_on", "sso", "cross_origin_authentication"}
        | {"initiate_login_uri", "web_origins", "allowed_origins", "is_token_endpoint_ip_header_trusted"}
    )

    name: Text
    description: str = ""
    app_type: AppType
    is_first_party: Literal[True] = True
    oidc_conformant: Literal[True] = True
    token_endpoint_auth_method: AuthenticationMethod | None = None
    client_authentication_methods: AuthenticationMethods | None = None
    grant_types: tuple[GrantType, ...] = ()
    callbacks: tuple[Text, ...] = ()
    allowed_logout_urls: tuple[Text, ...] = ()
    oidc_logout: OidcLogout = OidcLogout()
    resource_server_identifier: Text | None = None
    token_exchange: TokenExchange = TokenExchange()
    async_approval_notification_channels: tuple[Literal["guardian-push", "email"], ...] = ("guardian-push",)
    refresh_token: RefreshTokenPolicy = RefreshTokenPolicy()
    jwt_configuration: JwtConfiguration = JwtConfiguration()
    token_quota: TokenQuota | None = None
    skip_non_verifiable_callback_uri_confirmation_prompt: bool | None = None

    @property
    def authentication_method(self) -> AuthenticationMethod:
        """How the client proves itself at the token endpoint."""
        if self.client_authentication_methods is not None:
            return "private_key_jwt"
        return self.token_endpoint_auth_method or "client_secret_post"

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """The keys that verify its assertions."""
        methods = self.client_authentication_methods
        return methods.private_key_jwt.credentials if methods is not None else ()

    @property
    def slug(self) -> str:
        """The name as a folder's name."""
        return slug_of(self.name)

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if (self.app_type == "resource_server") != (self.resource_server_identifier is not None):
            raise ValueError("app_type resource_server and resource_server_identifier belong together")
        if self.authentication_method == "private_key_jwt" and not self.public_keys:
            raise ValueError("private_key_jwt needs client_authentication_methods with a public key")
        if self.public_keys and self.token_endpoint_auth_method is not None:
            raise ValueError("token_endpoint_auth_method and client_authentication_methods exclude each other")
        confidential_only = (
            not {"client_credentials", "urn:openid:params:grant-type:ciba"}.isdisjoint(self.grant_types)
            or any("token-exchange" in grant_type for grant_type in self.grant_types)
            or self.token_exchange.allow_any_profile_of_type
        )
        if self.authentication_method == "none" and confidential_only:
            raise ValueError("a public client can use neither client_credentials nor CIBA, and exchange no tokens")
        return self


def slug_of(name: str) -> str:
    """The name of a client as a folder's name: `Supervisor API client` is `supervisor-api-client`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
