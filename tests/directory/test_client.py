"""The typed client: what it reads, and what each failure of the directory becomes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.directory._identifiers import identifier
from shared.directory import AccountKind, AccountStatus, ActingCaller, DirectoryClient, Factor, User
from shared.errors import AuthorizationDenied, HelpdeskError, UpstreamRefused, UpstreamUnavailable
from shared.http import create_http_client
from shared.identity import RawToken
from tests.directory._world import BASE_URL, NOW, GivenTokens, World, asker

AMELIA = asker("amelia.hart", ())
OSCAR = asker("oscar.lind", ())  # of the help desk, who may act on other people's accounts
Method = Callable[[DirectoryClient, User], Awaitable[Any]]

READS: dict[str, Method] = {
    "user": lambda client, _: client.own_user(OSCAR),
    "groups": lambda client, user: client.groups(OSCAR, user),
    "devices": lambda client, user: client.devices(OSCAR, user),
    "factors": lambda client, user: client.factors(OSCAR, user),
    "sign_ins": lambda client, user: client.sign_ins(OSCAR, user, since=NOW - timedelta(days=7), limit=5),
    "password_resets": lambda client, user: client.password_resets(OSCAR, user, since=NOW, limit=5),
    "password_policy": lambda client, user: client.password_policy(OSCAR, user),
    "applications": lambda client, user: client.applications(OSCAR, user),
    "find": lambda client, _: client.find(OSCAR, "tomas", limit=5),
    "refreshed": lambda client, user: client.refreshed(OSCAR, user),
    "acts": lambda client, user: client.acts(OSCAR, user, since=NOW, limit=5),
}
FACTOR = Factor(identifier("opf", "amelia.hart", "push"), "push", "OKTA", "ACTIVE", None, None)
ACTS: dict[str, Method] = {
    "unlock": lambda client, user: client.unlock(OSCAR, user),
    "reset_password": lambda client, user: client.reset_password(OSCAR, user),
    "expire_password": lambda client, user: client.expire_password(OSCAR, user),
    "reset_factors": lambda client, user: client.reset_factors(OSCAR, user),
    "remove_factor": lambda client, user: client.remove_factor(OSCAR, user, FACTOR),
}


class Canary:
    """One token for everybody, which nobody may get to see."""

    def __init__(self) -> None:
        self.refusals = 0

    async def token(self, caller: ActingCaller) -> RawToken:  # noqa: ARG002 -- the protocol's
        return RawToken("canary-token-value")

    def refused(self, caller: ActingCaller, token: RawToken) -> None:  # noqa: ARG002 -- the protocol's
        self.refusals += 1


async def amelia(client: DirectoryClient) -> User:
    return await client.own_user(AMELIA)


async def test_a_subject_s_account(world: World) -> None:
    user = await amelia(world.client())

    assert (user.login, user.status, user.kind) == (
        "amelia.hart@helpdesk.example",
        AccountStatus.LOCKED_OUT,
        AccountKind.PERSON,
    )
    assert (user.display_name, user.manager, user.recovery_email) == (
        "Amelia Hart",
        "Nadia Okafor",
        "amelia@post.example",
    )
    assert user.status_changed is not None
    assert timedelta(0) < NOW - user.status_changed < timedelta(hours=2)


async def test_an_account_is_read_anew_each_time(world: World) -> None:
    client = world.client()
    before = await amelia(client)
    await client.unlock(AMELIA, before)

    assert (await amelia(client)).status is AccountStatus.ACTIVE


@pytest.mark.requirement("G1")
@pytest.mark.parametrize("subject", ["auth0|somebody-else", "", None])
async def test_an_account_of_somebody_else_s_is_not_taken_for_one_s_own(world: World, subject: str | None) -> None:
    """Who connected a colleague's account, in a shared browser perhaps, must not act on it as if it were theirs."""
    world.set_profile("amelia.hart", auth0Subject=subject)
    tokens = GivenTokens(world, "password_reset")
    tokens.given[AMELIA.user.subject] = RawToken(world.issued("amelia.hart", "password_reset"))

    with pytest.raises(UpstreamRefused) as refusal:
        await amelia(world.client(tokens=tokens))
    assert refusal.value.reason == "account_mismatch"
    assert "`helpdesk accounts`" in refusal.value.public_message


