"""Tokens of other systems from Auth0's Token Vault: for whom, until when, and what is said where none is to be had."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import JSONResponse

from shared.credentials import Resource, TokenVault
from shared.errors import AccountNotConnected, HelpdeskError, InvalidToken, UpstreamRefused, UpstreamUnavailable
from shared.identity import ClientCredentials, JwksCache, Principal, RawToken, TokenClient, TokenVerifier
from shared.testing import AuthorizationServer, Clock, RegisteredClient, SigningKey

AUDIENCE = "https://helpdesk.example/password_reset"
DIRECTORY = Resource("directory-manage", "company directory")
MAIL = Resource("mail", "mail system")
CONNECTION_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token"


@dataclass(frozen=True)
class Caller:
    user: Principal
    user_token: RawToken = field(repr=False)


class World:
    """An agent's client of the vault, and an authorization server that answers what the test says."""

    def __init__(self) -> None:
        self.clock = Clock()
        key = SigningKey("api")
        self.server = AuthorizationServer(
            clock=self.clock, clients={"api": RegisteredClient(key=key, resource_server_identifier=AUDIENCE)}
        )
        self.http = self.server.create_http_client()
        client = TokenClient(
            self.server.discovery_url,
            self.server.issuer,
            self.http,
            ClientCredentials("api", key.pem(), clock=self.clock),
            resource_server_identifier=AUDIENCE,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
        )
        self.vault = TokenVault(client, accounts_url="https://chat.example/accounts")

    async def caller(self, subject: str = "auth0|amelia", *, lifetime: int = 900) -> Caller:
        keys = JwksCache(self.server.discovery_url, self.server.issuer, self.http, clock=self.clock)
        verifier = TokenVerifier(self.server.issuer, AUDIENCE, keys, clock=self.clock)
        token = self.server.user_token(subject, audience=AUDIENCE, lifetime=lifetime)
        return Caller(await verifier.verify(token), token)

    def gives(self, token: str, *, expires_in: int = 3600, **members: Any) -> None:
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": expires_in,
            "scope": "okta.users.read.self",
        }
        self.server.next_answers.append(JSONResponse(body | {"issued_token_type": CONNECTION_TOKEN} | members))

    def refuses(self, status: int, error: str, **headers: str) -> None:
        self.server.next_answers.append(JSONResponse({"error": error}, status, headers=headers))

    @property
    def exchanges(self) -> int:
        return len(self.server.token_requests)


@pytest.fixture
def world() -> World:
    return World()


async def test_the_exchange_says_what_auth0_documents(world: World) -> None:
    caller = await world.caller()
    world.gives("upstream-1")

    token = await world.vault.token(caller, DIRECTORY)

    assert token.reveal() == "upstream-1"
    [sent] = world.server.token_requests
    assert sent.pop("client_assertion").count(".") == 2
    assert sent == {
        "grant_type": "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
        "subject_token": caller.user_token.reveal(),
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": CONNECTION_TOKEN,
        "connection": "directory-manage",
        "client_id": "api",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }


@pytest.mark.requirement("G1")
async def test_each_user_and_each_connection_has_a_token_of_its_own(world: World) -> None:
    amelia, bob = await world.caller(), await world.caller("auth0|bob")
    for token in ("amelia-directory", "bob-directory", "amelia-mail"):
        world.gives(token)

    first = [await world.vault.token(*asked) for asked in ((amelia, DIRECTORY), (bob, DIRECTORY), (amelia, MAIL))]
    again = [await world.vault.token(*asked) for asked in ((amelia, DIRECTORY), (bob, DIRECTORY), (amelia, MAIL))]

    assert [token.reveal() for token in first] == ["amelia-directory", "bob-directory", "amelia-mail"]
    assert again == first
    assert world.exchanges == 3


async def test_a_hundred_callers_at_once_are_one_exchange(world: World) -> None:
    caller = await world.caller()
    world.server.release.clear()
    world.gives("upstream-1")
    waiting = [asyncio.create_task(world.vault.token(caller, DIRECTORY)) for _ in range(100)]
    await world.server.asked.wait()
    world.server.release.set()

    assert {(await task).reveal() for task in waiting} == {"upstream-1"}
    assert world.exchanges == 1


async def test_a_later_request_of_the_same_user_needs_no_exchange(world: World) -> None:
    world.gives("upstream-1")
    await world.vault.token(await world.caller(), DIRECTORY)
    world.clock.advance(60)

    assert (await world.vault.token(await world.caller(), DIRECTORY)).reveal() == "upstream-1"
    assert world.exchanges == 1


