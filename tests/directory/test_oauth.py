"""The directory's authorization server over HTTP: how an application asks for access, and what a code is good for."""

import json
import re

import pytest

from local.directory._config import DEFAULT_CALLBACK
from local.directory.oauth import CODE_LIFETIME, SESSION_LIFETIME, TRANSACTION_LIFETIME
from tests.directory._oauth import (
    HOUR,
    SIGN_IN,
    VERIFIER,
    Browser,
    Session,
    answer_in,
    application,
    challenge,
    claims_of,
    offered,
    refusal,
)
from tests.directory._world import BASE_URL, World

# Asking for access


async def test_somebody_signs_in_agrees_and_the_application_acts_for_them(session: Session, browser: Browser) -> None:
    asked = await browser.authorize(nonce="n-1")
    agreed = await browser.sign_in(asked, "amelia.hart")
    answer = answer_in(await browser.decide(agreed))
    issued = await session.redeem(answer["code"])
    tokens = issued.json()
    identity = claims_of(tokens["id_token"])

    assert SIGN_IN in asked.text
    assert offered(agreed) == ["openid", "offline_access", "okta.users.read.self"]
    assert answer.keys() == {"code", "state"}
    assert answer["state"] == "of the application"
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", HOUR)
    assert tokens["scope"] == "openid offline_access okta.users.read.self"
    assert issued.headers["cache-control"] == "no-store"
    assert (identity["nonce"], identity["aud"]) == ("n-1", application(session.world, "account_lookup").client_id)
    assert (await session.call(tokens["access_token"])).json()["profile"]["login"] == "amelia.hart@helpdesk.example"


async def test_who_is_signed_in_is_asked_again_what_they_agree_to(browser: Browser, world: World) -> None:
    await browser.code()
    again = await browser.authorize()
    world.clock.advance(SESSION_LIFETIME)
    later = await browser.authorize()

    assert offered(again)
    assert SIGN_IN in later.text


@pytest.mark.parametrize("changed", [{"client_id": "0oa-nobody"}, {"client_id": None}])
async def test_an_unknown_application_is_sent_nothing(browser: Browser, changed: dict[str, str | None]) -> None:
    response = await browser.authorize(**changed)

    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize(
    "redirect_uri",
    [
        *(None, "", "http://evil.example/login/callback", f"{DEFAULT_CALLBACK}/more", f"{DEFAULT_CALLBACK}?to=evil"),
        *(DEFAULT_CALLBACK.replace("127.0.0.1", "127.0.0.1@evil.example"), DEFAULT_CALLBACK.upper()),
    ],
)
async def test_an_address_that_is_not_known_to_the_letter_is_sent_nothing(
    browser: Browser, redirect_uri: str | None
) -> None:
    response = await browser.authorize(redirect_uri=redirect_uri)

    assert response.status_code == 400
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "  "}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_to_the_application_with_its_state(
    browser: Browser, changed: dict[str, str | None], error: str
) -> None:
    answer = answer_in(await browser.authorize(**changed))

    assert (answer["error"], answer["state"]) == (error, "of the application")
    assert "code" not in answer


async def test_a_request_without_a_state_is_answered_without_one(browser: Browser) -> None:
    assert answer_in(await browser.authorize(state=None, scope=None)).keys() == {"error", "error_description"}


async def test_who_says_no_gives_no_code(browser: Browser, world: World) -> None:
    page = await browser.sign_in(await browser.authorize(), "amelia.hart")
    denied = answer_in(await browser.decide(page, "deny"))
    changed_mind = await browser.decide(page)

    assert (denied["error"], denied["state"]) == ("access_denied", "of the application")
    assert changed_mind.status_code == 400
    assert world.events("app.oauth2.%") == []


async def test_the_wrong_code_a_service_and_who_is_suspended_do_not_sign_in(browser: Browser, world: World) -> None:
    world.set_status("sam.whitlock", "SUSPENDED")
    codes = json.loads((world.folder / "users.json").read_text(encoding="utf-8"))
    services = world.rows("SELECT login FROM users WHERE json_extract(profile, '$.accountKind') = 'service'")
    service = services[0]["login"].partition("@")[0]
    page = await browser.authorize()
    pages = [
        await browser.sign_in(page, "amelia.hart", "wrong"),
        await browser.sign_in(page, "amelia.hart", codes["oscar.lind"]),
        await browser.sign_in(page, "nobody.here", codes["oscar.lind"]),
        await browser.sign_in(page, service, "wrong"),
        await browser.sign_in(page, "", codes["oscar.lind"]),
        await browser.sign_in(page, "sam.whitlock"),
    ]

    assert service not in codes
    assert {response.status_code for response in pages} == {400}
    assert len({re.findall(r'role="alert">([^<]*)', response.text)[0] for response in pages}) == 1
    assert SIGN_IN in (await browser.authorize()).text


async def test_a_name_that_was_typed_is_text_on_the_page(browser: Browser) -> None:
    hinted = await browser.authorize(login_hint='"><script>alert(1)</script>')
    failed = await browser.sign_in(hinted, '"><script>alert(2)</script>', "wrong")

    for page in (hinted, failed):
        assert "<script>" not in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_nobody_agrees_without_having_signed_in(browser: Browser, world: World) -> None:
    page = await browser.authorize()
    response = await browser.decide(page)

    assert response.status_code == 400
    assert "location" not in response.headers
    assert world.events("app.oauth2.%") == []


