"""The stand-in speaks each protocol as botocore does, and takes nothing that the service would not."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws import AwsEndpoint, AwsError
from shared.testing import LoopbackServer

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/helpdesk-docs-search/1"
CHANGE_SET = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/c1/1"
CREATED = datetime(2026, 11, 26, tzinfo=UTC)


def _describe(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    if asked.get("StackName") != "helpdesk-docs-search":
        raise AwsError("ValidationError", message="Stack does not exist")
    output = {"OutputKey": "RuntimeArn", "OutputValue": "arn:aws:x"}
    stack = {
        "StackName": "helpdesk-docs-search",
        "StackId": STACK,
        "CreationTime": CREATED,
        "StackStatus": "CREATE_COMPLETE",
        "DisableRollback": False,
        "Outputs": [output],
    }
    return {"Stacks": [stack]}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[AwsEndpoint, str]]:
    made = AwsEndpoint(
        {
            "cloudformation": {
                "DescribeStacks": _describe,
                "CreateChangeSet": lambda _: {"Id": CHANGE_SET, "StackId": STACK},
            },
            "ecr": {
                "DescribeRepositories": lambda asked: {
                    "repositories": [{"repositoryName": asked["repositoryNames"][0]}]
                }
            },
            "s3": {"HeadObject": lambda _: {"ETag": "etag"}, "PutObject": lambda _: {"ETag": "etag"}},
            "lambda": {"GetFunction": lambda asked: {"Configuration": {"FunctionName": asked["FunctionName"]}}},
        }
    )
    with LoopbackServer().start(made) as server:
        yield made, server.url.rstrip("/")


@pytest.fixture(autouse=True)
def _forget(endpoint: tuple[AwsEndpoint, str]) -> None:
    endpoint[0].calls.clear()
    endpoint[0].unreadable.clear()


def client(endpoint: tuple[AwsEndpoint, str], service: str, *, region: str = "us-east-1") -> Any:
    return boto3.session.Session(aws_access_key_id="made-up", aws_secret_access_key="made-up").client(
        service,
        endpoint_url=endpoint[1],
        region_name=region,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def test_query_requests_and_their_answers(endpoint: tuple[AwsEndpoint, str]) -> None:
    (stack,) = client(endpoint, "cloudformation").describe_stacks(StackName="helpdesk-docs-search")["Stacks"]
    assert stack["CreationTime"] == CREATED
    assert stack["Outputs"] == [{"OutputKey": "RuntimeArn", "OutputValue": "arn:aws:x"}]
    asked = {
        "StackName": "helpdesk-docs-search",
        "ChangeSetName": "c1",
        "TemplateBody": "{}",
        "Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "UsePreviousValue": True}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    client(endpoint, "cloudformation").create_change_set(**asked)
    assert endpoint[0].asked("CreateChangeSet") == [asked]
    assert endpoint[0].violations == []


def test_json_requests_and_their_answers(endpoint: tuple[AwsEndpoint, str]) -> None:
    answer = client(endpoint, "ecr").describe_repositories(repositoryNames=["helpdesk/docs_search"])
    assert answer["repositories"][0]["repositoryName"] == "helpdesk/docs_search"
    assert endpoint[0].violations == []


def test_rest_requests_with_their_paths_headers_and_bodies(endpoint: tuple[AwsEndpoint, str]) -> None:
    client(endpoint, "s3").put_object(
        Bucket="helpdesk-artifacts", Key="lambda/a b.zip", Body=b"zip", ContentType="application/zip"
    )
    (asked,) = endpoint[0].asked("PutObject")
    assert (asked["Bucket"], asked["Key"], asked["ContentType"]) == (
        "helpdesk-artifacts",
        "lambda/a b.zip",
        "application/zip",
    )
    assert client(endpoint, "s3").head_object(Bucket="helpdesk-artifacts", Key="x")["ETag"] == "etag"
    assert client(endpoint, "lambda").get_function(FunctionName="docs")["Configuration"]["FunctionName"] == "docs"
    assert endpoint[0].violations == []


def test_what_the_model_forbids_is_refused_and_told(endpoint: tuple[AwsEndpoint, str]) -> None:
    with pytest.raises(ClientError) as caught:
        client(endpoint, "ecr").describe_repositories(repositoryNames=["Not A Name"])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    change_set = {"StackName": "helpdesk", "ChangeSetName": "no_underscores", "TemplateBody": "{}"}
    with pytest.raises(ClientError) as caught:
        client(endpoint, "cloudformation").create_change_set(**change_set)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert ["does not match" in said for said in endpoint[0].violations] == [True, True]


def test_a_refusal_has_the_services_code(endpoint: tuple[AwsEndpoint, str]) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        client(endpoint, "cloudformation").describe_stacks(StackName="other")


def test_another_region_and_an_unknown_service_are_refused(endpoint: tuple[AwsEndpoint, str]) -> None:
    with pytest.raises(ClientError):
        client(endpoint, "ecr", region="eu-west-1").describe_repositories()
    with pytest.raises(ClientError):
        client(endpoint, "sts").get_caller_identity()
    assert len(endpoint[0].violations) == 2


def test_a_stand_in_that_answers_what_the_service_would_not_is_found_out() -> None:
    with pytest.raises(ValueError, match="has no NoSuchThing"):
        AwsEndpoint({"sts": {"NoSuchThing": lambda _: {}}})
