"""What a second pair of eyes tried: pages on other ports, readers that do not read, requests that nobody sends."""

import asyncio
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web import _edge, _forms
from portal.web._markdown import MAX_CHARACTERS, to_html
from portal.web._sealing import Sealing
from portal.web._sessions import digest_of
from portal.web._signed_in import MAX_SHOWN
from portal.web.app import create_app
from portal.web.settings import WebSettings
from shared.telemetry import _logging
from shared.testing import LoopbackServer
from tests.web._visitor import EVENTS, Visitor

Message = MutableMapping[str, Any]
FETCHES = [
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
]


@pytest.mark.parametrize("headers", FETCHES, ids=lambda headers: " ".join(headers.values()))
@pytest.mark.parametrize("path", ["", "tasks/abc/events?context_id=a", "accounts", "login", "static/app.js"])
@pytest.mark.requirement("W5")
async def test_a_page_of_another_port_gets_nothing_and_uses_nothing_up(
    amelia: Visitor, path: str, headers: dict[str, str]
) -> None:
    """To a browser every port of one machine is the same site: it sends the session's cookie along."""
    refused = await amelia.http.get(f"{amelia.url}{path}", headers=headers)
    assert (refused.status_code, refused.text) == (403, "This is not for pages of other sites.")
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin"])
async def test_a_link_from_elsewhere_leads_here(amelia: Visitor, site: str) -> None:
    """As the tenant's answer does, and a bookmark."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert "Sign out" in (await amelia.http.get(amelia.url, headers=headers)).text


@pytest.mark.parametrize(
    "line",
    [
        "OPTIONS * HTTP/1.1",
        "GET //attacker.example/ HTTP/1.1",
        "GET http://attacker.example/ HTTP/1.1",
        "GET /[ HTTP/1.1",
        "GET /static/..%2f..%2fsettings.py HTTP/1.1",
        "GET /static/%2e%2e/settings.py HTTP/1.1",
        "GET /conversations/%0d%0aSet-Cookie:%20x=y HTTP/1.1",
        "GET /callback?state=%ff%00&code=%0d%0aX:y HTTP/1.1",
        "HEAD /callback?state=a&code=b HTTP/1.1",
        "TRACE / HTTP/1.1",
        "PUT /messages HTTP/1.1",
        "GET /?<script>alert(1)</script> HTTP/1.1",
    ],
)
@pytest.mark.requirement("W8")
def test_no_request_line_is_echoed_or_breaks_anything(web: LoopbackServer, line: str) -> None:
    answer = _raw(web, line, "Cookie: helpdesk_web=%00; helpdesk_web-sign-in=AAAA; helpdesk_web-connect==")
    status = int(answer.split(b" ", 2)[1])
    assert status < 500
    assert not [word for word in (b"attacker", b"x=y", b"X:y", b"<script>alert", b"KEY_BYTES") if word in answer]
    if status != 400 or b"text/plain" not in answer:  # which is the server's own
        assert b"content-security-policy: default-src 'none'" in answer


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host: attacker.example", "Forwarded: host=attacker.example", "X-Original-URL: /accounts"]
)
@pytest.mark.requirement("W6")
def test_no_header_of_a_proxy_changes_where_we_are(web: LoopbackServer, header: str) -> None:
    answer = _raw(web, "GET /login HTTP/1.1", header, "X-Forwarded-Proto: https", "X-HTTP-Method-Override: POST")
    assert b" 303 " in answer.split(b"\r\n", 1)[0]
    assert b"attacker" not in answer
    assert f"redirect_uri=http%3A%2F%2F127.0.0.1%3A{web.port}%2Fcallback".encode() in answer


@pytest.mark.requirement("W7")
async def test_headers_are_read_up_to_a_length(visitor: Visitor) -> None:
    assert (await visitor.get("/", X_Long="a" * 30_000)).status_code == 200
    assert (await visitor.get("/", X_Long="a" * 33_000)).status_code == 431


@pytest.mark.usefixtures("hanging")
@pytest.mark.requirement("W7")
async def test_one_person_is_shown_so_much_at_once_in_all_their_browsers(
    server: LoopbackServer, tenant: LocalTenant
) -> None:
    """Many at the same moment, so that none is counted before another is let in; a form that waits counts, too."""
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(Visitor(server.url, tenant)) for _ in range(2)]
        for browser in browsers:
            await browser.sign_in("amelia.hart")
        url = f"{server.url}tasks/abc/events?context_id=a"
        streams = [browser.http.stream("GET", url, headers=EVENTS) for browser in browsers for _ in range(MAX_SHOWN)]
        async with AsyncExitStack() as opened:
            shown = await asyncio.gather(*(opened.enter_async_context(stream) for stream in streams))
            statuses = sorted(response.status_code for response in shown)
            assert statuses == [200] * MAX_SHOWN + [429] * MAX_SHOWN
            token = _form_token(browsers[0])
            refused = await browsers[0].post("/messages", {"form_token": token, "text": "hello"})
            assert refused.status_code == 429
            other = await stack.enter_async_context(Visitor(server.url, tenant))
            await other.sign_in("oscar.lind")
            async with other.http.stream("GET", url, headers=EVENTS) as theirs:
                assert theirs.status_code == 200
        async with asyncio.timeout(30):
            while True:  # each counts until the server has heard that its browser is gone
                async with browsers[0].http.stream("GET", url, headers=EVENTS) as again:
                    if again.status_code == 200:
                        break


@pytest.mark.requirement("W7")
async def test_whoever_takes_nothing_of_an_answer_is_not_waited_for(
    settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_edge, "READER_SECONDS", 0.02)

    async def send(_: Message) -> None:
        await asyncio.Event().wait()

    with capture_logs(processors=_logging._processors) as events:
        async with _served(settings) as app, asyncio.timeout(30):
            await app(_scope(settings, "GET", "/"), _nothing, send)
    assert [event["event"] for event in events] == ["reader_gone", "request"]


@pytest.mark.requirement("W7")
async def test_a_form_that_never_ends_is_not_waited_for(
    amelia: Visitor, settings: WebSettings, monkeypatch: pytest.MonkeyPatch, manual_clock: ManualClock
) -> None:
    monkeypatch.setattr(_forms, "BODY_SECONDS", 0.02)
    pieces = iter([{"type": "http.request", "body": b"text=", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        piece = next(pieces, None)
        if piece is None:
            await asyncio.Event().wait()
        return piece or {}

    async def send(message: Message) -> None:
        sent.append(message)

    async with _served(settings, manual_clock) as app, asyncio.timeout(30):
        await app(_scope(settings, "POST", "/messages", amelia), receive, send)
    assert sent[0]["status"] == 408


async def test_a_browser_that_goes_away_in_the_middle_of_a_form_is_no_failure_of_ours(
    amelia: Visitor, settings: WebSettings, manual_clock: ManualClock
) -> None:
    """Otherwise anybody fills the log with failures that are none."""

    async def send(_: Message) -> None:
        raise AssertionError("nobody is there")

    with capture_logs(processors=_logging._processors) as events:
        async with _served(settings, manual_clock) as app:
            await app(_scope(settings, "POST", "/messages", amelia), _nothing, send)
    assert [event["event"] for event in events if event["event"] != "request"] == ["reader_gone"]


async def test_what_stands_in_an_address_does_nothing_to_the_terminal_that_shows_the_log(settings: WebSettings) -> None:
    async def send(_: Message) -> None:
        pass

    with capture_logs(processors=_logging._processors) as events:
        async with _served(settings) as app:
            await app(_scope(settings, "GET", "/\x1b]0;mine\x07\u202e\n"), _nothing, send)
    assert [event["path"] for event in events] == [r"'/\x1b]0;mine\x07\u202e\n'"]


@pytest.mark.requirement("D7")
def test_nothing_that_an_agent_says_turns_the_text_around() -> None:
    """Else the host that a link leads to could be read as another."""
    html = to_html("[\u202ehelp](https://attacker.example/) \u2066a\u2069 \u200fb")
    assert ">help</a> " in html
    assert not [character for character in html if "\u200e" <= character <= "\u2069" and character != "\u2026"]


@pytest.mark.requirement("W7")
def test_of_what_is_endless_a_part_is_shown() -> None:
    """What it costs to lay something out grows with it, and everybody waits meanwhile."""
    assert len(to_html("a" * 10 * MAX_CHARACTERS)) < MAX_CHARACTERS + 100


def _form_token(visitor: Visitor) -> str:
    """What this session's forms hold: no page can be had where the supervisor hangs."""
    return Sealing(bytes(32)).mark(f"form {digest_of(visitor.cookies['helpdesk_web'])}")


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _scope(settings: WebSettings, method: str, path: str, visitor: Visitor | None = None) -> Message:
    host = settings.origin.partition("://")[2]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()) if visitor is not None else ""
    headers = {"host": host, "origin": settings.origin, "cookie": cookies}
    headers["content-type"] = "application/x-www-form-urlencoded"
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


@asynccontextmanager
async def _served(settings: WebSettings, clock: ManualClock | None = None) -> AsyncIterator[Starlette]:
    app = create_app(settings, clock=Clock(now=clock)) if clock is not None else create_app(settings)
    try:
        yield app
    finally:
        await app.state.backend.http.aclose()
        app.state.backend.close()


def _raw(server: LoopbackServer, line: str, *headers: str) -> bytes:
    """What comes back for a request as it stands here."""
    lines = [line, f"Host: 127.0.0.1:{server.port}", "Connection: close", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer
