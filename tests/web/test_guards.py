"""What other sites, other hosts and too much of anything come up against."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web.app import create_app
from portal.web.settings import WebSettings
from shared.errors import ConfigurationError
from shared.telemetry import _logging
from shared.testing import LoopbackServer
from tests.web._visitor import Visitor, set_cookies, text_of
from tests.web.conftest import MakeSettings

ROOT = Path(__file__).resolve().parents[2]
PATHS = ["/logout", "/messages", "/tasks/abc/cancel", "/accounts/connect", "/accounts/disconnect"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "http://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.requirement("W5")
async def test_a_form_of_another_page_does_nothing(amelia: Visitor, path: str, headers: dict[str, str | None]) -> None:
    """CSRF: even with the right token, which such a page cannot have."""
    form_token = await amelia.token()
    refused = await amelia.post(path, {"form_token": form_token, "text": "unlock my account"}, **headers)
    assert refused.status_code == 403
    assert "Sign out" in (await amelia.get("/")).text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.requirement("W5")
async def test_a_form_without_this_sessions_token_does_nothing(amelia: Visitor, path: str) -> None:
    async with Visitor(amelia.url, amelia.tenant) as other:
        await other.sign_in("oscar.lind")
        theirs = await other.token()
    for form_token in ({}, {"form_token": ""}, {"form_token": theirs}):
        refused = await amelia.post(path, {"text": "unlock my account", **form_token})
        assert refused.status_code == 403
    assert "Sign out" in (await amelia.get("/")).text


@pytest.mark.parametrize("path", [*PATHS, "/tasks/abc/events?context_id=a", "/accounts", "/conversations/a"])
async def test_without_a_session_there_is_nothing_but_the_way_to_one(visitor: Visitor, path: str) -> None:
    method = "POST" if path in PATHS else "GET"
    headers = {"Origin": visitor.origin}
    refused = await visitor.http.request(method, f"{visitor.url.rstrip('/')}{path}", headers=headers)
    assert refused.status_code == 401
    assert 'href="/login"' in refused.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.requirement("E11")
@pytest.mark.requirement("W5")
async def test_nothing_is_done_by_a_link(amelia: Visitor, path: str) -> None:
    assert (await amelia.get(path)).status_code == 405
    assert "Sign out" in (await amelia.get("/")).text


@pytest.mark.requirement("W7")
async def test_a_form_is_read_up_to_a_length_and_in_one_form(amelia: Visitor) -> None:
    form_token = await amelia.token()
    assert (await amelia.post("/messages", {"form_token": form_token, "text": "x" * 70_000})).status_code == 413
    assert (await amelia.post("/messages", {"form_token": form_token, "text": "x" * 8001})).status_code == 413
    assert (await amelia.post("/messages", {"form_token": form_token, "text": " "})).status_code == 400
    assert (
        await amelia.post("/messages", {"form_token": form_token, "text": "x", "context_id": "../"})
    ).status_code == 400

    async def raw(body: bytes, kind: str) -> int:
        headers = {"Origin": amelia.origin, "Content-Type": kind}
        return (await amelia.http.post(f"{amelia.url}messages", content=body, headers=headers)).status_code

    form = "application/x-www-form-urlencoded"
    assert await raw(json.dumps({"form_token": form_token, "text": "x"}).encode(), "application/json") == 415
    assert await raw(f"form_token={form_token}&text=a".encode(), "text/plain") == 415
    assert await raw(f"form_token={form_token}&text=a&text=b".encode(), form) == 400
    assert await raw(f"form_token={form_token}&text=%FF".encode(), form) == 400
    assert await raw(b"&".join(b"a%d=1" % number for number in range(100)), form) == 400


@pytest.mark.requirement("W7")
async def test_a_body_of_no_declared_length_is_read_no_further(
    amelia: Visitor, settings: WebSettings, manual_clock: ManualClock
) -> None:
    """In process, so that what is sent is what was asked for."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 10_000
            yield b"x" * 10_000

    app = create_app(settings, clock=Clock(now=manual_clock))
    async with Visitor(amelia.url, amelia.tenant, app=httpx.ASGITransport(app)) as same:
        same.http.cookies.update(amelia.http.cookies)
        headers = {"Origin": amelia.origin, "Content-Type": "application/x-www-form-urlencoded"}
        response = await same.http.post(f"{amelia.url}messages", content=endless(), headers=headers)
    await app.state.backend.http.aclose()
    app.state.backend.close()
    assert response.status_code == 413
    assert sent <= 80_000


@pytest.mark.parametrize(
    "path", ["/", "/accounts", "/activity", "/nothing", "/login", "/callback", "/static/app.js", "/healthz"]
)
@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.requirement("W6")
async def test_every_answer_forbids_what_pages_do_not_need(visitor: Visitor, path: str, signed_in: bool) -> None:
    if signed_in:
        await visitor.sign_in("amelia.hart")
    headers = (await visitor.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "access-control-allow-origin" not in headers
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if "static" in path else "no-store")
    assert len(headers["x-request-id"]) == 32


