"""A CloudFormation template with its functions worked out, and each resource as the call that makes it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.aws import service_model, violations

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")
TEMPLATES = {name: ROOT / "agents" / name / "stack.yaml" for name in AGENTS} | {
    "platform": ROOT / "deploy" / "aws" / "platform.yaml"
}
DEPLOYER = ROOT / "deploy" / "aws" / "deployer.yaml"
PARAMETERS = {
    "ImageUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/helpdesk/agent@sha256:{'0' * 64}",
    "Issuer": "https://tenant.auth0.com/",
    "ApiBase": "https://helpdesk.example",
    "SupervisorClientId": "a" * 32,
    "SupervisorApiClientId": "b" * 32,
    "DocsSearchApiClientId": "c" * 32,
    "AccountLookupApiClientId": "e" * 32,
    "PasswordResetApiClientId": "f" * 32,
    "ApprovalsClientId": "1" * 32,
    "ModelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "FoundationModel": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "FgaApiUrl": "https://api.eu1.fga.dev",
    "FgaStoreId": "01JABCDEFGHJKMNPQRSTVWXYZ0",
    "FgaModelId": "01JABCDEFGHJKMNPQRSTVWXYZ1",
    "FgaClientId": "d" * 32,
    "DirectoryUrl": "https://company.okta.com/api/v1",
    "DocsBaseUrl": "https://docs.company.example/",
    "GatewayUrl": "https://helpdesk-docs-0123456789.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
    "Database": "yes",
    "AuditDatabase": "yes",
    "SubnetIds": "subnet-0123456789abcdef0",
    "SecurityGroupIds": "sg-0123456789abcdef0",
    "Subagents": json.dumps(
        [{"url": "https://x.example/invocations/", "audience": "https://helpdesk.example/docs_search"}]
    ),
    "KnowledgeEmbeddings": "amazon.titan-embed-text-v2:0",
    "SearchKey": "docs-search/0123.zip",
    "InterceptorKey": "docs-interceptor/0123.zip",
    "ToolsKey": "tools/0123.json",
}
ATTRIBUTES = {
    "AgentRuntimeId": "helpdesk_agent-AbCdEfGhIj",
    "AgentRuntimeArn": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/helpdesk_agent-AbCdEfGhIj",
    "AgentRuntimeVersion": "1",
    "WorkloadIdentityArn": (
        f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:workload-identity-directory/default/workload-identity/helpdesk"
    ),
    "CredentialProviderArn": (
        f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:token-vault/default/oauth2credentialprovider/helpdesk"
    ),
    "GatewayIdentifier": "helpdesk-docs-0123456789",
    "GatewayUrl": "https://helpdesk-docs-0123456789.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
    "RepositoryUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/helpdesk/agent",
    "Value": "https://example/",
}
ARNS = {
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/helpdesk",
    "AWS::KMS::Key": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000",
    "AWS::Lambda::Function": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:helpdesk",
    "AWS::ECR::Repository": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/helpdesk/agent",
    "AWS::S3::Bucket": f"arn:aws:s3:::helpdesk-packages-{ACCOUNT}-us-east-1",
    "AWS::Logs::LogGroup": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:helpdesk:*",
}
NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """Reads `!Sub x` as `{"Fn::Sub": x}`."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def parse(text: str) -> dict[str, Any]:
    """A template as it stands, its functions as objects."""
    parsed: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a SafeLoader
    return parsed


