"""The settings of docs_search."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from shared.settings import SubagentSettings, require_secure_url


class DocsSearchSettings(SubagentSettings):
    """What docs_search has besides: the gateway to the knowledge base, and where people read the articles."""

    gateway_url: str = Field(description="the MCP endpoint of the gateway, which ends with /mcp")
    gateway_audience: str = Field(min_length=1, description="the gateway's API identifier in Auth0")
    gateway_target: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z-]+$")] = Field(
        "docs", description="the gateway's name for the search tool"
    )
    api_client_id: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="this agent's Custom API client in Auth0"
    )
    api_client_key: SecretStr = Field(description="the PEM private key of API_CLIENT_ID, for private_key_jwt")
    docs_base_url: str = Field(
        "https://docs.helpdesk.example/", description="the URL below which each article is read, with a trailing slash"
    )

    @model_validator(mode="after")
    def _verify_docs(self) -> Self:
        require_secure_url("GATEWAY_URL", self.gateway_url, local=self.is_local)
        require_secure_url("DOCS_BASE_URL", self.docs_base_url, local=self.is_local)
        if not self.docs_base_url.endswith("/"):
            raise ValueError("DOCS_BASE_URL has no trailing slash: an article's name is put after it; add one.")
        if self.gateway_audience == self.audience:
            raise ValueError(
                "GATEWAY_AUDIENCE is this agent's own AUDIENCE: the gateway is an API of its own in Auth0."
            )
        return self
