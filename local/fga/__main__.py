"""`python -m local.fga`: serves the stand-in on this machine."""

import os
import secrets
import sys
from pathlib import Path
from typing import Literal, Self

import httpx
from pydantic import Field, model_validator

from local.fga._access import Access, AccessTokens, Anybody, PresharedKeys
from local.fga._app import create_app
from local.fga._config import FgaConfig
from local.fga._database import FILE_NAME
from local.stand_in import listen, start
from shared.http import create_http_client
from shared.identity import JwksCache, TokenVerifier
from shared.settings import ServiceSettings
from shared.telemetry import LogFormat

_TOKEN_BYTES = 32


class FgaServerSettings(ServiceSettings):
    """The settings of the stand-in."""

    port: int = Field(8403, ge=0, le=65535, description="the port to listen on")
    log_format: LogFormat = "console"
    helpdesk_var: Path = Field(Path("var"), description="the folder of the local world's state")
    fga_authn: Literal["preshared", "oidc", "none"] = Field("preshared", description="who may call")
    fga_hosts: tuple[str, ...] = Field((), description="names besides loopback ones that callers reach this by")
    fga_experimentals: tuple[Literal["inline_expressions"], ...] = Field(
        (), description="OpenFGA's experimental features that are switched on"
    )
    auth0_issuer: str | None = Field(None, description="the issuer of the tokens that FGA_AUTHN=oidc takes")
    auth0_discovery_url: str | None = Field(
        None, description="where the issuer's metadata is fetched, if not below the issuer"
    )
    fga_api_audience: str | None = Field(None, description="the audience of the tokens that FGA_AUTHN=oidc takes")

    @property
    def folder(self) -> Path:
        """Where it keeps its state."""
        return self.helpdesk_var / "fga"

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.helpdesk_env != "local":
            raise ValueError(
                "HELPDESK_ENV is 'production': this is a stand-in for one machine. "
                "Point FGA_API_URL at OpenFGA or Auth0 FGA, or set HELPDESK_ENV=local."
            )
        if self.fga_authn == "oidc" and not (self.auth0_issuer and self.fga_api_audience):
            raise ValueError("FGA_AUTHN is 'oidc': set AUTH0_ISSUER and FGA_API_AUDIENCE too.")
        return self


def serve(settings: FgaServerSettings) -> int:
    """Serves the stores of `settings`."""
    app = create_app(
        FgaConfig(
            folder=settings.folder,
            access=_access(settings),
            hosts=frozenset(name.lower() for name in settings.fga_hosts),
            inline_expressions="inline_expressions" in settings.fga_experimentals,
        )
    )
    return listen(app, settings)


def _access(settings: FgaServerSettings) -> Access:
    if settings.fga_authn == "none":
        return Anybody()
    if settings.fga_authn == "preshared":
        return PresharedKeys([preshared_key(settings.folder)])
    issuer, audience = settings.auth0_issuer or "", settings.fga_api_audience or ""
    http: httpx.AsyncClient = create_http_client()
    keys = JwksCache(settings.auth0_discovery_url or f"{issuer}.well-known/openid-configuration", issuer, http)
    return AccessTokens(TokenVerifier(issuer, audience, keys))


def preshared_key(folder: Path) -> str:
    """The key in the file `token`, which only its owner can read; made where it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "token"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(_TOKEN_BYTES)}\n")
    return path.read_text(encoding="ascii").strip()


def forget(folder: Path) -> None:
    """Removes the database and keeps the key, so that running agents can go on."""
    for path in folder.glob(f"{FILE_NAME}*"):
        path.unlink()


if __name__ == "__main__":
    sys.exit(start("fga", FgaServerSettings, serve, forget=lambda settings: forget(settings.folder)))