@dataclass
class Template:
    """A template, with parameters.

    Attributes:
        raw: As it stands.
        parameters: Those that are given; the others have their defaults.
        region: Where it is deployed.
    """

    raw: dict[str, Any]
    parameters: Mapping[str, str]
    region: str = "us-east-1"

    @classmethod
    def read(cls, name: str, *, region: str = "us-east-1", **parameters: str) -> "Template":
        """One of the project's templates."""
        raw = parse((TEMPLATES | {"deployer": DEPLOYER})[name].read_text(encoding="utf-8"))
        known = {key: value for key, value in (PARAMETERS | parameters).items() if key in raw["Parameters"]}
        return cls(raw, known, region)

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources that are made, with their properties worked out."""
        return {
            name: {**resource, "Properties": self.solve(resource.get("Properties", {}))}
            for name, resource in self.raw["Resources"].items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a type."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    def solve(self, value: Any) -> Any:
        """A value without functions."""
        if isinstance(value, list):
            return [solved for item in value if (solved := self.solve(item)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(str(name), argument)
        return {key: solved for key, item in value.items() if (solved := self.solve(item)) is not NO_VALUE}

    def _call(self, name: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._reference,
            "Fn::GetAtt": lambda a: self._attribute(*a),
            "Fn::Sub": self._substituted,
            "Fn::Split": lambda a: str(self.solve(a[1])).split(a[0]),
            "Fn::Join": lambda a: a[0].join(self.solve(a[1])),
            "Fn::If": lambda a: self.solve(a[1] if self._condition(a[0]) else a[2]),
            "Fn::Equals": lambda a: self.solve(a[0]) == self.solve(a[1]),
            "Fn::Not": lambda a: not self.solve(a[0]),
            "Fn::And": lambda a: all(self.solve(item) for item in a),
        }
        return functions[name](argument)

    def _substituted(self, argument: str | list[Any]) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        solved = {name: str(self.solve(value)) for name, value in own.items()}
        return re.sub(r"\$\{([^}]+)\}", lambda found: solved.get(found[1]) or self._named(found[1]), text)

    def _condition(self, name: str) -> bool:
        return bool(self.solve(self.raw["Conditions"][name]))

    def _named(self, name: str) -> str:
        return str(self._attribute(*name.split(".", 1)) if "." in name else self._reference(name))

    def _reference(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.raw["Parameters"]:
            declared = self.raw["Parameters"][name]
            given = self.parameters.get(name, declared.get("Default"))
            assert given is not None, f"{name} has no value"
            return given.split(",") if declared["Type"] == "CommaDelimitedList" else given
        kind = self.raw["Resources"][name]["Type"]
        if kind == "AWS::IAM::ManagedPolicy":
            return f"arn:aws:iam::{ACCOUNT}:policy/helpdesk"
        if kind == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:helpdesk-AbCdEf"
        names = ("Name", "BucketName", "LogGroupName", "RepositoryName", "FunctionName", "RoleName")
        properties = self.raw["Resources"][name]["Properties"]
        named = next((self.solve(properties[key]) for key in names if key in properties), "id")
        return str(named)

    def _attribute(self, resource: str, attribute: str) -> str:
        if attribute == "Arn":
            return ARNS[self.raw["Resources"][resource]["Type"]]
        return ATTRIBUTES[attribute]


@dataclass(frozen=True)
class Request:
    """A call of an API that a resource stands for."""

    service: str
    operation: str
    parameters: Mapping[str, Any]

    def violations(self) -> list[str]:
        """What the service would find wrong."""
        shape = service_model(self.service).operation_model(self.operation).input_shape
        return [f"{self.operation}: {wrong}" for wrong in violations(shape, dict(self.parameters))]


CONTROL = "bedrock-agentcore-control"


def requests(kind: str, properties: dict[str, Any]) -> Iterator[Request]:
    """The calls that CloudFormation makes of a resource, as far as the properties say."""
    make = _MAKERS.get(kind)
    if make is None:
        raise ValueError(f"{kind}: say here which call makes it")
    for service, operation, given in make(properties):
        shape = service_model(service).operation_model(operation).input_shape
        yield Request(service, operation, _as_api(shape, given))


_Calls = list[tuple[str, str, dict[str, Any]]]


def _without(properties: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names} | more


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


_MAKERS: dict[str, Callable[[dict[str, Any]], _Calls]] = {
    "AWS::BedrockAgentCore::Runtime": lambda p: [
        (CONTROL, "CreateAgentRuntime", p | {"ProtocolConfiguration": {"ServerProtocol": p["ProtocolConfiguration"]}})
    ],
    "AWS::BedrockAgentCore::WorkloadIdentity": lambda p: [(CONTROL, "CreateWorkloadIdentity", p | {"Tags": _tags(p)})],
    "AWS::BedrockAgentCore::OAuth2CredentialProvider": lambda p: [
        (CONTROL, "CreateOauth2CredentialProvider", p | {"Tags": _tags(p)})
    ],
    "AWS::BedrockAgentCore::Gateway": lambda p: [(CONTROL, "CreateGateway", p)],
    "AWS::BedrockAgentCore::GatewayTarget": lambda p: [(CONTROL, "CreateGatewayTarget", p)],
    "AWS::ECR::Repository": lambda p: [
        ("ecr", "CreateRepository", _without(p, "LifecyclePolicy", "EmptyOnDelete")),
        (
            "ecr",
            "PutLifecyclePolicy",
            {
                "RepositoryName": p["RepositoryName"],
                "LifecyclePolicyText": json.dumps(json.loads(p["LifecyclePolicy"]["LifecyclePolicyText"])),
            },
        ),
    ],
    "AWS::IAM::ManagedPolicy": lambda p: [
        (
            "iam",
            "CreatePolicy",
            {
                "PolicyName": p["ManagedPolicyName"],
                "Description": p["Description"],
                "PolicyDocument": json.dumps(p["PolicyDocument"]),
            },
        )
    ],
    "AWS::IAM::Role": lambda p: [
        (
            "iam",
            "CreateRole",
            _without(p, "Policies", AssumeRolePolicyDocument=json.dumps(p["AssumeRolePolicyDocument"])),
        ),
        *[
            (
                "iam",
                "PutRolePolicy",
                {
                    "RoleName": p["RoleName"],
                    "PolicyName": policy["PolicyName"],
                    "PolicyDocument": json.dumps(policy["PolicyDocument"]),
                },
            )
            for policy in p["Policies"]
        ],
    ],
    "AWS::KMS::Key": lambda p: [
        ("kms", "CreateKey", _without(p, "KeyPolicy", "PendingWindowInDays", Policy=json.dumps(p["KeyPolicy"]))),
        ("kms", "ScheduleKeyDeletion", {"KeyId": "x", "PendingWindowInDays": p["PendingWindowInDays"]}),
    ],
    "AWS::Lambda::Function": lambda p: [("lambda", "CreateFunction", p)],
    "AWS::Logs::LogGroup": lambda p: [
        ("logs", "CreateLogGroup", {"LogGroupName": p["LogGroupName"]}),
        ("logs", "PutRetentionPolicy", p),
    ],
    "AWS::S3::Bucket": lambda p: [
        ("s3", "CreateBucket", {"Bucket": p["BucketName"]}),
        (
            "s3",
            "PutPublicAccessBlock",
            {"Bucket": p["BucketName"], "PublicAccessBlockConfiguration": p["PublicAccessBlockConfiguration"]},
        ),
    ],
    "AWS::S3::BucketPolicy": lambda p: [
        ("s3", "PutBucketPolicy", {"Bucket": p["Bucket"], "Policy": json.dumps(p["PolicyDocument"])})
    ],
    "AWS::SSM::Parameter": lambda p: [("ssm", "PutParameter", p)],
    "AWS::SecretsManager::Secret": lambda p: [
        ("secretsmanager", "CreateSecret", _without(p, "GenerateSecretString")),
        ("secretsmanager", "GetRandomPassword", p["GenerateSecretString"]),
    ],
}


def _as_api(shape: Shape | None, value: Any) -> Any:
    """CloudFormation's names as the API spells them: the same but for capitals."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        return {
            names.get(key.lower(), key): _as_api(shape.members.get(names.get(key.lower(), "")), item)
            for key, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_as_api(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _as_api(shape.value, item) for key, item in value.items()}
    return value