async def test_what_belongs_to_an_account(world: World) -> None:
    client = world.client()
    user = await amelia(client)

    groups = await client.groups(AMELIA, user)
    devices = await client.devices(AMELIA, user)
    factors = await client.factors(AMELIA, user)
    policy = await client.password_policy(AMELIA, user)

    assert [(group.name, group.built_in) for group in groups] == [
        ("CRM users", False),
        ("Everyone", True),
        ("Sales", False),
        ("VPN users", False),
    ]
    assert [(device.name, device.platform, device.managed) for device in devices] == [
        ("Amelia's ThinkPad X1", "WINDOWS", True),
        ("Amelia's iPhone 16", "IOS", False),
    ]
    assert [(factor.kind, factor.name) for factor in factors] == [("push", "iPhone 16"), ("sms", "+44 7700 900104")]
    assert (policy.name, policy.min_length, policy.history, policy.excludes_common) == ("Default Policy", 12, 5, True)


async def test_the_policy_is_the_first_that_covers_a_group(world: World) -> None:
    administrator = asker("adm.rosalind", ())
    client = world.client()
    user = await client.own_user(administrator)

    assert (await client.password_policy(administrator, user)).name == "Administrators"
    world.change("DELETE FROM policies")
    with pytest.raises(UpstreamRefused, match="no_password_policy"):
        await client.password_policy(administrator, user)


async def test_sign_ins_within_bounds_and_by_result(world: World) -> None:
    client = world.client()
    user = await amelia(client)

    def sign_ins(**wanted: Any) -> Awaitable[list[Any]]:
        return client.sign_ins(AMELIA, user, **{"since": NOW - timedelta(days=90), "limit": 500, **wanted})

    everything, failed, few = await sign_ins(), await sign_ins(succeeded=False), await sign_ins(limit=3)
    recent = await sign_ins(since=NOW - timedelta(hours=3))

    assert [one.at for one in everything] == sorted((one.at for one in everything), reverse=True)
    assert failed == [one for one in everything if not one.succeeded]
    assert few == everything[:3]
    assert [one.reason for one in recent] == ["INVALID_CREDENTIALS"] * 6
    assert (recent[0].city, recent[0].country, recent[0].client) == ("Leeds", "United Kingdom", "Safari on iOS")


async def test_events_count_though_our_clock_is_behind_the_directory_s(world: World) -> None:
    user = await amelia(world.client())
    await world.client().reset_password(AMELIA, user)
    behind = DirectoryClient(
        f"{BASE_URL}/api/v1",
        world.http,
        GivenTokens(world, "password_reset"),
        clock=lambda: world.clock() - 120,
    )

    since = behind.now() - timedelta(hours=1)
    assert await behind.password_resets(AMELIA, user, since=since, limit=5) == [NOW]


