"""The settings of whoever asks the relationship store."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from shared.settings._load import Settings

Ulid = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]


class FgaApiSettings(Settings):
    """Where the OpenFGA or Auth0 FGA API is, and with which credential it is called."""

    fga_api_url: str = Field(description="the FGA API, as https://api.eu1.fga.dev")
    fga_api_token: SecretStr | None = Field(None, description="the preshared key, where the API takes one")
    fga_client_id: str | None = Field(None, description="the client, where the API takes access tokens (Auth0 FGA)")
    fga_client_secret: SecretStr | None = Field(None, description="the secret of FGA_CLIENT_ID")
    fga_api_token_issuer: str = Field("auth.fga.dev", description="who issues tokens to FGA_CLIENT_ID")
    fga_api_audience: str | None = Field(
        None, description="the audience of those tokens, if not FGA_API_URL with a slash at its end"
    )
    fga_timeout_seconds: float = Field(2.0, gt=0, le=30, description="how long an answer may take")

    @model_validator(mode="after")
    def _verify_fga(self) -> Self:
        if (self.fga_client_id is None) != (self.fga_client_secret is None):
            raise ValueError("FGA_CLIENT_ID and FGA_CLIENT_SECRET belong together: set both, or neither.")
        if self.fga_api_token is not None and self.fga_client_id is not None:
            raise ValueError("FGA_API_TOKEN and FGA_CLIENT_ID are two credentials: set one of them.")
        return self


class FgaSettings(FgaApiSettings):
    """Which store is asked, by which authorization model."""

    fga_store_id: Ulid = Field(description="the store of relationships")
    fga_model_id: Ulid = Field(description="the authorization model that this version was made for")
