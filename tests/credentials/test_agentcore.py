"""Tokens of other systems from AgentCore Identity: the person agrees once, and what was refused is not given again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from local.aws import AwsError
from shared.credentials import AgentCoreCredentials, Credentials, Resource
from shared.errors import AccountNotConnected, InvalidToken, UpstreamRefused, UpstreamUnavailable
from shared.identity import Principal, RawToken
from tests.agentcore._account import OWN, Account

DIRECTORY = Resource("directory", "company directory", frozenset({"okta.users.read"}))
RETURN_URL = "https://helpdesk.example/connected"


@dataclass(frozen=True)
class Caller:
    user: Principal
    user_token: RawToken = field(repr=False)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with Account() as started:
        yield started
        assert started.endpoint.violations == []


@pytest.fixture
async def credentials(account: Account) -> AsyncIterator[AgentCoreCredentials]:
    made = AgentCoreCredentials(
        account.client(),
        issuer=account.server.issuer,
        audience=OWN,
        return_url=RETURN_URL,
        clock=account.clock,
        jitter=lambda: 0.5,
    )
    yield made
    await made.aclose()


def caller(account: Account, subject: str = "auth0|amelia") -> Caller:
    token, principal = account.user(subject)
    return Caller(principal, token)


async def session_of(credentials: AgentCoreCredentials, who: Caller) -> str:
    """Asks, is told to connect, and gives the session's name as a browser brings it back."""
    with pytest.raises(AccountNotConnected) as caught:
        await credentials.token(who, DIRECTORY)
    assert caught.value.url is not None
    assert caught.value.url in caught.value.public_message
    return caught.value.url.partition("request_uri=")[2]


async def test_a_person_is_asked_to_connect_and_served_once_they_have(
    account: Account, credentials: AgentCoreCredentials
) -> None:
    provider: Credentials = credentials
    amelia = caller(account)
    session = await session_of(credentials, amelia)
    assert await session_of(credentials, amelia) == session, "the same session is gone on with"
    await credentials.complete(amelia, session)
    token = await provider.token(amelia, DIRECTORY)
    assert await provider.token(amelia, DIRECTORY) == token
    assert len(account.issued) == 1
    asked = account.endpoint.asked("GetResourceOauth2Token")
    assert {one["resourceOauth2ReturnUrl"] for one in asked} == {RETURN_URL}
    assert [one.get("sessionUri") for one in asked] == [None, session, session]


async def test_nobody_connects_in_somebody_elses_name(account: Account, credentials: AgentCoreCredentials) -> None:
    session = await session_of(credentials, caller(account))
    with pytest.raises(UpstreamRefused):
        await credentials.complete(caller(account, "auth0|ben"), session)


async def test_a_hundred_at_once_make_one_request_for_each_person(
    account: Account, credentials: AgentCoreCredentials
) -> None:
    people = [caller(account), caller(account, "auth0|ben")]
    for one in people:
        await credentials.complete(one, await session_of(credentials, one))
    tokens = await asyncio.gather(*(credentials.token(one, DIRECTORY) for _ in range(50) for one in people))
    assert len(set(tokens)) == 2
    assert len(account.issued) == 2


async def test_a_token_that_was_refused_is_not_given_again(account: Account, credentials: AgentCoreCredentials) -> None:
    """Not from here, and not from the service, which holds tokens too: the person has to agree anew."""
    amelia = caller(account)
    await credentials.complete(amelia, await session_of(credentials, amelia))
    token = await credentials.token(amelia, DIRECTORY)
    credentials.refused(amelia, DIRECTORY, token)
    account.holds = token.reveal()
    with pytest.raises(AccountNotConnected):
        await credentials.token(amelia, DIRECTORY)
    assert account.endpoint.asked("GetResourceOauth2Token")[-1]["forceAuthentication"] is True


async def test_another_persons_token_is_never_the_key(account: Account, credentials: AgentCoreCredentials) -> None:
    amelia, ben = caller(account), caller(account, "auth0|ben")
    with pytest.raises(InvalidToken):
        await credentials.token(Caller(amelia.user, ben.user_token), DIRECTORY)
    assert account.endpoint.calls == []


async def test_the_users_token_can_be_exchanged_without_a_consent(account: Account) -> None:
    credentials = AgentCoreCredentials(
        account.client(),
        issuer=account.server.issuer,
        audience=OWN,
        flow="ON_BEHALF_OF_TOKEN_EXCHANGE",
        clock=account.clock,
    )
    await credentials.token(caller(account), DIRECTORY)
    assert account.issued[0].flow == "ON_BEHALF_OF_TOKEN_EXCHANGE"
    assert "forceAuthentication" not in account.endpoint.asked("GetResourceOauth2Token")[0]
    await credentials.aclose()


async def test_what_the_service_says_no_to_or_cannot_do_is_not_a_missing_account(
    account: Account, credentials: AgentCoreCredentials
) -> None:
    account.endpoint.next_answers = [AwsError("AccessDeniedException", status=403)]
    with pytest.raises(UpstreamRefused):
        await credentials.token(caller(account), DIRECTORY)
    account.endpoint.next_answers = [AwsError("ThrottlingException", status=429)] * 3
    with pytest.raises(UpstreamUnavailable):
        await credentials.token(caller(account), DIRECTORY)
