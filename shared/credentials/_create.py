"""The provider of credentials that the settings choose."""

import httpx

from shared.agentcore import AgentCoreIdentity
from shared.credentials._agentcore import AgentCoreCredentials
from shared.credentials._interface import ConnectionTokens, Resource
from shared.credentials._token_vault import TokenVault
from shared.errors import ConfigurationError
from shared.identity import ClientCredentials, TokenClient
from shared.settings import DirectorySettings

DIRECTORY = "company directory"


def directory_tokens(settings: DirectorySettings, http: httpx.AsyncClient) -> ConnectionTokens:
    """People's tokens of the directory, from whom the settings name.

    Args:
        settings: The agent's.
        http: The process's client.

    Raises:
        ConfigurationError: a key cannot be used.
    """
    resource = Resource(settings.directory_connection, DIRECTORY, frozenset(settings.directory_scopes))
    if settings.credential_provider == "agentcore":
        return ConnectionTokens(_agentcore(settings), resource)
    return ConnectionTokens(_token_vault(settings, http), resource)


def _token_vault(settings: DirectorySettings, http: httpx.AsyncClient) -> TokenVault:
    client_id, key = settings.api_client_id, settings.api_client_key
    if client_id is None or key is None:
        raise ConfigurationError("API_CLIENT_ID and API_CLIENT_KEY are not set: set them.")
    client = TokenClient(
        settings.discovery_url,
        settings.auth0_issuer,
        http,
        ClientCredentials(client_id, key.get_secret_value()),
        resource_server_identifier=settings.audience,
    )
    return TokenVault(client, accounts_url=settings.accounts_url)


def _agentcore(settings: DirectorySettings) -> AgentCoreCredentials:
    identity = AgentCoreIdentity(
        settings.agentcore_workload or "",
        endpoint_url=settings.agentcore_endpoint_url,
        timeout=settings.agentcore_timeout_seconds,
    )
    return AgentCoreCredentials(
        identity,
        issuer=settings.auth0_issuer,
        audience=settings.audience,
        return_url=settings.accounts_url,
        runtime=settings.agentcore_runtime_headers,
    )
