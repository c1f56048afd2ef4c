"""Signing in: the browser gets a random number, and nobody else can have it signed in as somebody."""

import asyncio
import base64
from pathlib import Path

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web._sealing import Sealing
from portal.web.app import create_app
from portal.web.settings import WebSettings
from shared.testing import LoopbackServer, tokens_in
from tests.web._visitor import Visitor, set_cookies, text_of
from tests.web.conftest import MakeSettings

COOKIE = "helpdesk_web"
BEGUN = "helpdesk_web-sign-in"


async def test_a_person_signs_in_and_is_greeted(visitor: Visitor) -> None:
    assert "Sign in" in text_of((await visitor.get("/")).text)
    done = await visitor.sign_in("amelia.hart")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "Hello Amelia" in text_of((await visitor.get("/")).text)


async def test_the_request_has_all_that_binds_its_answer(visitor: Visitor) -> None:
    asked = await visitor.begin()
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    again = await visitor.begin()
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.requirement("F3")
@pytest.mark.requirement("W1")
async def test_the_browser_gets_a_random_number_that_no_script_reads(visitor: Visitor) -> None:
    done = await visitor.sign_in("amelia.hart")
    cookie = set_cookies(done)[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "lax", "/", "")
    assert len(cookie.value) == 43
    assert tokens_in(str(visitor.cookies)) == []


@pytest.mark.requirement("F3")
@pytest.mark.requirement("W1")
async def test_what_is_kept_holds_no_token_and_no_id(amelia: Visitor, settings: WebSettings) -> None:
    folder = settings.web_session_file.parent
    kept = b"".join(file.read_bytes() for file in folder.iterdir())
    assert len(kept) > 1000
    assert tokens_in(kept) == []
    assert amelia.cookies[COOKIE].encode() not in kept
    assert b"Amelia" not in kept
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0


async def test_a_session_goes_on_after_a_restart(amelia: Visitor, web: LoopbackServer, settings: WebSettings) -> None:
    web.stop()
    web.start(create_app(settings))
    assert "Sign out" in (await amelia.get("/")).text


@pytest.mark.requirement("W1")
async def test_with_another_key_nobody_is_signed_in(
    amelia: Visitor, web: LoopbackServer, settings: WebSettings
) -> None:
    web.stop()
    other = base64.b64encode(b"x" * 32).decode()
    web.start(create_app(settings.model_copy(update={"web_session_key": type(settings.web_session_key)(other)})))
    assert "Sign out" not in (await amelia.get("/")).text


@pytest.mark.requirement("W1")
async def test_a_session_id_that_somebody_planted_is_worth_nothing(visitor: Visitor) -> None:
    """Session fixation: the id is made at sign-in, whatever the browser held before."""
    planted = "a" * 43
    visitor.http.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
    done = await visitor.sign_in("amelia.hart")
    assert set_cookies(done)[COOKIE].value != planted
    async with Visitor(visitor.url, visitor.tenant) as attacker:
        attacker.http.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
        assert "Sign out" not in (await attacker.get("/")).text


@pytest.mark.requirement("W1")
async def test_signing_in_again_ends_the_session_before(amelia: Visitor) -> None:
    before = amelia.cookies[COOKIE]
    answer = await amelia.tenant.browse(amelia.http, await _begin_again(amelia), "amelia.hart")
    assert (await amelia.get(f"/callback?{httpx.QueryParams(answer)}")).status_code == 303
    assert amelia.cookies[COOKIE] != before
    assert not await _is_signed_in(amelia, before)


@pytest.mark.requirement("W2")
async def test_nobody_is_signed_in_by_a_link_that_somebody_else_began(visitor: Visitor) -> None:
    """Login CSRF: the code is good, and the victim would be the attacker."""
    async with Visitor(visitor.url, visitor.tenant) as attacker:
        answer = await visitor.tenant.browse(attacker.http, await attacker.begin(), "oscar.lind")
    link = f"/callback?{httpx.QueryParams(answer)}"
    assert (await visitor.get(link)).status_code == 400
    await visitor.begin()  # nor while the victim has begun a sign-in of their own
    refused = await visitor.get(link)
    assert refused.status_code == 400
    assert COOKIE not in visitor.cookies
    assert "Sign out" not in (await visitor.get("/")).text


