"""What one address and one person may take, of the web chat and of its lines to the supervisor."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from portal.activity import _activity
from portal.session import Clock
from portal.web._shares import MOST_AT_ONCE
from portal.web.app import create_app
from shared.errors import ConfigurationError
from shared.telemetry import metrics
from shared.testing import LoopbackServer
from tests.web._visitor import Visitor, text_of
from tests.web.conftest import MakeSettings
from tests.web.test_backchannel_logout import send, token_for

Serve = Callable[..., Any]


@pytest.fixture
def serve(server: LoopbackServer, make_settings: MakeSettings, manual_clock: ManualClock) -> Serve:
    """Serves a web chat for which no time passes."""

    @contextmanager
    def serving(**changes: Any) -> Iterator[str]:
        settings = make_settings(**changes)
        server.start(create_app(settings, clock=Clock(now=manual_clock), elapsed=lambda: 0.0))
        try:
            yield server.url
        finally:
            server.stop()

    return serving


@pytest.mark.requirement("W7")
async def test_who_is_not_signed_in_is_limited_by_address_and_who_is_signed_in_is_not(
    serve: Serve, tenant: LocalTenant
) -> None:
    with serve(web_stranger_requests_per_minute=50) as url:
        async with Visitor(url, tenant) as amelia, Visitor(url, tenant) as stranger:
            await amelia.sign_in("amelia.hart")  # takes two of five
            counted = metrics.REFUSALS._counts.get(("request", "too_many_requests"), 0)
            answers = [await stranger.get(path) for path in ("/login", "/callback?code=a", "/", "/login", "/callback")]
            assert [answer.status_code for answer in answers] == [303, 400, 200, 429, 429]
            assert "Too many requests; try again shortly." in text_of(answers[-1].text)
            assert answers[-1].headers["retry-after"] == "2"
            assert answers[-1].headers["content-security-policy"]
            assert metrics.REFUSALS._counts["request", "too_many_requests"] == counted + 2
            assert (await stranger.get("/accounts")).status_code == 429
            assert (await stranger.get("/healthz")).status_code == 200
            assert (await stranger.get("/static/app.js")).status_code == 200
            assert "Sign out" in (await amelia.get("/")).text


BALANCER = "127.0.0.1"
ONE, OTHER = "198.51.100.1", "198.51.100.2"


@pytest.mark.parametrize(
    ("proxies", "first", "second", "status"),
    [
        ([], ONE, OTHER, 429),
        ([BALANCER], ONE, OTHER, 303),
        ([BALANCER], ONE, f"203.0.113.9, {ONE}", 429),
        (["127.0.0.0/8", "10.0.0.0/8"], f"{ONE}, 10.1.1.1", f"{OTHER}, 10.1.1.1", 303),
        (["10.0.0.0/8"], f"{ONE}, 10.1.1.1", f"{OTHER}, 10.1.1.1", 429),
        ([BALANCER], "2001:db8::1", "2001:db8::2", 429),
        ([BALANCER], "2001:db8::1", "2001:db8:0:1::2", 303),
        ([BALANCER], f"::ffff:{ONE}", ONE, 429),
        ([BALANCER], "nonsense", f"{ONE}, rubbish", 429),
    ],
)
@pytest.mark.requirement("W7")
async def test_an_address_is_what_a_proxy_of_ours_says_and_nobody_else(
    serve: Serve, tenant: LocalTenant, proxies: list[str], first: str, second: str, status: int
) -> None:
    with serve(web_stranger_requests_per_minute=10, web_trusted_proxies=proxies) as url:
        async with Visitor(url, tenant) as stranger:
            assert (await stranger.get("/login", **{"X-Forwarded-For": first})).status_code == 303
            assert (await stranger.get("/login", **{"X-Forwarded-For": second})).status_code == status


@pytest.mark.requirement("W7")
@pytest.mark.requirement("W9")
async def test_logout_tokens_that_hold_are_not_limited_and_those_that_do_not_are(
    serve: Serve, tenant: LocalTenant
) -> None:
    """An issuer may tell of many at once, and does not tell again."""
    with serve(web_stranger_requests_per_minute=10) as url:
        async with Visitor(url, tenant) as stranger:
            told = [await send(stranger, token_for(stranger, jti=f"one of many {number}")) for number in range(5)]
            assert {answer.status_code for answer in told} == {200}
            assert (await send(stranger, "no token")).status_code == 400
            refused = await send(stranger, "no token")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")


@pytest.mark.parametrize("said", [["10.0.0.1/8"], ["proxy.example"], ["0.0.0.0/0"], ["::/0"]])
def test_proxies_that_are_none_or_everybody_stop_it(make_settings: MakeSettings, said: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="WEB_TRUSTED_PROXIES"):
        make_settings(web_trusted_proxies=said)


@pytest.mark.requirement("W7")
async def test_one_person_takes_a_part_of_the_lines_to_the_supervisor_in_all_their_browsers(
    server: LoopbackServer, tenant: LocalTenant, hanging: threading.Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_activity, "SECONDS", 3600.0)  # nobody gives up before all have come, however long that takes
    async with AsyncExitStack() as stack:
        amelia, again, oscar = [await stack.enter_async_context(Visitor(server.url, tenant)) for _ in range(3)]
        for browser, login in ((amelia, "amelia.hart"), (again, "amelia.hart"), (oscar, "oscar.lind")):
            await browser.sign_in(login)
            browser.http.timeout = httpx.Timeout(None)
        half = MOST_AT_ONCE // 2
        waiting = [asyncio.create_task(who.get("/activity")) for who in (amelia, again) for _ in range(half)]
        for _ in waiting:
            assert await asyncio.to_thread(hanging.acquire, timeout=55)
        for browser in (amelia, again):
            refused = await browser.get("/activity")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert "under way at the same time" in text_of(refused.text)
        waiting.append(asyncio.create_task(oscar.get("/activity")))
        assert await asyncio.to_thread(hanging.acquire, timeout=55)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
