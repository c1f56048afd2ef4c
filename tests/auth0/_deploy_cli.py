"""The real Auth0 Deploy CLI, against a local tenant that began empty."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.tenant._keywords import keyword_value
from local.tenant.testing import ROOT, LocalTenant
from tests.auth0._tls import TlsFront

TENANT_FILE = ROOT / "deploy/auth0/tenant.yaml"
CONFIG_FILE = ROOT / "deploy/auth0/config.json"
RUN_SECONDS = 600
_KEYWORD = re.compile(r"@@(\w+)@@|##(\w+)##")


def find_cli() -> Path:
    """Where the CLI is; a test that needs it is skipped where it is not."""
    path = Path(
        subprocess.run(
            [ROOT / "dev/auth0-deploy-cli", "--path"], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
    if not (path / "node").exists():
        pytest.skip("the Auth0 Deploy CLI is not here: dev/auth0-deploy-cli")
    return path


def keywords_in(text: str) -> set[str]:
    """The keywords of a definition."""
    return {first or second for first, second in _KEYWORD.findall(text)}


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of the CLI said, and what it asked the tenant for."""

    said: str
    ok: bool
    writes: Counter[str]


class DeployCli:
    """Runs the CLI against a tenant, as the how-to says: the deployed configuration, and the rest in the environment.

    Args:
        tenant: A tenant that listens.
        front: TLS in front of it.
        folder: For what the CLI writes.
        client: The id and the secret of the client that it works as.
    """

    def __init__(self, tenant: LocalTenant, front: TlsFront, folder: Path, client: tuple[str, str]) -> None:
        self.tenant = tenant
        self.exported = folder / "exported" / "tenant.yaml"
        self._cli = find_cli()
        self._environment = {
            "AUTH0_DOMAIN": front.domain,
            "AUTH0_AUDIENCE": f"{tenant.issuer}api/v2/",
            "AUTH0_CLIENT_ID": client[0],
            "AUTH0_CLIENT_SECRET": client[1],
            "NODE_EXTRA_CA_CERTS": str(front.certificate),
            "HOME": str(folder),
        }

    def keywords(self) -> dict[str, str]:
        """The values of the definition's keywords, as somebody who deploys it has them."""
        names = keywords_in(TENANT_FILE.read_text(encoding="utf-8"))
        settings = self.tenant.settings
        return {name: value for name in names if (value := keyword_value(name, settings)) is not None}

    def bring(self, file: Path = TENANT_FILE, **settings: str) -> Run:
        """Imports a definition."""
        return self._run("import", "--input_file", str(file), settings=self.keywords() | settings)

    def export(self, **settings: str) -> dict[str, Any]:
        """What the CLI writes of the tenant."""
        folder = str(self.exported.parent)
        run = self._run("export", "--format", "yaml", "--output_folder", folder, settings=settings)
        assert run.ok, run.said
        document: dict[str, Any] = yaml.safe_load(self.exported.read_text(encoding="utf-8"))
        return document

    def _run(self, *arguments: str, settings: dict[str, str]) -> Run:
        before = Counter(self.tenant.writes)
        program = self._cli / "node_modules/auth0-deploy-cli/lib/index.js"
        done = subprocess.run(
            [self._cli / "node", program, *arguments, "--config_file", CONFIG_FILE],
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
            env=self._environment | settings,
        )
        writes = self.tenant.writes - before
        return Run(done.stdout + done.stderr, done.returncode == 0, _by_kind(writes))


def _by_kind(writes: Counter[tuple[str, str]]) -> Counter[str]:
    """What was written, by method and kind: `PATCH clients`."""
    kinds: Counter[str] = Counter()
    for (method, path), times in writes.items():
        if path.startswith("/api/v2/"):
            kinds[f"{method} {path.split('/')[3]}"] += times
    return kinds