@pytest.mark.requirement("B11")
@pytest.mark.requirement("W2")
async def test_an_answer_signs_in_once(visitor: Visitor) -> None:
    answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
    link, begun = f"/callback?{httpx.QueryParams(answer)}", visitor.cookies[BEGUN]
    assert (await visitor.get(link)).status_code == 303
    async with Visitor(visitor.url, visitor.tenant) as thief:
        thief.http.cookies.set(BEGUN, begun, domain="127.0.0.1", path="/")
        assert (await thief.get(link)).status_code == 400  # the tenant takes a code once
        assert COOKIE not in thief.cookies


@pytest.mark.parametrize("changed", [{"iss": "https://other.example/"}, {"state": ""}, {"state": "x"}, {"code": "x"}])
@pytest.mark.requirement("W2")
async def test_an_answer_that_is_not_the_one_expected_is_refused(visitor: Visitor, changed: dict[str, str]) -> None:
    """RFC 9207 §2.4 for `iss`, RFC 6749 §10.12 for `state`."""
    answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
    refused = await visitor.get(f"/callback?{httpx.QueryParams(answer | changed)}")
    assert refused.status_code == 400
    assert COOKIE not in visitor.cookies


@pytest.mark.requirement("W2")
async def test_a_parameter_that_stands_twice_is_refused(visitor: Visitor) -> None:
    answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
    assert (await visitor.get(f"/callback?code=x&{httpx.QueryParams(answer)}")).status_code == 400


@pytest.mark.parametrize("changed", ["nonce", "code_verifier"])
@pytest.mark.requirement("W2")
async def test_what_was_begun_with_must_fit(visitor: Visitor, settings: WebSettings, changed: str) -> None:
    """The ID token's nonce, and PKCE's proof."""
    answer = await visitor.tenant.browse(visitor.http, await visitor.begin(), "amelia.hart")
    sealing = Sealing(settings.key())
    begun = sealing.open("sign-in", base64.urlsafe_b64decode(visitor.cookies[BEGUN]))
    assert begun is not None
    other = base64.urlsafe_b64encode(sealing.seal("sign-in", begun | {changed: "x" * 43})).decode()
    visitor.http.cookies.clear()
    visitor.http.cookies.set(BEGUN, other, domain="127.0.0.1", path="/")
    assert (await visitor.get(f"/callback?{httpx.QueryParams(answer)}")).status_code == 400
    assert COOKIE not in visitor.cookies


async def test_a_sign_in_that_took_too_long_is_begun_again(visitor: Visitor, manual_clock: ManualClock) -> None:
    asked = await visitor.begin()
    manual_clock.advance(601)
    answer = await visitor.tenant.browse(visitor.http, asked, "amelia.hart")
    refused = await visitor.get(f"/callback?{httpx.QueryParams(answer)}")
    assert refused.status_code == 400
    assert 'href="/login"' in refused.text


async def test_a_refusal_at_the_tenant_is_told_without_its_words(visitor: Visitor) -> None:
    state = (await visitor.begin())["state"]
    query = httpx.QueryParams(error="access_denied", error_description="<b>words of theirs</b>", state=state)
    refused = await visitor.get(f"/callback?{query}")
    assert refused.status_code == 400
    assert "words of theirs" not in refused.text


@pytest.mark.parametrize("path", ["/accounts", "/conversations/abc-DEF_1"])
async def test_one_comes_back_to_where_one_wanted_to_go(visitor: Visitor, path: str) -> None:
    assert (await visitor.sign_in("amelia.hart", path)).headers["location"] == path


@pytest.mark.parametrize(
    "path",
    [
        "https://attacker.example/",
        "//attacker.example",
        "/%5Cattacker.example",
        "/%2F%2Fattacker.example",
        "javascript:alert(1)",
        "/accounts?x=1",
        "/conversations/../logout",
        "/accounts%0D%0ASet-Cookie:x=1",
        "/accounts%0A",
    ],
)
@pytest.mark.requirement("W4")
async def test_and_to_nowhere_else(visitor: Visitor, path: str) -> None:
    """Open redirect: another address than one of ours leads to the first page."""
    assert (await visitor.sign_in("amelia.hart", path)).headers["location"] == "/"


