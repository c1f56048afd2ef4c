"""What account_lookup and password_reset say of themselves, and what stops them at the start."""

import json
from pathlib import Path
from typing import Any

import pytest
from a2a.types import AgentCard

from agents.account_lookup import card as account_lookup_card
from agents.account_lookup import tools as account_lookup_tools
from agents.account_lookup.settings import AccountLookupSettings
from agents.password_reset import card as password_reset_card
from agents.password_reset import tools as password_reset_tools
from agents.password_reset.settings import PasswordResetSettings
from shared.errors import ConfigurationError
from shared.settings import DirectorySettings
from tests.agents._asking import operator
from tests.agents.password_reset._helping import AtOnce
from tests.directory._world import World

ISSUER = "https://tenant.example/"
KEY = "canary-key-value"
GIVEN: dict[str, Any] = {
    "helpdesk_env": "local",
    "auth0_issuer": ISSUER,
    "audience": "https://helpdesk.example/agent",
    "model_provider": "offline",
    "allowed_callers": [{"agent": "supervisor", "client_id": "m2m", "api_client_id": "api"}],
    "directory_url": "http://127.0.0.1:8401/api/v1",
    "directory_connection": "directory-read",
    "api_client_id": "client",
    "api_client_key": KEY,
    "fga_api_url": "http://127.0.0.1:8403",
    "fga_store_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "fga_model_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "approvals_client_id": "approvals",
    "approvals_client_key": KEY,
    "audit_key": "canary-seal-key",
}
SETTINGS = [AccountLookupSettings, PasswordResetSettings]
CARDS = [account_lookup_card, password_reset_card]


@pytest.mark.parametrize("module", CARDS)
def test_a_card_can_be_routed_to_by_itself(module: Any) -> None:
    card: AgentCard = module.create_card(url="https://agent.example/", issuer=ISSUER)

    assert card.name == module.NAME
    assert len(card.description) <= 300  # the supervisor reads no more of a field
    for skill in card.skills:
        assert len(skill.description) <= 300
        assert len(set(skill.examples)) == len(skill.examples) >= 6
        assert len(set(skill.tags)) == len(skill.tags) >= 4
    examples = [example for skill in card.skills for example in skill.examples]
    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize("module", CARDS)
def test_a_card_asks_for_both_tokens_and_each_skill_s_scopes(module: Any) -> None:
    card: AgentCard = module.create_card(url="https://agent.example/", issuer=ISSUER)

    for skill, declared in zip(card.skills, module.SKILLS, strict=True):
        [requirement] = skill.security_requirements
        assert {name: list(scopes.list) for name, scopes in requirement.schemes.items()} == {
            "m2m": ["agent:invoke"],
            "delegatedUser": list(declared.scopes),
        }


def test_skills_tools_and_scopes_are_the_same_things(world: World) -> None:
    tools = {
        account_lookup_card: account_lookup_tools.create_tools(world.client()),
        password_reset_card: password_reset_tools.create_tools(
            world.client(), AtOnce(), world.trail, resets_per_hour=3
        ),
    }
    for module, made in tools.items():
        assert [skill.id for skill in module.SKILLS] == [tool.tool_name for tool in made]
    scopes = {scope for module in CARDS for skill in module.SKILLS for scope in skill.scopes}
    assert scopes == operator().user.scopes


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_that_are_there_are_read(
    settings: type[DirectorySettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="ascii")
    monkeypatch.setenv("API_CLIENT_KEY_FILE", str(tmp_path / "key"))
    loaded = settings.load(**{name: value for name, value in GIVEN.items() if name != "api_client_key"})

    assert loaded.api_client_key is not None
    assert loaded.api_client_key.get_secret_value() == KEY
    assert KEY not in f"{loaded!r}{json.dumps(loaded.redacted(), default=str)}"
    assert loaded.redacted()["API_CLIENT_KEY"] == "********"


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"directory_url": None}, "DIRECTORY_URL"),
        ({"directory_url": "ftp://directory.example/"}, "DIRECTORY_URL"),
        ({"directory_url": "not a URL"}, "DIRECTORY_URL"),
        (
            {
                "helpdesk_env": "production",
                "model_provider": "bedrock",
                "directory_url": "http://directory.example/api/v1",
                "fga_api_url": "https://fga.example",
            },
            "DIRECTORY_URL",
        ),
        ({"directory_connection": None}, "DIRECTORY_CONNECTION"),
        ({"directory_connection": "not a name"}, "DIRECTORY_CONNECTION"),
        ({"api_client_id": None}, "API_CLIENT_ID"),
        ({"api_client_key": None}, "API_CLIENT_KEY"),
        ({"credential_provider": "a drawer"}, "CREDENTIAL_PROVIDER"),
        ({"credential_provider": "agentcore"}, "AGENTCORE_WORKLOAD"),
        ({"accounts_url": "javascript:alert(1)"}, "ACCOUNTS_URL"),
        ({"directory_timeout_seconds": 0}, "DIRECTORY_TIMEOUT_SECONDS"),
    ],
)
def test_a_setting_that_is_missing_or_unsafe_stops_the_start(
    settings: type[DirectorySettings], changed: dict[str, Any], named: str
) -> None:
    given = {name: value for name, value in (GIVEN | changed).items() if value is not None}

    with pytest.raises(ConfigurationError) as stopped:
        settings.load(**given)
    assert named in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert KEY not in str(stopped.value)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"approvals_client_id": None}, "APPROVALS_CLIENT_ID"),
        ({"approvals_client_key": None}, "APPROVALS_CLIENT_KEY"),
        ({"approvals_url": "javascript:alert(1)"}, "APPROVALS_URL"),
        ({"approval_seconds": 301}, "APPROVAL_SECONDS"),  # Auth0 asks by mail beyond that, not by push
        ({"approvals_pending_per_person": 0}, "APPROVALS_PENDING_PER_PERSON"),
        ({"approval_cooldown_seconds": -1}, "APPROVAL_COOLDOWN_SECONDS"),
        ({"security_on_call": ""}, "SECURITY_ON_CALL"),
    ],
)
def test_approvals_that_cannot_be_asked_for_stop_the_start(changed: dict[str, Any], named: str) -> None:
    given = {name: value for name, value in (GIVEN | changed).items() if value is not None}

    with pytest.raises(ConfigurationError, match=named):
        PasswordResetSettings.load(**given)


@pytest.mark.parametrize("value", [0, 101])
def test_how_often_a_person_may_reset_is_bounded(value: int) -> None:
    with pytest.raises(ConfigurationError, match="RESETS_PER_HOUR"):
        PasswordResetSettings.load(**GIVEN, resets_per_hour=value)
