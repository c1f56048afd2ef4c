"""The how-to, the configuration and the definition name the same things: nothing is forgotten, nothing left over."""

import json
import re
from pathlib import Path

import yaml

from local.tenant.management import FURTHER_SCOPES, OPERATIONS
from local.tenant.testing import ROOT
from tests.auth0._deploy_cli import CONFIG_FILE, TENANT_FILE, keywords_in

HOW_TO = (ROOT / "docs/how-to/deploy-the-auth0-tenant.md").read_text(encoding="utf-8")
OF_THE_CLI = {"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO, re.DOTALL)


def test_the_values_to_give_are_the_keywords_of_the_definition() -> None:
    given = set(re.findall(r"(?:export |[^\s=]+ )([A-Z][A-Z0-9_]+)=", "\n".join(blocks("sh"))))
    assert given == keywords_in(TENANT_FILE.read_text(encoding="utf-8")) | OF_THE_CLI


def test_a_key_is_made_for_each_client_that_has_one() -> None:
    (loop,) = re.findall(r"for client in (.*?); do", HOW_TO, re.DOTALL)
    made = set(loop.replace("\\\n", " ").split())
    assert {f"{client.upper().replace('-', '_')}_PUBLIC_KEY" for client in made} == {
        name for name in keywords_in(TENANT_FILE.read_text(encoding="utf-8")) if name.endswith("_PUBLIC_KEY")
    }


def test_the_cli_looks_after_what_the_definition_defines() -> None:
    config = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))
    text = re.sub(r'"?@@\w+@@"?', '""', TENANT_FILE.read_text(encoding="utf-8"))
    assert set(config["AUTH0_INCLUDED_ONLY"]) == {*yaml.safe_load(text), "clientAuthCredentials"}
    assert config["AUTH0_ALLOW_DELETE"] is False


def test_the_scopes_are_ones_that_operations_need_and_the_first_delete_nothing() -> None:
    needed = {*FURTHER_SCOPES, *(scope for operation in OPERATIONS for scope in operation.scopes)}
    first, further = (block.split() for block in blocks("text"))
    assert {*first, *further} < needed
    assert not [scope for scope in first if scope.startswith("delete:")]
    assert all(scope.startswith("delete:") for scope in further)


def test_a_definition_holds_no_secret_and_no_name_of_an_environment() -> None:
    text = TENANT_FILE.read_text(encoding="utf-8")
    for name in ("client_secret", "pem"):
        values = re.findall(rf"^\s*{name}: (.*)$", text, re.MULTILINE)
        assert values
        assert all(re.fullmatch(r'"(##\w+##|@@\w+@@)"', value) for value in values)
    without_comments = re.sub(r"#(?!#).*", "", re.sub(r"##\w+##", "", text))
    assert "auth0.com" not in without_comments
    assert "okta.com" not in without_comments


def test_the_pinned_version_is_the_one_that_the_definition_names() -> None:
    pinned = json.loads(Path(ROOT / "deploy/auth0/cli/package.json").read_text(encoding="utf-8"))
    version = pinned["dependencies"]["auth0-deploy-cli"]
    assert f"Auth0 Deploy CLI ({'.'.join(version.split('.')[:2])})" in TENANT_FILE.read_text(encoding="utf-8")
