"""A session that ends at the issuer ends here, without a browser; and nobody else can have one end."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web import _signed_in
from portal.web.app import create_app
from portal.web.settings import WebSettings
from shared.http import create_http_client
from shared.telemetry import _logging
from shared.testing import LoopbackServer
from tests.web._visitor import Visitor

FORM = "application/x-www-form-urlencoded"


async def is_signed_in(visitor: Visitor) -> bool:
    return "Sign out" in (await visitor.get("/")).text


async def until(holds: Callable[[], bool], visitor: Visitor) -> None:
    """The tenant sends its token after it has answered whoever logged out."""
    async with asyncio.timeout(30):
        while not holds():
            await visitor.get("/healthz")


async def log_out_at_the_tenant(visitor: Visitor) -> None:
    told = visitor.tenant.tenant.log.count("sslo")
    await visitor.http.get(f"{visitor.tenant.issuer}v2/logout")
    await until(lambda: visitor.tenant.tenant.log.count("sslo") == told + 1, visitor)


async def send(visitor: Visitor, token: str) -> httpx.Response:
    """As anybody can."""
    async with create_http_client() as http:
        return await http.post(f"{visitor.url}backchannel-logout", data={"logout_token": token})


def token_for(visitor: Visitor, **changes: Any) -> str:
    """A logout token of the tenant's for the session of nobody, but for these claims; one of None is left out."""
    tokens = visitor.tenant.tenant.tokens
    client = visitor.tenant.tenant.clients.named("Help desk web")
    claims = tokens.verify(tokens.logout_token(client, visitor.tenant.user_id("amelia.hart"), "no-such-session"))
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return tokens._sign(claims, "JWT")


@pytest.mark.requirement("W3")
async def test_a_session_that_ends_at_the_tenant_ends_here_and_no_other(amelia: Visitor, tenant: LocalTenant) -> None:
    async with Visitor(amelia.url, tenant) as elsewhere:
        await elsewhere.sign_in("amelia.hart")
        await log_out_at_the_tenant(amelia)
        assert not await is_signed_in(amelia)
        assert await is_signed_in(elsewhere)


@pytest.mark.requirement("W3")
async def test_what_is_being_shown_ends_with_it(amelia: Visitor) -> None:
    """The supervisor of these tests is away: the line to it is tried again and again."""
    async with amelia.http.stream(
        "GET", f"{amelia.url}tasks/abc/events?context_id=a", headers={"Accept": "text/event-stream"}
    ) as shown:
        assert shown.status_code == 200
        await log_out_at_the_tenant(amelia)
        async with asyncio.timeout(30):
            rest = [line async for line in shown.aiter_lines()]
    assert "event: end" not in rest


@pytest.mark.requirement("W3")
async def test_a_sign_in_that_is_under_way_comes_to_nothing(visitor: Visitor) -> None:
    """The session ended between the tenant's answer and its way back here."""
    answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
    await log_out_at_the_tenant(visitor)
    refused = await visitor.get(f"/callback?{httpx.QueryParams(answer)}")
    assert refused.status_code == 400
    assert not await is_signed_in(visitor)
    assert (await visitor.sign_in("amelia.hart")).status_code == 303


@pytest.mark.requirement("W3")
async def test_a_token_that_names_the_person_alone_ends_all_their_sessions(
    amelia: Visitor, tenant: LocalTenant
) -> None:
    async with Visitor(amelia.url, tenant) as elsewhere, Visitor(amelia.url, tenant) as oscar:
        await elsewhere.sign_in("amelia.hart")
        await oscar.sign_in("oscar.lind")
        answer = await send(oscar, token_for(amelia, sid=None))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert [await is_signed_in(one) for one in (amelia, elsewhere, oscar)] == [False, False, True]


async def test_a_session_that_is_not_there_is_over_already(amelia: Visitor) -> None:
    assert (await send(amelia, token_for(amelia))).status_code == 200
    assert await is_signed_in(amelia)


@pytest.mark.requirement("B11")
@pytest.mark.requirement("W9")
async def test_a_token_that_comes_again_ends_nothing(
    amelia: Visitor, web: LoopbackServer, settings: WebSettings, manual_clock: ManualClock
) -> None:
    """Else whoever saw it could end what was begun since; also after a restart."""
    token = token_for(amelia, sid=None)
    assert (await send(amelia, token)).status_code == 200
    await amelia.sign_in("amelia.hart")
    web.stop()
    web.start(create_app(settings, clock=Clock(now=manual_clock)))
    assert (await send(amelia, token)).status_code == 400
    assert await is_signed_in(amelia)


