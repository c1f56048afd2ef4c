"""The deployer of one subagent can deploy that one, and give its role no more than the boundary."""

import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.deploy._template import ACCOUNT, AGENTS, DEPLOYER, PARAMETERS, ROOT, Template, requests
from tests.deploy.test_templates import SUBAGENTS, UNSCOPED, as_list, statements

TEAM = f"arn:aws:iam::{ACCOUNT}:role/team"


def deployer(agent: str, **more: str) -> Template:
    return Template.read(
        "deployer",
        **{"Agent": agent, "Deployer": TEAM, "FoundationModel": PARAMETERS["FoundationModel"], "Prefix": "helpdesk"}
        | more,
    )


def boundary(agent: str) -> list[dict[str, Any]]:
    (policy,) = deployer(agent).of_type("AWS::IAM::ManagedPolicy").values()
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def pairs(given: Iterator[tuple[str, dict[str, Any]]]) -> set[tuple[str, str]]:
    """Each action with each resource that it is allowed on."""
    return {
        (action, resource)
        for _, statement in given
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(DEPLOYER)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("agent", SUBAGENTS)
def test_iam_would_take_what_it_makes(agent: str) -> None:
    for resource in deployer(agent).resources.values():
        for request in requests(resource["Type"], resource["Properties"]):
            assert request.violations() == []


@pytest.mark.parametrize("agent", SUBAGENTS)
def test_all_that_an_agents_role_may_do_is_within_the_boundary(agent: str) -> None:
    allowed = [
        (action, resource)
        for statement in boundary(agent)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    template = Template.read(agent, Boundary="yes")
    repository = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/helpdesk/{agent}"
    for action, resource in pairs(statements(template)):
        own = repository if ":repository/" in resource else resource
        assert any(action == act and fnmatchcase(own, most) for act, most in allowed), (action, resource)


@pytest.mark.parametrize("agent", SUBAGENTS)
def test_the_boundary_is_the_one_that_the_agents_stack_names(agent: str) -> None:
    (policy,) = deployer(agent).of_type("AWS::IAM::ManagedPolicy").values()
    (role,) = Template.read(agent, Boundary="yes").of_type("AWS::IAM::Role").values()
    assert role["PermissionsBoundary"].endswith(f":policy/{policy['ManagedPolicyName']}")
    (without,) = Template.read(agent).of_type("AWS::IAM::Role").values()
    assert "PermissionsBoundary" not in without


@pytest.mark.parametrize("agent", SUBAGENTS)
def test_a_deployer_reaches_no_other_agent(agent: str) -> None:
    dashed = {one: one.replace("_", "-") for one in AGENTS}
    for action, resource in pairs(statements(deployer(agent))):
        assert "*" not in action
        if resource == "*":
            assert action in UNSCOPED
            continue
        assert agent in resource or dashed[agent] in resource or resource.endswith("/gateway/url"), resource
        assert not any(other in resource or dashed[other] in resource for other in AGENTS if other != agent), resource


def test_a_deployer_makes_no_role_without_the_boundary_and_takes_it_off_none() -> None:
    for _, statement in statements(deployer("docs_search")):
        actions = set(as_list(statement["Action"]))
        if actions & {"iam:CreateRole", "iam:PutRolePolicy"}:
            assert statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
        assert not actions & {"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:CreatePolicyVersion"}
        if "iam:PassRole" in actions:
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"] == "bedrock-agentcore.amazonaws.com"


def test_only_the_team_takes_the_role_on() -> None:
    (role,) = deployer("docs_search").of_type("AWS::IAM::Role").values()
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": TEAM}
