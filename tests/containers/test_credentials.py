"""The step that hands each container its own credentials."""

import base64
import json
import stat
from pathlib import Path

import pytest

from local.credentials import SUBAGENTS, CredentialsSettings, hand_out, how_to_sign_in, main
from local.gateway import CustomJWTAuthorizer
from shared.audit import SealingKey
from shared.identity import CardSigningKey

MADE = {
    "tenant/clients/supervisor/client_id": "machine-client\n",
    "tenant/clients/supervisor/key.pem": "machine key\n",
    "tenant/clients/supervisor-api-client/client_id": "api-client\n",
    "tenant/clients/supervisor-api-client/key.pem": "api key\n",
    "tenant/clients/docs-search-api-client/client_id": "docs-client\n",
    "tenant/clients/docs-search-api-client/key.pem": "docs key\n",
    "tenant/clients/help-desk-command-line/client_id": "command-line-client\n",
    "tenant/clients/help-desk-web/client_id": "web client\n",
    "tenant/clients/help-desk-web/key.pem": "web key\n",
    "tenant/users.json": '{"amelia.hart": "a password"}',
    "tenant/clients/account-lookup-api-client/client_id": "reading client\n",
    "tenant/clients/account-lookup-api-client/key.pem": "reading key\n",
    "tenant/clients/password-reset-api-client/client_id": "managing client\n",
    "tenant/clients/password-reset-api-client/key.pem": "managing key\n",
    "tenant/clients/password-reset-approvals/client_id": "asking client\n",
    "tenant/clients/password-reset-approvals/key.pem": "asking key\n",
    "fga/token": "the store's key\n",
    "fga/store_id": "a store\n",
    "fga/model_id": "a model\n",
}
URLS = {agent: f"postgresql://{agent}:word of {agent}@postgres/helpdesk" for agent in ("supervisor", *SUBAGENTS)}
"""Each agent's part of the database."""
MADE_HERE = ("audit_key", "card_key")
"""What is made for each agent and not copied, so that nobody knows before what it is."""
ASKING = {"fga_api_token": "the store's key\n", "fga_store_id": "a store\n", "fga_model_id": "a model\n"}
"""What every subagent gets, to ask who may do what."""


@pytest.fixture
def settings(tmp_path: Path) -> CredentialsSettings:
    """What the tenant has made, and an empty folder to hand out to."""
    for name, text in (MADE | {f"database/{agent}": url for agent, url in URLS.items()}).items():
        path = tmp_path / "var" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return CredentialsSettings.load(
        helpdesk_var=tmp_path / "var",
        credentials_folder=tmp_path / "credentials",
        tenant_issuer="http://127.0.0.1:8400/",
        supervisor_audience="https://helpdesk.example/supervisor",
        supervisor_url="http://127.0.0.1:9000/",
        discovery_url="http://tenant:8400/.well-known/openid-configuration",
        gateway_audience="https://helpdesk.example/gateway",
        web_url="http://127.0.0.1:8402",
    )


def handed_out(settings: CredentialsSettings) -> dict[str, str]:
    """Every file that was written: agent/setting -> text."""
    folder = settings.credentials_folder
    files = [path for path in folder.glob("*/*") if path.is_file() and not path.name.startswith(MADE_HERE)]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def test_each_agent_gets_its_own_and_nothing_else(settings: CredentialsSettings) -> None:
    hand_out(settings)
    callers = json.dumps([{"agent": "supervisor", "client_id": "machine-client", "api_client_id": "api-client"}])
    authorizer = json.loads(handed_out(settings)["gateway/gateway_authorizer"])
    assert CustomJWTAuthorizer.model_validate(authorizer).allowed_clients == ("docs-client",)
    asking = {f"{agent}/{name}": text for agent in SUBAGENTS for name, text in ASKING.items()}
    urls = {f"{agent}/database_url": url for agent, url in URLS.items()}
    files = handed_out(settings)
    assert len(base64.b64decode(files.pop("portal/web_session_key"))) == 32
    assert files == asking | urls | {
        "portal/client_id": "web client\n",
        "portal/client_key": "web key\n",
        "supervisor/client_id": "machine-client\n",
        "supervisor/client_key": "machine key\n",
        "supervisor/api_client_id": "api-client\n",
        "supervisor/api_client_key": "api key\n",
        "account_lookup/api_client_id": "reading client\n",
        "account_lookup/api_client_key": "reading key\n",
        "account_lookup/allowed_callers": callers,
        "password_reset/api_client_id": "managing client\n",
        "password_reset/api_client_key": "managing key\n",
        "password_reset/approvals_client_id": "asking client\n",
        "password_reset/approvals_client_key": "asking key\n",
        "password_reset/allowed_callers": callers,
        "docs_search/allowed_callers": callers,
        "docs_search/api_client_id": "docs-client\n",
        "docs_search/api_client_key": "docs key\n",
        "gateway/gateway_authorizer": json.dumps(authorizer),
    }


