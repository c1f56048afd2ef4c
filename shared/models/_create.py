"""The model that the settings name, as Strands' own provider class; the providers' packages are imported on demand."""

import ssl
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx
from strands.models import Model

from shared.errors import ConfigurationError
from shared.models._sparing import sparing
from shared.models.offline import OfflinePlanner
from shared.settings import AgentSettings, is_loopback, require_secure_url

OLLAMA_URL = "http://127.0.0.1:11434"
OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
ANTHROPIC_MAX_TOKENS = 4096  # the API has no default (https://docs.anthropic.com/en/api/messages)
NO_KEY = "none"  # what an OpenAI-compatible server without keys is sent: the client insists on one


def create_model(settings: AgentSettings, *, http: httpx.AsyncClient | None = None) -> Model:
    """Makes the model of an agent; nothing is sent anywhere yet.

    `MODEL_PROVIDER` chooses the class; `MODEL_ID`, `MODEL_BASE_URL` and `MODEL_API_KEY` reach it as they are. The
    providers' own environment variables (`OPENAI_BASE_URL`, `ANTHROPIC_API_KEY`, …) are not consulted, so that the
    settings say all; Bedrock finds its region and its credentials as every AWS client does.

    Args:
        settings: The agent's settings.
        http: The process's client, which openai and anthropic then use; the caller closes it. Without one, they
            make their own.

    Raises:
        ConfigurationError: A setting or the provider's package is missing, or the URL is unsafe; one line with the
            remedy.
    """
    if settings.model_provider == "offline":
        return OfflinePlanner()
    if settings.model_base_url is not None:
        _require_safe(settings, settings.model_base_url)
    model_id = settings.model_id
    if model_id is None:
        raise ConfigurationError(
            f"MODEL_ID is not set while MODEL_PROVIDER is '{settings.model_provider}': "
            "set it to the provider's name of a model that can call tools."
        )
    match settings.model_provider:
        case "bedrock":
            return _bedrock(settings, model_id)
        case "ollama":
            return _ollama(settings, model_id)
        case "openai":
            return _openai(settings, model_id, http)
        case "anthropic":
            return _anthropic(settings, model_id, http)


def _bedrock(settings: AgentSettings, model_id: str) -> Model:
    model: Model = _provider("bedrock", "BedrockModel")(
        model_id=model_id, endpoint_url=settings.model_base_url, api_key=_key(settings)
    )
    return model


def _ollama(settings: AgentSettings, model_id: str) -> Model:
    key = _key(settings)
    url = settings.model_base_url or OLLAMA_URL
    headers = {"Connection": "close"}  # Strands makes a client per request and does not close it
    if key:
        headers["Authorization"] = f"Bearer {key}"
    arguments: dict[str, Any] = {
        "headers": headers,
        "follow_redirects": False,
        "trust_env": False,
        # One context for all of those clients: loading the CA bundle costs tens of milliseconds.
        "verify": ssl.create_default_context() if urlsplit(url).scheme == "https" else False,
    }
    model: Model = _provider("ollama", "OllamaModel")(url, ollama_client_args=arguments, model_id=model_id)
    return model


def _openai(settings: AgentSettings, model_id: str, http: httpx.AsyncClient | None) -> Model:
    key = _key(settings)
    if key is None and settings.model_base_url is None:
        raise ConfigurationError(_no_key("openai"))
    provider = _provider("openai", "OpenAIModel")
    arguments = {"api_key": key or NO_KEY, "base_url": settings.model_base_url or OPENAI_URL}
    if http is None:
        model: Model = provider(client_args=arguments, model_id=model_id)
    else:
        client = import_module("openai").AsyncOpenAI(**arguments, http_client=http)
        model = provider(client=client, model_id=model_id)
    return model


def _anthropic(settings: AgentSettings, model_id: str, http: httpx.AsyncClient | None) -> Model:
    key = _key(settings)
    if key is None:
        raise ConfigurationError(_no_key("anthropic"))
    arguments: dict[str, Any] = {"api_key": key, "base_url": settings.model_base_url or ANTHROPIC_URL}
    if http is not None:
        arguments["http_client"] = http
    model: Model = _provider("anthropic", "AnthropicModel")(
        client_args=arguments, model_id=model_id, max_tokens=ANTHROPIC_MAX_TOKENS
    )
    return model


def _provider(name: str, class_name: str) -> Any:
    try:
        return sparing(getattr(import_module(f"strands.models.{name}"), class_name))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"MODEL_PROVIDER is '{name}' and the Python package '{error.name}' is not installed: "
            f"install the extra shared[{name}], or name another provider."
        ) from error


def _key(settings: AgentSettings) -> str | None:
    return settings.model_api_key.get_secret_value() if settings.model_api_key is not None else None


def _no_key(provider: str) -> str:
    return (
        f"MODEL_API_KEY is not set while MODEL_PROVIDER is '{provider}': "
        "set it, or MODEL_API_KEY_FILE to the path of a file that holds it."
    )


def _require_safe(settings: AgentSettings, url: str) -> None:
    """The key and the people's words travel there: https, save on this machine."""
    try:
        require_secure_url("MODEL_BASE_URL", url, local=settings.is_local or is_loopback(urlsplit(url).hostname or ""))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