@pytest.mark.requirement("W9")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example/"},
        {"aud": "another"},
        {"events": None},
        {"events": {"https://other.example/event": {}}},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"jti": None},
        {"iat": 1_000_000_000, "exp": 1_000_000_120},
    ],
    ids=str,
)
async def test_a_token_that_is_not_the_issuers_word_for_us_ends_nothing(
    amelia: Visitor, changes: dict[str, Any]
) -> None:
    with capture_logs(processors=_logging._processors) as events:
        refused = await send(amelia, token_for(amelia, **{"sid": None} | changes))
    assert refused.status_code == 400
    assert refused.json() == {
        "error": "invalid_request",
        "error_description": "The logout token does not verify.",
    }
    assert refused.headers["cache-control"] == "no-store"
    assert [event["event"] for event in events if event["event"] == "logout_token_refused"] != []
    assert await is_signed_in(amelia)


@pytest.mark.requirement("W9")
async def test_neither_an_id_token_nor_a_forged_one_ends_anything(amelia: Visitor, tenant: LocalTenant) -> None:
    tokens = await tenant.sign_in_tokens("amelia.hart", "Help desk web", ["openid"])
    header, payload, signature = token_for(amelia, sid=None).split(".")
    other = token_for(amelia, sub=tenant.user_id("oscar.lind"), sid=None).split(".")
    for token in (
        tokens["id_token"],
        tokens["access_token"],
        f"{other[0]}.{payload}.{other[2]}",
        f"{header}.{payload}.",
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{header}.{payload}.{signature[::-1]}",
        "",
        "a" * 5000,
    ):
        assert (await send(amelia, token)).status_code == 400
    assert await is_signed_in(amelia)


@pytest.mark.requirement("W9")
async def test_a_token_is_taken_in_one_form_only(amelia: Visitor) -> None:
    url = f"{amelia.url}backchannel-logout"
    token = token_for(amelia, sid=None)
    assert (await amelia.http.get(url, params={"logout_token": token})).status_code == 405
    bodies = {
        f"logout_token={token}&logout_token={token}": FORM,
        f"token={token}": FORM,
        f'{{"logout_token": "{token}"}}': "application/json",
        f"logout_token={token}": "text/plain",
        "logout_token=" + "x" * 70_000: FORM,
    }
    for body, kind in bodies.items():
        refused = await amelia.http.post(url, content=body, headers={"Content-Type": kind})
        assert refused.status_code == 400
    assert (await amelia.http.post(f"{url}?logout_token={token}")).status_code == 400
    assert await is_signed_in(amelia)


async def test_while_the_issuers_keys_are_away_nothing_is_believed(
    amelia: Visitor, tenant: LocalTenant, web: LoopbackServer, settings: WebSettings, manual_clock: ManualClock
) -> None:
    token = token_for(amelia, sid=None)
    web.stop()
    web.start(create_app(settings, clock=Clock(now=manual_clock)))
    tenant.stop()
    try:
        refused = await send(amelia, token)
    finally:
        tenant.start()
    assert refused.status_code == 503
    assert await is_signed_in(amelia)


@pytest.mark.requirement("W7")
async def test_a_person_is_signed_in_in_so_many_browsers_and_the_oldest_is_signed_out(
    amelia: Visitor, tenant: LocalTenant, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_signed_in, "MAX_SESSIONS", 2)
    async with Visitor(amelia.url, tenant) as second, Visitor(amelia.url, tenant) as third:
        for browser in (second, third):
            manual_clock.advance(1)
            await browser.sign_in("amelia.hart")
        assert [await is_signed_in(one) for one in (amelia, second, third)] == [False, True, True]


async def test_sessions_of_an_older_release_go_on(
    amelia: Visitor, web: LoopbackServer, settings: WebSettings, manual_clock: ManualClock
) -> None:
    web.stop()
    file: Path = settings.web_session_file
    with sqlite3.connect(file) as database:
        database.execute("ALTER TABLE sessions DROP COLUMN person")
        database.execute("DROP TABLE heard")
    database.close()
    web.start(create_app(settings, clock=Clock(now=manual_clock)))
    assert await is_signed_in(amelia)
    await log_out_at_the_tenant(amelia)
    assert not await is_signed_in(amelia)
