"""Issued tokens: one request for all who wait, renewed before they expire, never used after."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse
from structlog.testing import capture_logs

from shared.errors import OAuthError, UpstreamUnavailable
from shared.identity import AccessToken, RawToken, TokenClient
from shared.identity._token_cache import TokenCache
from shared.testing import AuthorizationServer, Clock

SUBAGENT = "https://helpdesk.example/password_reset"
MakeTokenClient = Callable[..., TokenClient]


async def settle() -> None:
    """Lets tasks in the background run to their end: everything is in process and nothing waits for a clock."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


def ask(client: TokenClient, scope: str = "a") -> Any:
    return client.client_credentials(audience=SUBAGENT, scopes=[scope])


async def test_concurrent_callers_share_one_request(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    client = make_token_client()
    tokens = await asyncio.gather(*(ask(client) for _ in range(100)))
    assert len({id(token) for token in tokens}) == 1
    assert len(server.token_requests) == 1
    assert server.fetches["/.well-known/openid-configuration"] == 1


async def test_callers_for_different_tokens_do_not_wait_for_each_other(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    client = make_token_client()
    tokens = await asyncio.gather(*(ask(client, f"scope:{number % 5}") for number in range(50)))
    assert len({id(token) for token in tokens}) == 5
    assert len(server.token_requests) == 5
    assert server.fetches["/.well-known/openid-configuration"] == 1


@pytest.mark.parametrize("leaves", ["first", "second", "both"])
async def test_one_who_gives_up_does_not_fail_the_others(
    server: AuthorizationServer, make_token_client: MakeTokenClient, leaves: str
) -> None:
    client = make_token_client()
    server.release.clear()
    waiting = {name: asyncio.create_task(ask(client)) for name in ("first", "second")}
    await server.asked.wait()
    for name in waiting if leaves == "both" else [leaves]:
        waiting[name].cancel()
    await asyncio.sleep(0)
    server.release.set()
    for name, task in waiting.items():
        if leaves in {name, "both"}:
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            assert (await task).scopes == {"a"}
    await settle()
    await ask(client)  # what was fetched for nobody is there for the next
    assert len(server.token_requests) == 1


async def test_an_error_goes_to_all_who_wait_and_is_not_kept(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    client = make_token_client()
    server.next_answers.append(JSONResponse({"error": "access_denied"}, 403))
    results = await asyncio.gather(*(ask(client) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, OAuthError) for result in results)
    assert len(server.token_requests) == 1
    assert (await ask(client)).scopes == {"a"}


async def test_an_error_that_nobody_waits_for_is_not_reported_as_lost(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    """Asyncio reports an exception that nobody looked at when its task is collected."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    client = make_token_client()
    server.deny = (403, "access_denied")
    server.release.clear()
    waiting = asyncio.create_task(ask(client))
    await server.asked.wait()
    waiting.cancel()
    server.release.set()
    await settle()
    del waiting
    gc.collect()
    assert reported == []


async def test_a_renewal_that_fails_when_somebody_has_come_to_need_it_fails_for_them_too(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()
    first = await ask(client)
    server.asked.clear()
    server.deny = (403, "access_denied")
    server.release.clear()
    clock.advance(720)
    with capture_logs() as events:
        assert await ask(client) is first
        await server.asked.wait()
        clock.advance(180)  # the old one has expired while the renewal was under way
        waiting = asyncio.create_task(ask(client))
        await asyncio.sleep(0)
        server.release.set()
        with pytest.raises(OAuthError):
            await waiting
    assert len(server.token_requests) == 2
    assert [(event["event"], event["reason"]) for event in events] == [("token_not_renewed", "oauth")]


async def test_a_token_is_renewed_in_the_background_while_it_still_serves(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()  # jitter 0.5: due at 80 % of the lifetime
    first = await ask(client)
    clock.advance(719)
    assert await ask(client) is first
    await settle()
    assert len(server.token_requests) == 1
    clock.advance(1)
    server.release.clear()
    assert await asyncio.gather(*(ask(client) for _ in range(50))) == [first] * 50
    server.release.set()
    await settle()
    assert len(server.token_requests) == 2
    second = await ask(client)
    assert second.token != first.token
    assert second.expires_at == clock.now + 900


async def test_a_renewal_that_fails_leaves_the_token_in_use_and_is_tried_again_later(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()
    first = await ask(client)
    clock.advance(720)
    server.deny = (403, "access_denied")
    for _ in range(10):
        assert await ask(client) is first
        await settle()
    assert len(server.token_requests) == 2
    clock.advance(5)
    server.deny = None
    assert await ask(client) is first
    await settle()
    assert await ask(client) is not first
    assert len(server.token_requests) == 3


async def test_a_token_is_not_used_past_its_expiry(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    """Nor within the last ten seconds, in which it might expire on its way."""
    client = make_token_client()
    first = await ask(client)
    server.deny = (403, "access_denied")
    clock.advance(889)
    assert await ask(client) is first
    await settle()
    clock.advance(1)
    with pytest.raises(OAuthError):
        await ask(client)


async def test_a_short_token_still_serves_for_nine_tenths_of_its_life(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    server.lifetimes[0] = 10
    client = make_token_client(jitter=lambda: 1.0)
    first = await ask(client)
    clock.advance(8.9)
    assert await ask(client) is first
    clock.advance(0.2)
    assert await ask(client) is not first


async def test_the_first_token_may_be_short_and_the_next_long(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    server.lifetimes.appendleft(1)
    client = make_token_client()
    first = await ask(client)
    clock.advance(1)
    second = await ask(client)
    assert first.token != second.token
    assert second.expires_at == clock.now + 900


async def test_renewals_of_replicas_are_spread(server: AuthorizationServer, make_token_client: MakeTokenClient) -> None:
    """Between 70 and 90 % of the lifetime, by chance."""
    for jitter, due in ((0.0, 630), (1.0, 810)):
        clock = Clock()
        server.clock = clock
        server.token_requests.clear()
        client = make_token_client(clock=clock, jitter=lambda jitter=jitter: jitter)
        await ask(client)
        for seconds, requests in ((due - 1, 1), (1, 2)):
            clock.advance(seconds)
            await ask(client)
            await settle()
            assert len(server.token_requests) == requests


async def test_only_the_latest_tokens_are_held(server: AuthorizationServer, make_token_client: MakeTokenClient) -> None:
    client = make_token_client(cache_size=2)
    for scope in ("a", "b", "a", "c", "a"):  # b was not used for longest when c came
        await ask(client, scope)
    assert len(server.token_requests) == 3
    await ask(client, "b")
    assert len(server.token_requests) == 4


async def test_a_token_fetched_anew_is_the_latest(clock: Clock) -> None:
    cache = TokenCache(size=2, clock=clock, jitter=lambda: 0.5)
    fetched: list[str] = []

    async def get(key: str, lifetime: int) -> None:
        async def fetch() -> AccessToken:
            fetched.append(key)
            return AccessToken(RawToken(key), clock.now + lifetime, frozenset())

        await cache.get(key, fetch)

    await get("long", 1000)
    await get("short", 10)
    clock.advance(10)
    await get("long", 1000)  # the short one is now the oldest, and expired
    await get("short", 1000)
    await get("third", 1000)
    await get("short", 1000)
    assert fetched == ["long", "short", "short", "third"]


async def test_expired_tokens_are_dropped(clock: Clock) -> None:
    cache = TokenCache(size=100, clock=clock, jitter=lambda: 0.5)

    async def fetch() -> AccessToken:
        return AccessToken(RawToken("t"), clock.now + 10, frozenset())

    for number in range(50):
        await cache.get(number, fetch)
        clock.advance(1)
    assert len(cache) <= 10


@given(
    st.lists(st.tuples(st.floats(0, 500), st.integers(1, 2000), st.booleans()), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(1, 3000),
)
def test_whatever_happens_no_token_is_handed_out_after_its_end(
    steps: list[tuple[float, int, bool]], jitter: float, not_after: float
) -> None:
    clock = Clock(0.0)
    cache = TokenCache(size=2, clock=clock, jitter=lambda: jitter)

    async def run() -> None:
        for passed, lifetime, works in steps:
            clock.advance(passed)

            async def fetch(lifetime: int = lifetime, *, works: bool = works) -> AccessToken:
                if not works:
                    raise UpstreamUnavailable("authorization server")
                return AccessToken(RawToken("t"), clock.now + lifetime, frozenset())

            end = clock.now + not_after
            try:
                token = await cache.get("key", fetch, not_after=end)
            except UpstreamUnavailable:
                assert not works
            else:
                assert clock.now < token.expires_at
            await settle()

    asyncio.run(run())
