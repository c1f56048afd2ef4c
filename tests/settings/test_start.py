"""An agent whose settings are missing or unsafe does not start, and says in one line which setting and what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")
CALLERS = '[{"agent": "supervisor", "client_id": "a", "api_client_id": "b"}]'
GOOD = {
    "HELPDESK_ENV": "local",
    "AUTH0_ISSUER": "https://tenant.example/",
    "AUDIENCE": "https://helpdesk.example/docs_search",
    "MODEL_PROVIDER": "offline",
    "ALLOWED_CALLERS": CALLERS,
    "GATEWAY_URL": "http://127.0.0.1:1/mcp",
    "GATEWAY_AUDIENCE": "https://helpdesk.example/gateway",
    "API_CLIENT_ID": "docs-client",
    "API_CLIENT_KEY": "a key",
    "FGA_API_URL": "http://127.0.0.1:8403",
    "FGA_STORE_ID": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "FGA_MODEL_ID": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "AUDIT_KEY": "a key",
}


def check(agent: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `--check-config` says."""
    return subprocess.run(
        [sys.executable, "-m", f"agents.{agent}", "--check-config"],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_without_settings_names_the_first_that_is_missing(agent: str) -> None:
    said = check(agent, {})
    assert said.returncode == 1
    assert said.stdout == ""
    (line,) = said.stderr.strip().splitlines()
    assert line.startswith(f"{agent}: ")
    assert "is not set" in line


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"AUTH0_ISSUER": "https://tenant.example"}, "AUTH0_ISSUER has no trailing slash"),
        ({"AUTH0_ISSUER": "ftp://tenant.example/"}, "AUTH0_ISSUER is not an http or https URL"),
        ({"HELPDESK_ENV": "production", "AUTH0_ISSUER": "http://tenant.example/"}, "AUTH0_ISSUER is not https"),
        ({"HELPDESK_ENV": "production"}, "MODEL_PROVIDER is 'offline'"),
        ({"HELPDESK_ENV": "staging"}, "HELPDESK_ENV is not usable"),
        ({"PORT": "99999"}, "PORT is not usable"),
        ({"ALLOWED_CALLERS": "[]"}, "ALLOWED_CALLERS is not usable"),
        ({"ALLOWED_CALLERS": '[{"agent": "supervisor"}]'}, "ALLOWED_CALLERS"),
        ({"ALLOWED_CALLERS": "[{]"}, "ALLOWED_CALLERS is not usable: it is no JSON"),
        ({"ALLOWED_CALLERS_FILE": __file__, "ALLOWED_CALLERS": ""}, "ALLOWED_CALLERS is not usable: it is no JSON"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL is neither a file nor PostgreSQL"),
        ({"DATABASE_URL": "sqlite:///"}, "DATABASE_URL is neither a file nor PostgreSQL"),
        ({"AUDIT_DATABASE_URL": "sqlite:///var/a.sqlite3"}, "AUDIT_DATABASE_URL is no URL of PostgreSQL"),
        (
            {"AUDIT_DATABASE_URL": "postgresql://127.0.0.1/a", "AUDIT_FILE": "var/a.sqlite3"},
            "AUDIT_FILE and AUDIT_DATABASE_URL are both set",
        ),
        ({"AUDIENCE_FILE": "/no/such/file", "AUDIENCE": ""}, "AUDIENCE_FILE names a file that cannot be read"),
        ({"MAX_REQUEST_BYTES": "ten"}, "MAX_REQUEST_BYTES is not usable"),
        ({"GATEWAY_URL": "gateway"}, "GATEWAY_URL is not an http or https URL"),
        ({"GATEWAY_AUDIENCE": GOOD["AUDIENCE"]}, "GATEWAY_AUDIENCE is this agent's own AUDIENCE"),
        ({"API_CLIENT_KEY": ""}, "API_CLIENT_KEY is not set"),
    ],
)
def test_an_unsafe_setting_is_named_with_its_remedy(change: dict[str, str], named: str) -> None:
    said = check("docs_search", GOOD | change)
    assert said.returncode == 1
    (line,) = said.stderr.strip().splitlines()
    assert named in line
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("postgresql://me:secret-word@db.example/helpdesk", False),
        ("postgresql://me:secret-word@db.example/helpdesk?sslmode=require", False),
        ("postgresql://me:secret-word@127.0.0.1:5432,db.example/helpdesk", False),
        ("postgresql://me:secret-word@db.example/helpdesk?sslmode=verify-full&sslrootcert=system", True),
        ("postgresql://me:secret-word@127.0.0.1:5432/helpdesk", True),
        ("postgresql://me:secret-word@[::1]/helpdesk", True),
        ("postgresql://me:secret-word@127.0.0.1/helpdesk?host=db.example", False),
        ("postgresql:///helpdesk?hostaddr=192.0.2.1", False),
        ("postgresql:///helpdesk?host=/run/postgresql", True),
        ("sqlite:///secret-word.sqlite3", True),
    ],
)
def test_in_production_a_database_elsewhere_must_prove_who_it_is(url: str, is_safe: bool) -> None:
    """`sslmode=require` encrypts, for whoever answers."""
    production = {"HELPDESK_ENV": "production", "MODEL_PROVIDER": "bedrock", "MODEL_ID": "a-model"}
    secure = {name: value.replace("http://", "https://") for name, value in GOOD.items()}
    for name in ("DATABASE_URL", "AUDIT_DATABASE_URL") if url.startswith("postgresql") else ("DATABASE_URL",):
        said = check("docs_search", secure | production | {name: url})
        assert "secret-word" not in said.stdout + said.stderr
        assert said.returncode == (0 if is_safe else 1), said.stderr
        assert is_safe or f": {name} does not verify the server" in said.stderr


