"""`helpdesk doctor`: what it says, its exit codes, what it never says."""

import json
from collections import Counter
from pathlib import Path

import pytest

from portal.doctor import CHECKS
from tests.doctor._agents import Desk
from tests.doctor._tenants import api, deployed, written
from tests.portal.running import Command, Done


@pytest.fixture
def helpdesk(desk: Desk, tmp_path: Path) -> Command:
    """The command where a help desk has run, and its tenant still answers."""
    return Command(desk.tenant.settings.helpdesk_var, tmp_path / "home")


def settings_of(desk: Desk, folder: Path) -> Path:
    """A folder with the agents' settings, as whoever deploys them has it."""
    folder.mkdir()
    for name, environment in desk.environments.items():
        lines = "".join(f"{key}='{value}'\n" for key, value in environment.items())
        (folder / f"{name}.env").write_text(lines, encoding="utf-8")
    return folder


def secrets_of(desk: Desk) -> list[str]:
    """Every line of every secret that the settings lead to."""
    files = [v for e in desk.environments.values() for k, v in e.items() if k.endswith(("KEY_FILE", "TOKEN_FILE"))]
    return [line for file in files for line in Path(file).read_text(encoding="utf-8").splitlines() if len(line) > 30]


def test_names_are_families_and_mistakes_and_each_is_there_once() -> None:
    names = [check.name for check in CHECKS]
    assert max(Counter(names).values()) == 1
    assert {check.family for check in CHECKS} == {"settings", "auth0", "fga", "postgres", "aws"}
    for check in CHECKS:
        assert check.name == check.name.lower().replace("_", "-")
        assert check.why.endswith((".", ")"))


def test_a_list_says_what_is_looked_for(helpdesk: Command) -> None:
    (event,) = helpdesk("doctor", "--list", "--json").events
    assert [check["name"] for check in event["checks"]] == [check.name for check in CHECKS]
    assert "auth0/rotation-with-token-vault" in helpdesk("doctor", "--list", "auth0").out


def test_a_tenant_that_is_well(helpdesk: Command) -> None:
    done = helpdesk("doctor", "auth0/token-dialect", "auth0/rbac-off")
    assert (done.code, done.err) == (0, "")
    assert done.out == "2 checks made: 0 errors, 0 warnings.\n"


def test_an_error_says_where_why_and_what_to_do(helpdesk: Command, tmp_path: Path) -> None:
    document = deployed()
    api(document, "docs_search").pop("token_dialect")
    done = helpdesk("doctor", "auth0/token-dialect", "--tenant", str(written(document, tmp_path)))
    assert done.code == 1
    words = " ".join(done.out.split())
    assert "auth0/token-dialect" in words
    assert "resourceServers[https://helpdesk.example/docs_search].token_dialect: access_token" in words
    assert "Mend it: Set the API's token_dialect to rfc9068_profile_authz." in words
    assert words.endswith("1 check made: 1 error, 0 warnings.")


def test_a_warning_is_no_failure(helpdesk: Command, tmp_path: Path) -> None:
    document = deployed()
    api(document, "docs_search")["token_lifetime"] = 86400
    done = helpdesk("doctor", "auth0/token-lifetime", "--json", "--tenant", str(written(document, tmp_path)))
    (event,) = done.events
    assert (done.code, event["ok"]) == (0, True)
    assert event["findings"][0]["severity"] == "warning"
    assert event["findings"][0]["setting"].endswith("/docs_search].token_lifetime")


def test_settings_in_a_folder(helpdesk: Command, desk: Desk, tmp_path: Path) -> None:
    desk.environments["account_lookup"]["ALLOWED_CALLERS"] = "[]"
    desk.environments["supervisor"]["AUTH0_ISSUER"] = desk.tenant.issuer
    folder = settings_of(desk, tmp_path / "deployed")
    chosen = ("settings/allowed-callers", "auth0/client-key", "auth0/issuer-mismatch", "auth0/clock")
    done = helpdesk("doctor", *chosen, "--settings", str(folder), "--json")
    (event,) = done.events
    assert [(f["check"], f["setting"]) for f in event["findings"]] == [
        ("settings/allowed-callers", "ALLOWED_CALLERS of account_lookup")
    ]
    assert event["passed"] == ["auth0/issuer-mismatch", "auth0/clock", "auth0/client-key"]


def test_what_cannot_be_looked_for_is_said(tmp_path: Path) -> None:
    done = Command(tmp_path / "nothing", tmp_path / "home")("doctor", "settings/audience", "auth0/rbac-off")
    assert done.code == 0
    assert "1 check made" in done.out
    assert "Not looked for, as nothing has run here yet" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("auth0/made-up",), 1, "There is no check 'auth0/made-up'"),
        (("--settings", "."), 1, "has no settings"),
        (("--tenant", "absent.yaml"), 1, "No such file"),
    ],
)
def test_what_it_cannot_do_is_said(
    helpdesk: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = helpdesk("doctor", *arguments)
    assert done.code == code
    assert words in done.err


@pytest.mark.parametrize("text", ["[", "- a list", "clients: [{app_type: native}]"])
def test_a_file_that_is_no_tenant_is_named(helpdesk: Command, tmp_path: Path, text: str) -> None:
    path = tmp_path / "tenant.yaml"
    path.write_text(text, encoding="utf-8")
    done = helpdesk("doctor", "--tenant", str(path))
    assert done.code == 1
    assert "cannot be used" in done.err


def test_nothing_that_is_secret_is_said_or_sent_elsewhere(helpdesk: Command, desk: Desk, tmp_path: Path) -> None:
    """Everything that there is to say, over settings that are wrong in many ways; requests of the tenant are heard."""
    asked = desk.tenant.overhear("/oauth/token")
    for environment in desk.environments.values():
        environment["ALLOWED_CALLERS"] = "[]"
        environment["FGA_API_URL"] = "http://127.0.0.1:9/"
    key = Path(desk.environments["supervisor"]["CLIENT_KEY_FILE"])
    key.chmod(0o644)
    lookup = desk.environments["account_lookup"]
    lookup["FGA_API_TOKEN"] = Path(lookup["FGA_API_TOKEN_FILE"]).read_text(encoding="utf-8")
    folder = settings_of(desk, tmp_path / "deployed")
    names = [check.name for check in CHECKS if check.name != "settings/does-not-start"]
    said: list[Done] = [
        helpdesk("doctor", *names, "--settings", str(folder), "--debug", *more) for more in ((), ("--json",))
    ]
    told = "".join(done.out + done.err for done in said)
    assert "settings/allowed-callers" in told
    for secret in secrets_of(desk):
        assert secret not in told
    answers = [json.loads(body) for kind, body in asked if kind == "answer" and body]
    tokens = [answer["access_token"] for answer in answers if "access_token" in answer]
    assert tokens
    for token in tokens:
        assert token not in told
    assert set(desk.tenant.requests) <= {"/.well-known/openid-configuration", "/.well-known/jwks.json", "/oauth/token"}


def test_the_local_tenant_is_asked_nothing_where_only_its_file_is_looked_at(helpdesk: Command, desk: Desk) -> None:
    before = desk.tenant.requests.total()
    assert helpdesk("doctor", "auth0/rbac-off", "auth0/mfa-always").code == 0
    assert desk.tenant.requests.total() == before