@pytest.mark.requirement("W6")
async def test_pages_hold_no_script_and_no_style_of_their_own(amelia: Visitor) -> None:
    for path in ("/", "/accounts", "/activity", "/nothing"):
        html = (await amelia.get(path)).text.lower()
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick" not in html
        assert "http-equiv" not in html
        assert all(part.startswith((' type="module" src="/static/', ">")) for part in html.split("<script")[1:])


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1", "localhost:{port}", "127.0.0.1:{port}.evil.example"])
@pytest.mark.requirement("W6")
async def test_another_hosts_name_is_not_answered_to(visitor: Visitor, web: LoopbackServer, host: str) -> None:
    """DNS rebinding: the name in the address is another, though the address is ours."""
    for path in ("/", "/login", "/static/app.js"):
        assert (await visitor.get(path, Host=host.format(port=web.port))).status_code == 421


@pytest.mark.requirement("W7")
async def test_whoever_asks_without_end_is_slowed_down(
    make_settings: MakeSettings, server: LoopbackServer, tenant: LocalTenant, manual_clock: ManualClock
) -> None:
    server.start(create_app(make_settings(web_requests_per_minute=60), clock=Clock(now=manual_clock)))
    try:
        async with Visitor(server.url, tenant) as visitor:
            await visitor.sign_in("amelia.hart")
            answers = [await visitor.get("/accounts") for _ in range(12)]
    finally:
        server.stop()
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429


@pytest.mark.requirement("W8")
async def test_a_failure_of_ours_shows_nothing_but_its_number(amelia: Visitor, settings: WebSettings) -> None:
    with sqlite3.connect(settings.web_session_file) as database:
        database.execute("DROP TABLE sessions")
    database.close()
    failed = await amelia.get("/")
    assert failed.status_code == 500
    assert "Something went wrong on our side" in failed.text
    assert failed.headers["x-request-id"] in failed.text
    assert "sqlite" not in failed.text.lower()
    assert "sessions" not in failed.text
    assert failed.headers["content-security-policy"]


@pytest.mark.requirement("W8")
async def test_a_part_that_is_away_is_told_without_its_address(amelia: Visitor) -> None:
    """The supervisor of these tests listens nowhere."""
    shown = await amelia.get("/")
    assert shown.status_code == 200
    assert "The supervisor cannot be reached right now" in text_of(shown.text)
    refused = await amelia.send("/messages", text="hello")
    assert refused.status_code == 503
    assert "127.0.0.1:1" not in shown.text + refused.text


@pytest.mark.requirement("F3")
async def test_the_log_holds_no_code_no_state_and_no_words(visitor: Visitor) -> None:
    with capture_logs(processors=_logging._processors) as events:
        answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
        await visitor.get(f"/callback?{httpx.QueryParams(answer)}")
        await visitor.send("/messages", text="quite a secret")
    written = str([event for event in events if event["event"] != "jwks_changed"])
    assert "'/callback'" in written
    assert not [word for word in (*answer.values(), "quite a secret", *visitor.cookies.values()) if word in written]


async def test_over_tls_the_cookie_is_bound_to_the_host(
    make_settings: MakeSettings, tenant: LocalTenant, manual_clock: ManualClock
) -> None:
    app = create_app(make_settings(web_url="https://chat.example"), clock=Clock(now=manual_clock))
    async with Visitor("https://chat.example/", tenant, app=httpx.ASGITransport(app)) as visitor:
        begun = await visitor.get("/login")
        (name, cookie), *rest = set_cookies(begun).items()
    assert rest == []
    assert name == "__Host-helpdesk-sign-in"
    assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
    assert begun.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    await app.state.backend.http.aclose()
    app.state.backend.close()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"helpdesk_env": "production"}, "WEB_URL is not https"),
        ({"helpdesk_env": "production", "web_url": "https://c.example"}, "SUPERVISOR_URL is not https"),
        ({"web_url": "http://chat.example"}, "WEB_URL is http and not on this machine"),
        ({"web_url": "https://chat.example/chat"}, "WEB_URL is not an origin"),
        ({"web_url": "https://chat.example:443"}, "WEB_URL is not an origin"),
        ({"web_url": "https://somebody@chat.example"}, "WEB_URL is not an origin"),
        ({"web_url": "chat.example"}, "WEB_URL is not an http or https URL"),
        ({"auth0_issuer": "https://tenant.example"}, "AUTH0_ISSUER has no trailing slash"),
        ({"web_session_key": "c2hvcnQ="}, "WEB_SESSION_KEY is not 32 bytes"),
        ({"web_session_key": "?" * 44}, "WEB_SESSION_KEY is not 32 bytes"),
        ({"web_session_idle_seconds": 900, "web_session_seconds": 600}, "WEB_SESSION_IDLE_SECONDS is longer"),
        ({"client_id": ""}, "CLIENT_ID is not usable"),
    ],
)
def test_what_is_unsafe_does_not_start(make_settings: MakeSettings, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        make_settings(**changes)


def test_the_settings_can_be_checked_and_hold_nothing_secret() -> None:
    values = {
        "HELPDESK_ENV": "production",
        "WEB_URL": "https://chat.example.com",
        "SUPERVISOR_URL": "https://supervisor.example.com/",
        "AUTH0_ISSUER": "https://tenant.example.com/",
        "AUDIENCE": "https://helpdesk.example/supervisor",
        "CLIENT_ID": "web",
        "CLIENT_KEY": "very-secret",
        "WEB_SESSION_KEY": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=",
    }
    command = [sys.executable, "-m", "portal.web", "--check-config"]
    checked = subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert '"WEB_SESSION_KEY": "********"' in checked.stdout
    assert "very-secret" not in checked.stdout
    del values["WEB_URL"]
    refused = subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("web: WEB_URL is not set")
    assert refused.stderr.count("\n") == 1
