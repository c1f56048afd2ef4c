"""Each provider is wired as the settings say: its URL, model and key, and its streamed tool calls reach the loop."""

from collections.abc import Callable
from typing import Any

import pytest
from strands import Agent, tool

from shared.a2a import examples_told
from shared.http import create_http_client
from shared.models import create_model
from shared.settings import AgentSettings

Make = Callable[..., AgentSettings]
KEY = "example-key"


async def _converse(model: Any) -> tuple[str, list[tuple[str, int]], Any]:
    """Asks an agent with one tool; gives its answer, the tool's calls and the usage."""
    called: list[tuple[str, int]] = []

    @tool
    def look_up(subject: str, days: int) -> str:
        """Looks something up.

        Args:
            subject: What to look up.
            days: How many days back.
        """
        called.append((subject, days))
        return f"found {subject}"

    agent = Agent(model=model, tools=[look_up], system_prompt="Be brief.", callback_handler=None)
    result = await agent.invoke_async("How is the printer?")
    return str(result).strip(), called, result.metrics.accumulated_usage


def _proves_the_round_trip(provider: Any, outcome: tuple[str, list[tuple[str, int]], Any]) -> None:
    answer, called, usage = outcome
    assert called == [("the printer", 7)]
    assert answer == "All is well."
    assert (usage["inputTokens"], usage["outputTokens"]) == (22, 10)
    first, second = provider.asked
    assert "How is the printer?" in str(first.body)
    assert "look_up" in str(first.body)
    assert "found the printer" in str(second.body)


async def test_ollama_is_reached_at_the_base_url(provider: Any, make_settings: Make) -> None:
    settings = make_settings(
        model_provider="ollama", model_id="qwen3:8b", model_base_url=provider.url, model_api_key=KEY
    )
    _proves_the_round_trip(provider, await _converse(create_model(settings)))
    asked = provider.asked[0]
    assert asked.path == "/api/chat"
    assert asked.body["model"] == "qwen3:8b"
    assert asked.headers["authorization"] == f"Bearer {KEY}"


async def test_ollama_needs_no_key(provider: Any, make_settings: Make) -> None:
    settings = make_settings(model_provider="ollama", model_id="qwen3:8b", model_base_url=provider.url)
    await _converse(create_model(settings))
    assert "authorization" not in provider.asked[0].headers


@pytest.mark.parametrize("shared_client", [True, False])
async def test_openai_is_reached_at_the_base_url(provider: Any, make_settings: Make, shared_client: bool) -> None:
    settings = make_settings(
        model_provider="openai", model_id="gpt-5", model_base_url=f"{provider.url}/v1", model_api_key=KEY
    )
    async with create_http_client() as http:
        _proves_the_round_trip(provider, await _converse(create_model(settings, http=http if shared_client else None)))
    asked = provider.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "gpt-5"
    assert asked.headers["authorization"] == f"Bearer {KEY}"


async def test_an_openai_compatible_server_of_ones_own_needs_no_key(provider: Any, make_settings: Make) -> None:
    settings = make_settings(model_provider="openai", model_id="m", model_base_url=f"{provider.url}/v1")
    async with create_http_client() as http:
        await _converse(create_model(settings, http=http))
    assert len(provider.asked) == 2


async def test_anthropic_is_reached_at_the_base_url(provider: Any, make_settings: Make) -> None:
    settings = make_settings(
        model_provider="anthropic", model_id="claude-sonnet-5", model_base_url=provider.url, model_api_key=KEY
    )
    async with create_http_client() as http:
        _proves_the_round_trip(provider, await _converse(create_model(settings, http=http)))
    asked = provider.asked[0]
    assert asked.path == "/v1/messages"
    assert asked.body["model"] == "claude-sonnet-5"
    assert asked.body["max_tokens"] > 0
    assert asked.headers["x-api-key"] == KEY
    assert asked.headers["anthropic-version"]


async def test_bedrock_is_reached_at_the_endpoint_with_its_api_key(provider: Any, make_settings: Make) -> None:
    settings = make_settings(
        model_provider="bedrock", model_id="eu.example.model-v1:0", model_base_url=provider.url, model_api_key=KEY
    )
    _proves_the_round_trip(provider, await _converse(create_model(settings)))
    asked = provider.asked[0]
    assert asked.path == "/model/eu.example.model-v1:0/converse-stream"
    assert asked.headers["authorization"] == f"Bearer {KEY}"


async def test_bedrock_signs_with_the_credentials_of_its_surroundings(
    provider: Any, make_settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    settings = make_settings(model_provider="bedrock", model_id="example.model", model_base_url=provider.url)
    await _converse(create_model(settings))
    authorization = provider.asked[0].headers["authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/bedrock/aws4_request" in authorization


async def test_a_paid_model_is_told_the_first_examples_alone(provider: Any, make_settings: Make) -> None:
    settings = make_settings(model_provider="ollama", model_id="qwen3:8b", model_base_url=provider.url)
    lines = examples_told(["Fix the printer"], ["Mend the printer", "The printer!"])

    @tool(description="\n".join(["Mends things.", *lines]))
    def look_up(subject: str, days: int) -> str:
        return f"found {subject} {days}"

    agent = Agent(model=create_model(settings), tools=[look_up], callback_handler=None)
    await agent.invoke_async("How is the printer?")
    (told,) = provider.asked[0].body["tools"]
    assert told["function"]["description"] == 'Mends things.\nExamples:\n- "Fix the printer"'
