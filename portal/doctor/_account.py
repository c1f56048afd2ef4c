"""Looks at what runs in an AWS account, and changes nothing.

Needed are `cloudformation:DescribeStacks`, `secretsmanager:DescribeSecret`, and of AgentCore `GetAgentRuntime`,
`GetGateway` and `GetOauth2CredentialProvider`. No secret's value is asked for.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from portal._errors import CommandFailed
from portal.deployment import (
    PLATFORM,
    Account,
    DeploymentFile,
    Stack,
    Stacks,
    Target,
    asking,
    missing_secrets,
    refused,
    targets,
)
from portal.doctor._agents import SUPERVISOR, Agent
from portal.doctor._check import Missing
from portal.doctor._cloud import Cloud, Gateway, Providers, Runtime, Runtimes

PROVIDERS: Final = ("AGENTCORE_M2M_PROVIDER", "AGENTCORE_EXCHANGE_PROVIDER")


def look_at_cloud(file: DeploymentFile, account: Account) -> Cloud:
    """Looks at what the deployment file names, in the account that it names.

    Raises:
        CommandFailed: the credentials are another account's, or may not look.
    """
    account.check()
    stacks = Stacks(account.stacks, wait=lambda _: None)
    found = {name: stacks.describe(target.stack_name(file.prefix)) for name, target in targets().items()}
    runtimes = [_runtime(account, file, targets()[name], stack) for name, stack in found.items() if name != PLATFORM]
    supervisor = next((one.agent for one in runtimes if one.agent.name == SUPERVISOR and one.is_there), None)
    return Cloud(Runtimes(tuple(runtimes)), _gateway(account, found[PLATFORM]), _providers(account, supervisor))


def _runtime(account: Account, file: DeploymentFile, target: Target, stack: Stack | None) -> Runtime:
    arn = stack.outputs.get("RuntimeArn", "") if stack else ""
    if stack is None or not arn:
        return Runtime(Agent(target.name, {}), is_there=False, lacks=(), said={})
    identifier = arn.rpartition("/")[2]
    with asking(f"describe the runtime {identifier}"):
        said: dict[str, Any] = account.runtimes.get_agent_runtime(agentRuntimeId=identifier)
    given = {name: value for name, value in said.get("environmentVariables", {}).items() if value}
    given.setdefault("AGENTCORE_RUNTIME_URL", stack.outputs.get("Url", ""))  # the platform itself says it there
    lacks = tuple(missing_secrets(account, target, prefix=file.prefix, parameters=stack.parameters))
    return Runtime(Agent(target.name, given), is_there=True, lacks=lacks, said=said)


def _gateway(account: Account, stack: Stack | None) -> Gateway | Missing:
    url = stack.outputs.get("GatewayUrl", "") if stack else ""
    if not url:
        return Missing("the platform is not deployed")
    identifier = url.removeprefix("https://").partition(".")[0]
    with asking(f"describe the gateway {identifier}"):
        return Gateway(account.runtimes.get_gateway(gatewayIdentifier=identifier))


def _providers(account: Account, supervisor: Agent | None) -> Providers | Missing:
    named = {setting: supervisor.text(setting) for setting in PROVIDERS if supervisor and supervisor.text(setting)}
    if not named:
        return Missing("the supervisor on AWS names no credential provider")
    return Providers({setting: _provider(account, name) for setting, name in named.items()})


def _provider(account: Account, name: str) -> Mapping[str, Any] | None:
    try:
        with asking(f"describe the credential provider {name}"):
            found: Mapping[str, Any] = account.runtimes.get_oauth2_credential_provider(name=name)
    except CommandFailed as failed:
        if isinstance(failed.__cause__, ClientError) and refused(failed.__cause__, "ResourceNotFoundException"):
            return None
        raise
    config: Mapping[str, Any] = found["oauth2ProviderConfigOutput"].get("customOauth2ProviderConfig", {})
    return config
