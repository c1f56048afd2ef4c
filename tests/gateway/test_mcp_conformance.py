"""The published MCP conformance suite (`@modelcontextprotocol/conformance`) against the local gateway, whole."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.types import ASGIApp, Receive, Scope, Send

from local.gateway import create_app
from tests.gateway._gateway import Gateway

ROOT = Path(__file__).resolve().parents[2]
EXPECTED: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "conformance.yaml").read_text(encoding="utf-8")
)
VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
MUST_PASS = {
    "2025-06-18": {"server-initialize", "ping", "tools-list"},
    "2025-11-25": {"server-initialize", "ping", "tools-list", "dns-rebinding-protection"},
    "2026-07-28": {"server-stateless", "tools-list", "dns-rebinding-protection", "http-header-validation", "caching"},
}
SUITE_SECONDS = 50
Checks = list[dict[str, Any]]


class SignedIn:
    """Gives each request a token: the suite has none of its own. Everything else about it stays."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = f"Bearer {self._gateway.token()}".encode()
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", token)]}
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Mapping[str, Checks]]]:
    """For each version of MCP, for each scenario of it, what the suite found."""
    folder = Path(
        subprocess.run(
            [ROOT / "dev/mcp-conformance", "--path"], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
    if not (folder / "node").exists():
        pytest.skip("the MCP conformance suite is not here: dev/mcp-conformance")
    gateway = Gateway(tmp_path_factory.mktemp("conformance"))
    gateway.server.start(SignedIn(create_app(gateway.settings, http=gateway.issuer.create_http_client()), gateway))
    try:
        yield {version: _run(folder, gateway.url, version, tmp_path_factory.mktemp("results")) for version in VERSIONS}
    finally:
        gateway.server.stop()


def _run(folder: Path, url: str, version: str, output: Path) -> dict[str, Checks]:
    program = folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    options = ["server", "--url", url, "--suite", "all", "--spec-version", version, "--output-dir", str(output)]
    done = subprocess.run(
        [folder / "node", program, *options], capture_output=True, text=True, check=False, timeout=SUITE_SECONDS
    )
    found = {
        re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT.*$", r"\1", path.parent.name): json.loads(path.read_text("utf-8"))
        for path in output.glob("*/checks.json")
    }
    assert found, done.stderr
    return found


def failed(checks: Checks) -> set[str]:
    return {check["id"] for check in checks if check["status"] == "FAILURE"}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_applies_to_a_server_of_tools_passes(results: Mapping[str, Mapping[str, Checks]], version: str) -> None:
    unexpected = {
        scenario: [
            (check["id"], check.get("errorMessage"))
            for check in checks
            if check["id"] in failed(checks) - EXPECTED["checks"].keys()
        ]
        for scenario, checks in results[version].items()
        if scenario not in EXPECTED["scenarios"] and failed(checks) - EXPECTED["checks"].keys()
    }
    assert unexpected == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_scenarios_that_matter_were_run_and_found_something_good(
    results: Mapping[str, Mapping[str, Checks]], version: str
) -> None:
    good = {
        scenario
        for scenario, checks in results[version].items()
        if any(check["status"] == "SUCCESS" and "wire-conformance" not in check["id"] for check in checks)
    }
    assert MUST_PASS[version] <= good
    assert not MUST_PASS[version] & EXPECTED["scenarios"].keys()


def test_what_is_said_not_to_apply_does_not(results: Mapping[str, Mapping[str, Checks]]) -> None:
    runs = [(scenario, checks) for found in results.values() for scenario, checks in found.items()]
    failing = {scenario for scenario, checks in runs if failed(checks)}
    assert EXPECTED["scenarios"].keys() - failing == set()
    assert EXPECTED["checks"].keys() - {name for _, checks in runs for name in failed(checks)} == set()
    named = {*EXPECTED["scenarios"].values(), *EXPECTED["checks"].values()}
    assert named == EXPECTED["reasons"].keys()
