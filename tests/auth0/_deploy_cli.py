"""The real Auth0 Deploy CLI, against a local tenant that began empty."""

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.tenant._keywords import keyword_value
from local.tenant._system import MANAGEMENT_CLIENT
from local.tenant.testing import ROOT, LocalTenant
from tests.auth0._tls import TlsFront

TENANT_FILE = ROOT / "deploy/auth0/tenant.yaml"
CONFIG_FILE = ROOT / "deploy/auth0/config.json"
RUN_SECONDS = 240
_KEYWORD = re.compile(r"@@(\w+)@@|##(\w+)##")


def find_cli() -> Path:
    """Where the CLI is; a test that needs it is skipped where it is not."""
    path = Path(
        subprocess.run(
            [ROOT / "dev/auth0-deploy-cli", "--path"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    )
    if not (path / "node").exists():
        pytest.skip("the Auth0 Deploy CLI is not here: dev/auth0-deploy-cli")
    return path


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of the CLI said, and what it asked the tenant for."""

    said: str
    writes: Counter[tuple[str, str]]
    ok: bool


class DeployCli:
    """Runs the CLI against a tenant.

    Args:
        tenant: A tenant that listens.
        front: TLS in front of it.
        folder: For what the CLI is told and what it writes.
    """

    def __init__(self, tenant: LocalTenant, front: TlsFront, folder: Path) -> None:
        self.tenant = tenant
        self._front = front
        self._folder = folder
        self._cli = find_cli()

    def keywords(self, file: Path = TENANT_FILE) -> dict[str, str]:
        """The values of the keywords of a definition, as somebody who deploys it has them."""
        names = {first or second for first, second in _KEYWORD.findall(file.read_text(encoding="utf-8"))}
        settings = self.tenant.settings
        return {name: value for name in names if (value := keyword_value(name, settings)) is not None}

    def run(self, command: str, **config: Any) -> Run:
        """Runs the CLI to its end."""
        client = self.tenant.client(MANAGEMENT_CLIENT)
        settings = json.loads(CONFIG_FILE.read_text(encoding="utf-8")) | {
            "AUTH0_DOMAIN": self._front.domain,
            "AUTH0_AUDIENCE": f"{self.tenant.issuer}api/v2/",
            "AUTH0_CLIENT_ID": client.client_id,
            "AUTH0_CLIENT_SECRET": client.client_secret,
            "AUTH0_KEYWORD_REPLACE_MAPPINGS": self.keywords(),
            **config,
        }
        path = self._folder / "config.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        arguments = ["--input_file", str(config.get("AUTH0_INPUT_FILE", TENANT_FILE))]
        if command == "export":
            arguments = ["--output_folder", str(self._folder / "export"), "--format", "yaml"]
        before = Counter(self.tenant.writes)
        done = subprocess.run(
            [
                self._cli / "node",
                self._cli / "node_modules/auth0-deploy-cli/lib/index.js",
                command,
                "--config_file",
                path,
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
            env={"NODE_EXTRA_CA_CERTS": str(self._front.certificate), "HOME": str(self._folder)},
        )
        return Run(done.stdout + done.stderr, self.tenant.writes - before, done.returncode == 0)

    def export(self) -> dict[str, Any]:
        """What the CLI writes of the tenant."""
        run = self.run("export")
        assert run.ok, run.said
        document: dict[str, Any] = yaml.safe_load((self._folder / "export/tenant.yaml").read_text(encoding="utf-8"))
        return document
