"""A sign-in is renewed once, by one process, with a refresh token that is used once; and it ends everywhere."""

import asyncio
from collections.abc import Callable, Coroutine

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from portal._errors import NotSignedIn, PartAway
from portal.demo import Browser
from portal.session import Clock, Desk, DeviceAuthorization, Profiles, Session, SignIn
from portal.signin import SignInFlows
from shared.http import create_http_client

SIX_HOURS = 6 * 3600


@pytest.fixture
async def sign_in(tenant: LocalTenant, desk: Desk, clock: Clock, http: httpx.AsyncClient, profiles: Profiles) -> SignIn:
    async def approve(asked: DeviceAuthorization) -> None:
        async with tenant.http() as own:
            await Browser(own).sign_in(
                asked.verification_uri_complete, login="amelia.hart", password=tenant.password("amelia.hart")
            )

    made = await SignInFlows(desk, http, clock=clock).by_device(approve)
    profiles.save("default", made)
    return made


@pytest.fixture
def session(profiles: Profiles, http: httpx.AsyncClient, clock: Clock) -> Session:
    return Session(profiles.of("default"), http, clock=clock)


async def test_nobody_is_signed_in_at_first(session: Session) -> None:
    with pytest.raises(NotSignedIn, match="helpdesk login"):
        await session.access_token()


async def test_a_token_is_used_as_long_as_it_holds(sign_in: SignIn, session: Session, tenant: LocalTenant) -> None:
    asked = tenant.requests["/oauth/token"]
    assert await session.access_token() == sign_in.access_token
    assert tenant.requests["/oauth/token"] == asked


async def test_a_token_is_renewed_before_it_expires(
    sign_in: SignIn, session: Session, profiles: Profiles, manual_clock: ManualClock
) -> None:
    manual_clock.advance(sign_in.expires_at - manual_clock() - 20)
    token = await session.access_token()
    kept = profiles.load("default")
    assert token != sign_in.access_token
    assert kept is not None
    assert kept.access_token == token
    assert kept.refresh_token not in {None, sign_in.refresh_token}
    manual_clock.advance(3600)
    assert await session.access_token() not in {token, sign_in.access_token}


async def test_a_token_that_was_refused_is_renewed_whatever_its_date(sign_in: SignIn, session: Session) -> None:
    token = await session.access_token(refused=sign_in.access_token)
    assert token != sign_in.access_token
    assert await session.access_token(refused=sign_in.access_token) == token


@pytest.mark.parametrize("renew", [Session.access_token, Session.my_account_token], ids=["supervisor", "my account"])
async def test_a_renewal_that_nobody_waits_for_any_more_is_kept_all_the_same(
    sign_in: SignIn,
    profiles: Profiles,
    clock: Clock,
    manual_clock: ManualClock,
    renew: Callable[[Session], Coroutine[None, None, str]],
) -> None:
    """A browser goes away between the request and its answer: the refresh token that was sent is used up."""
    answered, go_on = asyncio.Event(), asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await inner.handle_async_request(request)
            if request.url.path == "/oauth/token":
                answered.set()
                await go_on.wait()
            return response

        async def aclose(self) -> None:
            await inner.aclose()

    inner = httpx.AsyncHTTPTransport()
    async with create_http_client(app=Slow()) as http:  # type: ignore[arg-type]  # it passes everything on
        session = Session(profiles.of("default"), http, clock=clock)
        manual_clock.advance(sign_in.expires_at - manual_clock())
        asking = asyncio.create_task(renew(session))
        await answered.wait()
        asking.cancel()
        await asyncio.wait([asking])
        go_on.set()
        token = await session.access_token()
    kept = profiles.load("default")
    assert asking.cancelled()
    assert kept is not None
    assert kept.access_token == token != sign_in.access_token


async def test_processes_that_renew_at_the_same_time_use_the_refresh_token_once(
    sign_in: SignIn, profiles: Profiles, http: httpx.AsyncClient, clock: Clock, tenant: LocalTenant
) -> None:
    asked = tenant.requests["/oauth/token"]
    sessions = [Session(Profiles(profiles.home).of("default"), http, clock=clock) for _ in range(8)]
    tokens = await asyncio.gather(*(one.access_token(refused=sign_in.access_token) for one in sessions))
    assert len(set(tokens)) == 1
    assert tenant.requests["/oauth/token"] == asked + 1


async def test_a_sign_in_that_has_ended_says_so(
    sign_in: SignIn, session: Session, manual_clock: ManualClock, profiles: Profiles
) -> None:
    manual_clock.advance(31 * 86400)
    with pytest.raises(NotSignedIn, match="has ended"):
        await session.access_token()
    assert profiles.load("default") == sign_in


async def test_while_the_tenant_is_away_nothing_is_lost(
    sign_in: SignIn, session: Session, manual_clock: ManualClock, tenant: LocalTenant
) -> None:
    manual_clock.advance(SIX_HOURS)
    tenant.stop()
    with pytest.raises(PartAway) as away:
        await session.access_token()
    assert "does not answer" in away.value.public_message
    tenant.start()
    assert await session.access_token() != sign_in.access_token


async def test_signing_out_revokes_the_refresh_token(sign_in: SignIn, session: Session, profiles: Profiles) -> None:
    assert await session.end()
    assert profiles.load("default") is None
    profiles.save("default", sign_in)  # a copy that somebody kept
    with pytest.raises(NotSignedIn, match="has ended"):
        await session.access_token(refused=sign_in.access_token)


async def test_signing_out_while_the_tenant_is_away_ends_it_here(
    sign_in: SignIn, session: Session, profiles: Profiles, tenant: LocalTenant
) -> None:
    assert sign_in.refresh_token
    tenant.stop()
    assert not await session.end()
    assert profiles.load("default") is None
