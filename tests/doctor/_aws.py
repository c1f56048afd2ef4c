"""A help desk on AWS as its templates make it, and what becomes of a call there, by what is configured.

What is configured can be changed before it is looked at. The services answer over real botocore, held to their models.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from agents.account_lookup.app import create_app as create_account_lookup
from agents.account_lookup.settings import AccountLookupSettings
from local.aws import AwsEndpoint, AwsError, Handler
from local.gateway._authorizer import Authorizer, CustomJWTAuthorizer
from local.gateway._refusals import Refusal
from local.tenant.testing import SUPERVISOR, SUPERVISOR_API_CLIENT
from portal.deployment import Account, DeploymentFile
from portal.doctor import CHECKS, Missing, Sources, diagnose
from portal.doctor._account import look_at_cloud
from portal.doctor._cloud import Cloud, Gateway, Providers, Runtimes
from shared.errors import ConfigurationError, UpstreamUnavailable
from shared.http import create_http_client
from shared.identity import JwksCache
from shared.settings import Settings
from shared.settings import _secrets as secrets_of_aws
from shared.testing import LoopbackServer
from tests.deploy._template import ACCOUNT, AGENTS, Template, requests
from tests.doctor._agents import TASK_NOT_FOUND, Desk

REGION = "us-east-1"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
GATEWAY_ID = "helpdesk-docs-0123456789"
BASE = "https://bedrock-agentcore.us-east-1.amazonaws.com"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"  # what AgentCore calls a subject token unless it is told otherwise
Asked = dict[str, Any]


class Services:
    """AWS on loopback, for whichever account a test has made last; clients are made once, which takes a second."""

    def __init__(self) -> None:
        self.aws: Aws | None = None
        self.endpoint = AwsEndpoint(
            {
                "sts": {"GetCallerIdentity": lambda _: {"Account": ACCOUNT, "Arn": "arn:aws:iam::1:user/x"}},
                "cloudformation": {"DescribeStacks": self._of_now("stack")},
                "secretsmanager": {
                    "DescribeSecret": self._of_now("secret"),
                    "GetSecretValue": lambda asked: self._now.secret(asked) | {"SecretString": "a key"},
                },
                "bedrock-agentcore-control": {
                    "GetAgentRuntime": self._of_now("runtime"),
                    "GetGateway": lambda _: self._now.gateway,
                    "GetOauth2CredentialProvider": self._of_now("provider"),
                },
            },
            region=REGION,
        )

    @cached_property
    def account(self) -> Account:
        """The account as whoever looks at it has it."""
        return Account(ACCOUNT, REGION)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """On loopback, where every AWS client of this process finds them."""
        with LoopbackServer().start(self.endpoint) as server, pytest.MonkeyPatch.context() as patch:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "made-up")
            patch.setenv("AWS_ENDPOINT_URL", server.url.rstrip("/"))
            patch.setenv("AWS_CONFIG_FILE", "/dev/null")
            patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            yield
        assert self.endpoint.violations == []

    def _of_now(self, name: str) -> Handler:
        """What the account answers that a test has made last, which nobody knows yet."""

        def answer(asked: Asked) -> Asked:
            answered: Asked = getattr(self._now, name)(asked)
            return answered

        return answer

    @property
    def _now(self) -> "Aws":
        assert self.aws is not None
        return self.aws


@dataclass
class Aws:
    """One account.

    Attributes:
        desk: The same agents beside the tenant, for what an agent itself answers.
        services: Where it answers.
        runtimes: What `GetAgentRuntime` says, by the agent's name.
        gateway: What `GetGateway` says.
        providers: What `GetOauth2CredentialProvider` says, by name.
        lacks: The secrets that are not there.
        outputs: What each stack says of itself.
    """

    desk: Desk
    services: "Services"
    runtimes: dict[str, Asked] = field(default_factory=dict)
    gateway: Asked = field(default_factory=dict)
    providers: dict[str, Asked] = field(default_factory=dict)
    lacks: set[str] = field(default_factory=set)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def beside(cls, desk: Desk, services: "Services") -> "Aws":
        """What the templates make, for the desk's tenant."""
        aws, tenant = cls(desk, services), desk.tenant
        urls = {name: f"{BASE}/runtimes/{quote(_arn(name), safe='')}/invocations/" for name in AGENTS}
        told = {
            "Issuer": tenant.issuer,
            "SupervisorClientId": tenant.client(SUPERVISOR).client_id,
            "SupervisorApiClientId": tenant.client(SUPERVISOR_API_CLIENT).client_id,
            "DocsSearchApiClientId": tenant.client("Docs search API client").client_id,
            "Subagents": _subagents(urls),
        }
        for name in AGENTS:
            for _, operation, given in _calls(Template.read(name, **told)):
                if operation == "CreateAgentRuntime":
                    aws.runtimes[name] = _runtime(name, given)
                if operation == "CreateOauth2CredentialProvider":
                    aws.providers[given["name"]] = _provider(given)
            aws.outputs[f"helpdesk-{name.replace('_', '-')}"] = {"RuntimeArn": _arn(name), "Url": urls[name]}
        (aws.gateway,) = (
            {name: value for name, value in given.items() if name not in {"tags", "clientToken"}}
            | {"gatewayId": GATEWAY_ID, "createdAt": NOW, "updatedAt": NOW, "status": "READY"}
            | {"gatewayArn": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/{GATEWAY_ID}"}
            for _, operation, given in _calls(Template.read("platform", **told))
            if operation == "CreateGateway"
        )
        url = f"https://{GATEWAY_ID}.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp"
        aws.outputs["helpdesk-platform"] = {"GatewayUrl": url}
        return aws

    @property
    def lookup(self) -> Asked:
        """The runtime of account_lookup."""
        return self.runtimes["account_lookup"]

    @property
    def authorizer(self) -> Asked:
        """Who gets in there."""
        found: Asked = self.lookup["authorizerConfiguration"]["customJWTAuthorizer"]
        return found

    def stack(self, asked: Asked) -> Asked:
        """`DescribeStacks`."""
        outputs = self.outputs.get(asked["StackName"])
        if outputs is None:
            raise AwsError("ValidationError", message=f"Stack with id {asked['StackName']} does not exist")
        about = {
            "StackName": asked["StackName"],
            "CreationTime": NOW,
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        }
        return {"Stacks": [about]}

    def secret(self, asked: Asked) -> Asked:
        """`DescribeSecret`, and what both operations have in common."""
        if asked["SecretId"] in self.lacks:
            raise AwsError("ResourceNotFoundException")
        return {"Name": asked["SecretId"]}

    def runtime(self, asked: Asked) -> Asked:
        """`GetAgentRuntime`."""
        return next(one for one in self.runtimes.values() if one["agentRuntimeId"] == asked["agentRuntimeId"])

    def provider(self, asked: Asked) -> Asked:
        """`GetOauth2CredentialProvider`."""
        if asked["name"] not in self.providers:
            raise AwsError("ResourceNotFoundException", status=404)
        return self.providers[asked["name"]]

    async def found(self) -> dict[str, list[str]]:
        """What the doctor finds, looking at the account as it is now."""
        self.services.aws = self
        cloud: Cloud = look_at_cloud(DeploymentFile(account=ACCOUNT, region=REGION), self.services.account)
        assert self.services.endpoint.violations == []
        known: dict[type, Any] = {kind: Missing("not looked at") for check in CHECKS for kind in check.facts}
        async with create_http_client() as http:
            sources = Sources(http, cloud.agents, Missing("not looked at"), cloud)
            known |= dict(await sources.facts([Runtimes, Gateway, Providers]))
        found: dict[str, list[str]] = {}
        for finding in diagnose(CHECKS, known).findings:
            found.setdefault(finding.check.name, []).append(f"{finding.found.setting}: {finding.found.seen}")
        return found

    async def calls_account_lookup(self, url: str = "", *, client: str = SUPERVISOR) -> str:
        """What the supervisor is answered at a runtime's URL: by AgentCore, as it is configured, or by the agent."""
        tenant = self.desk.tenant
        token = await tenant.client_credentials(tenant.api("account_lookup"), client=client)
        headers = {
            "Authorization": f"Bearer {token}",
            "A2A-Version": "1.0",
            "Delegated-User-Token": await tenant.exchange(
                await tenant.sign_in("amelia.hart"), tenant.api("account_lookup"), scopes=["account:read"]
            ),
        }
        if url and url != self.outputs["helpdesk-account-lookup"]["Url"]:
            return "404"
        refused = await self._refused(self.lookup, headers["Authorization"])
        if refused:
            return refused
        listed = self.lookup.get("requestHeaderConfiguration", {}).get("requestHeaderAllowlist", [])
        passed = {name: value for name, value in headers.items() if name.lower() in {one.lower() for one in listed}}
        is_a2a = self.lookup["protocolConfiguration"]["serverProtocol"] == "A2A"
        return await self._agent_answers(passed, path="/" if is_a2a else "/invocations")

    async def _refused(self, runtime: Asked, authorization: str) -> str:
        """How AgentCore Runtime refuses, if it does."""
        if runtime["status"] != "READY":
            return "424"
        configured = runtime.get("authorizerConfiguration")
        return await authorized(configured, authorization) if configured else "403"

    async def _agent_answers(self, headers: dict[str, str], *, path: str) -> str:
        app = create_account_lookup(AccountLookupSettings.load(**self._told()))
        body = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "none"}}
        async with app.router.lifespan_context(app), create_http_client(app=httpx.ASGITransport(app)) as http:
            response = await http.post(f"http://agent{path}", json=body, headers=headers)
        if response.status_code != httpx.codes.OK:
            return "424" if path != "/" else f"{response.status_code} of the agent"
        code = response.json()["error"]["code"]
        return "let in" if code == TASK_NOT_FOUND else str(code)

    def _told(self) -> dict[str, Any]:
        return {name: value for name, value in self.desk.load("account_lookup") if value is not None}

    async def docs_search_reaches_the_gateway(self) -> str:
        """What the gateway says to docs_search, by its authorizer as it is configured."""
        tenant = self.desk.tenant
        subject = await tenant.exchange(
            await tenant.sign_in("amelia.hart"), tenant.api("docs_search"), scopes=["docs:read"]
        )
        token = await tenant.exchange(
            subject, tenant.api("gateway"), client="Docs search API client", scopes=["docs:read"]
        )
        return await authorized(self.gateway["authorizerConfiguration"], f"Bearer {token}") or "let in"

    async def identity_gives(self, setting: str) -> str:
        """Plays AgentCore Identity at the tenant: what comes of the provider that the supervisor's setting names."""
        tenant, environment = self.desk.tenant, self.runtimes["supervisor"]["environmentVariables"]
        provider = self.providers[environment[setting]]["oauth2ProviderConfigOutput"]["customOauth2ProviderConfig"]
        claims = provider["privateKeyJwtConfig"].get("additionalPayloadClaims", {})
        clients = (tenant.client(name) for name in (SUPERVISOR, SUPERVISOR_API_CLIENT))
        name = next(client.name for client in clients if client.client_id == provider["clientId"])
        form = tenant.credentials(name, **{"aud": f"{tenant.issuer}oauth/token", **claims})
        if setting == "AGENTCORE_M2M_PROVIDER":
            form |= {"grant_type": "client_credentials", "scope": "agent:invoke"}
        else:
            if provider.get("onBehalfOfTokenExchangeConfig", {}).get("grantType") != "TOKEN_EXCHANGE":
                return "ValidationException"
            given = environment.get("AGENTCORE_EXCHANGE_PARAMETERS", "{}")
            form |= {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": await tenant.sign_in("amelia.hart"),
                "subject_token_type": json.loads(given).get("subject_token_type", JWT),
                "requested_token_type": ACCESS_TOKEN,
                "scope": "account:read",
            }
        response = await tenant.request_token(form | {"audience": tenant.api("account_lookup")})
        return "ok" if response.is_success else f"{response.status_code} {response.json()['error']}"


