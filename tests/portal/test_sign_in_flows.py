"""Signing in by device code (RFC 8628) and by loopback redirect with PKCE (RFC 7636, RFC 8252)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from portal._errors import CommandFailed, PartAway
from portal.demo import Browser
from portal.session import AuthorizationServer, Clock, Desk, DeviceAuthorization, process_metadata
from portal.signin import LoopbackRedirect, SignInFlows
from shared.errors import OAuthError
from shared.http import create_http_client

Flows = SignInFlows


@pytest.fixture
def flows(desk: Desk, http: httpx.AsyncClient, clock: Clock) -> Flows:
    return SignInFlows(desk, http, clock=clock)


async def approve(tenant: LocalTenant, url: str, login: str = "amelia.hart") -> str:
    async with tenant.http() as own:
        return await Browser(own).sign_in(url, login=login, password=tenant.password(login))


async def test_the_device_flow_signs_in_who_confirmed_the_code(tenant: LocalTenant, flows: Flows, desk: Desk) -> None:
    shown = []

    async def show(asked: DeviceAuthorization) -> None:
        shown.append(asked)
        await approve(tenant, asked.verification_uri_complete)

    sign_in = await flows.by_device(show)
    assert (sign_in.name, sign_in.subject, sign_in.desk) == ("Amelia Hart", tenant.user_id("amelia.hart"), desk)
    assert sign_in.refresh_token
    assert shown[0].user_code in shown[0].verification_uri_complete


async def test_the_device_flow_waits_for_the_person(
    tenant: LocalTenant, desk: Desk, http: httpx.AsyncClient, manual_clock: ManualClock
) -> None:
    asked: list[DeviceAuthorization] = []
    waits: list[float] = []

    async def show(authorization: DeviceAuthorization) -> None:
        asked.append(authorization)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        manual_clock.advance(seconds)
        if len(waits) == 3:
            await approve(tenant, asked[0].verification_uri_complete)

    sign_in = await SignInFlows(desk, http, clock=Clock(manual_clock, sleep)).by_device(show)
    assert sign_in.name == "Amelia Hart"
    assert waits == [5, 5, 5]


async def test_slow_down_lengthens_the_interval_for_good(
    tenant: LocalTenant, desk: Desk, http: httpx.AsyncClient, manual_clock: ManualClock
) -> None:
    asked: list[DeviceAuthorization] = []
    waits: list[float] = []

    async def show(authorization: DeviceAuthorization) -> None:
        asked.append(authorization)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        manual_clock.advance(1 if len(waits) == 1 else seconds)  # once, less time passes than was asked for
        if len(waits) == 4:
            await approve(tenant, asked[0].verification_uri_complete)

    await SignInFlows(desk, http, clock=Clock(manual_clock, sleep)).by_device(show)
    assert waits == [5, 10, 10, 10]


async def test_a_device_code_that_nobody_enters_expires(
    desk: Desk, http: httpx.AsyncClient, manual_clock: ManualClock
) -> None:
    async def sleep(seconds: float) -> None:
        manual_clock.advance(seconds * 60)

    with pytest.raises(CommandFailed, match="in time"):
        await SignInFlows(desk, http, clock=Clock(manual_clock, sleep)).by_device(_nothing)


async def test_saying_no_in_the_browser_ends_the_device_flow(tenant: LocalTenant, flows: Flows) -> None:
    async def refuse(asked: DeviceAuthorization) -> None:
        async with tenant.http() as own:
            browser = Browser(own)
            page = await browser.open(asked.verification_uri_complete)
            while "action" not in page.forms[0].fields:
                page = await browser.submit(page)
            page.forms[0].fields["action"] = "cancel"
            assert "Cancelled" in (await browser.submit(page)).text

    with pytest.raises(CommandFailed, match="refused"):
        await flows.by_device(refuse)


async def test_the_browser_flow_signs_in(tenant: LocalTenant, flows: Flows) -> None:
    pages: list[asyncio.Task[str]] = []

    def open_browser(url: str) -> None:
        pages.append(asyncio.ensure_future(approve(tenant, url)))

    sign_in = await flows.by_browser(open_browser)
    assert sign_in.name == "Amelia Hart"
    assert "You are signed in" in await pages[0]


async def test_the_browser_flow_asks_with_pkce_state_and_nonce(desk: Desk, http: httpx.AsyncClient) -> None:
    server = AuthorizationServer(desk, http)
    first, second = [await server.authorization_request("http://127.0.0.1:8410/callback") for _ in range(2)]
    query = parse_qs(urlsplit(first.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["audience"] == [desk.audience]
    assert first.code_verifier not in first.url
    for name in ("state", "nonce", "code_verifier"):
        assert getattr(first, name) != getattr(second, name)
        assert len(getattr(first, name)) >= 43


async def test_another_nonce_in_the_id_token_is_refused(tenant: LocalTenant, flows: Flows) -> None:
    def open_browser(url: str) -> None:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"nonce": "somebody else's"}
        approving.append(asyncio.ensure_future(approve(tenant, parts._replace(query=urlencode(query)).geturl())))

    approving: list[asyncio.Task[str]] = []
    with pytest.raises(CommandFailed) as refused:
        await flows.by_browser(open_browser)
    assert "cannot be trusted" in refused.value.public_message
    assert "answers another request" in refused.value.detail
    await approving[0]


async def redirected(send: Callable[[LoopbackRedirect, httpx.AsyncClient], Awaitable[None]], seconds: float = 5) -> str:
    """Has `send` play the browser at the redirect URI; what the flow makes of it."""
    async with LoopbackRedirect(ports=(0,)) as redirect, create_http_client() as browser:
        waiting = asyncio.ensure_future(
            redirect.authorization_response(state="right", issuer="https://t.example/", wait_seconds=seconds)
        )
        await asyncio.sleep(0)
        await send(redirect, browser)
        return await waiting


async def test_only_the_answer_with_our_state_counts() -> None:
    async def send(redirect: LoopbackRedirect, browser: httpx.AsyncClient) -> None:
        for query in ("code=forged", "code=forged&state=wrong", "code=forged&state=right&state=right", "state="):
            assert (await browser.get(f"{redirect.redirect_uri}?{query}")).status_code == 400
        assert (await browser.post(f"{redirect.redirect_uri}?code=forged&state=right")).status_code == 404
        assert (await browser.get(redirect.redirect_uri.replace("/callback", "/favicon.ico"))).status_code == 404
        answered = await browser.get(f"{redirect.redirect_uri}?code=the%20code&state=right")
        assert "You are signed in" in answered.text
        assert answered.headers["referrer-policy"] == "no-referrer"
        await browser.get(f"{redirect.redirect_uri}?code=later&state=right")

    assert await redirected(send) == "the code"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("error=access_denied&error_description=No&state=right", "access_denied"),
        ("state=right", "invalid_response"),
        ("code=x&state=right&iss=https%3A%2F%2Fother.example%2F", "invalid_issuer"),
    ],
)
async def test_a_refusal_is_said(query: str, error: str) -> None:
    async def send(redirect: LoopbackRedirect, browser: httpx.AsyncClient) -> None:
        await browser.get(f"{redirect.redirect_uri}?{query}")

    with pytest.raises(OAuthError) as refused:
        await redirected(send)
    assert refused.value.error == error


async def test_rubbish_at_the_redirect_uri_changes_nothing() -> None:
    async def send(redirect: LoopbackRedirect, browser: httpx.AsyncClient) -> None:
        port = urlsplit(redirect.redirect_uri).port
        for rubbish in (b"\x16\x03\x01", b"GET /callback", b"GET " + b"a" * 20000 + b" HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(rubbish)
            writer.write_eof()
            await reader.read()
            writer.close()
        await browser.get(f"{redirect.redirect_uri}?code=c&state=right")

    assert await redirected(send) == "c"


async def test_nobody_in_the_browser_ends_the_wait() -> None:
    with pytest.raises(CommandFailed, match="in time"):
        await redirected(_nothing_at_all, seconds=0.05)


async def test_a_taken_port_is_passed_over_and_all_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with LoopbackRedirect(ports=(port, 0)) as redirect:
            assert urlsplit(redirect.redirect_uri).port != port
        with pytest.raises(CommandFailed, match=f"{port}"):
            async with LoopbackRedirect(ports=(port,)):
                pass


async def test_a_tenant_that_is_away_is_named(tenant: LocalTenant, flows: Flows, desk: Desk) -> None:
    tenant.stop()
    with pytest.raises(PartAway) as away:
        await flows.by_device(_nothing)
    assert f"{desk.issuer} does not answer" in away.value.public_message


ISSUER = "https://t.example/"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}authorize",
    "token_endpoint": f"{ISSUER}oauth/token",
    "jwks_uri": f"{ISSUER}jwks.json",
}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://t.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "https://t.example.evil/oauth/token"},
        {"jwks_uri": 7},
        {"device_authorization_endpoint": "https://other.example/device"},
    ],
)
def test_metadata_that_leads_elsewhere_is_refused(change: dict[str, object]) -> None:
    assert process_metadata(ISSUER, GOOD).token_endpoint == GOOD["token_endpoint"]
    with pytest.raises(OAuthError):
        process_metadata(ISSUER, GOOD | change)


async def _nothing(_: DeviceAuthorization) -> None:
    pass


async def _nothing_at_all(_: LoopbackRedirect, __: httpx.AsyncClient) -> None:
    pass
