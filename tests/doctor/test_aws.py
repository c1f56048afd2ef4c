"""Each mistake on AWS: how a call fails because of it, that it is found by its name alone, what mends it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local.tenant.testing import LocalTenant
from portal.doctor import CHECKS
from tests.deploy._template import ACCOUNT
from tests.doctor._agents import Desk
from tests.doctor._aws import ACCESS_TOKEN, BASE, Aws, Services, starts
from tests.portal.running import ROOT, Command

Change = Callable[[Aws], Any]


@pytest.fixture(scope="module")
def module_desk(first_run: Path) -> Any:
    """One tenant for all of them: no mistake here is the tenant's."""
    with LocalTenant(first_run) as tenant:
        yield Desk.beside(tenant)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    made = Services()
    with made.answering():
        yield made


@pytest.fixture
def aws(module_desk: Desk, services: Services) -> Aws:
    return Aws.beside(module_desk, services)


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        check: Its name.
        make: Makes it.
        mend: Does what the check says to do about it.
        where: What is found has this in it.
        try_it: A call that fails because of it, and says how.
        fails: How it is answered then.
        works: How it is answered where all is well.
    """

    check: str
    make: Change
    mend: Change
    where: str
    try_it: Callable[[Aws], Awaitable[str]] = Aws.calls_account_lookup
    fails: str = "401"
    works: str = "let in"


async def starts_there(aws: Aws) -> str:
    return "ok" if starts(aws) == "ok" else "does not start"


async def calls_what_the_supervisor_knows(aws: Aws) -> str:
    entries = json.loads(aws.runtimes["supervisor"]["environmentVariables"]["SUBAGENTS"])
    return await aws.calls_account_lookup(entries[0]["url"])


def known_url(aws: Aws, url: str) -> None:
    variables = aws.runtimes["supervisor"]["environmentVariables"]
    entries = json.loads(variables["SUBAGENTS"])
    entries[0]["url"] = url
    variables["SUBAGENTS"] = json.dumps(entries)


def provider(aws: Aws, name: str = "helpdesk-supervisor-m2m") -> dict[str, Any]:
    found: dict[str, Any] = aws.providers[name]["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
    return found


def headers(aws: Aws) -> list[str]:
    found: list[str] = aws.lookup["requestHeaderConfiguration"]["requestHeaderAllowlist"]
    return found


def client_id(aws: Aws, name: str) -> str:
    return aws.desk.tenant.client(name).client_id


def of_gateway(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.gateway["authorizerConfiguration"]["customJWTAuthorizer"]
    return found


MISTAKES = (
    Mistake(
        "aws/not-ready",
        make=lambda aws: aws.lookup.update(status="CREATE_FAILED", failureReason="The image is not for arm64"),
        mend=lambda aws: aws.lookup.update(status="READY"),
        where="CREATE_FAILED: The image is not for arm64",
        fails="424",
    ),
    Mistake(
        "aws/no-authorizer",
        make=lambda aws: aws.lookup.pop("authorizerConfiguration"),
        mend=lambda aws: aws.lookup.update(Aws.beside(aws.desk, aws.services).lookup),
        where="no customJWTAuthorizer",
        fails="403",
    ),
    Mistake(
        "aws/discovery-url",
        make=lambda aws: aws.authorizer.update(discoveryUrl="http://127.0.0.1:9/.well-known/openid-configuration"),
        mend=lambda aws: aws.authorizer.update(discoveryUrl=aws.desk.tenant.discovery_url),
        where="http://127.0.0.1:9/",
    ),
    Mistake(
        "aws/allowed-audience",
        make=lambda aws: aws.authorizer.update(allowedAudience=["https://helpdesk.example/account_lookup/"]),
        mend=lambda aws: aws.authorizer.update(allowedAudience=["https://helpdesk.example/account_lookup"]),
        where="https://helpdesk.example/account_lookup/, where the agent's AUDIENCE is",
    ),
    Mistake(
        "aws/allowed-clients",
        make=lambda aws: aws.authorizer.update(allowedClients=[client_id(aws, "Supervisor API client")]),
        mend=lambda aws: aws.authorizer.update(allowedClients=[client_id(aws, "Supervisor")]),
        where="allowedClients of the runtime of account_lookup",
    ),
    Mistake(
        "aws/allowed-scopes",
        make=lambda aws: aws.authorizer.update(allowedScopes=["account:read"]),
        mend=lambda aws: aws.authorizer.update(allowedScopes=["agent:invoke"]),
        where="account:read",
        fails="403",
    ),
    Mistake(
        "aws/header-allowlist",
        make=lambda aws: headers(aws).remove("Authorization"),
        mend=lambda aws: headers(aws).append("Authorization"),
        where="without Authorization",
        fails="401 of the agent",
    ),
    Mistake(
        "aws/header-allowlist",
        make=lambda aws: headers(aws).remove("Delegated-User-Token"),
        mend=lambda aws: headers(aws).append("Delegated-User-Token"),
        where="without Delegated-User-Token",
        fails="401 of the agent",
    ),
    Mistake(
        "aws/header-allowlist",
        make=lambda aws: headers(aws).append(
            f"X-Amzn-Bedrock-AgentCore-Runtime-Custom-{headers(aws).pop(headers(aws).index('Delegated-User-Token'))}"
        ),
        mend=lambda aws: headers(aws).append("Delegated-User-Token"),
        where="without Delegated-User-Token",
        fails="401 of the agent",
    ),
    Mistake(
        "aws/protocol",
        make=lambda aws: aws.lookup["protocolConfiguration"].update(serverProtocol="HTTP"),
        mend=lambda aws: aws.lookup["protocolConfiguration"].update(serverProtocol="A2A"),
        where="HTTP",
        fails="424",
    ),
    Mistake(
        "aws/secret-missing",
        make=lambda aws: aws.lacks.add("helpdesk/account_lookup/api-client-key"),
        mend=lambda aws: aws.lacks.clear(),
        where="helpdesk/account_lookup/api-client-key is not there",
        try_it=starts_there,
        fails="does not start",
        works="ok",
    ),
    Mistake(
        "aws/region-missing",
        make=lambda aws: aws.lookup["environmentVariables"].pop("AWS_DEFAULT_REGION"),
        mend=lambda aws: aws.lookup["environmentVariables"].update(AWS_DEFAULT_REGION="us-east-1"),
        where="environmentVariables of the runtime of account_lookup",
        try_it=starts_there,
        fails="does not start",
        works="ok",
    ),
    Mistake(
        "aws/subagent-url",
        make=lambda aws: known_url(aws, f"{BASE}/runtimes/gone/invocations/"),
        mend=lambda aws: known_url(aws, aws.outputs["helpdesk-account-lookup"]["Url"]),
        where="/runtimes/gone/invocations/",
        try_it=calls_what_the_supervisor_knows,
        fails="404",
    ),
    Mistake(
        "aws/gateway-authorizer",
        make=lambda aws: of_gateway(aws).update(allowedClients=[client_id(aws, "Supervisor API client")]),
        mend=lambda aws: of_gateway(aws).update(allowedClients=[client_id(aws, "Docs search API client")]),
        where="allowedClients of the gateway",
        try_it=Aws.docs_search_reaches_the_gateway,
    ),
    Mistake(
        "aws/gateway-authorizer",
        make=lambda aws: of_gateway(aws).update(allowedAudience=["https://helpdesk.example/docs_search"]),
        mend=lambda aws: of_gateway(aws).update(allowedAudience=["https://helpdesk.example/gateway"]),
        where="allowedAudience of the gateway",
        try_it=Aws.docs_search_reaches_the_gateway,
    ),
    Mistake(
        "aws/provider-client",
        make=lambda aws: provider(aws).update(clientId=client_id(aws, "Supervisor API client")),
        mend=lambda aws: provider(aws).update(clientId=client_id(aws, "Supervisor")),
        where="AGENTCORE_M2M_PROVIDER of supervisor: its client is",
        try_it=partial(Aws.identity_gives, setting="AGENTCORE_M2M_PROVIDER"),
        fails="403 unauthorized_client",
        works="ok",
    ),
    Mistake(
        "aws/assertion-audience",
        make=lambda aws: provider(aws)["privateKeyJwtConfig"].pop("additionalPayloadClaims"),
        mend=lambda aws: provider(aws)["privateKeyJwtConfig"].update(
            additionalPayloadClaims={"aud": aws.desk.tenant.issuer}
        ),
        where="aud is the token endpoint",
        try_it=partial(Aws.identity_gives, setting="AGENTCORE_M2M_PROVIDER"),
        fails="401 invalid_client",
        works="ok",
    ),
    Mistake(
        "aws/exchange-off",
        make=lambda aws: provider(aws, "helpdesk-supervisor-exchange").pop("onBehalfOfTokenExchangeConfig"),
        mend=lambda aws: provider(aws, "helpdesk-supervisor-exchange").update(
            onBehalfOfTokenExchangeConfig={
                "grantType": "TOKEN_EXCHANGE",
                "tokenExchangeGrantTypeConfig": {"actorTokenContent": "NONE"},
            }
        ),
        where="its grant type is none",
        try_it=partial(Aws.identity_gives, setting="AGENTCORE_EXCHANGE_PROVIDER"),
        fails="ValidationException",
        works="ok",
    ),
    Mistake(
        "aws/subject-token-type",
        make=lambda aws: aws.runtimes["supervisor"]["environmentVariables"].pop("AGENTCORE_EXCHANGE_PARAMETERS"),
        mend=lambda aws: aws.runtimes["supervisor"]["environmentVariables"].update(
            AGENTCORE_EXCHANGE_PARAMETERS=json.dumps({"subject_token_type": ACCESS_TOKEN})
        ),
        where="subject_token_type is nothing",
        try_it=partial(Aws.identity_gives, setting="AGENTCORE_EXCHANGE_PROVIDER"),
        fails="400 invalid_request",
        works="ok",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.check)
async def test_a_mistake_fails_is_found_and_is_mended(mistake: Mistake, aws: Aws) -> None:
    mistake.make(aws)
    assert await mistake.try_it(aws) == mistake.fails
    found = await aws.found()
    assert list(found) == [mistake.check]
    assert any(mistake.where in each for each in found[mistake.check]), found
    mistake.mend(aws)
    assert await aws.found() == {}
    assert await mistake.try_it(aws) == mistake.works


async def test_a_gateway_whose_interceptor_signs_for_nobody(aws: Aws) -> None:
    """That the search tool then answers nobody: tests/gateway, without an interceptor that signs."""
    (interceptor,) = aws.gateway["interceptorConfigurations"]
    interceptor["inputConfiguration"]["passRequestHeaders"] = False
    assert list(await aws.found()) == ["aws/gateway-interceptor"]
    interceptor["inputConfiguration"]["passRequestHeaders"] = True
    assert await aws.found() == {}
    del aws.gateway["interceptorConfigurations"]
    assert list(await aws.found()) == ["aws/gateway-interceptor"]


async def test_a_list_without_the_version_of_the_protocol_is_no_mistake(aws: Aws) -> None:
    """AgentCore strips A2A-Version unless it is listed; the agents tell by the method which version is spoken."""
    headers(aws).remove("A2A-Version")
    assert await aws.calls_account_lookup() == "let in"
    assert await aws.found() == {}


async def test_what_the_templates_make_has_no_mistake(aws: Aws) -> None:
    assert await aws.found() == {}
    assert await aws.calls_account_lookup() == "let in"


def test_every_check_of_aws_is_among_them() -> None:
    of_aws = {check.name for check in CHECKS if check.family == "aws"}
    assert of_aws - {mistake.check for mistake in MISTAKES} == {"aws/gateway-interceptor"}


class TestTheCommand:
    """Over the deployment file."""

    @pytest.fixture
    def helpdesk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
        example = (ROOT / "deploy/aws/deployment.example.yaml").read_text(encoding="utf-8")
        (tmp_path / "deployment.yaml").write_text(example, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return Command(tmp_path / "var", tmp_path / "home")

    def test_what_runs_is_looked_at_with_its_settings(self, aws: Aws, helpdesk: Command) -> None:
        aws.lookup["environmentVariables"]["ALLOWED_CALLERS"] = "[]"
        aws.services.aws = aws
        aws.services.endpoint.calls.clear()
        done = helpdesk("doctor", "aws", "settings", "--deployment", "deployment.yaml", "--json")
        (event,) = done.events
        assert done.code == 1
        assert {finding["check"] for finding in event["findings"]} == {"settings/allowed-callers"}
        assert [skipped["check"] for skipped in event["skipped"]] == ["settings/does-not-start"]
        asked = {call.operation for call in aws.services.endpoint.calls}
        assert asked == {
            *("GetCallerIdentity", "DescribeStacks", "DescribeSecret", "GetAgentRuntime", "GetGateway"),
            "GetOauth2CredentialProvider",
        }, "nothing that changes anything, and no secret's value"

    def test_what_is_not_deployed_is_said(self, aws: Aws, helpdesk: Command) -> None:
        aws.outputs.clear()
        aws.services.aws = aws
        done = helpdesk("doctor", "aws", "--deployment", "deployment.yaml")
        assert done.code == 0
        assert "the platform is not deployed" in done.out

    def test_another_accounts_credentials_are_refused(self, aws: Aws, helpdesk: Command) -> None:
        other = Path("deployment.yaml").read_text(encoding="utf-8").replace(ACCOUNT, "210987654321")
        Path("deployment.yaml").write_text(other, encoding="utf-8")
        aws.services.aws = aws
        done = helpdesk("doctor", "aws", "--deployment", "deployment.yaml")
        assert done.code == 1
        assert "These credentials are account" in done.err

    def test_two_kinds_of_settings_are_one_too_many(self, helpdesk: Command) -> None:
        done = helpdesk("doctor", "--deployment", "deployment.yaml", "--settings", ".")
        assert done.code == 2
        assert "give one of them" in done.err
