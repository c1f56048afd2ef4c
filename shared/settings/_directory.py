"""The settings of whoever calls the directory, as the person who asks."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from shared.settings._agent import SubagentSettings, require_secure_url
from shared.settings._agentcore import AgentCoreSettings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class DirectorySettings(SubagentSettings, AgentCoreSettings):
    """What a subagent that stands on the directory has besides."""

    directory_url: str = Field(description="the Okta API, as https://COMPANY.okta.com/api/v1")
    credential_provider: Literal["token_vault", "agentcore"] = Field(
        "token_vault", description="who gives this agent people's tokens of the directory"
    )
    directory_connection: Name = Field(
        description="the connection in Auth0 that leads to the directory, or the credential provider in AgentCore"
    )
    directory_scopes: tuple[str, ...] = Field(
        (), description="a JSON list of the scopes to ask for, where CREDENTIAL_PROVIDER is agentcore"
    )
    accounts_url: str | None = Field(None, description="where people connect their accounts in a browser")
    api_client_id: str | None = Field(None, description="this agent's Custom API client in Auth0")
    api_client_key: SecretStr | None = Field(
        None, description="the PEM private key of API_CLIENT_ID, for private_key_jwt"
    )
    directory_timeout_seconds: float = Field(5.0, gt=0, le=60, description="how long one call may take")

    @model_validator(mode="after")
    def _verify_directory(self) -> Self:
        require_secure_url("DIRECTORY_URL", self.directory_url, local=self.is_local)
        if self.accounts_url is not None:
            require_secure_url("ACCOUNTS_URL", self.accounts_url, local=self.is_local)
        if self.agentcore_endpoint_url is not None:
            require_secure_url("AGENTCORE_ENDPOINT_URL", self.agentcore_endpoint_url, local=self.is_local)
        if self.credential_provider == "agentcore":
            if self.agentcore_workload is None:
                raise ValueError("AGENTCORE_WORKLOAD is not set: set it, or CREDENTIAL_PROVIDER=token_vault.")
            return self
        for name, value in (("API_CLIENT_ID", self.api_client_id), ("API_CLIENT_KEY", self.api_client_key)):
            if not value:
                raise ValueError(f"{name} is not set: set it, or {name}_FILE, or CREDENTIAL_PROVIDER=agentcore.")
        return self
