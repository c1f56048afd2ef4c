"""A model is made from the settings alone, and what is missing is said in one line with its remedy."""

import sys
from collections.abc import Callable

import pytest

from shared.errors import ConfigurationError
from shared.models import OfflinePlanner, create_model
from shared.settings import AgentSettings

Make = Callable[..., AgentSettings]


def test_offline_is_the_planner(make_settings: Make) -> None:
    assert isinstance(create_model(make_settings(model_provider="offline")), OfflinePlanner)


@pytest.mark.parametrize("name", ["bedrock", "ollama", "openai", "anthropic"])
def test_each_provider_is_strands_own_class_with_the_model_that_is_named(name: str, make_settings: Make) -> None:
    settings = make_settings(
        model_provider=name, model_id="a-model", model_api_key="k", model_base_url="http://127.0.0.1:9/"
    )
    model = create_model(settings)
    assert type(model).__base__.__module__ == f"strands.models.{name}"
    assert model.get_config()["model_id"] == "a-model"


@pytest.mark.parametrize("name", ["bedrock", "ollama", "openai", "anthropic"])
def test_a_missing_model_id_is_named_with_its_remedy(name: str, make_settings: Make) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_model(make_settings(model_provider=name, model_api_key="k"))
    _is_one_line(caught.value, "MODEL_ID is not set", name, "set it to")


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_missing_key_is_named_with_its_remedy(name: str, make_settings: Make) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_model(make_settings(model_provider=name, model_id="m"))
    _is_one_line(caught.value, "MODEL_API_KEY is not set", name, "MODEL_API_KEY_FILE")


@pytest.mark.parametrize("name", ["ollama", "openai", "anthropic"])
def test_a_missing_package_is_named_with_its_remedy(
    name: str, make_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"strands.models.{name}", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        create_model(make_settings(model_provider=name, model_id="m", model_api_key="k"))
    _is_one_line(caught.value, f"'{name}' is not installed", f"shared[{name}]")


@pytest.mark.parametrize("url", ["http://models.example/v1", "ftp://models.example/", "models.example"])
def test_an_unsafe_url_is_refused_in_production(url: str, make_settings: Make) -> None:
    settings = make_settings(
        helpdesk_env="production",
        auth0_issuer="https://tenant.example/",
        model_provider="openai",
        model_id="m",
        model_api_key="k",
        model_base_url=url,
    )
    with pytest.raises(ConfigurationError) as caught:
        create_model(settings)
    _is_one_line(caught.value, "MODEL_BASE_URL")


def test_a_model_on_this_machine_may_be_reached_in_plain_http_in_production(make_settings: Make) -> None:
    settings = make_settings(
        helpdesk_env="production",
        auth0_issuer="https://tenant.example/",
        model_provider="ollama",
        model_id="m",
        model_base_url="http://127.0.0.1:11434",
    )
    assert create_model(settings).get_config()["model_id"] == "m"


def test_the_key_is_in_no_representation_of_the_model(make_settings: Make) -> None:
    model = create_model(make_settings(model_provider="openai", model_id="m", model_api_key="sk-very-secret"))
    assert "sk-very-secret" not in repr(model)
    assert "sk-very-secret" not in str(model.get_config())


def _is_one_line(error: ConfigurationError, *parts: str) -> None:
    assert "\n" not in str(error)
    for part in parts:
        assert part in str(error)
