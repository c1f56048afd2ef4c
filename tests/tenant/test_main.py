"""Starting the process: where it refuses, with one line; and that it serves and stops."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from local.stand_in import require_loopback, start
from local.tenant.__main__ import serve
from local.tenant.settings import TenantSettings
from local.tenant.testing import ROOT
from shared.errors import ConfigurationError
from shared.http import create_http_client


def main(arguments: Sequence[str]) -> int:
    """Starts the tenant in this process."""
    return start("tenant", TenantSettings, serve, arguments=arguments)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the variables of a local tenant, and others."""

    def set_variables(**variables: str) -> None:
        monkeypatch.chdir(ROOT)
        for name, value in {"HELPDESK_ENV": "local", "HELPDESK_VAR": str(tmp_path), "PORT": "0", **variables}.items():
            monkeypatch.setenv(name, value)

    return set_variables


@pytest.mark.parametrize(
    ("arguments", "variables", "expected"),
    [
        ((), {"HELPDESK_ENV": "production"}, "HELPDESK_ENV is 'production'"),
        ((), {"HELPDESK_ENV": ""}, "HELPDESK_ENV is 'production' (its default)"),
        (("--inside-container",), {"HELPDESK_ENV": "production"}, "HELPDESK_ENV is 'production'"),
        ((), {"HOST": "0.0.0.0"}, "listens on loopback only; set HOST=127.0.0.1."),  # noqa: S104 -- to be refused
        ((), {"TENANT_ISSUER": "http://127.0.0.1:8400"}, "TENANT_ISSUER has no trailing slash"),
        ((), {"TENANT_DEFINITION": "/none.yaml"}, "TENANT_DEFINITION is /none.yaml, which cannot be read"),
        ((), {"PORT": "x"}, "PORT is not usable"),
    ],
    ids=["production", "no environment", "production in a container", "not loopback", "issuer", "definition", "port"],
)
def test_it_refuses_to_start_with_one_line(
    environment: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    variables: dict[str, str],
    expected: str,
) -> None:
    environment(**variables)
    assert main(arguments) == 1
    output = capsys.readouterr()
    assert expected in output.err
    assert (output.err.count("\n"), output.out) == (1, "")


def test_the_process_ends_with_that_line(tmp_path: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "HELPDESK_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "local.tenant"]
    finished = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=50, check=False)
    assert finished.returncode == 1
    assert finished.stderr.startswith("HELPDESK_ENV is 'production' (its default): ")
    assert (finished.stderr.count("\n"), finished.stdout) == (1, "")


def test_a_port_that_is_taken_is_named(
    environment: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment(PORT=str(taken.getsockname()[1]))
        assert main([]) == 1
    assert "cannot be listened on" in capsys.readouterr().err
    assert not (tmp_path / "tenant").exists()


def test_the_effective_settings_can_be_looked_at(
    environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    environment(PORT="8499")
    assert main(["--check-config"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert (settings["PORT"], settings["HELPDESK_ENV"]) == (8499, "local")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "tenant.example"])  # noqa: S104 -- to be refused
def test_other_addresses_need_a_container(tmp_path: Path, host: str) -> None:
    settings = TenantSettings.load(helpdesk_env="local", host=host)
    none, marker = tmp_path / "none", tmp_path / "marker"
    with pytest.raises(ConfigurationError, match="this is none"):
        require_loopback(settings, inside_container=True, markers=(none, marker))
    marker.touch()
    require_loopback(settings, inside_container=True, markers=(none, marker))
    with pytest.raises(ConfigurationError, match="loopback only"):
        require_loopback(settings, inside_container=False, markers=(marker,))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_addresses_serve(tmp_path: Path, host: str) -> None:
    settings = TenantSettings.load(helpdesk_env="local", host=host)
    require_loopback(settings, inside_container=False, markers=(tmp_path / "none",))


@pytest.mark.parametrize(("host", "issuer"), [("127.0.0.1", "http://127.0.0.1:8400/"), ("::1", "http://[::1]:8400/")])
def test_the_issuer_follows_the_address(host: str, issuer: str) -> None:
    assert TenantSettings.load(helpdesk_env="local", host=host).issuer == issuer


def test_an_application_is_not_made_for_production_either() -> None:
    with pytest.raises(ConfigurationError, match="HELPDESK_ENV is 'production'"):
        TenantSettings.load()


async def test_it_serves_logs_no_secret_and_stops(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HELPDESK_ENV": "local",
        "HELPDESK_VAR": str(tmp_path),
        "PORT": "0",
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
    }
    process = subprocess.Popen(  # noqa: ASYNC220 -- this project's module
        [sys.executable, "-m", "local.tenant"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        output = ""
        while "tenant_ready" not in output:
            line = process.stderr.readline()
            assert line, output
            output += line
        issuer = json.loads(output.splitlines()[-1])["issuer"]
        folder = tmp_path / "tenant/clients/local-management"
        form = {
            "grant_type": "client_credentials",
            "audience": f"{issuer}api/v2/",
            "client_id": (folder / "client_id").read_text().strip(),
            "client_secret": (folder / "client_secret").read_text().strip(),
        }
        async with create_http_client() as http:
            response = await http.post(f"{issuer}oauth/token", data=form)
        assert response.status_code == httpx.codes.OK
    finally:
        process.terminate()
        _, rest = process.communicate(timeout=20)
    output += rest
    assert process.returncode in {0, -15}
    assert "Traceback" not in output
    passwords = json.loads((tmp_path / "tenant/users.json").read_text()).values()
    for secret in (form["client_secret"], response.json()["access_token"], *passwords):
        assert secret not in output