async def authorized(configuration: Asked, authorization: str) -> str:
    """What a `customJWTAuthorizer` says to a bearer token: the status and message of its refusal; nothing else."""
    configured = CustomJWTAuthorizer.model_validate(configuration["customJWTAuthorizer"])
    async with create_http_client() as http:
        try:
            metadata = (await http.get(configured.discovery_url)).json()
            keys = JwksCache(configured.discovery_url, metadata["issuer"], http)
            await Authorizer(configured, keys).check([authorization])
        except Refusal as refused:
            return str(refused.status)
        except (httpx.HTTPError, UpstreamUnavailable, ValueError, KeyError):
            return "401"
    return ""


class Reading(Settings):
    """The settings that account_lookup reads from AWS Secrets Manager, as its runtime names them."""

    api_client_key: str


def starts(aws: Aws) -> str:
    """Whether account_lookup starts with its key in AWS Secrets Manager."""
    secrets_of_aws._client.cache_clear()
    given = aws.lookup["environmentVariables"]
    aws.services.aws = aws
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_DEFAULT_REGION", raising=False)
        for name in {"API_CLIENT_KEY_SECRET", "AWS_DEFAULT_REGION"} & given.keys():
            patch.setenv(name, given[name])
        try:
            Reading.load()
        except ConfigurationError as error:
            return error.public_message
        finally:
            secrets_of_aws._client.cache_clear()
    return "ok"