def test_only_the_owner_can_read_what_was_handed_out(settings: CredentialsSettings) -> None:
    hand_out(settings)
    files = [path for path in settings.credentials_folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_handing_out_again_changes_nothing_and_leaves_nothing_behind(settings: CredentialsSettings) -> None:
    hand_out(settings)
    before = handed_out(settings)
    hand_out(settings)
    assert handed_out(settings) == before


def test_each_agent_has_a_key_of_its_own_for_its_audit_trail_and_keeps_it(settings: CredentialsSettings) -> None:
    hand_out(settings)
    files = sorted(settings.credentials_folder.rglob("audit_key"))
    keys = [SealingKey.read(file.read_text()) for file in files]
    assert len({key.key_id for key in keys}) == 4
    assert [file.with_suffix(".pub").read_text() for file in files] == [key.public_pem() for key in keys]
    hand_out(settings)
    assert [SealingKey.read(file.read_text()).key_id for file in files] == [key.key_id for key in keys]


def test_who_verifies_finds_the_public_half_of_each_key_that_an_agent_ever_had(settings: CredentialsSettings) -> None:
    hand_out(settings)
    private = settings.credentials_folder / "supervisor" / "audit_key"
    first = SealingKey.read(private.read_text())
    private.unlink()
    hand_out(settings)
    second = SealingKey.read(private.read_text())
    published = settings.credentials_folder / "audit-keys"
    found = {path.relative_to(published).as_posix(): path.read_text() for path in published.rglob("*.pem")}
    assert len(found) == 5
    for key in (first, second):
        assert found[f"supervisor/{key.key_id}.pem"] == key.public_pem()


@pytest.mark.requirement("D1")
def test_each_agent_has_a_key_of_its_own_for_its_card_and_the_supervisor_pins_the_subagents(
    settings: CredentialsSettings,
) -> None:
    for _ in range(2):
        hand_out(settings)
        folder = settings.credentials_folder
        keys = {path.parent.name: CardSigningKey.read(path.read_text()) for path in folder.rglob("card_key")}
        assert len({key.kid for key in keys.values()}) == len(keys) == 4
        assert json.loads((folder / "supervisor" / "card_keys").read_text()) == {
            f"https://helpdesk.example/{agent}": {"keys": [keys[agent].jwk]} for agent in SUBAGENTS
        }


def test_the_command_to_sign_in_names_everything_that_the_command_needs(settings: CredentialsSettings) -> None:
    assert how_to_sign_in(settings) == (
        "./helpdesk login --issuer http://127.0.0.1:8400/ --client-id command-line-client "
        "--audience https://helpdesk.example/supervisor --url http://127.0.0.1:9000/"
    )


def test_what_is_not_made_yet_is_named_in_one_line(
    settings: CredentialsSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.helpdesk_var / "tenant/clients/password-reset-api-client/key.pem").unlink()
    for name, value in settings.model_dump().items():
        monkeypatch.setenv(name.upper(), str(value))
    assert main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "password-reset-api-client" in said.err