@pytest.mark.requirement("W3")
async def test_signing_out_ends_it_here_at_the_tenant_and_in_the_browser(amelia: Visitor, tenant: LocalTenant) -> None:
    before, revoked = amelia.cookies[COOKIE], tenant.requests["/oauth/revoke"]
    left = await amelia.send("/logout")
    assert left.status_code == 200
    assert COOKIE not in amelia.cookies
    assert not await _is_signed_in(amelia, before)
    assert tenant.requests["/oauth/revoke"] == revoked + 1
    url = left.text.partition("0; url=")[2].partition('"')[0].replace("&amp;", "&")
    assert url.startswith(f"{tenant.issuer}oidc/logout?")
    assert "id_token" not in url
    gone = await amelia.http.get(url)
    assert (gone.status_code, gone.headers["location"]) == (302, amelia.url)
    asked = await amelia.begin()  # the session at the tenant is over, too: it asks for the password
    response = await amelia.http.get(f"{tenant.issuer}authorize", params=asked)
    assert "/u/login" in response.headers["location"]


async def test_signing_out_works_while_the_tenant_is_away(amelia: Visitor, tenant: LocalTenant) -> None:
    form_token = await amelia.token()
    tenant.stop()
    try:
        left = await amelia.post("/logout", {"form_token": form_token})
    finally:
        tenant.start()
    assert left.status_code == 200
    assert "Sign out" not in (await amelia.get("/")).text


@pytest.mark.parametrize("seconds", [7201, 43_201])
@pytest.mark.requirement("W3")
async def test_a_session_ends_by_itself(amelia: Visitor, manual_clock: ManualClock, seconds: int) -> None:
    """Unused for two hours, and after twelve however it is used."""
    for _ in range(seconds // 7000):
        assert "Sign out" in (await amelia.get("/")).text
        manual_clock.advance(7000)
    manual_clock.advance(seconds % 7000 if seconds > 7201 else 201)
    assert "Sign out" not in (await amelia.get("/")).text
    refused = await amelia.get("/accounts")
    assert refused.status_code == 401
    assert "Sign in again" in text_of(refused.text)


async def test_the_refresh_token_is_used_once_however_many_want_one(amelia: Visitor, tenant: LocalTenant) -> None:
    asked = tenant.requests["/oauth/token"]
    pages = await asyncio.gather(*(amelia.get("/accounts") for _ in range(6)))
    assert {page.status_code for page in pages} == {200}
    assert tenant.requests["/oauth/token"] == asked + 1


@pytest.mark.requirement("W3")
async def test_a_sign_in_that_was_ended_at_the_tenant_says_so(
    amelia: Visitor, tenant: LocalTenant, manual_clock: ManualClock
) -> None:
    tenant.block("amelia.hart")
    try:
        manual_clock.advance(1000)
        refused = await amelia.get("/accounts")
    finally:
        tenant.block("amelia.hart", blocked=False)
    assert refused.status_code == 401


async def test_the_tenant_may_be_elsewhere_for_us_than_for_browsers(
    make_settings: MakeSettings, server: LoopbackServer, tenant: LocalTenant, manual_clock: ManualClock
) -> None:
    """As in containers: what we fetch is at one address, and browsers are sent to the issuer all the same."""
    elsewhere = tenant.discovery_url.replace("127.0.0.1", "localhost")
    server.start(create_app(make_settings(auth0_discovery_url=elsewhere), clock=Clock(now=manual_clock)))
    try:
        async with Visitor(server.url, tenant) as visitor:
            assert (await visitor.sign_in("amelia.hart")).status_code == 303
            leaving = await visitor.send("/accounts/connect", connection="directory-read")
            left = await visitor.send("/logout")
    finally:
        server.stop()
    assert f"0; url={tenant.issuer}connected-accounts/connect?ticket=" in leaving.text
    assert f"0; url={tenant.issuer}oidc/logout?" in left.text
    assert "localhost" not in leaving.text + left.text


def test_the_session_file_is_where_it_was_told(web: LoopbackServer, tmp_path: Path) -> None:
    assert web.url
    assert (tmp_path / "web" / "sessions.sqlite3").exists()


async def _begin_again(visitor: Visitor) -> dict[str, str]:
    """Begins a sign-in in a browser where somebody is signed in already: from a tab that was open before."""
    session = visitor.cookies[COOKIE]
    visitor.http.cookies.delete(COOKIE)
    asked = await visitor.begin()
    visitor.http.cookies.set(COOKIE, session, domain="127.0.0.1", path="/")
    return asked


async def _is_signed_in(visitor: Visitor, session_id: str) -> bool:
    async with Visitor(visitor.url, visitor.tenant) as other:
        other.http.cookies.set(COOKIE, session_id, domain="127.0.0.1", path="/")
        return "Sign out" in (await other.get("/")).text
