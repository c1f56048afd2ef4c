"""The stacks are what AWS takes, and let no one do more than they must."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from agents.account_lookup.settings import AccountLookupSettings
from agents.docs_search.gateway import HANDSHAKES, STATELESS
from agents.docs_search.settings import DocsSearchSettings
from agents.password_reset.settings import PasswordResetSettings
from agents.supervisor.settings import SupervisorSettings
from local.aws import service_model
from shared.a2a import DELEGATED_USER_HEADER, INVOKE_SCOPE
from shared.settings import AgentSettings
from tests.deploy._template import ACCOUNT, AGENTS, ROOT, TEMPLATES, Template, requests

SETTINGS: dict[str, type[AgentSettings]] = {
    "supervisor": SupervisorSettings,
    "account_lookup": AccountLookupSettings,
    "password_reset": PasswordResetSettings,
    "docs_search": DocsSearchSettings,
}
SUBAGENTS = AGENTS[1:]
FORMS = {
    "database_url": "postgresql://x",
    "audit_database_url": "postgresql://x",
    "card_keys": json.dumps({f"https://helpdesk.example/{name}": "unsigned" for name in SUBAGENTS}),
}
"""What secrets hold whose form is looked at."""
UNSCOPED = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    *(f"xray:{name}" for name in ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")),
}
"""Actions that IAM knows no resource for."""


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), *map(str, TEMPLATES.values())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_short_enough_to_be_handed_over_whole(name: str) -> None:
    assert TEMPLATES[name].stat().st_size <= 51_200


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize(("prefix", "region"), [("helpdesk", "us-east-1"), ("h" * 16, "ap-southeast-3")])
def test_every_resource_is_one_that_its_service_would_take(name: str, prefix: str, region: str) -> None:
    """Names, patterns, enums, maximums, by the services' models: cfn-lint misses a hyphen in a runtime's name."""
    template = Template.read(name, region=region, Prefix=prefix)
    wrong = [
        f"{logical}: {violation}"
        for logical, resource in template.resources.items()
        for request in requests(resource["Type"], resource["Properties"])
        for violation in request.violations()
    ]
    assert wrong == []


def test_a_hyphen_in_a_runtimes_name_would_be_found() -> None:
    properties = Template.read("docs_search").of_type("AWS::BedrockAgentCore::Runtime")["Runtime"]
    properties["AgentRuntimeName"] = "helpdesk-docs-search"
    (request,) = requests("AWS::BedrockAgentCore::Runtime", properties)
    assert ["agentRuntimeName: does not match" in wrong for wrong in request.violations()] == [True]


def mutations(shape: Shape | None, value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each text of some parameters that the service limits, with one that is beyond the limit."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, item in value.items():
            yield from mutations(shape.members.get(name), item, (*path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from mutations(shape.member, item, (*path, index))
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from mutations(shape.value, item, (*path, key))
    elif shape is not None and isinstance(value, str):
        if shape.metadata.get("enum"):
            yield path, f"{value}-x"
        elif "max" in shape.metadata:
            yield path, "x" * (shape.metadata["max"] + 1)


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    """A copy in which one thing is another."""
    if not path:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], to)
    return copy


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_value_that_is_no_choice_or_too_long_would_be_found_wherever_it_stands(name: str) -> None:
    tried = 0
    for resource in Template.read(name).resources.values():
        for request in requests(resource["Type"], resource["Properties"]):
            shape = service_model(request.service).operation_model(request.operation).input_shape
            for path, beyond in mutations(shape, request.parameters):
                wrong = replace(request, parameters=changed(request.parameters, path, beyond))
                assert wrong.violations(), (request.operation, path)
                tried += 1
    assert tried > 20


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_first_pass_makes_what_is_pushed_to_and_nothing_that_runs(name: str) -> None:
    first = Template.read(name, ImageUri="", SearchKey="")
    kinds = {resource["Type"] for resource in first.resources.values()}
    assert kinds & {"AWS::ECR::Repository", "AWS::S3::Bucket"}
    assert not kinds & {"AWS::BedrockAgentCore::Runtime", "AWS::BedrockAgentCore::Gateway", "AWS::Lambda::Function"}


@pytest.mark.parametrize("name", AGENTS)
def test_a_runtime_speaks_a2a_behind_an_authorizer_of_its_own_audience(name: str) -> None:
    (runtime,) = Template.read(name).of_type("AWS::BedrockAgentCore::Runtime").values()
    assert runtime["ProtocolConfiguration"] == "A2A"
    authorizer = runtime["AuthorizerConfiguration"]["CustomJWTAuthorizer"]
    assert authorizer["DiscoveryUrl"] == "https://tenant.auth0.com/.well-known/openid-configuration"
    assert authorizer["AllowedAudience"] == [f"https://helpdesk.example/{name}"]
    assert authorizer["AllowedScopes"] == ["helpdesk:ask" if name == "supervisor" else INVOKE_SCOPE]
    headers = runtime["RequestHeaderConfiguration"]["RequestHeaderAllowlist"]
    assert {"Authorization", "A2A-Version", "A2A-Extensions", "traceparent"} <= set(headers)
    assert (DELEGATED_USER_HEADER in headers) is (name in SUBAGENTS)
    assert not [header for header in headers if header.lower().startswith(("x-amz-", "x-amzn-", "workload"))]


@pytest.mark.parametrize("name", AGENTS)
def test_the_environment_is_what_the_agent_reads_and_holds_no_secret(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runtime,) = Template.read(name).of_type("AWS::BedrockAgentCore::Runtime").values()
    environment: dict[str, str] = dict(runtime["EnvironmentVariables"])
    assert environment.pop("AWS_DEFAULT_REGION") == "us-east-1", "for boto3"
    launched = {key: environment.pop(key) for key in list(environment) if key.startswith("OTEL_PYTHON_")}
    assert launched == {  # for the launcher of AWS's distribution; tests/telemetry runs an agent with just these
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
    }
    assert environment["AGENT_OBSERVABILITY_ENABLED"] == "true"
    fields = SETTINGS[name].model_fields
    secrets = {key for key, field in fields.items() if "SecretStr" in str(field.annotation)}
    for variable, value in environment.items():
        field = variable.lower()
        if field not in fields:
            field = field.removesuffix("_secret")
            assert variable.endswith("_SECRET")
            assert value.startswith(f"helpdesk/{name}/"), variable
            monkeypatch.setenv(field.upper(), FORMS.get(field, "in Secrets Manager"))
        else:
            monkeypatch.setenv(variable, value)
            assert field not in secrets, f"{variable} is a secret: name it by {variable}_SECRET"
        assert field in fields, f"{variable} is no setting of {name}"
    for variable in ("DATABASE_URL", "AUDIT_DATABASE_URL"):  # the form of the value is not what this is about
        monkeypatch.delenv(variable, raising=False)
    SETTINGS[name].load()


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("with_options", [True, False])
def test_the_secrets_that_are_looked_for_are_those_that_the_agent_reads(name: str, *, with_options: bool) -> None:
    options = {} if with_options else {"Database": "no", "AuditDatabase": "no", "FgaClientId": ""}
    template = Template.read(name, **options)
    (runtime,) = template.of_type("AWS::BedrockAgentCore::Runtime").values()
    read = {value for key, value in runtime["EnvironmentVariables"].items() if key.endswith("_SECRET") and value}
    looked_for = {
        f"helpdesk/{name}/{secret}"
        for secret, parameter in template.raw["Metadata"]["Secrets"].items()
        if not parameter or template.parameters[parameter] not in {"", "no"}
    }
    assert looked_for == read


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_function_or_runtime_is_told_a_secret_in_the_template(name: str) -> None:
    text = TEMPLATES[name].read_text(encoding="utf-8")
    assert not re.search(r"(?i)(client_?secret|password|api_?key|token):\s*[\"']?[A-Za-z0-9+/]{16,}", text)


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that is attached to a role."""
    for name, role in template.of_type("AWS::IAM::Role").items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_role_may_do_named_things_to_named_resources(name: str) -> None:
    for role, statement in statements(Template.read(name)):
        actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
        assert statement["Effect"] == "Allow"
        assert not [action for action in actions if "*" in action], role
        if resources == ["*"]:
            assert set(actions) <= UNSCOPED, role
        else:
            for resource in resources:
                _, _, service, region, account, rest = resource.split(":", 5)
                assert rest != "*", f"{role}: {resource}"
                assert service in {"s3", "iam"} or account == ACCOUNT or "foundation-model/" in rest, resource
                assert service in {"s3", "iam"} or region != "*" or "foundation-model/" in rest, resource


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_service_is_not_talked_into_a_role_by_another_account(name: str) -> None:
    for role, properties in Template.read(name).of_type("AWS::IAM::Role").items():
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        service = statement["Principal"]["Service"]
        if service == "lambda.amazonaws.com":  # gives a function its own role alone, and sends no source
            continue
        assert service == "bedrock-agentcore.amazonaws.com", role
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        source = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        assert source.startswith(f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:")


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_reaches_its_own_secrets_image_and_log_and_no_other_agents(name: str) -> None:
    other = {agent for agent in AGENTS if agent != name}
    for _, statement in statements(Template.read(name)):
        text = str(statement)
        assert not [agent for agent in other if f"/{agent}/" in text or f"_{agent}-" in text]
    wide = [s for _, s in statements(Template.read(name)) if "secretsmanager:GetSecretValue" in as_list(s["Action"])]
    assert [s["Resource"] for s in wide] == [
        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:helpdesk/{name}/*",
    ]


def test_only_the_supervisor_may_have_tokens_of_the_supervisors_clients() -> None:
    allowed = {
        name
        for name in TEMPLATES
        for _, statement in statements(Template.read(name))
        if "bedrock-agentcore:GetResourceOauth2Token" in as_list(statement["Action"])
    }
    assert allowed == {"supervisor"}


def test_nobody_signs_with_a_clients_key_but_through_agentcore_identity() -> None:
    for key in Template.read("supervisor").of_type("AWS::KMS::Key").values():
        for statement in key["KeyPolicy"]["Statement"]:
            if "kms:Sign" in as_list(statement["Action"]):
                conditions = statement["Condition"]["StringEquals"]
                assert conditions["kms:ViaService"] == "bedrock-agentcore-identity.us-east-1.amazonaws.com"
                assert conditions["aws:ResourceAccount"] == ACCOUNT


def test_the_subagents_stacks_differ_in_names_and_in_what_is_their_own() -> None:
    def common(name: str) -> str:
        text = TEMPLATES[name].read_text(encoding="utf-8")
        text = text.replace(name, "AGENT").replace(name.replace("_", "-"), "AGENT")
        text = text.replace('    approvals-client-key: ""\n', "")  # of the one that asks people for approval
        text = re.sub(r"  # Its own\n.*?\n\nConditions:", "\n\nConditions:", text, flags=re.DOTALL)
        text = re.sub(r" +# Its own\n.*?(?=      Tags:)", "", text, flags=re.DOTALL)
        return re.sub(r'(?m)^      Description: ".*"$', "", text)

    assert len({common(name) for name in SUBAGENTS}) == 1


def test_the_packages_are_public_to_nobody() -> None:
    (bucket,) = Template.read("platform").of_type("AWS::S3::Bucket").values()
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (policy,) = Template.read("platform").of_type("AWS::S3::BucketPolicy").values()
    assert [statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]] == ["Deny"]


def test_the_gateway_passes_on_the_signed_identity_and_the_trace_alone() -> None:
    (target,) = Template.read("platform").of_type("AWS::BedrockAgentCore::GatewayTarget").values()
    assert target["MetadataConfiguration"] == {
        "AllowedRequestHeaders": ["x-helpdesk-identity", "traceparent", "tracestate"]
    }
    (gateway,) = Template.read("platform").of_type("AWS::BedrockAgentCore::Gateway").values()
    (interceptor,) = gateway["InterceptorConfigurations"]
    assert interceptor["InterceptionPoints"] == ["REQUEST"]
    assert interceptor["InputConfiguration"] == {"PassRequestHeaders": True}


def test_the_gateway_offers_what_its_client_speaks_first() -> None:
    """A call of MCP 2026-07-28 stands for itself; with older versions it costs a handshake."""
    (gateway,) = Template.read("platform").of_type("AWS::BedrockAgentCore::Gateway").values()
    versions = gateway["ProtocolConfiguration"]["Mcp"]["SupportedVersions"]
    assert versions == [STATELESS, *HANDSHAKES[:2]]


def test_the_search_function_asks_a_model_only_where_one_is_chosen() -> None:
    for chosen in ("", "amazon.titan-embed-text-v2:0"):
        template = Template.read("platform", KnowledgeEmbeddings=chosen)
        actions = [
            action
            for role, statement in statements(template)
            if role == "SearchRole"
            for action in as_list(statement["Action"])
        ]
        environment = template.of_type("AWS::Lambda::Function")["Search"]["Environment"]["Variables"]
        assert ("bedrock:InvokeModel" in actions) == bool(chosen)
        assert environment.get("KNOWLEDGE_EMBEDDINGS", "") == chosen
