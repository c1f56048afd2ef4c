"""The settings that every agent has."""

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from shared.settings._audit import AuditSettings
from shared.settings._fga import FgaSettings
from shared.settings._load import Settings
from shared.settings._telemetry import TelemetrySettings

Environment = Literal["local", "production"]
ModelProvider = Literal["offline", "bedrock", "ollama", "openai", "anthropic"]
CredentialProvider = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\-_]{1,128}$")]
LOOPBACK_NAMES = frozenset({"localhost"})
POSTGRES_SCHEMES = frozenset({"postgresql", "postgres"})


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine, by literal address or as `localhost`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK_NAMES


class AllowedCaller(BaseModel):
    """An agent that may call: its name, and the two clients that it is in Auth0.

    `client_id` is its machine-to-machine client (client credentials); `api_client_id` its Custom API client,
    which performs the On-Behalf-Of exchange and so is the outermost actor of delegated tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    client_id: str
    api_client_id: str


class ServiceSettings(Settings):
    """What each process of the system has."""

    helpdesk_env: Environment = Field("production", description="'local' or 'production'")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(9000, ge=0, le=65535, description="the port to listen on")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "json"


class AgentSettings(ServiceSettings, TelemetrySettings, AuditSettings):
    """What each agent has. `docs/reference/settings.md` describes every one of them."""

    auth0_issuer: str = Field(
        description="the issuer of all tokens, with its trailing slash, as https://TENANT.auth0.com/"
    )
    auth0_discovery_url: str | None = Field(
        None, description="where the issuer's metadata is fetched, if not below the issuer"
    )
    audience: str = Field(min_length=1, description="this agent's API identifier in Auth0")
    agentcore_runtime_url: str | None = Field(None, description="the URL that callers reach this agent at")
    card_key: SecretStr | None = Field(
        None, description="the Ed25519 or P-256 private key in PEM that signs the agent's card"
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/helpdesk.sqlite3"),
        description="where tasks and conversations are kept; it may hold a password",
    )
    model_provider: ModelProvider = Field(
        "bedrock", description="which model plans: offline, bedrock, ollama, openai, anthropic"
    )
    model_id: str | None = Field(None, description="the provider's name of the model")
    model_base_url: str | None = Field(None, description="where an ollama or openai-compatible provider answers")
    model_api_key: SecretStr | None = Field(None, description="the provider's key")
    max_request_bytes: int = Field(256 * 1024, ge=1024, description="the longest request body that is read")
    max_message_characters: Annotated[int, Field(ge=1)] = 8000
    requests_per_minute: int = Field(600, ge=1, description="for each user, and for each client")
    max_open_tasks: int = Field(20, ge=1, description="unfinished tasks that one user may have")

    @property
    def discovery_url(self) -> str:
        """Where the issuer's metadata is (OpenID Connect Discovery 1.0 §4)."""
        return self.auth0_discovery_url or f"{self.auth0_issuer}.well-known/openid-configuration"

    @property
    def public_url(self) -> str:
        """The URL that the agent's card names."""
        return self.agentcore_runtime_url or f"http://{self.host}:{self.port}/"

    @property
    def is_local(self) -> bool:
        """Whether the part runs beside stand-ins on one machine."""
        return self.helpdesk_env == "local"

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if not self.auth0_issuer.endswith("/"):
            raise ValueError("AUTH0_ISSUER has no trailing slash: Auth0's issuer ends with one; add it.")
        for name, url in (("AUTH0_ISSUER", self.auth0_issuer), ("AUTH0_DISCOVERY_URL", self.discovery_url)):
            require_secure_url(name, url, local=self.is_local)
        require_secure_database(self.database_url.get_secret_value(), local=self.is_local)
        if self.audit_database_url is not None:
            require_secure_server("AUDIT_DATABASE_URL", self.audit_database_url.get_secret_value(), local=self.is_local)
        if not self.is_local and self.model_provider == "offline":
            raise ValueError(
                "MODEL_PROVIDER is 'offline' while HELPDESK_ENV is 'production': "
                "name a real model provider, or set HELPDESK_ENV=local."
            )
        if not self.is_local and self.telemetry_message_content:
            raise ValueError(
                "TELEMETRY_MESSAGE_CONTENT is on while HELPDESK_ENV is 'production': what people say is no telemetry; "
                "unset it, or set HELPDESK_ENV=local."
            )
        return self


