"""Where relationships are looked after: the local world that runs here, or what the environment names."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import FgaApiSettings


class RelationshipSettings(FgaApiSettings):
    """What `helpdesk fga` needs; each command refuses what it lacks."""

    fga_api_url: str = Field("", description="the FGA API; the one that runs on this machine, if empty")
    fga_store_id: str = Field("", description="the store of relationships")
    fga_model_id: str = Field("", description="the authorization model to ask by; the newest, if empty")
    auth0_issuer: str = Field("", description="the issuer of the tokens of the people in the directory")
    directory_url: str = Field("", description="the Okta API that people are read from")
    directory_token: SecretStr | None = Field(
        None, description="an access token for it, with okta.users.read and okta.groups.read"
    )


def local_settings(state: Path, *, fga_url: str, directory_url: str, issuer: str) -> RelationshipSettings:
    """The settings of a local world: what its parts wrote into its folder."""
    folder = state / "fga"
    return RelationshipSettings.load(
        fga_api_url=fga_url,
        fga_api_token=_read(folder / "token"),
        fga_store_id=_read(folder / "store_id"),
        fga_model_id=_read(folder / "model_id"),
        auth0_issuer=issuer,
        directory_url=f"{directory_url.rstrip('/')}/api/v1",
        directory_token=_read(state / "directory" / "tokens" / "relationships"),
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
