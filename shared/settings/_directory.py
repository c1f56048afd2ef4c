"""The settings of whoever calls the directory."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings._agent import SubagentSettings, require_secure_url


class DirectorySettings(SubagentSettings):
    """What a subagent that stands on the directory has besides."""

    directory_url: str = Field(description="the Okta API, as https://COMPANY.okta.com/api/v1")
    directory_token: SecretStr = Field(description="the access token that this agent calls the directory with")
    directory_timeout_seconds: float = Field(5.0, gt=0, le=60, description="how long one call may take")

    @model_validator(mode="after")
    def _verify_directory(self) -> Self:
        require_secure_url("DIRECTORY_URL", self.directory_url, local=self.is_local)
        if not self.directory_token.get_secret_value().isascii() or not self.directory_token.get_secret_value().strip():
            raise ValueError("DIRECTORY_TOKEN is not a token: set it, or DIRECTORY_TOKEN_FILE.")
        return self
