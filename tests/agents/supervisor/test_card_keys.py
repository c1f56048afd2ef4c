"""The keys that the supervisor pins for its subagents' cards, and what people hear where a card is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from agents.supervisor.app import create_app
from agents.supervisor.settings import SupervisorSettings
from agents.supervisor.tools import Subagents
from shared.a2a import AgentClient, CardKeys
from shared.errors import ConfigurationError
from shared.http import create_http_client
from shared.identity import CardSigningKey
from shared.testing import audit_key
from tests.a2a.test_agent_client import Peer, Tokens
from tests.a2a.test_signed_cards import FORGER, KEY, SKILL, peer, signed

__all__ = ["peer"]

API = "https://helpdesk.example"
LOOKUP, DOCS = f"{API}/account_lookup", f"{API}/docs_search"
PINNED = {"keys": [KEY.jwk]}
SETTINGS: dict[str, Any] = {
    "helpdesk_env": "production",
    "auth0_issuer": "https://tenant.example/",
    "audience": f"{API}/supervisor",
    "model_provider": "bedrock",
    "subagents": [{"url": "https://a.example/", "audience": LOOKUP}, {"url": "https://d.example/", "audience": DOCS}],
    "client_id": "machine",
    "client_key": "a key",
    "api_client_id": "api",
    "api_client_key": "another key",
    "audit_key": audit_key(),
}


@pytest.fixture(scope="module")
def client_key() -> str:
    """A key that authenticates a client."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def of_this_machine(tmp_path: Path, client_key: str) -> dict[str, Any]:
    """What a supervisor needs to be told to start here."""
    return {
        "helpdesk_env": "local",
        "model_provider": "offline",
        "client_key": client_key,
        "api_client_key": client_key,
        "audit_file": tmp_path / "audit.sqlite3",
        "database_url": f"sqlite:///{tmp_path}/helpdesk.sqlite3",
    }


def load(**changes: Any) -> SupervisorSettings:
    return SupervisorSettings.load(**SETTINGS | changes)


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("card_keys", [{}, {LOOKUP: PINNED}, {LOOKUP: PINNED, f"{DOCS}/": PINNED}])
def test_in_production_something_is_said_of_each_card_s_keys(card_keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"CARD_KEYS has no entry for https://helpdesk\.example/"):
        load(card_keys=card_keys)
    load(card_keys={LOOKUP: PINNED, DOCS: "unsigned", f"{API}/not_there_yet": PINNED})


@pytest.mark.requirement("D1")
def test_on_one_machine_it_is_all_or_nothing() -> None:
    """A name that is misspelt there would have a card taken as it comes, in silence."""
    load(helpdesk_env="local")
    with pytest.raises(ConfigurationError, match="CARD_KEYS has no entry"):
        load(helpdesk_env="local", card_keys={LOOKUP: PINNED})


@pytest.mark.parametrize(
    "entry", ["", "Unsigned", "none", None, [], {}, {"keys": []}, {"keys": ["a key"]}, PINNED["keys"]]
)
def test_an_entry_is_a_key_set_or_the_word_that_there_is_none(entry: Any) -> None:
    with pytest.raises(ConfigurationError, match="CARD_KEYS"):
        load(card_keys={LOOKUP: PINNED, DOCS: entry})


def test_keys_are_read_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARD_KEYS", json.dumps({LOOKUP: PINNED, DOCS: "unsigned"}))
    loaded = load()
    assert loaded.card_keys.keys() == {LOOKUP, DOCS}
    assert loaded.card_keys[DOCS] == "unsigned"


def test_a_private_key_among_them_is_refused_and_not_repeated() -> None:
    private = dict(KEY.jwk) | {"d": "canary-of-the-private-key"}
    with pytest.raises(ConfigurationError, match="CARD_KEYS has a private key") as refused:
        load(card_keys={LOOKUP: {"keys": [private]}, DOCS: PINNED})
    assert "canary" not in repr(refused.value)


def test_a_key_that_cannot_be_used_stops_the_supervisor(of_this_machine: dict[str, Any]) -> None:
    settings = load(**of_this_machine, card_keys={LOOKUP: {"keys": [{"kty": "RSA"}]}, DOCS: PINNED})
    with pytest.raises(ConfigurationError, match="CARD_KEYS has a key that is neither"):
        create_app(settings)


async def test_a_card_that_is_taken_unsigned_is_said_at_the_start(of_this_machine: dict[str, Any]) -> None:
    settings = load(**of_this_machine, card_keys={LOOKUP: PINNED, DOCS: "unsigned"})
    with capture_logs() as log:
        app = create_app(settings)
    assert [event["audience"] for event in log if event["event"] == "card_taken_unsigned"] == [DOCS]
    async with app.router.lifespan_context(app):
        pass


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("key", [None, FORGER], ids=["unsigned", "forged"])
async def test_an_agent_whose_card_is_refused_is_named_as_away_and_offered_to_no_model(
    peer: Peer, key: CardSigningKey | None
) -> None:
    document = json.loads(peer.card_document(name="everything", skills=[SKILL]))
    async with create_http_client() as http:

        def subagent(name: str, keys: CardKeys) -> AgentClient:
            return AgentClient(
                url=peer.url,
                audience=f"{API}/{name}",
                http=http,
                agent_tokens=Tokens(),
                user_tokens=Tokens(),
                card_keys=keys,
            )

        peer.card = json.dumps(signed(document, *([key] if key else []))).encode()
        refusing = Subagents([subagent("printer_help", CardKeys([KEY.jwk]))])
        assert await refusing.tools() == []
        assert "printer_help" in str(refusing.notice())
        assert "everything" not in refusing.system_prompt() + str(refusing.notice())
        peer.card = json.dumps(signed(document, KEY)).encode()
        both = Subagents([subagent("printer_help", CardKeys([FORGER.jwk])), subagent("other", CardKeys([KEY.jwk]))])
        assert [tool.tool_name for tool in await both.tools()] == ["everything"]
        assert "Away right now, not to be called: printer_help." in both.system_prompt()
