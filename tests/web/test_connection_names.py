"""A connection is called on the page what the tenant calls it, which no API tells the web chat."""

import json
from pathlib import Path
from typing import Any

import yaml

from portal.stack import CONNECTION_NAMES
from tests.web.conftest import MakeSettings

ROOT = Path(__file__).resolve().parents[2]


def read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return found


def test_the_names_are_the_tenants_wherever_the_web_chat_is_told_them() -> None:
    connections = read("deploy/auth0/tenant.yaml")["connections"]
    named = {each["name"]: each["display_name"] for each in connections if each["connected_accounts"]["active"]}
    assert named == CONNECTION_NAMES
    assert json.loads(read("docker-compose.yml")["services"]["portal"]["environment"]["CONNECTION_NAMES"]) == named


def test_one_that_has_no_other_name_is_called_by_its_own(make_settings: MakeSettings) -> None:
    settings = make_settings(connection_names={"directory-read": "Company directory"})
    assert settings.called("directory-read") == "Company directory"
    assert settings.called("crm") == "crm"