@pytest.mark.parametrize("state", ["", "guessed"])
async def test_a_form_without_its_own_token_does_nothing(browser: Browser, world: World, state: str) -> None:
    await browser.code()  # signed in
    before = world.events()
    passkey = json.loads((world.folder / "users.json").read_text(encoding="utf-8"))["amelia.hart"]
    form = {"state": state, "action": "allow", "username": "amelia.hart", "passkey": passkey}

    for path in ("sign-in", "consent"):
        response = await browser.http.post(f"{BASE_URL}/oauth2/v1/{path}", data=form)
        assert response.status_code == 400
        assert response.cookies.get("directory_session") is None
        assert "location" not in response.headers
    assert world.events() == before


async def test_a_form_of_one_browser_does_nothing_in_another(session: Session, browser: Browser) -> None:
    """Who is lured to a page that somebody else has begun connects nothing to that person's account."""
    async with session.browser() as other:
        await other.code(who="oscar.lind")
        begun = await browser.authorize()
        agreed = await browser.sign_in(begun, "amelia.hart")
        responses = [await other.sign_in(begun, "oscar.lind"), await other.decide(agreed)]

    assert [response.status_code for response in responses] == [400, 400]
    assert answer_in(await browser.decide(agreed))["code"]


async def test_a_sign_in_that_took_too_long_has_expired(browser: Browser, world: World) -> None:
    page = await browser.authorize()
    world.clock.advance(TRANSACTION_LIFETIME)

    assert (await browser.sign_in(page, "amelia.hart")).status_code == 400


async def test_who_is_suspended_before_they_agree_agrees_to_nothing(browser: Browser, world: World) -> None:
    page = await browser.sign_in(await browser.authorize(), "sam.whitlock")
    world.set_status("sam.whitlock", "SUSPENDED")

    assert (await browser.decide(page)).status_code == 400


# Codes


@pytest.mark.requirement("B11")
async def test_a_code_is_good_for_one_time(session: Session, browser: Browser) -> None:
    code = await browser.code()
    first, second = await session.redeem(code), await session.redeem(code)

    assert first.status_code == 200
    assert refusal(second) == (400, "invalid_grant")


@pytest.mark.requirement("B11")
async def test_a_code_that_comes_again_ends_what_it_was_good_for(session: Session, browser: Browser) -> None:
    """One of the two who had it stole it, and nobody knows which (RFC 6749 §4.1.2)."""
    code = await browser.code()
    tokens = (await session.redeem(code)).json()
    await session.redeem(code, agent="password_reset")
    held = await session.call(tokens["access_token"])
    await session.redeem(code)

    assert held.status_code == 200
    assert (await session.call(tokens["access_token"])).status_code == 401
    assert refusal(await session.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


async def test_a_code_is_good_for_a_minute(session: Session, browser: Browser, world: World) -> None:
    code = await browser.code()
    world.clock.advance(CODE_LIFETIME)

    assert refusal(await session.redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changed",
    [
        *({"code_verifier": ""}, {"code_verifier": f"{VERIFIER}x"}, {"code_verifier": challenge(VERIFIER)}),
        *({"redirect_uri": ""}, {"redirect_uri": f"{DEFAULT_CALLBACK}/"}, {"code": "guessed"}, {"code": ""}),
        {"agent": "password_reset"},
    ],
)
async def test_a_code_is_good_for_who_asked_for_it(session: Session, browser: Browser, changed: dict[str, str]) -> None:
    code = await browser.code()
    response = await session.redeem(**({"code": code} | changed))

    assert refusal(response) == (400, "invalid_grant")
    assert "access_token" not in response.text


async def test_a_code_is_good_for_nothing_once_its_person_is_suspended(session: Session, browser: Browser) -> None:
    code = await browser.code(who="sam.whitlock")
    session.world.set_status("sam.whitlock", "SUSPENDED")

    assert refusal(await session.redeem(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("path", ["token", "introspect", "revoke"])
async def test_an_application_proves_itself(session: Session, path: str) -> None:
    wrong = await session.post(path, secret="wrong", token="x")
    others = await session.post(path, secret=application(session.world, "password_reset").client_secret, token="x")
    url = f"{BASE_URL}/oauth2/v1/{path}"
    none = await session.world.http.post(url, data={"client_id": application(session.world, "nothing").client_id})
    unreadable = await session.world.http.post(url, headers={"Authorization": "Basic %%%"})

    for response in (wrong, others, none, unreadable):
        assert refusal(response) == (401, "invalid_client")
    for response in (wrong, others, unreadable):
        assert response.headers["www-authenticate"].startswith("Basic ")  # RFC 6749 §5.2


async def test_an_application_may_prove_itself_in_the_form(session: Session, browser: Browser) -> None:
    client = application(session.world, "account_lookup")
    form = {"grant_type": "authorization_code", "code": await browser.code(), "redirect_uri": DEFAULT_CALLBACK}
    form |= {"code_verifier": VERIFIER, "client_id": client.client_id, "client_secret": client.client_secret}

    assert (await session.world.http.post(f"{BASE_URL}/oauth2/v1/token", data=form)).status_code == 200


@pytest.mark.parametrize("grant_type", ["", "password", "client_credentials", "implicit"])
async def test_there_are_no_other_grants(session: Session, grant_type: str) -> None:
    response = await session.post("token", grant_type=grant_type, username="amelia.hart", password="x")

    assert refusal(response) == (400, "unsupported_grant_type")


async def test_a_form_that_names_something_twice_or_never_ends_is_none(session: Session) -> None:
    client = application(session.world, "account_lookup")
    twice = f"client_id={client.client_id}&client_secret={client.client_secret}&client_id={client.client_id}"
    endless = f"client_id={client.client_id}&client_secret={client.client_secret}&more={'x' * 20_000}"
    for content in (twice, endless):
        response = await session.world.http.post(f"{BASE_URL}/oauth2/v1/token", content=content)

        assert refusal(response) == (401, "invalid_client")
