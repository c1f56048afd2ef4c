"""The tokens of a hop from AgentCore Identity: asked for as the service has it, held, and never for anybody else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.agentcore import AgentCoreTokens, AudienceAs, RuntimeToken, runtime_token
from shared.errors import InvalidToken, UpstreamRefused
from shared.identity import RawToken
from tests.agentcore._account import AUDIENCE, SCOPES, WORKLOAD, Account


@pytest.fixture
async def tokens(account: Account) -> AsyncIterator[AgentCoreTokens]:
    made = account.tokens()
    yield made
    await made.aclose()


async def test_a_machine_token_is_asked_for_by_provider_scopes_and_audience(
    account: Account, tokens: AgentCoreTokens
) -> None:
    token = await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    claims = account.server.signing_key.verify(token.token.reveal())
    assert (claims["aud"], claims["scope"]) == (AUDIENCE, "agent:invoke")
    assert token.expires_at == account.clock() + account.lifetime
    assert token.scopes == SCOPES
    assert account.endpoint.asked("GetWorkloadAccessToken") == [{"workloadName": WORKLOAD}]
    (asked,) = account.endpoint.asked("GetResourceOauth2Token")
    assert asked["resourceCredentialProviderName"] == "auth0-m2m"
    assert asked["oauth2Flow"] == "M2M"
    assert asked["audiences"] == [AUDIENCE]


async def test_the_audience_can_be_a_parameter_instead(account: Account) -> None:
    """AWS does not say which of the two reaches Auth0."""
    tokens = account.tokens(audience_as="custom_parameters")
    await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    (asked,) = account.endpoint.asked("GetResourceOauth2Token")
    assert asked["customParameters"] == {"audience": AUDIENCE}
    assert "audiences" not in asked
    await tokens.aclose()


async def test_a_users_token_is_exchanged_in_a_workload_token_that_names_the_user(
    account: Account, tokens: AgentCoreTokens
) -> None:
    user_token, principal = account.user()
    token = await tokens.exchange(user_token, principal, audience=AUDIENCE, scopes=SCOPES)
    claims = account.server.signing_key.verify(token.token.reveal())
    assert claims["sub"] == "auth0|amelia"
    (asked,) = account.endpoint.asked("GetWorkloadAccessTokenForJWT")
    assert asked == {"workloadName": WORKLOAD, "userToken": user_token.reveal()}
    (asked,) = account.endpoint.asked("GetResourceOauth2Token")
    assert (asked["oauth2Flow"], asked["resourceCredentialProviderName"]) == (
        "ON_BEHALF_OF_TOKEN_EXCHANGE",
        "auth0-exchange",
    )


@pytest.mark.parametrize("audience_as", ["audiences", "custom_parameters"])
async def test_an_exchange_can_say_what_kind_of_token_it_brings(account: Account, audience_as: AudienceAs) -> None:
    kind = {"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    tokens = account.tokens(exchange_parameters=kind, audience_as=audience_as)
    user_token, principal = account.user()
    await tokens.exchange(user_token, principal, audience=AUDIENCE, scopes=SCOPES)
    await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    exchange, machine = account.endpoint.asked("GetResourceOauth2Token")
    assert exchange["customParameters"].items() >= kind.items()
    assert "subject_token_type" not in machine.get("customParameters", {})
    await tokens.aclose()


async def test_a_token_that_was_verified_as_somebody_else_is_not_exchanged(
    account: Account, tokens: AgentCoreTokens
) -> None:
    _, amelia = account.user()
    ben, _ = account.user("auth0|ben")
    with pytest.raises(InvalidToken) as caught:
        await tokens.exchange(ben, amelia, audience=AUDIENCE, scopes=SCOPES)
    assert caught.value.reason == "token_principal_mismatch"
    assert account.endpoint.calls == []


async def test_a_hundred_at_once_make_one_request(account: Account, tokens: AgentCoreTokens) -> None:
    await asyncio.gather(*(tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES) for _ in range(100)))
    assert account.names() == ["GetWorkloadAccessToken", "GetResourceOauth2Token"]
    await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    assert len(account.issued) == 1


async def test_two_people_at_once_never_get_each_others_token(account: Account, tokens: AgentCoreTokens) -> None:
    people = {name: account.user(f"auth0|{name}") for name in ("amelia", "ben")}

    async def ask(name: str) -> tuple[str, str]:
        token, principal = people[name]
        given = await tokens.exchange(token, principal, audience=AUDIENCE, scopes=SCOPES)
        return name, account.server.signing_key.verify(given.token.reveal())["sub"]

    answers = await asyncio.gather(*(ask(name) for _ in range(100) for name in people))
    assert {subject for name, subject in answers if name == "amelia"} == {"auth0|amelia"}
    assert {subject for name, subject in answers if name == "ben"} == {"auth0|ben"}
    assert len(account.issued) == 2


async def test_another_audience_or_scope_is_another_token(account: Account, tokens: AgentCoreTokens) -> None:
    await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    await tokens.client_credentials(audience=f"{AUDIENCE}/other", scopes=SCOPES)
    await tokens.client_credentials(audience=AUDIENCE, scopes={"agent:invoke", "agent:other"})
    assert len(account.issued) == 3


async def test_a_token_is_asked_for_again_once_it_says_that_it_is_over(
    account: Account, tokens: AgentCoreTokens
) -> None:
    first = await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    account.clock.advance(account.lifetime)
    second = await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    assert second.token != first.token


async def test_an_exchanged_token_is_not_handed_out_for_longer_than_the_users_own(
    account: Account, tokens: AgentCoreTokens
) -> None:
    token, principal = account.user(lifetime=100)
    given = await tokens.exchange(token, principal, audience=AUDIENCE, scopes=SCOPES)
    assert given.expires_at == principal.expires_at


async def test_a_token_that_is_over_already_is_refused(account: Account, tokens: AgentCoreTokens) -> None:
    account.lifetime = 0
    with pytest.raises(UpstreamRefused) as caught:
        await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    assert caught.value.reason == "agentcore_answer"


async def test_scopes_must_be_named(tokens: AgentCoreTokens) -> None:
    with pytest.raises(ValueError, match="asking for none gives all"):
        await tokens.client_credentials(audience=AUDIENCE, scopes=())


async def test_the_runtimes_workload_token_saves_a_call(account: Account) -> None:
    tokens = account.tokens(runtime=True)
    token, principal = account.user()
    handed = RuntimeToken(RawToken(account.identity.hand_in(token.reveal())), token.digest())
    with runtime_token(handed):
        await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
        await tokens.exchange(token, principal, audience=AUDIENCE, scopes=SCOPES)
    assert account.names() == ["GetResourceOauth2Token", "GetResourceOauth2Token"]
    await tokens.aclose()


async def test_the_runtimes_workload_token_is_not_taken_for_another_user(account: Account) -> None:
    """At a subagent it names the agent that called, whose bearer token came; the delegated user is somebody else."""
    tokens = account.tokens(runtime=True)
    machine = account.server.machine_token("supervisor", audience=AUDIENCE)
    token, principal = account.user()
    with runtime_token(RuntimeToken(RawToken(account.identity.hand_in(machine.reveal())), machine.digest())):
        given = await tokens.exchange(token, principal, audience=AUDIENCE, scopes=SCOPES)
    assert account.server.signing_key.verify(given.token.reveal())["sub"] == "auth0|amelia"
    assert account.names()[0] == "GetWorkloadAccessTokenForJWT"
    await tokens.aclose()


async def test_a_workload_token_is_not_believed_where_no_runtime_is_in_front(
    account: Account, tokens: AgentCoreTokens
) -> None:
    with runtime_token(RuntimeToken(RawToken("a client sent this"), None)):
        await tokens.client_credentials(audience=AUDIENCE, scopes=SCOPES)
    assert account.names()[0] == "GetWorkloadAccessToken"