def _calls(template: Template) -> list[tuple[str, str, Asked]]:
    return [
        (request.service, request.operation, copy.deepcopy(dict(request.parameters)))
        for one in template.resources.values()
        if one["Type"].startswith("AWS::BedrockAgentCore::")
        for request in requests(one["Type"], one["Properties"])
    ]


def _arn(name: str) -> str:
    return f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:runtime/helpdesk_{name}-AbCdEfGhIj"


def _runtime(name: str, given: Asked) -> Asked:
    return {key: value for key, value in given.items() if key not in {"tags", "clientToken"}} | {
        "agentRuntimeArn": _arn(name),
        "agentRuntimeId": _arn(name).rpartition("/")[2],
        "agentRuntimeVersion": "1",
        "createdAt": NOW,
        "lastUpdatedAt": NOW,
        "status": "READY",
    }


def _provider(given: Asked) -> Asked:
    config = dict(given["oauth2ProviderConfigInput"]["customOauth2ProviderConfig"])
    return {
        "name": given["name"],
        "credentialProviderArn": (
            f"arn:aws:acps:us-east-1:{ACCOUNT}:token-vault/default/oauth2credentialprovider/{given['name']}"
        ),
        "credentialProviderVendor": given["credentialProviderVendor"],
        "clientSecretArn": {"secretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x-AbCdEf"},
        "oauth2ProviderConfigOutput": {"customOauth2ProviderConfig": config},
        "createdTime": NOW,
        "lastUpdatedTime": NOW,
    }


def _subagents(urls: dict[str, str]) -> str:
    entries = [f'{{"url": "{url}", "audience": "https://helpdesk.example/{n}"}}' for n, url in urls.items()]
    return f"[{', '.join(entries[1:])}]"