@pytest.mark.requirement("G2")
async def test_a_token_is_not_given_beyond_its_end_and_not_fetched_before_it(world: World) -> None:
    world.gives("upstream-1", expires_in=600)
    world.gives("upstream-2", expires_in=600)
    await world.vault.token(await world.caller(), DIRECTORY)

    world.clock.advance(589)
    late = await world.vault.token(await world.caller(), DIRECTORY)
    asked_early = world.exchanges
    world.clock.advance(2)
    after = await world.vault.token(await world.caller(), DIRECTORY)

    assert (late.reveal(), asked_early, after.reveal()) == ("upstream-1", 1, "upstream-2")


async def test_a_token_that_was_refused_is_never_given_again(world: World) -> None:
    caller = await world.caller()
    world.gives("revoked")
    world.gives("fresh")
    refused = await world.vault.token(caller, DIRECTORY)

    world.vault.refused(caller, DIRECTORY, refused)
    fresh = await world.vault.token(caller, DIRECTORY)
    world.vault.refused(caller, DIRECTORY, refused)  # somebody else was slower: the fresh one stays

    assert fresh.reveal() == (await world.vault.token(caller, DIRECTORY)).reveal() == "fresh"
    assert world.exchanges == 2


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("federated_connection_refresh_token_not_found", "account_not_connected"),
        ("tokenset_not_found", "account_not_connected"),
        ("federated_connection_refresh_token_flow_failed", "account_no_longer_connected"),
    ],
)
async def test_an_account_that_is_not_connected_is_something_to_wait_for(world: World, error: str, reason: str) -> None:
    world.refuses(401, error)

    with pytest.raises(AccountNotConnected) as stopped:
        await world.vault.token(await world.caller(), DIRECTORY)

    waits = stopped.value
    assert (waits.reason, waits.waits_for, waits.subject) == (reason, "connect-account", "directory-manage")
    assert waits.url == "https://chat.example/accounts"
    assert "company directory" in waits.public_message
    assert "`helpdesk accounts connect directory-manage`" in waits.public_message
    assert world.exchanges == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, "unauthorized_client"), (403, "access_denied"), (401, "access_denied"), (400, "invalid_request")],
)
async def test_a_mistake_in_the_set_up_is_nothing_to_wait_for(world: World, status: int, error: str) -> None:
    world.refuses(status, error)

    with pytest.raises(UpstreamRefused) as stopped:
        await world.vault.token(await world.caller(), DIRECTORY)
    assert stopped.value.reason == "credential_not_served"
    assert "operators" in stopped.value.public_message


async def test_a_sign_in_that_ended_meanwhile_is_said_to_have(world: World) -> None:
    world.refuses(401, "invalid_request")

    with pytest.raises(InvalidToken) as stopped:
        await world.vault.token(await world.caller(), DIRECTORY)
    assert stopped.value.reason == "token_expired"


async def test_a_vault_that_limits_is_left_alone_until_it_said(world: World) -> None:
    caller = await world.caller()
    world.refuses(429, "too_many_requests", **{"retry-after": "30"})

    for _ in range(3):
        with pytest.raises(UpstreamUnavailable) as stopped:
            await world.vault.token(caller, DIRECTORY)
    assert (stopped.value.part, stopped.value.retry_after) == ("token vault", 30)
    assert world.exchanges == 1


async def test_a_vault_that_is_away_is_asked_three_times_and_said_to_be(world: World) -> None:
    caller = await world.caller()
    world.server.away = True

    with pytest.raises(UpstreamUnavailable, match="upstream_unavailable") as stopped:
        await world.vault.token(caller, DIRECTORY)
    assert stopped.value.part == "token vault"
    assert "token vault" in stopped.value.public_message


async def test_nothing_but_the_user_s_own_token_for_this_agent_is_exchanged(world: World) -> None:
    amelia, bob = await world.caller(), await world.caller("auth0|bob")
    mixed = Caller(user=amelia.user, user_token=bob.user_token)

    with pytest.raises(InvalidToken):
        await world.vault.token(mixed, DIRECTORY)
    assert world.exchanges == 0


@pytest.mark.parametrize(
    "members", [{"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}, {"token_type": "DPoP"}]
)
async def test_an_answer_that_is_something_else_is_not_taken(world: World, members: dict[str, Any]) -> None:
    world.gives("upstream-1", **members)

    with pytest.raises(UpstreamRefused):
        await world.vault.token(await world.caller(), DIRECTORY)


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("error", ["federated_connection_refresh_token_not_found", "unauthorized_client"])
async def test_no_token_is_in_an_error(world: World, error: str) -> None:
    caller = await world.caller()
    world.refuses(401, error)

    with pytest.raises(HelpdeskError) as stopped:
        await world.vault.token(caller, DIRECTORY)
    chain: list[BaseException] = [stopped.value]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    said = " ".join(f"{one!r} {vars(one)}" for one in chain)
    assert caller.user_token.reveal() not in said
    assert "client_assertion" not in said