def require_secure_url(name: str, url: str, *, local: bool) -> None:
    """Refuses a URL that is not https, save where the settings say that this is one machine.

    Raises:
        ValueError: naming the setting and the remedy.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} is not an http or https URL: give one with scheme and host.")
    if parts.scheme == "http" and not local:
        raise ValueError(
            f"{name} is not https while HELPDESK_ENV is 'production': use https, or set HELPDESK_ENV=local."
        )


def require_secure_database(url: str, *, local: bool) -> None:
    """Refuses a database that is none of ours, or that is reached unencrypted, save where this is one machine.

    Raises:
        ValueError: naming the setting and the remedy.
    """
    if url.startswith("sqlite:///") and url != "sqlite:///":
        return
    if urlsplit(url).scheme not in POSTGRES_SCHEMES:
        raise ValueError(
            "DATABASE_URL is neither a file nor PostgreSQL: give sqlite:///PATH, or postgresql://HOST/DATABASE."
        )
    require_secure_server("DATABASE_URL", url, local=local)


def require_secure_server(name: str, url: str, *, local: bool) -> None:
    """Refuses what is no database of PostgreSQL, or one that is reached unencrypted, save where this is one machine.

    Raises:
        ValueError: naming the setting and the remedy.
    """
    parts = urlsplit(url)
    if parts.scheme not in POSTGRES_SCHEMES:
        raise ValueError(f"{name} is no URL of PostgreSQL: give postgresql://HOST/DATABASE.")
    options = parse_qs(parts.query)
    if local or all(is_loopback(host) or host.startswith("/") for host in _hosts(parts.netloc, options)):
        return
    if options.get("sslmode", [""])[-1] not in {"verify-ca", "verify-full"}:
        raise ValueError(
            f"{name} does not verify the server while HELPDESK_ENV is 'production': add sslmode=verify-full "
            "(and sslrootcert, where its authority is a private one), or set HELPDESK_ENV=local."
        )


def _hosts(netloc: str, options: dict[str, list[str]]) -> Iterator[str]:
    """Every host that libpq might connect to; a folder is one of Unix sockets, and so is none at all."""
    for part in netloc.rpartition("@")[2].split(","):
        host, colon, port = part.rpartition(":")
        yield unquote(host if colon and port.isdigit() else part) or "/"
    for name in ("host", "hostaddr"):
        for value in options.get(name, []):
            yield from value.split(",")


class SubagentSettings(AgentSettings, FgaSettings):
    """What each subagent has besides: who may call, and where it asks who may do what."""

    allowed_callers: tuple[AllowedCaller, ...] = Field(
        min_length=1, description="a JSON list of {agent, client_id, api_client_id}"
    )

    @model_validator(mode="after")
    def _verify_authorization(self) -> Self:
        require_secure_url("FGA_API_URL", self.fga_api_url, local=self.is_local)
        return self


class OutboundSettings(Settings):
    """The two clients of an agent that calls others: machine-to-machine, and Custom API client for the exchange.

    For each, either its key is here, or AgentCore Identity holds its secret and gives its tokens.
    """

    client_id: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="its machine-to-machine client in Auth0"
    )
    client_key: SecretStr | None = Field(None, description="the PEM private key of CLIENT_ID, for private_key_jwt")
    api_client_id: Annotated[str, StringConstraints(min_length=1)] = Field(description="its Custom API client in Auth0")
    api_client_key: SecretStr | None = Field(
        None, description="the PEM private key of API_CLIENT_ID, for private_key_jwt"
    )
    agentcore_m2m_provider: CredentialProvider | None = Field(
        None, description="the AgentCore credential provider of CLIENT_ID"
    )
    agentcore_exchange_provider: CredentialProvider | None = Field(
        None, description="the AgentCore credential provider of API_CLIENT_ID"
    )
    agentcore_audience_as: Literal["audiences", "custom_parameters"] = Field(
        "audiences", description="how AgentCore Identity is told the audience"
    )
    agentcore_exchange_parameters: dict[str, str] = Field(
        default_factory=dict, description="a JSON object of further parameters of the exchange by AgentCore Identity"
    )

    @property
    def uses_agentcore(self) -> bool:
        """Whether AgentCore Identity gives any token of a hop."""
        return self.agentcore_m2m_provider is not None or self.agentcore_exchange_provider is not None

    @model_validator(mode="after")
    def _verify_clients(self) -> Self:
        for name, key, provider in (
            ("CLIENT_KEY", self.client_key, self.agentcore_m2m_provider),
            ("API_CLIENT_KEY", self.api_client_key, self.agentcore_exchange_provider),
        ):
            other = "AGENTCORE_M2M_PROVIDER" if name == "CLIENT_KEY" else "AGENTCORE_EXCHANGE_PROVIDER"
            if key is None and provider is None:
                raise ValueError(f"{name} is not set: set it, or {name}_FILE, or {other} where AgentCore holds it.")
            if key is not None and provider is not None:
                raise ValueError(f"{name} and {other} are both set: unset the one that is not to be used.")
        return self
