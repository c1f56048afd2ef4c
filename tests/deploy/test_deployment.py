"""`helpdesk deploy` over real botocore: each target alone, in any order, again and again to the same end."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from local.aws import AwsEndpoint
from portal._errors import CommandFailed
from portal.deployment import Account, Deployment, DeploymentFile, Target, chosen, targets
from shared.testing import LoopbackServer
from tests.deploy._cloud import PASSWORD, Cloud
from tests.deploy._template import ACCOUNT, ATTRIBUTES, PARAMETERS

SUBAGENTS = ("account_lookup", "docs_search", "password_reset")
FILE = DeploymentFile(
    account=ACCOUNT,
    region="us-east-1",
    parameters={
        name: value
        for name, value in PARAMETERS.items()
        if name not in {"ImageUri", "Subagents", "SearchKey", "InterceptorKey", "ToolsKey"}
    },
)


@dataclass
class Builder:
    """Builds images of nothing, and packages of a word, and keeps what it was asked for."""

    cloud: Cloud
    built: list[str] = field(default_factory=list)
    packed: str = "first"

    def build(self, *arguments: Any) -> None:
        if len(arguments) == 1:  # a folder: the packages
            for file in ("docs-search.zip", "docs-interceptor.zip", "tools.json"):
                (arguments[0] / file).write_text(f"{self.packed} {file}", encoding="utf-8")
            return
        dockerfile, context, image = arguments
        assert dockerfile.is_relative_to(context)
        self.built.append(image)

    def push(self, image: str, *, user: str, password: str) -> None:
        assert (user, password) == ("AWS", PASSWORD)
        assert image in self.built
        self.cloud.push(image)


@dataclass
class World:
    """An account, and somebody who deploys to it."""

    cloud: Cloud
    endpoint: AwsEndpoint
    builder: Builder
    account: Account
    said: list[str] = field(default_factory=list)

    def deployment(self, file: DeploymentFile = FILE) -> Deployment:
        self.account.check()
        return Deployment(
            file,
            self.account,
            images=self.builder,
            packages=self.builder,
            wait=lambda _: None,
            report=self.said.append,
        )


class Switchboard:
    """One address for the accounts of all tests: making AWS's clients takes longer than the tests."""

    def __init__(self) -> None:
        self.endpoint: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert self.endpoint is not None
            await self.endpoint(scope, receive, send)
            return
        for done in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": done})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Switchboard, Account]]:
    switchboard = Switchboard()
    with LoopbackServer().start(switchboard) as server, pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "made-up")
        environment.setenv("AWS_ENDPOINT_URL", server.url.rstrip("/"))
        environment.setenv("AWS_CONFIG_FILE", "/dev/null")
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield switchboard, Account(FILE.account, FILE.region)


@pytest.fixture
def world(served: tuple[Switchboard, Account]) -> Iterator[World]:
    switchboard, account = served
    cloud = Cloud()
    switchboard.endpoint = endpoint = cloud.endpoint()
    yield World(cloud, endpoint, Builder(cloud), account)
    assert endpoint.violations == []


def one(name: str) -> Target:
    return targets()[name]


