"""What agents on AWS call there: the gateway, and AgentCore Identity."""

from collections.abc import Iterator
from typing import Final

from portal.doctor._agents import DOCS_SEARCH, Agents
from portal.doctor._check import Found, check
from portal.doctor._cloud import Gateway, Providers

CLIENTS: Final = {"AGENTCORE_M2M_PROVIDER": "CLIENT_ID", "AGENTCORE_EXCHANGE_PROVIDER": "API_CLIENT_ID"}
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- the name of a kind of token


@check(
    "aws/gateway-authorizer",
    why="The gateway lets in one client, docs_search, with tokens for the gateway's own API: with anything else "
    "listed it refuses the agent (401), or lets in somebody else.",
    mend="Set allowedAudience to docs_search's GATEWAY_AUDIENCE, allowedClients to its API_CLIENT_ID, and "
    "allowedScopes to docs:read; `helpdesk deploy apply platform` does, with DocsSearchApiClientId in the "
    "deployment file.",
)
def gateway_authorizer(agents: Agents, gateway: Gateway) -> Iterator[Found]:
    agent = agents.by_name.get(DOCS_SEARCH)
    authorizer = gateway.authorizer
    if authorizer is None:
        yield Found("authorizerConfiguration of the gateway", "no customJWTAuthorizer")
    elif agent is not None:
        for name, own in (
            ("allowedAudience", agent.text("GATEWAY_AUDIENCE")),
            ("allowedClients", agent.text("API_CLIENT_ID")),
            ("allowedScopes", "docs:read"),
        ):
            listed = list(authorizer.get(name, []))
            if listed != [own]:
                yield Found(f"{name} of the gateway", f"{', '.join(listed) or 'nothing'}, where docs_search has {own}")


@check(
    "aws/gateway-interceptor",
    why="The search function answers only for whom the interceptor has signed: without it, or where it is not given "
    "the request's headers, every search is refused.",
    mend="Give the gateway a REQUEST interceptor with passRequestHeaders: `helpdesk deploy apply platform`.",
)
def gateway_interceptor(gateway: Gateway) -> Iterator[Found]:
    signing = [
        one
        for one in gateway.said.get("interceptorConfigurations", [])
        if "REQUEST" in one["interceptionPoints"] and one.get("inputConfiguration", {}).get("passRequestHeaders")
    ]
    if not signing:
        yield Found("interceptorConfigurations of the gateway", "no REQUEST interceptor that is given the headers")


@check(
    "aws/provider-client",
    why="AgentCore Identity asks for tokens in the name of the provider's client. The agents know the supervisor by "
    "the ids in its settings: another client is refused (`caller_not_allowed`).",
    mend="Make the provider with the client id that the supervisor's setting has: `helpdesk deploy apply supervisor`.",
)
def provider_client(agents: Agents, providers: Providers) -> Iterator[Found]:
    for setting, provider in providers.by_setting.items():
        supervisor = agents.supervisor
        if supervisor is None:
            continue
        own = supervisor.text(CLIENTS[setting])
        if provider is None:
            yield Found(supervisor.of(setting), f"there is no credential provider {supervisor.text(setting)}")
        elif provider.get("clientId") != own:
            said = f"its client is {provider.get('clientId')}, where {CLIENTS[setting]} is {own}"
            yield Found(supervisor.of(setting), said)


@check(
    "aws/assertion-audience",
    why="AgentCore names the token endpoint in its proof (private_key_jwt). Auth0 takes its issuer alone, with the "
    "slash: the client is refused (invalid_client).",
    mend="Set additionalPayloadClaims of the provider's privateKeyJwtConfig to {aud: the issuer}.",
)
def assertion_audience(agents: Agents, providers: Providers) -> Iterator[Found]:
    for setting, provider in providers.by_setting.items():
        config = (provider or {}).get("privateKeyJwtConfig")
        if config is not None and agents.supervisor is not None:
            said = config.get("additionalPayloadClaims", {}).get("aud", "the token endpoint")
            if said != agents.supervisor.text("AUTH0_ISSUER"):
                yield Found(agents.supervisor.of(setting), f"aud is {said}")


@check(
    "aws/exchange-off",
    why="A credential provider exchanges tokens only where it was made for it; the ready-made one for Auth0 cannot.",
    mend="Make the provider of the vendor CustomOauth2 with onBehalfOfTokenExchangeConfig: grant type TOKEN_EXCHANGE, "
    "actor token NONE.",
)
def exchange_off(agents: Agents, providers: Providers) -> Iterator[Found]:
    provider = providers.by_setting.get("AGENTCORE_EXCHANGE_PROVIDER")
    if provider is not None and agents.supervisor is not None:
        said = provider.get("onBehalfOfTokenExchangeConfig", {}).get("grantType", "none")
        if said != "TOKEN_EXCHANGE":
            yield Found(agents.supervisor.of("AGENTCORE_EXCHANGE_PROVIDER"), f"its grant type is {said}")


@check(
    "aws/subject-token-type",
    why="AgentCore calls the person's token a `jwt` unless it is told otherwise, and Auth0 exchanges access tokens "
    "alone: 400 invalid_request.",
    mend=f'Set AGENTCORE_EXCHANGE_PARAMETERS to {{"subject_token_type": "{ACCESS_TOKEN}"}}.',
)
def subject_token_type(agents: Agents) -> Iterator[Found]:
    supervisor = agents.supervisor
    if supervisor is not None and supervisor.text("AGENTCORE_EXCHANGE_PROVIDER"):
        given = supervisor.read("AGENTCORE_EXCHANGE_PARAMETERS")
        said = given.get("subject_token_type", "nothing") if isinstance(given, dict) else "nothing"
        if said != ACCESS_TOKEN:
            yield Found(supervisor.of("AGENTCORE_EXCHANGE_PARAMETERS"), f"subject_token_type is {said}")
