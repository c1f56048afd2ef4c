"""The settings of the stand-in gateway."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator

from local.gateway._authorizer import CustomJWTAuthorizer
from shared.settings import ServiceSettings, TelemetrySettings, require_secure_url
from shared.telemetry import LogFormat

ROOT: Final = Path(__file__).resolve().parents[2]


class GatewaySettings(ServiceSettings, TelemetrySettings):
    """What the stand-in is told; the tools and their schemas are in `deploy/aws/docs`."""

    port: int = Field(8404, ge=0, le=65535, description="the port to listen on")
    log_format: LogFormat = "console"
    helpdesk_var: Path = Field(Path("var"), description="the folder of the local world's state")
    auth0_issuer: str = Field(description="the issuer of all tokens, with its trailing slash")
    gateway_authorizer: CustomJWTAuthorizer = Field(
        description="who may call, as JSON in the form of AgentCore's customJWTAuthorizer"
    )
    gateway_url: str | None = Field(None, description="the URL that clients reach the gateway at, which ends with /mcp")
    gateway_allowed_hosts: tuple[str, ...] = Field(
        (), description="a JSON list of host names to answer to besides this machine's"
    )
    knowledge_folder: Path = Field(ROOT / "agents/docs_search/articles", description="the folder of articles")
    knowledge_index: Path | None = Field(
        None, description="the file that holds the index of KNOWLEDGE_FOLDER; by default below HELPDESK_VAR"
    )
    knowledge_embeddings: str | None = Field(
        None, description="the embedding model of Amazon Bedrock that helps to order what was found; by default none"
    )

    @property
    def url(self) -> str:
        """The gateway's URL, which is its identifier as a protected resource."""
        return self.gateway_url or f"http://{self.host}:{self.port}/mcp"

    @property
    def index(self) -> Path:
        """Where the index is kept."""
        return self.knowledge_index or self.helpdesk_var / "gateway" / "knowledge.sqlite3"

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.helpdesk_env != "local":
            raise ValueError(
                "HELPDESK_ENV is 'production' (its default): this is a stand-in for Amazon Bedrock AgentCore Gateway; "
                "point GATEWAY_URL of docs_search at the real one, or set HELPDESK_ENV=local."
            )
        if not self.auth0_issuer.endswith("/"):
            raise ValueError("AUTH0_ISSUER has no trailing slash: Auth0's issuer ends with one; add it.")
        require_secure_url("GATEWAY_URL", self.url, local=True)
        if not self.url.endswith("/mcp"):
            raise ValueError("GATEWAY_URL does not end with /mcp, where a gateway answers.")
        if not self.knowledge_folder.is_dir():
            raise ValueError("KNOWLEDGE_FOLDER is not a folder: set it to the one that holds the articles.")
        return self
