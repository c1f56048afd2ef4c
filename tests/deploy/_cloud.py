"""An AWS account on loopback in which stacks can be made: CloudFormation, ECR, S3, SSM and STS, as far as is needed.

What a stack makes is worked out from its template, and each resource held to its service's own model: one that AWS
would not take fails the stack, as there.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.aws import AwsEndpoint, AwsError
from tests.deploy._template import ACCOUNT, ATTRIBUTES, Template, parse, requests

REGION = "us-east-1"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
PASSWORD = "a password for twelve hours"
DIGESTS = "sha256:{:064x}"

RUNTIME: dict[str, Any] = {
    "agentRuntimeArn": ATTRIBUTES["AgentRuntimeArn"],
    "agentRuntimeName": "helpdesk_agent",
    "agentRuntimeId": ATTRIBUTES["AgentRuntimeId"],
    "agentRuntimeVersion": "1",
    "createdAt": NOW,
    "lastUpdatedAt": NOW,
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/helpdesk",
    "networkConfiguration": {"networkMode": "PUBLIC"},
    "status": "READY",
    "lifecycleConfiguration": {},
}

Asked = Mapping[str, Any]


@dataclass
class CloudStack:
    """A stack as CloudFormation keeps it."""

    name: str
    status: str = "REVIEW_IN_PROGRESS"
    template: Template | None = None
    settles_as: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        return self.template.resources if self.template else {}


@dataclass
class Cloud:
    """The account.

    Attributes:
        fails: Why a resource cannot be made, by its name in the template.
        images: Digests by repository and tag.
        objects: What is in buckets, by bucket and key.
        lacks: The secrets that are not there; every other is.
        runtime: How each runtime differs from one that is well.
    """

    number: str = ACCOUNT
    fails: dict[str, str] = field(default_factory=dict)
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: dict[str, dict[str, bytes]] = field(default_factory=dict)
    stacks: dict[str, CloudStack] = field(default_factory=dict)
    change_sets: dict[str, tuple[str, Template]] = field(default_factory=dict)
    runtime: dict[str, Any] = field(default_factory=dict)
    lacks: set[str] = field(default_factory=set)

    def endpoint(self) -> AwsEndpoint:
        """The services, in one region."""
        return AwsEndpoint(
            {
                "sts": {"GetCallerIdentity": lambda _: {"Account": self.number, "Arn": "arn:aws:iam::1:user/x"}},
                "cloudformation": {
                    "CreateChangeSet": self._create_change_set,
                    "DescribeChangeSet": self._describe_change_set,
                    "DeleteChangeSet": self._delete_change_set,
                    "ExecuteChangeSet": self._execute_change_set,
                    "DescribeStacks": self._describe_stacks,
                    "DescribeStackEvents": lambda asked: {"StackEvents": self.stacks[asked["StackName"]].events[::-1]},
                    "DeleteStack": self._delete_stack,
                },
                "ecr": {
                    "DescribeImages": self._describe_images,
                    "GetAuthorizationToken": lambda _: {
                        "authorizationData": [
                            {"authorizationToken": base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()}
                        ]
                    },
                },
                "s3": {
                    "HeadObject": self._head_object,
                    "PutObject": self._put_object,
                    "ListObjectsV2": lambda asked: {
                        "Contents": [{"Key": key} for key in self.objects[asked["Bucket"]]]
                    },
                    "DeleteObjects": self._delete_objects,
                },
                "bedrock-agentcore-control": {"GetAgentRuntime": lambda _: RUNTIME | self.runtime},
                "secretsmanager": {"DescribeSecret": self._describe_secret},
                "ssm": {"GetParameters": self._get_parameters},
            },
            region=REGION,
        )

    def resource(self, stack: str, name: str) -> dict[str, Any]:
        """The properties of a resource that is there."""
        found: dict[str, Any] = self.stacks[stack].resources[name]["Properties"]
        return found

    def push(self, image: str) -> None:
        """An image comes to the registry that its name says."""
        repository, _, tag = image.partition("/")[2].partition(":")
        images = self.images[repository]
        assert tag not in images, "the tags of the repository are immutable"
        images[tag] = DIGESTS.format(len(images) + 1)

    def _create_change_set(self, asked: Asked) -> Asked:
        name, kind = asked["StackName"], asked["ChangeSetType"]
        if (name in self.stacks) is not (kind == "UPDATE"):
            raise AwsError("ValidationError", message=f"Stack {name} is not there for {kind}")
        raw = parse(asked["TemplateBody"])
        given = {one["ParameterKey"]: one["ParameterValue"] for one in asked["Parameters"]}
        unknown = given.keys() - raw["Parameters"].keys()
        missing = [key for key, about in raw["Parameters"].items() if key not in given and "Default" not in about]
        if unknown or missing:
            raise AwsError("ValidationError", message=f"Parameters: unknown {unknown}, missing {missing}")
        wrong = [key for key, value in given.items() if not _fits(raw["Parameters"][key], value)]
        if wrong:
            raise AwsError("ValidationError", message=f"Parameter {wrong[0]} failed to satisfy constraint")
        stack = self.stacks.setdefault(name, CloudStack(name))
        identifier = f"arn:aws:cloudformation:{REGION}:{self.number}:changeSet/{asked['ChangeSetName']}/1"
        self.change_sets[identifier] = (name, Template(raw, given, REGION))
        return {"Id": identifier, "StackId": _id(stack)}

    def _describe_change_set(self, asked: Asked) -> Asked:
        name, template = self.change_sets[asked["ChangeSetName"]]
        changes = _changes(self.stacks[name].resources, template.resources)
        about = {"ChangeSetId": asked["ChangeSetName"], "StackName": name, "StackId": _id(self.stacks[name])}
        if not changes:
            reason = (
                "The submitted information didn't contain changes. Submit different information to create a change set."
            )
            return {**about, "Status": "FAILED", "StatusReason": reason, "Changes": []}
        half = len(changes) // 2
        page = changes[half:] if asked.get("NextToken") else changes[:half]
        more = {} if asked.get("NextToken") else {"NextToken": "second-half"}
        return {**about, "Status": "CREATE_COMPLETE", "Changes": page, **more}

    def _delete_change_set(self, asked: Asked) -> Asked:
        del self.change_sets[asked["ChangeSetName"]]
        return {}

    def _execute_change_set(self, asked: Asked) -> Asked:
        name, template = self.change_sets.pop(asked["ChangeSetName"])
        stack = self.stacks[name]
        kind = "CREATE" if stack.template is None else "UPDATE"
        stack.status = f"{kind}_IN_PROGRESS"
        self._event(stack, name, stack.status)
        for resource, reason in self._wrong(template):
            self._event(stack, resource, f"{kind}_FAILED", reason)
            stack.settles_as = "ROLLBACK_COMPLETE" if kind == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
        if stack.settles_as is None:
            stack.template = template
            stack.settles_as = f"{kind}_COMPLETE"
            for properties in template.of_type("AWS::ECR::Repository").values():
                self.images.setdefault(properties["RepositoryName"], {})
            for properties in template.of_type("AWS::S3::Bucket").values():
                self.objects.setdefault(properties["BucketName"], {})
        return {}

    def _wrong(self, template: Template) -> list[tuple[str, str]]:
        found = [(name, reason) for name, reason in self.fails.items() if name in template.resources]
        for name, resource in template.resources.items():
            for request in requests(resource["Type"], resource["Properties"]):
                found += [(name, wrong) for wrong in request.violations()]
        if found:
            found.append(("Other", "Resource creation cancelled"))
        return found

    def _describe_stacks(self, asked: Asked) -> Asked:
        stack = self.stacks.get(asked["StackName"])
        if stack is None:
            raise AwsError("ValidationError", message=f"Stack with id {asked['StackName']} does not exist")
        about = {
            "StackName": stack.name,
            "StackId": _id(stack),
            "CreationTime": NOW,
            "StackStatus": stack.status,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in (stack.template.parameters.items() if stack.template else ())
            ],
            "Outputs": _outputs(stack),
        }
        if stack.settles_as == "DELETED":
            del self.stacks[stack.name]
        elif stack.settles_as is not None:  # whoever looks once more finds it done
            stack.status, stack.settles_as = stack.settles_as, None
        return {"Stacks": [about]}

    def _delete_stack(self, asked: Asked) -> Asked:
        stack = self.stacks[asked["StackName"]]
        for properties in stack.template.of_type("AWS::S3::Bucket").values() if stack.template else ():
            if self.objects[properties["BucketName"]]:
                stack.status = "DELETE_FAILED"
                self._event(stack, "Packages", "DELETE_FAILED", "The bucket you tried to delete is not empty")
                return {}
        stack.status, stack.settles_as = "DELETE_IN_PROGRESS", "DELETED"
        return {}

    def _event(self, stack: CloudStack, resource: str, status: str, reason: str = "") -> None:
        stack.events.append(
            {
                "StackId": _id(stack),
                "EventId": f"event-{len(stack.events)}",
                "StackName": stack.name,
                "Timestamp": NOW,
                "LogicalResourceId": resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
        )

    def _describe_images(self, asked: Asked) -> Asked:
        images = self.images.get(asked["repositoryName"])
        if images is None:
            raise AwsError("RepositoryNotFoundException")
        digest = images.get(asked["imageIds"][0]["imageTag"])
        if digest is None:
            raise AwsError("ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": digest}]}

    def _describe_secret(self, asked: Asked) -> Asked:
        if asked["SecretId"] in self.lacks:
            raise AwsError("ResourceNotFoundException")
        return {"Name": asked["SecretId"]}

    def _head_object(self, asked: Asked) -> Asked:
        if asked["Key"] not in self.objects[asked["Bucket"]]:
            raise AwsError("404", status=404)
        return {"ETag": "etag"}

    def _put_object(self, asked: Asked) -> Asked:
        self.objects[asked["Bucket"]][asked["Key"]] = bytes(asked["Body"])
        return {"ETag": "etag"}

    def _delete_objects(self, asked: Asked) -> Asked:
        for one in asked["Delete"]["Objects"]:
            del self.objects[asked["Bucket"]][one["Key"]]
        return {}

    def _get_parameters(self, asked: Asked) -> Asked:
        known = {
            properties["Name"]: properties["Value"]
            for stack in self.stacks.values()
            if stack.template
            for properties in stack.template.of_type("AWS::SSM::Parameter").values()
        }
        found = [{"Name": name, "Value": known[name]} for name in asked["Names"] if name in known]
        invalid = [name for name in asked["Names"] if name not in known]
        return {"Parameters": found, **({"InvalidParameters": invalid} if invalid else {})}


def _fits(declared: Mapping[str, Any], value: str) -> bool:
    """What CloudFormation itself holds a parameter to."""
    pattern, values = declared.get("AllowedPattern"), declared.get("AllowedValues")
    return (
        (pattern is None or re.fullmatch(pattern, value) is not None)
        and (values is None or value in values)
        and len(value) >= declared.get("MinLength", 0)
    )


def _id(stack: CloudStack) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack.name}/1"


def _outputs(stack: CloudStack) -> list[dict[str, str]]:
    if stack.template is None or stack.status.endswith("IN_PROGRESS"):
        return []
    made = stack.template.resources
    found = []
    for key, about in stack.template.raw.get("Outputs", {}).items():
        wanted = about.get("Condition")
        if wanted is None or ("Runtime" in made or "Gateway" in made):
            found.append({"OutputKey": key, "OutputValue": str(stack.template.solve(about["Value"]))})
    return found


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    changes = []
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            action = "Add" if name not in before else "Remove" if name not in after else "Modify"
            about = {
                "Action": action,
                "LogicalResourceId": name,
                "ResourceType": (after.get(name) or before[name])["Type"],
                **({"Replacement": "False"} if action == "Modify" else {}),
            }
            changes.append({"Type": "Resource", "ResourceChange": about})
    return changes
