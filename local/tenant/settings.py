"""The settings of the local tenant."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.settings import ServiceSettings

LOCAL_KEYWORDS = {
    "API_BASE": "https://helpdesk.example",
    "WEB_URL": "http://127.0.0.1:8402",
    "DIRECTORY_URL": "http://127.0.0.1:8401",
    "DIRECTORY_DOMAIN": "127.0.0.1",
}


class TenantSettings(ServiceSettings):
    """What the local tenant is told; everything else is in the tenant definition.

    Three settings exist so that clients can be tested against a busy tenant, and are off by default:
    `tenant_requests_per_minute`, `tenant_management_requests_per_second` and `tenant_tokens_per_hour`.
    """

    port: int = Field(8400, ge=0, le=65535, description="the port to listen on")
    helpdesk_var: Path = Field(Path("var"), description="the folder for state, keys and secrets")
    tenant_issuer: str | None = Field(None, description="the issuer of all tokens, with its trailing slash")
    tenant_definition: Path = Field(
        Path("deploy/auth0/tenant.yaml"), description="the tenant in the Auth0 Deploy CLI's format"
    )
    tenant_managed: bool = Field(
        default=False,
        description="whether the tenant begins empty and is what the Management API makes of it; no definition is read",
    )
    tenant_people: Path = Field(Path("local/people.yaml"), description="who may sign in")
    auth0_keyword_replace_mappings: dict[str, str] = Field(
        default_factory=dict, description="a JSON object of the definition's keywords, as the Deploy CLI's own setting"
    )
    tenant_allowed_hosts: tuple[str, ...] = Field(
        (), description="a JSON list of host names to answer to besides the issuer's and this machine's"
    )
    tenant_upstream_origins: dict[str, str] = Field(
        default_factory=dict,
        description="a JSON object: for the origin of another system's endpoints, the one that this process reaches",
    )
    tenant_requests_per_minute: int | None = Field(
        None, ge=1, description="the Authentication API's rate limit for the whole tenant; unset means none"
    )
    tenant_management_requests_per_second: int | None = Field(
        None, ge=1, description="the Management API's rate limit; unset means none"
    )
    tenant_tokens_per_hour: int | None = Field(
        None, ge=1, description="a client credentials quota for each client that has none of its own; unset means none"
    )
    tenant_exchange_capped: bool = Field(
        default=True, description="whether an exchanged token expires no later than its subject token"
    )

    @property
    def issuer(self) -> str:
        """The `iss` of all tokens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.tenant_issuer or f"http://{host}:{self.port}/"

    @property
    def folder(self) -> Path:
        """Where this tenant keeps its state, keys and secrets."""
        return self.helpdesk_var / "tenant"

    @property
    def keywords(self) -> dict[str, str]:
        """The values of the definition's keywords."""
        own = {"MY_ACCOUNT_AUDIENCE": f"{self.issuer}me/"}
        return LOCAL_KEYWORDS | own | self.auth0_keyword_replace_mappings

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.helpdesk_env != "local":
            raise ValueError(
                "HELPDESK_ENV is 'production' (its default): the local tenant is a stand-in for Auth0 and signs tokens "
                "for anyone on this machine; use a real Auth0 tenant, or set HELPDESK_ENV=local."
            )
        if not self.issuer.endswith("/"):
            raise ValueError("TENANT_ISSUER has no trailing slash: Auth0's issuer ends with one; add it.")
        return self
