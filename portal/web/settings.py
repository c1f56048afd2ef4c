"""The web chat's settings."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, model_validator

from portal.web._shares import Network, networks_in
from shared.settings import ServiceSettings, TelemetrySettings, is_loopback, require_secure_url

KEY_BYTES: Final = 32


class WebSettings(ServiceSettings, TelemetrySettings):
    """What the web chat is told. `docs/reference/settings.md` describes every one of them."""

    port: int = Field(8402, ge=0, le=65535, description="the port to listen on")
    web_url: str = Field(description="where people's browsers reach the web chat, as https://chat.example.com")
    supervisor_url: str = Field(description="where the supervisor is")
    auth0_issuer: str = Field(
        description="the issuer of all tokens, with its trailing slash, as https://TENANT.auth0.com/"
    )
    auth0_discovery_url: str | None = Field(
        None, description="where the issuer's metadata is fetched, if not below the issuer"
    )
    audience: str = Field(min_length=1, description="the supervisor's API identifier in Auth0")
    client_id: Annotated[str, StringConstraints(min_length=1)] = Field(description="the web chat's client in Auth0")
    client_key: SecretStr = Field(description="the PEM private key of CLIENT_ID, for private_key_jwt")
    web_session_file: Path = Field(Path("var/web/sessions.sqlite3"), description="where sessions are kept, sealed")
    web_session_key: SecretStr = Field(description="32 random bytes in base64, which seal the sessions")
    web_session_idle_seconds: int = Field(
        7200, ge=60, le=86_400, description="for how long a session may be unused before it ends"
    )
    web_session_seconds: int = Field(
        43_200, ge=300, le=604_800, description="for how long a session lasts, however it is used"
    )
    web_requests_per_minute: int = Field(240, ge=10, description="for each session")
    web_stranger_requests_per_minute: int = Field(
        600, ge=10, description="for each address, of those who are not signed in"
    )
    web_trusted_proxies: list[str] = Field(
        default_factory=list,
        description="a JSON array: addresses and networks of the proxies whose X-Forwarded-For is believed",
    )
    connection_names: dict[str, str] = Field(
        default_factory=dict,
        description="a JSON object: what people call each connection of accounts, by its name in Auth0",
    )
    max_message_characters: Annotated[int, Field(ge=1, le=100_000)] = 8000

    def called(self, connection: str) -> str:
        """What people call a connection."""
        return self.connection_names.get(connection, connection)

    @property
    def origin(self) -> str:
        """The web chat's origin, as browsers write it (RFC 6454 §6.2)."""
        return self.web_url.rstrip("/").lower()

    @property
    def is_local(self) -> bool:
        """Whether it runs beside stand-ins on one machine."""
        return self.helpdesk_env == "local"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.origin.startswith("https://")

    @property
    def proxies(self) -> tuple[Network, ...]:
        """WEB_TRUSTED_PROXIES, read."""
        return networks_in(self.web_trusted_proxies)

    def key(self) -> bytes:
        """The bytes of WEB_SESSION_KEY."""
        return base64.b64decode(self.web_session_key.get_secret_value(), validate=True)

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if not self.auth0_issuer.endswith("/"):
            raise ValueError("AUTH0_ISSUER has no trailing slash: Auth0's issuer ends with one; add it.")
        for name, url in (
            ("WEB_URL", self.web_url),
            ("SUPERVISOR_URL", self.supervisor_url),
            ("AUTH0_ISSUER", self.auth0_issuer),
            ("AUTH0_DISCOVERY_URL", self.auth0_discovery_url or self.auth0_issuer),
        ):
            require_secure_url(name, url, local=self.is_local)
        self._verify_origin()
        try:
            all_of_them = any(network.prefixlen == 0 for network in self.proxies)
        except ValueError:
            raise ValueError(
                "WEB_TRUSTED_PROXIES names what is no address and no network: write them as 10.0.0.7 or 10.0.0.0/24."
            ) from None
        if all_of_them:
            raise ValueError("WEB_TRUSTED_PROXIES names every address: anybody could say that they are somebody else.")
        if self.web_session_idle_seconds > self.web_session_seconds:
            raise ValueError("WEB_SESSION_IDLE_SECONDS is longer than WEB_SESSION_SECONDS: make it shorter.")
        try:
            fits = len(self.key()) == KEY_BYTES
        except (binascii.Error, ValueError):
            fits = False
        if not fits:
            raise ValueError("WEB_SESSION_KEY is not 32 bytes in base64: make it with `openssl rand -base64 32`.")
        return self

    def _verify_origin(self) -> None:
        parts = urlsplit(self.web_url)
        try:
            usual = parts.port not in {80, 443}
        except ValueError:
            usual = False
        if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc or not usual:
            raise ValueError("WEB_URL is not an origin: give scheme, host and, where it is not the usual one, port.")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError(
                "WEB_URL is http and not on this machine: a session's cookie would go over the wire; use https."
            )