def test_settings_are_printed_with_secrets_masked(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("very-secret-value\n", encoding="utf-8")
    settings = GOOD | {
        "DIRECTORY_URL": "http://127.0.0.1:1/api/v1",
        "DIRECTORY_CONNECTION": "directory-read",
        "API_CLIENT_ID": "client",
        "API_CLIENT_KEY_FILE": str(secret),
    }
    said = check("account_lookup", settings)
    assert said.returncode == 0, said.stderr
    assert "very-secret-value" not in said.stdout
    assert '"API_CLIENT_KEY": "********"' in said.stdout


@pytest.mark.parametrize("agent", AGENTS)
def test_reading_the_settings_loads_nothing_that_takes_long(agent: str) -> None:
    heavy = "{'a2a', 'aiohttp', 'boto3', 'cryptography', 'httpx', 'jwt', 'strands'}"
    script = f"import sys, agents.{agent}.settings; print(*sorted({heavy} & set(sys.modules)))"
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=50, check=True
    )
    assert printed.stdout.strip() == ""


SUPERVISOR = GOOD | {
    "AUDIENCE": "https://helpdesk.example/supervisor",
    "CLIENT_ID": "a",
    "API_CLIENT_ID": "b",
    "API_CLIENT_KEY": "",
    "SUBAGENTS": '[{"url": "http://127.0.0.1:1/", "audience": "https://helpdesk.example/docs_search"}]',
}
"""Without what gives the tokens of its hops."""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, "CLIENT_KEY is not set"),
        ({"CLIENT_KEY": "pem", "API_CLIENT_KEY": ""}, "API_CLIENT_KEY is not set"),
        (
            {"CLIENT_KEY": "pem", "AGENTCORE_M2M_PROVIDER": "m2m", "API_CLIENT_KEY": "pem"},
            "CLIENT_KEY and AGENTCORE_M2M_PROVIDER are both set",
        ),
        ({"AGENTCORE_M2M_PROVIDER": "m2m", "API_CLIENT_KEY": "pem"}, "AGENTCORE_WORKLOAD is not set"),
        ({"AGENTCORE_M2M_PROVIDER": "m 2", "API_CLIENT_KEY": "pem"}, "AGENTCORE_M2M_PROVIDER is not usable"),
    ],
)
def test_each_of_the_supervisors_clients_has_a_key_or_a_credential_provider(change: dict[str, str], named: str) -> None:
    said = check("supervisor", SUPERVISOR | change)
    assert said.returncode == 1
    (line,) = said.stderr.strip().splitlines()
    assert named in line


def test_a_supervisor_on_agentcore_needs_no_key() -> None:
    settings = {
        "AGENTCORE_M2M_PROVIDER": "m2m",
        "AGENTCORE_EXCHANGE_PROVIDER": "exchange",
        "AGENTCORE_WORKLOAD": "helpdesk-supervisor",
    }
    said = check("supervisor", SUPERVISOR | settings)
    assert said.returncode == 0, said.stderr
