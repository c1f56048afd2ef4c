"""The pages: what they say, what browsers may do with them, and that a form comes from the browser it was shown to."""

import json
import re

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from tests.tenant._support import MakeTenant

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def login_page(tenant: LocalTenant, http: httpx.AsyncClient, **parameters: str) -> httpx.Response:
    query = {
        "response_type": "code",
        "client_id": tenant.client("Help desk command line").client_id,
        "redirect_uri": "http://127.0.0.1:8410/callback",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    response = await http.get(f"{tenant.issuer}authorize", params=query)
    return await http.get(f"{tenant.issuer}{response.headers['location'][1:]}")


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


async def submit(http: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    return await http.post(page.url, data={"form_token": form_token(page), **fields})


@pytest.mark.parametrize("path", ["activate", "authorize?client_id=x", "u/login?state=x", "u/consent?state=x"])
async def test_every_page_says_that_it_is_a_stand_in(tenant: LocalTenant, http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(f"{tenant.issuer}{path}")
    assert "Local stand-in for Auth0." in page.text


async def test_the_headers_of_a_page(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    assert "Local stand-in for Auth0." in page.text
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://127.0.0.1:8410; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_pages_bring_nothing_from_elsewhere_and_no_script(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    assert "<script" not in page.text
    assert all(url.startswith("/static/") for url in re.findall(r'(?:src|href)="([^"]+)"', page.text))
    for url in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert (await http.get(f"{tenant.issuer}{url[1:]}")).status_code == 200


async def test_the_page_can_be_used_without_seeing_it(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    assert '<html lang="en">' in page.text
    assert '<label for="username">' in page.text
    assert '<label for="password">' in page.text
    assert 'autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    failed = await submit(http, page, username="amelia.hart", password="wrong")
    assert 'role="alert" id="problem"' in failed.text
    assert failed.text.count('aria-invalid="true" aria-describedby="problem"') == 2


async def test_the_session_cookie(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    response = await submit(http, page, username="amelia.hart", password=tenant.password("amelia.hart"))
    cookie = next(value for value in response.headers.get_list("set-cookie") if value.startswith("auth0="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=604800" in cookie
    assert "Secure" not in cookie  # http on loopback


async def test_cookies_are_secure_where_the_issuer_is_https(make_tenant: MakeTenant) -> None:
    tenant = make_tenant(tenant_issuer="https://tenant.example/")
    async with tenant.http() as http:
        page = await http.get("https://tenant.example/activate")
    assert all("Secure" in cookie for cookie in page.headers.get_list("set-cookie"))


@pytest.mark.parametrize("typed", ["amelia.hart", "amelia.hart@helpdesk.example", " Amelia.Hart "])
async def test_login_and_address_both_serve(tenant: LocalTenant, http: httpx.AsyncClient, typed: str) -> None:
    page = await login_page(tenant, http)
    response = await submit(http, page, username=typed, password=tenant.password("amelia.hart"))
    assert response.headers["location"].startswith("/authorize/resume?state=")


async def test_wrong_password_and_unknown_person_look_the_same(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    pages = [
        await submit(http, page, username=username, password=password)
        for username, password in [
            ("amelia.hart", "wrong"),
            ("nobody.known", "wrong"),
            ("amelia.hart", ""),
            ("", ""),
            ("sync.service", ""),
        ]
    ]
    assert {page.status_code for page in pages} == {400}
    without_name = {re.sub(r'value="[a-z.]*"', "", page.text).replace("autofocus", "") for page in pages[:2]}
    assert len(without_name) == 1
    assert all("auth0=" not in str(page.headers) for page in pages)
    assert [tenant.tenant.log.count(kind) for kind in ("fp", "fu", "s")] == [2, 3, 0]


async def test_a_service_account_cannot_sign_in(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    passwords = json.loads((tenant.settings.folder / "users.json").read_text())
    services = {user.login for user in tenant.tenant.people.all()} - set(passwords)
    assert services
    page = await login_page(tenant, http)
    for login in services:
        assert (await submit(http, page, username=login, password="")).status_code == 400


async def test_what_was_typed_is_shown_escaped(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    hostile = '"><script>alert(1)</script>'
    failed = await submit(http, page, username=hostile, password="x")
    assert "<script" not in failed.text
    assert "&lt;script&gt;" in failed.text
    hinted = await login_page(tenant, http, login_hint=hostile)
    assert "<script" not in hinted.text
    error = await http.get(f"{tenant.issuer}authorize", params={"client_id": hostile})
    assert "<script" not in error.text


async def test_a_login_hint_is_filled_in(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    assert 'value="amelia.hart"' in (await login_page(tenant, http, login_hint="amelia.hart")).text


@pytest.mark.parametrize("stolen", ["", "0" * 64])
async def test_a_form_needs_its_token(tenant: LocalTenant, http: httpx.AsyncClient, stolen: str) -> None:
    page = await login_page(tenant, http)
    fields = {"username": "amelia.hart", "password": tenant.password("amelia.hart"), "form_token": stolen}
    response = await http.post(page.url, data=fields)
    assert response.status_code == 403
    assert "auth0=" not in str(response.headers)


async def test_a_form_token_is_for_one_browser_and_one_sign_in(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    fields = {"username": "amelia.hart", "password": tenant.password("amelia.hart"), "form_token": form_token(page)}
    async with tenant.http() as other_browser:
        assert (await other_browser.post(page.url, data=fields)).status_code == 403
        await login_page(tenant, other_browser)
        assert (await other_browser.post(page.url, data=fields)).status_code == 403
    other_sign_in = await login_page(tenant, http)
    assert (await http.post(other_sign_in.url, data=fields)).status_code == 403
    assert (await http.post(page.url, data=fields)).status_code == 302


async def test_a_sign_in_cannot_be_finished_by_another_browser(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    response = await submit(http, page, username="amelia.hart", password=tenant.password("amelia.hart"))
    resume = f"{tenant.issuer}{response.headers['location'][1:]}"
    async with tenant.http() as other:
        assert (await other.get(resume)).headers["location"].startswith("/u/login")
        victim_page = await login_page(tenant, other)
        await submit(other, victim_page, username="casey.moreno", password=tenant.password("casey.moreno"))
        assert (await other.get(resume)).headers["location"].startswith("/u/login")
    assert "code=" in (await http.get(resume)).headers["location"]


async def test_a_sign_in_is_finished_once(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    page = await login_page(tenant, http)
    response = await submit(http, page, username="amelia.hart", password=tenant.password("amelia.hart"))
    resume = f"{tenant.issuer}{response.headers['location'][1:]}"
    assert "code=" in (await http.get(resume)).headers["location"]
    assert (await http.get(resume)).status_code == 400


async def test_a_blocked_person_is_sent_back_to_the_client(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    tenant.block("amelia.hart")
    page = await login_page(tenant, http, state="s")
    response = await submit(http, page, username="amelia.hart", password=tenant.password("amelia.hart"))
    assert response.headers["location"] == (
        "http://127.0.0.1:8410/callback?error=unauthorized&error_description=user+is+blocked&state=s"
    )
    assert "auth0=" not in str(response.headers)


async def test_a_sign_in_left_open_expires(tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock) -> None:
    page = await login_page(tenant, http)
    clock.advance(3600)
    assert (await http.get(page.url)).status_code == 400
    response = await submit(http, page, username="amelia.hart", password=tenant.password("amelia.hart"))
    assert response.status_code == 400
