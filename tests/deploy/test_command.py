"""`helpdesk deploy` as people and scripts meet it: its words, its JSON, its exit codes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.deployment import targets
from shared.testing import LoopbackServer
from tests.deploy._cloud import Cloud
from tests.portal.running import ROOT, Command


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud()
    endpoint = made.endpoint()
    with LoopbackServer().start(endpoint) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "made-up")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.rstrip("/"))
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield made
    assert endpoint.violations == []


@pytest.fixture
def helpdesk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """In a folder that has a deployment file; nothing waits between looks at a stack."""
    example = (ROOT / "deploy/aws/deployment.example.yaml").read_text(encoding="utf-8")
    (tmp_path / "deployment.yaml").write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("portal.deployment._stacks.POLL_SECONDS", 0.0)
    return Command(tmp_path / "var", tmp_path / "home")


def test_a_target_is_planned_applied_looked_at_and_taken_away(cloud: Cloud, helpdesk: Command) -> None:
    planned = helpdesk("deploy", "plan", "account_lookup")
    assert planned.code == 0, planned.err
    assert "account_lookup: the stack helpdesk-account-lookup is made" in planned.out
    assert "add Repository (AWS::ECR::Repository), at first" in planned.out
    assert cloud.stacks == {}

    cloud.images["helpdesk/account_lookup"] = {targets()["account_lookup"].content_tag(): f"sha256:{'0' * 64}"}
    applied = helpdesk("deploy", "apply", "account_lookup", "--json")
    assert applied.code == 0, applied.err
    assert applied.events[-1]["outputs"]["Url"] == "https://example/"

    assert "nothing to do" in helpdesk("deploy", "plan", "account_lookup").out
    status = helpdesk("deploy", "status", "account_lookup", "supervisor").out
    assert "account_lookup: UPDATE_COMPLETE, as these files make it" in status
    assert "supervisor: not deployed" in status

    refused = helpdesk("deploy", "destroy", "account_lookup")
    assert refused.code == 1
    assert "say --yes if you mean it" in refused.err
    assert cloud.stacks
    assert helpdesk("deploy", "destroy", "account_lookup", "--yes").out.endswith("account_lookup: deleted\n")
    assert cloud.stacks == {}


def test_what_cannot_be_deployed_is_said_in_one_line(cloud: Cloud, helpdesk: Command) -> None:
    unknown = helpdesk("deploy", "apply", "payroll")
    assert (unknown.code, unknown.out) == (1, "")
    assert "There is nothing called payroll to deploy: name some of platform, account_lookup" in unknown.err
    missing = helpdesk("deploy", "plan", "--file", "elsewhere.yaml")
    assert "elsewhere.yaml cannot be used: No such file" in missing.err
    cloud.number = "210987654321"
    other = helpdesk("deploy", "status", "--json")
    assert other.events[-1]["error"]["code"] == "deployment_refused"


def test_a_failure_says_why_and_ends_with_one(cloud: Cloud, helpdesk: Command) -> None:
    cloud.fails["Role"] = "it may not have this name"
    failed = helpdesk("deploy", "apply", "account_lookup")
    assert failed.code == 1
    assert "(ROLLBACK_COMPLETE): Role: it may not have this name" in failed.err
