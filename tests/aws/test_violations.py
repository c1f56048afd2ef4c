"""What botocore lets pass and a service does not is found, member by member."""

from typing import Any

import pytest
from botocore.model import ServiceModel

from local.aws import service_model, violations

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/helpdesk:1"
RUNTIME: dict[str, Any] = {
    "agentRuntimeName": "password_reset",
    "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": IMAGE}},
    "roleArn": "arn:aws:iam::123456789012:role/password_reset",
    "networkConfiguration": {"networkMode": "PUBLIC"},
}
"""The smallest that is right."""


@pytest.fixture(scope="module")
def control() -> ServiceModel:
    return service_model("bedrock-agentcore-control")


def broken(model: ServiceModel, change: dict[str, Any]) -> list[str]:
    return violations(model.operation_model("CreateAgentRuntime").input_shape, RUNTIME | change)


def test_what_is_right_breaks_nothing(control: ServiceModel) -> None:
    assert broken(control, {}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agentRuntimeName": "password-reset"}, "agentRuntimeName: does not match"),
        ({"agentRuntimeName": "p" * 49}, "agentRuntimeName: does not match"),
        ({"protocolConfiguration": {"serverProtocol": "A2B"}}, "protocolConfiguration.serverProtocol: none of MCP"),
        (
            {"requestHeaderConfiguration": {"requestHeaderAllowlist": [f"H{n}" for n in range(21)]}},
            "requestHeaderConfiguration.requestHeaderAllowlist: its number of items is 21, above 20",
        ),
        (
            {"requestHeaderConfiguration": {"requestHeaderAllowlist": ["A2A Version"]}},
            "requestHeaderConfiguration.requestHeaderAllowlist[0]: does not match",
        ),
        (
            {"lifecycleConfiguration": {"idleRuntimeSessionTimeout": 59}},
            "lifecycleConfiguration.idleRuntimeSessionTimeout is 59, below 60",
        ),
        ({"environmentVariables": {"A": "x" * 5001}}, "environmentVariables.A: its length is 5001, above 5000"),
        ({"environmentVariables": {f"A{n}": "" for n in range(51)}}, "its number of entries is 51, above 50"),
        ({"environmentVariables": {"A" * 101: ""}}, "its length is 101, above 100"),
        ({"roleArn": 5}, "roleArn: not of type string"),
        ({"agentRuntimeNme": "x"}, "agentRuntimeNme: no member of"),
        ({"agentRuntimeArtifact": {}}, "agentRuntimeArtifact: a union has one member, this has 0"),
        ({"networkConfiguration": {}}, "networkConfiguration.networkMode: required, and missing"),
        ({"lifecycleConfiguration": {"maxLifetime": True}}, "lifecycleConfiguration.maxLifetime: not of type"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(control: ServiceModel, change: dict[str, Any], said: str) -> None:
    (found,) = broken(control, change)
    assert said in found


def test_nothing_that_is_said_repeats_the_value(control: ServiceModel) -> None:
    """It may be a secret."""
    (found,) = broken(control, {"agentRuntimeName": "very-secret"})
    assert "very-secret" not in found


def test_a_required_member_that_is_missing_is_named(control: ServiceModel) -> None:
    shape = control.operation_model("CreateAgentRuntime").input_shape
    assert "roleArn: required, and missing" in violations(shape, {k: v for k, v in RUNTIME.items() if k != "roleArn"})


def test_two_members_of_a_union_are_one_too_many(control: ServiceModel) -> None:
    code = {"codeConfiguration": {"code": {}, "runtime": "PYTHON_3_13", "entryPoint": ["a"]}}
    found = broken(control, {"agentRuntimeArtifact": RUNTIME["agentRuntimeArtifact"] | code})
    assert "agentRuntimeArtifact: a union has one member, this has 2" in found


@pytest.mark.parametrize("service", ["bedrock-agentcore", "bedrock-agentcore-control", "ecr", "lambda", "ssm", "sts"])
def test_every_pattern_of_the_services_can_be_checked(service: str) -> None:
    """Java's classes of Unicode among them."""
    model = service_model(service)
    patterned = [model.shape_for(name) for name in model.shape_names if "pattern" in model.shape_for(name).metadata]
    assert patterned
    for shape in patterned:
        if shape.type_name == "string":
            violations(shape, "x")


def test_letters_of_any_script_fit_where_the_model_says_letters() -> None:
    model = service_model("lambda")
    assert violations(model.shape_for("TagValue"), "Müller 猫") == []
    assert violations(model.shape_for("TagValue"), "tab\there") != []