def test_an_agent_is_deployed_alone_and_says_where_it_is(world: World) -> None:
    stack = world.deployment().apply(one("account_lookup"))
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.outputs["Url"] == "https://example/"
    runtime = world.cloud.resource("helpdesk-account-lookup", "Runtime")
    (tag,) = world.cloud.images["helpdesk/account_lookup"]
    assert tag == one("account_lookup").content_tag()
    image = runtime["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
    assert image.endswith(f"@{world.cloud.images['helpdesk/account_lookup'][tag]}")
    assert list(world.cloud.stacks) == ["helpdesk-account-lookup"]


def test_what_is_as_it_should_be_is_left_alone(world: World) -> None:
    world.deployment().apply(one("docs_search"))
    executed = len(world.endpoint.asked("ExecuteChangeSet"))
    world.said.clear()
    world.deployment().apply(one("docs_search"))
    assert len(world.endpoint.asked("ExecuteChangeSet")) == executed
    assert len(world.builder.built) == 1
    assert world.said == ["docs_search: the stack helpdesk-docs-search is as it should be"]
    assert world.cloud.change_sets == {}


@pytest.mark.parametrize(
    "order", [("supervisor", *SUBAGENTS), (*SUBAGENTS, "supervisor"), ("docs_search", "supervisor")]
)
def test_agents_come_in_any_order(world: World, order: tuple[str, ...]) -> None:
    deployment = world.deployment()
    for name in order:
        deployment.apply(one(name))
    if order[0] == "supervisor":
        assert "Runtime" not in world.cloud.stacks["helpdesk-supervisor"].resources
        assert "supervisor: a subagent is not there yet; apply it again once it is" in world.said
        assert deployment.status(one("supervisor")).note.startswith("the subagents have changed")
        deployment.apply(one("supervisor"))
    environment = world.cloud.resource("helpdesk-supervisor", "Runtime")["EnvironmentVariables"]
    audiences = [subagent["audience"] for subagent in json.loads(environment["SUBAGENTS"])]
    assert audiences == [f"https://helpdesk.example/{name}" for name in SUBAGENTS if name in order]


def test_an_agent_waits_for_the_gateway_that_it_calls(world: World) -> None:
    """What it is told comes from the platform's stack, once there is one."""
    parameters = {name: value for name, value in FILE.parameters.items() if name != "GatewayUrl"}
    deployment = world.deployment(FILE.model_copy(update={"parameters": parameters}))
    deployment.apply(one("docs_search"))
    assert "Runtime" not in world.cloud.stacks["helpdesk-docs-search"].resources
    assert "docs_search: the gateway is not there yet; apply it again once it is" in world.said
    assert world.builder.built == []
    deployment.apply(one("platform"))
    deployment.apply(one("docs_search"))
    environment = world.cloud.resource("helpdesk-docs-search", "Runtime")["EnvironmentVariables"]
    assert environment["GATEWAY_URL"] == ATTRIBUTES["GatewayUrl"]


def test_the_platform_comes_with_its_packages(world: World) -> None:
    stack = world.deployment().apply(one("platform"))
    (bucket,) = world.cloud.objects
    assert bucket == stack.outputs["PackagesBucket"]
    assert sorted(key.partition("/")[0] for key in world.cloud.objects[bucket]) == [
        "docs-interceptor",
        "docs-search",
        "tools",
    ]
    code = world.cloud.resource("helpdesk-platform", "Search")["Code"]
    assert world.cloud.objects[bucket][code["S3Key"]] == b"first docs-search.zip"
    puts = len(world.endpoint.asked("PutObject"))
    world.deployment().apply(one("platform"))
    assert len(world.endpoint.asked("PutObject")) == puts
    world.builder.packed = "second"
    world.deployment().apply(one("platform"))
    assert len(world.endpoint.asked("PutObject")) == puts + 3


def test_a_plan_changes_nothing_and_leaves_nothing(world: World) -> None:
    planned = world.deployment().plan(one("password_reset"))
    assert planned.is_new
    assert {change.resource for change in planned.changes} == {"Repository", "Role"}
    assert planned.to_build is not None
    assert world.cloud.stacks == {}
    assert world.builder.built == []
    assert world.endpoint.asked("ExecuteChangeSet") == []


def test_a_plan_says_what_a_new_value_would_change(world: World) -> None:
    world.deployment().apply(one("password_reset"))
    other = FILE.model_copy(update={"stacks": {"password_reset": {"DirectoryUrl": "https://other.okta.com/api/v1"}}})
    planned = world.deployment(other).plan(one("password_reset"))
    assert [(change.action, change.resource) for change in planned.changes] == [("Modify", "Runtime")]
    assert planned.to_build is None
    assert world.deployment().plan(one("password_reset")).changes == ()
    assert world.cloud.change_sets == {}


def test_a_failure_is_told_by_its_first_reason_and_mended_by_trying_again(world: World) -> None:
    world.cloud.fails["Role"] = "Role with name helpdesk-docs-search already exists"
    with pytest.raises(CommandFailed) as caught:
        world.deployment().apply(one("docs_search"))
    assert "Role: Role with name helpdesk-docs-search already exists" in caught.value.public_message
    assert "cancelled" not in caught.value.public_message
    assert world.cloud.stacks["helpdesk-docs-search"].status == "ROLLBACK_COMPLETE"
    world.cloud.fails.clear()
    assert world.deployment().apply(one("docs_search")).status == "UPDATE_COMPLETE"


def test_what_aws_would_not_take_fails_the_stack(world: World) -> None:
    long = f"https://docs.company.example/{'x' * 5000}/"
    wrong = FILE.model_copy(update={"stacks": {"docs_search": {"DocsBaseUrl": long}}})
    with pytest.raises(CommandFailed, match="Runtime: CreateAgentRuntime: environmentVariables"):
        world.deployment(wrong).apply(one("docs_search"))
    assert world.cloud.stacks["helpdesk-docs-search"].status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Runtime" not in world.cloud.stacks["helpdesk-docs-search"].resources


def test_a_value_that_a_template_does_not_allow_is_refused_before_anything_is_made(world: World) -> None:
    wrong = FILE.model_copy(update={"stacks": {"docs_search": {"Issuer": "https://tenant.auth0.com"}}})
    with pytest.raises(CommandFailed, match="Issuer"):
        world.deployment(wrong).apply(one("docs_search"))
    assert world.cloud.stacks == {}


def test_an_agent_that_would_not_start_for_want_of_a_secret_is_not_deployed(world: World) -> None:
    world.cloud.lacks = {"helpdesk/docs_search/api-client-key", "helpdesk/docs_search/database-url"}
    with pytest.raises(
        CommandFailed, match="docs_search/database-url, helpdesk/docs_search/api-client-key in"
    ) as caught:
        world.deployment().apply(one("docs_search"))
    assert "they are not there" in caught.value.public_message
    assert world.builder.built == []
    without = FILE.model_copy(update={"stacks": {"docs_search": {"Database": "no"}}})
    world.cloud.lacks.remove("helpdesk/docs_search/api-client-key")
    assert "Url" in world.deployment(without).apply(one("docs_search")).outputs


def test_a_stack_that_somebody_else_is_changing_is_let_be(world: World) -> None:
    world.deployment().apply(one("docs_search"))
    world.cloud.stacks["helpdesk-docs-search"].status = "UPDATE_IN_PROGRESS"
    with pytest.raises(CommandFailed, match="is being changed"):
        world.deployment().apply(one("docs_search"))


def test_the_status_says_what_runs_and_whether_it_is_current(world: World) -> None:
    deployment = world.deployment()
    assert deployment.status(one("docs_search")).status is None
    deployment.apply(one("docs_search"))
    standing = deployment.status(one("docs_search"))
    assert (standing.status, standing.is_current) == ("UPDATE_COMPLETE", True)
    world.cloud.images["helpdesk/docs_search"] = {"another": "sha256:0"}
    assert deployment.status(one("docs_search")).is_current is False


@pytest.mark.parametrize(
    ("runtime", "note"),
    [
        ({}, ""),
        ({"metadataConfiguration": {"requireMMDSV2": True}}, ""),
        ({"metadataConfiguration": {"requireMMDSV2": False}}, "require MMDSv2"),
        ({"status": "UPDATE_FAILED", "failureReason": "no such image"}, "its runtime is UPDATE_FAILED: no such image"),
    ],
)
def test_the_status_says_what_is_wrong_with_a_runtime(world: World, runtime: dict[str, Any], note: str) -> None:
    world.deployment().apply(one("docs_search"))
    world.cloud.runtime = runtime
    said = world.deployment().status(one("docs_search")).note
    assert note in said
    assert bool(note) is bool(said)


def test_destroying_leaves_nothing(world: World) -> None:
    deployment = world.deployment()
    for target in chosen(()):
        deployment.apply(target)
    for target in reversed(chosen(())):
        assert deployment.destroy(target)
    assert world.cloud.stacks == {}
    assert not deployment.destroy(one("platform"))


def test_another_account_is_not_touched(world: World) -> None:
    world.cloud.number = "210987654321"
    with pytest.raises(CommandFailed, match="account 210987654321's") as caught:
        world.deployment()
    assert caught.value.reason == "deployment_refused"
    assert [call.operation for call in world.endpoint.calls] == ["GetCallerIdentity"]


def test_a_missing_value_is_named_before_anything_is_made(world: World) -> None:
    poor = FILE.model_copy(update={"parameters": {"Issuer": "https://tenant.auth0.com/"}})
    with pytest.raises(CommandFailed, match="ApiBase") as caught:
        world.deployment(poor).apply(one("docs_search"))
    assert "DocsBaseUrl" in caught.value.public_message
    assert world.cloud.stacks == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("account: 1", "account"),
        ("account: '123456789012'\nregion: nowhere", "region"),
        ("account: '123456789012'\nregion: us-east-1\nsecret: x", "secret"),
        (": :", "not YAML"),
        ("[]", "the whole"),
    ],
)
def test_a_deployment_file_that_cannot_be_used_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "deployment.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandFailed, match=said):
        DeploymentFile.read(path)


def test_the_example_is_one_that_can_be_used() -> None:
    example = DeploymentFile.read(Path("deploy/aws/deployment.example.yaml"))
    for target in chosen(()):
        needed = {name for name, about in target.declared().items() if "Default" not in about}
        assert needed <= example.values(target).keys(), target.name


def test_the_same_files_make_the_same_tag_and_other_files_another() -> None:
    agents = [target for target in targets().values() if target.dockerfile is not None]
    tags = {target.name: target.content_tag() for target in agents}
    assert len(set(tags.values())) == len(agents)
    assert tags == {target.name: target.content_tag() for target in agents}