async def test_pages_are_followed_to_the_last(world: World) -> None:
    client = world.client()
    user = await amelia(client)
    database = world.app.state.directory.database
    with database.transaction():
        for number in range(450):
            at = (NOW - timedelta(days=1, seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            event = {"published": at, "eventType": "user.session.start", "outcome": {"result": "SUCCESS"}}
            database.insert("log_events", {"published": at, "actor_id": user.id, "event": event})
    since = NOW - timedelta(days=2)

    everything = await client.sign_ins(AMELIA, user, since=since, limit=10_000)
    some = await client.sign_ins(AMELIA, user, since=since, limit=333)

    assert len(everything) == len({one.at for one in everything}) > 450
    assert some == everything[:333]


async def test_of_a_next_link_the_cursor_alone_is_used_and_there_is_an_end(world: World) -> None:
    """Our own choice: a link that leads elsewhere must not take the token there, and one without end must end."""
    user = await amelia(world.client())
    asked: list[tuple[str, str]] = []

    async def endless(request: Request) -> Response:
        asked.append((request.headers["host"], str(request.url.query)))
        link = f'<https://evil.example/api/v1/stolen?after=cursor-{len(asked)}&limit=1>; rel="next"'
        return JSONResponse([{"id": "g", "profile": {"name": f"g{len(asked)}"}}], headers={"Link": link})

    app = Starlette(routes=[Route("/api/v1/users/{id}/groups", endless)])
    async with create_http_client(app=httpx.ASGITransport(app=app)) as http:
        client = DirectoryClient(f"{BASE_URL}/api/v1", http, Canary())
        groups = await client.groups(AMELIA, user)

    assert {host for host, _ in asked} == {"127.0.0.1:8401"}
    assert [query for _, query in asked[:3]] == ["", "after=cursor-1", "after=cursor-2"]
    assert len(groups) == len(asked) == 20


async def test_acts_change_the_directory_and_record_whom_they_are_for(world: World) -> None:
    client = world.client()
    user = await amelia(client)
    await client.unlock(AMELIA, user)
    await client.reset_password(AMELIA, user)

    assert [event["eventType"] for event in world.events()] == [
        "user.account.unlock_by_admin",
        "user.account.reset_password",
        "system.email.password_reset.sent_message",
    ]
    for event in world.events():
        assert (event["actor"]["type"], event["actor"]["id"]) == ("User", user.id)
        assert event["debugContext"]["debugData"]["clientAppName"] == "password_reset"
    assert [mail["recipient"] for mail in world.outbox()] == ["amelia@post.example"]
    assert await client.password_resets(AMELIA, user, since=NOW - timedelta(hours=1), limit=5) == [NOW]


async def test_a_refusal_of_an_act_says_which(world: World) -> None:
    client = world.client()
    user = await amelia(client)
    await client.unlock(AMELIA, user)

    with pytest.raises(UpstreamRefused) as again:
        await client.unlock(AMELIA, user)
    world.change("UPDATE users SET status = 'SUSPENDED'")
    with pytest.raises(UpstreamRefused) as suspended:
        await client.reset_password(AMELIA, user)

    assert (again.value.reason, suspended.value.reason) == ("unlock_not_allowed", "status_forbids")


@pytest.mark.requirement("I4")
async def test_a_link_that_the_directory_gives_away_is_not_taken(world: World) -> None:
    """Our own choice: `sendEmail=true` alone is ever asked for, and an answer's body is not read."""
    client = world.client()
    user = await amelia(client)
    world.faults.body = b'{"resetPasswordUrl": "http://127.0.0.1:8401/reset_password/secret"}'

    await client.reset_password(AMELIA, user)  # returns nothing: there is no place for a link


@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_a_token_without_the_scope_is_denied(world: World, name: str) -> None:
    user = await amelia(world.client())

    with pytest.raises(UpstreamRefused) as refusal:
        await (READS | ACTS)[name](world.client("nothing"), user)
    assert refusal.value.reason == "connection_too_narrow"
    assert "`okta." in refusal.value.public_message
    assert world.events() == []


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("name", [name for name in [*READS, *ACTS] if name not in {"user", "password_policy"}])
async def test_who_has_no_role_in_the_directory_reaches_nobody_else_there(world: World, name: str) -> None:
    """The agent may, and the person may not: the directory itself refuses, whatever an agent was talked into."""
    somebody, client = await world.client().own_user(asker("tomas.reyes", ())), world.client()
    mine = {"sign_ins", "password_resets", "acts"}  # what is filtered is empty instead
    before = world.status("tomas.reyes")
    call = client._transport.get if name in READS else client._transport.post
    if name in mine:
        assert await client.acts(AMELIA, somebody, since=NOW - timedelta(days=90), limit=50) == []
        return
    path = f"/users/{somebody.id}" if name in READS else f"/users/{somebody.id}/lifecycle/{name}"
    with pytest.raises((AuthorizationDenied, UpstreamRefused)):
        await call(AMELIA, path, "okta.users.read" if name in READS else "okta.users.manage")
    assert world.status("tomas.reyes") == before


@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_a_token_that_is_not_accepted_is_a_refusal_without_the_token(world: World, name: str) -> None:
    user, canary = await amelia(world.client()), Canary()

    with pytest.raises(UpstreamRefused) as refusal:
        await (READS | ACTS)[name](world.client(tokens=canary), user)
    assert refusal.value.reason == "directory_token_refused"
    assert canary.refusals == (2 if name in READS else 1)  # an act is not tried again
    assert "canary" not in f"{refusal.value!r} {refusal.value.public_message} {refusal.value.detail}"


@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_away_is_unavailable(world: World, name: str) -> None:
    user = await amelia(world.client())
    world.faults.away = True

    with pytest.raises(UpstreamUnavailable) as away:
        await (READS | ACTS)[name](world.client(), user)
    assert (away.value.part, away.value.outcome_unknown) == ("directory", False)


@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_rate_limited_is_unavailable_until_the_window_ends(world: World, name: str) -> None:
    user = await amelia(world.client())
    world.faults.rate_limited_for = 17

    with pytest.raises(UpstreamUnavailable) as limited:
        await (READS | ACTS)[name](world.client(), user)
    assert limited.value.retry_after == 17.0
    assert not limited.value.outcome_unknown


@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_slow_is_unavailable_and_an_act_may_have_happened(world: World, name: str) -> None:
    user = await amelia(world.client())
    world.faults.delay = 30

    with pytest.raises(UpstreamUnavailable) as slow:
        await (READS | ACTS)[name](world.client(timeout=0.05), user)
    assert slow.value.outcome_unknown is (name in ACTS)


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_whose_answer_was_lost_may_have_happened(world: World, name: str) -> None:
    user = await amelia(world.client())
    if name == "expire_password":
        world.change("UPDATE users SET status = 'ACTIVE'")
    world.faults.lose_answers = True

    with pytest.raises(UpstreamUnavailable) as lost:
        await ACTS[name](world.client(), user)
    assert lost.value.outcome_unknown
    assert len([event for event in world.events() if event["eventType"].startswith("user.")]) == 1


NONSENSE = [
    b"",
    b"<html>gateway</html>",
    b"null",
    b"42",
    b'{"id": 1}',
    b"[{}]",
    b'[{"id": "x", "profile": {"login": "a"}}]',
    b'{"id": "../../x", "status": "ACTIVE", "profile": {"login": "a", "email": "b"}}',
    b"[" * 5000,
    b"\xff\xfe",
    b'[{"published": "yesterday", "outcome": {"result": "SUCCESS"}}]',
]


@pytest.mark.parametrize("name", READS)
async def test_an_answer_that_makes_no_sense_is_unavailable_and_not_shown(world: World, name: str) -> None:
    client = world.client()
    user = await amelia(client)
    for body in NONSENSE:
        world.faults.body = body

        with pytest.raises(UpstreamUnavailable) as nonsense:
            await READS[name](client, user)
        assert nonsense.value.public_message == "The directory is not available right now."
        assert "gateway" not in nonsense.value.detail


@contextlib.asynccontextmanager
async def breaking_server() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Takes connections, reads the first line, and ends them without an answer."""
    lines: list[bytes] = []

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(end, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1", lines


async def failure_of(base_url: str, call: Callable[[DirectoryClient], Awaitable[object]]) -> HelpdeskError:
    async with create_http_client() as http:
        client = DirectoryClient(base_url, http, Canary(), timeout=5)
        with pytest.raises(UpstreamUnavailable) as failure:
            await call(client)
    assert "canary" not in f"{failure.value!r}{failure.value.detail}"
    return failure.value


async def test_a_read_is_tried_once_more_where_the_connection_broke(world: World) -> None:
    user = await amelia(world.client())
    async with breaking_server() as (url, lines):
        await failure_of(url, lambda client: client.groups(AMELIA, user))

    assert len(lines) == 2


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_is_never_tried_again(world: World, name: str) -> None:
    """Save a removal, which done twice is done once: HTTP says so, and the transport makes use of it."""
    user = await amelia(world.client())
    async with breaking_server() as (url, lines):
        failure = await failure_of(url, lambda client: ACTS[name](client, user))

    assert len(lines) == (2 if name == "remove_factor" else 1)
    assert isinstance(failure, UpstreamUnavailable)
    assert failure.outcome_unknown


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_that_was_not_sent_did_not_happen(world: World, name: str, unused_tcp_port: int) -> None:
    user = await amelia(world.client())
    failure = await failure_of(f"http://127.0.0.1:{unused_tcp_port}", lambda client: ACTS[name](client, user))

    assert isinstance(failure, UpstreamUnavailable)
    assert not failure.outcome_unknown


@pytest.mark.requirement("G3")
@pytest.mark.parametrize("name", [*READS, *ACTS])
async def test_of_a_token_that_was_revoked_there_a_read_gets_another_and_an_act_does_not(
    world: World, name: str
) -> None:
    tokens, user = GivenTokens(world, "password_reset"), await amelia(world.client())
    client = world.client(tokens=tokens)
    first = await tokens.token(OSCAR)
    found = world.oauth.check(first.reveal())
    assert found is not None
    world.oauth.revoke(world.oauth.clients[found.client_id], first.reveal())

    if name in READS:
        await READS[name](client, user)
    else:
        with pytest.raises(UpstreamRefused, match="directory_token_refused"):
            await ACTS[name](client, user)
        assert world.events() == []
    assert tokens.refusals == 1
    assert tokens.given.get(OSCAR.user.subject) != first
