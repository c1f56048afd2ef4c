"""The directory's tokens over HTTP: renewed and taken back, for whom and for what they are, and what is on record."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from local.directory.oauth import SigningKey
from tests.directory._oauth import (
    EVERYTHING,
    HOUR,
    Browser,
    Session,
    answer_in,
    application,
    claims_of,
    offered,
    refusal,
)
from tests.directory._world import BASE_URL

# Renewing


async def test_a_refresh_token_is_replaced(session: Session) -> None:
    first = await session.connected()
    second = (await session.refresh(first["refresh_token"])).json()
    third = await session.refresh(second["refresh_token"])

    assert third.status_code == 200
    assert len({first["refresh_token"], second["refresh_token"], third.json()["refresh_token"]}) == 3
    assert (await session.call(third.json()["access_token"])).status_code == 200


@pytest.mark.requirement("B11")
async def test_a_refresh_token_that_comes_again_ends_the_family(session: Session) -> None:
    first = await session.connected()
    other = await session.connected("password_reset")
    second = (await session.refresh(first["refresh_token"])).json()
    again = await session.refresh(first["refresh_token"])

    assert refusal(again) == (400, "invalid_grant")
    assert refusal(await session.refresh(second["refresh_token"])) == (400, "invalid_grant")
    for tokens in (first, second):
        assert (await session.call(tokens["access_token"])).status_code == 401
    assert (await session.call(other["access_token"])).status_code == 200


async def test_a_refresh_token_is_of_no_use_to_another_application(session: Session) -> None:
    tokens = await session.connected()
    stolen = await session.refresh(tokens["refresh_token"], agent="password_reset")

    assert refusal(stolen) == (400, "invalid_grant")
    assert (await session.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_refresh_token_ends_with_its_time_and_with_its_person(session: Session) -> None:
    old, suspended = await session.connected(), await session.connected(who="sam.whitlock")
    session.world.set_status("sam.whitlock", "SUSPENDED")
    of_the_suspended = await session.refresh(suspended["refresh_token"])
    session.world.clock.advance(90 * 24 * HOUR)

    assert refusal(of_the_suspended) == (400, "invalid_grant")
    assert refusal(await session.refresh(old["refresh_token"])) == (400, "invalid_grant")


async def test_without_offline_access_there_is_nothing_to_renew_with(session: Session, browser: Browser) -> None:
    issued = (await session.redeem(await browser.code(scope="okta.users.read.self"))).json()

    assert issued.keys() == {"token_type", "expires_in", "access_token", "scope"}


# Scopes


@pytest.mark.requirement("B4")
@pytest.mark.parametrize(
    ("agent", "who", "expected"),
    [
        (
            *("account_lookup", "amelia.hart"),
            "offline_access okta.logs.read okta.policies.read okta.users.read.self openid",
        ),
        (
            *("password_reset", "amelia.hart"),
            "offline_access okta.logs.read okta.policies.read okta.users.manage.self okta.users.read.self openid",
        ),
        (
            *("account_lookup", "adm.rosalind"),
            (
                "offline_access okta.groups.read okta.logs.read okta.policies.read okta.users.read "
                "okta.users.read.self openid"
            ),
        ),
    ],
)
async def test_what_is_granted_is_within_the_application_s_and_the_person_s(
    session: Session, browser: Browser, agent: str, who: str, expected: str
) -> None:
    page = await browser.sign_in(await browser.authorize(agent, scope=EVERYTHING), who)
    tokens = (await session.redeem(answer_in(await browser.decide(page))["code"], agent=agent)).json()
    claims = claims_of(tokens["access_token"])

    assert " ".join(offered(page)) == tokens["scope"] == " ".join(claims["scp"]) == expected


async def test_who_can_grant_none_of_it_is_not_asked(browser: Browser) -> None:
    response = await browser.sign_in(await browser.authorize(scope="okta.users.read okta.apps.manage"), "amelia.hart")

    assert answer_in(response)["error"] == "invalid_scope"


@pytest.mark.requirement("B10")
async def test_a_refresh_narrows_and_never_widens(session: Session) -> None:
    first = await session.connected(scope="offline_access openid okta.users.read.self okta.logs.read")
    wider = await session.refresh(first["refresh_token"], scope="offline_access okta.users.read")
    narrow = (await session.refresh(first["refresh_token"], scope="offline_access okta.logs.read")).json()
    back = await session.refresh(narrow["refresh_token"], scope="offline_access okta.users.read.self")
    renewed = (await session.refresh(narrow["refresh_token"])).json()

    assert refusal(wider) == refusal(back) == (400, "invalid_scope")
    assert narrow["scope"] == renewed["scope"] == "offline_access okta.logs.read"
    for tokens in (narrow, renewed):
        assert (await session.call(tokens["access_token"])).status_code == 403
        assert (await session.call(tokens["access_token"], "/logs")).status_code == 200


# Asking about tokens, and taking them back


async def test_an_application_asks_about_its_own_tokens(session: Session) -> None:
    tokens = await session.connected()
    said = await session.introspect(tokens["access_token"])

    assert said["active"] is True
    assert said["username"] == said["sub"] == "amelia.hart@helpdesk.example"
    assert said["client_id"] == application(session.world, "account_lookup").client_id
    assert set(said["scope"].split()) == set(tokens["scope"].split())
    assert said["iss"] == said["aud"] == BASE_URL
    session.world.clock.advance(HOUR)
    assert await session.introspect(tokens["access_token"]) == {"active": False}


async def test_of_what_is_no_token_of_its_own_an_application_learns_nothing(session: Session) -> None:
    tokens = await session.connected()

    assert await session.introspect(tokens["access_token"], agent="password_reset") == {"active": False}
    for text in ("", "nonsense", tokens["id_token"], f"{tokens['access_token']}x"):
        assert await session.introspect(text) == {"active": False}


async def test_a_token_that_is_taken_back_is_refused_at_once(session: Session) -> None:
    tokens = await session.connected()
    response = await session.post("revoke", token=tokens["access_token"])

    assert (response.status_code, response.content) == (200, b"")
    assert await session.introspect(tokens["access_token"]) == {"active": False}
    refused = await session.call(tokens["access_token"])
    assert (refused.status_code, refused.json()["errorCode"]) == (401, "E0000011")
    assert (await session.refresh(tokens["refresh_token"])).status_code == 200


async def test_with_a_refresh_token_all_that_came_of_it_is_taken_back(session: Session) -> None:
    first = await session.connected()
    second = (await session.refresh(first["refresh_token"])).json()
    response = await session.post("revoke", token=second["refresh_token"])

    assert response.status_code == 200
    for tokens in (first, second):
        assert (await session.call(tokens["access_token"])).status_code == 401
    assert refusal(await session.refresh(second["refresh_token"])) == (400, "invalid_grant")


async def test_nobody_takes_back_what_another_application_has(session: Session) -> None:
    tokens = await session.connected()
    for name in ("access_token", "refresh_token"):
        response = await session.post("revoke", agent="password_reset", token=tokens[name])
        assert (response.status_code, response.content) == (200, b"")

    assert (await session.call(tokens["access_token"])).status_code == 200
    assert (await session.refresh(tokens["refresh_token"])).status_code == 200
    assert (await session.post("revoke", token="nonsense")).status_code == 200
    assert session.world.events("app.oauth2.token.revoke") == []


@pytest.mark.requirement("B8")
@pytest.mark.parametrize("operation", ["suspend", "deactivate"])
async def test_whoever_is_suspended_or_leaves_takes_what_they_granted_along(session: Session, operation: str) -> None:
    tokens = await session.connected(who="sam.whitlock")
    await session.world.act("sam.whitlock", operation)
    session.world.set_status("sam.whitlock", "ACTIVE")

    assert (await session.call(tokens["access_token"])).status_code == 401
    assert refusal(await session.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


# Who it says that it is, and whose tokens it takes


async def test_what_the_metadata_names_is_there(session: Session) -> None:
    http = session.world.http
    metadata = (await http.get(f"{BASE_URL}/.well-known/openid-configuration")).json()
    same = (await http.get(f"{BASE_URL}/.well-known/oauth-authorization-server")).json()
    named = {name: await http.get(url) for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))}

    assert metadata == same
    assert metadata["issuer"] == BASE_URL
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["response_types_supported"] == ["code"]
    assert set(metadata["grant_types_supported"]) == {"authorization_code", "refresh_token"}
    assert len(named) == 6
    assert 404 not in {response.status_code for response in named.values()}


async def test_the_keys_verify_what_was_signed_and_hold_no_private_half(session: Session) -> None:
    tokens = await session.connected()
    keys = (await session.world.http.get(f"{BASE_URL}/oauth2/v1/keys")).json()
    key = jwt.PyJWKSet.from_dict(keys)[session.world.oauth.key.kid]

    for token in (tokens["access_token"], tokens["id_token"]):
        signed, _, signature = token.rpartition(".")
        assert key.Algorithm.verify(signed.encode(), key.key, base64.urlsafe_b64decode(f"{signature}=="))
    assert [member.keys() for member in keys["keys"]] == [{"kty", "n", "e", "alg", "use", "kid"}]


async def test_an_application_learns_who_somebody_is_if_they_agreed(session: Session, browser: Browser) -> None:
    known = await session.connected()
    unknown = (await session.redeem(await browser.code(scope="okta.users.read.self"))).json()

    async def userinfo(authorization: str) -> httpx.Response:
        return await session.world.http.get(f"{BASE_URL}/oauth2/v1/userinfo", headers={"Authorization": authorization})

    told = await userinfo(f"Bearer {known['access_token']}")
    assert told.json()["preferred_username"] == "amelia.hart@helpdesk.example"
    for authorization in (f"Bearer {unknown['access_token']}", "Bearer nonsense", f"Basic {known['access_token']}"):
        assert (await userinfo(authorization)).status_code == 401


Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda claims: claims | {"iss": "http://127.0.0.1:9999"}, id="another issuer"),
        pytest.param(lambda claims: claims | {"iss": f"{BASE_URL}/"}, id="an issuer that looks alike"),
        pytest.param(lambda claims: claims | {"aud": "api://default"}, id="another audience"),
        pytest.param(lambda claims: claims | {"exp": claims["iat"]}, id="expired"),
        pytest.param(lambda claims: claims | {"exp": "9999999999"}, id="a time that is none"),
        pytest.param(lambda claims: claims | {"jti": "AT.never-issued"}, id="never issued"),
        pytest.param(lambda claims: claims | {"cid": "0oa-nobody"}, id="an application that is gone"),
        pytest.param(lambda claims: claims | {"uid": "00u-nobody"}, id="a person who is gone"),
        *(
            pytest.param(lambda claims, name=name: {k: v for k, v in claims.items() if k != name}, id=f"no {name}")
            for name in ("iss", "aud", "exp", "jti", "uid", "cid", "scp")
        ),
    ],
)
async def test_a_token_that_is_not_for_here_and_now_is_refused(session: Session, change: Change) -> None:
    """Each is signed with the directory's own key, so that what is refused is what it says."""
    tokens = await session.connected()
    claims = claims_of(tokens["access_token"])
    whole = await session.call(session.world.oauth.key.sign(claims))
    response = await session.call(session.world.oauth.key.sign(change(claims)))

    assert whole.status_code == 200
    assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011")
    assert response.json().keys() == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_a_token_that_the_directory_did_not_sign_is_refused(session: Session, tmp_path: Path) -> None:
    tokens = await session.connected()
    claims = claims_of(tokens["access_token"])
    key = session.world.oauth.key
    forged = [
        SigningKey(tmp_path / "another.pem").sign(claims),
        jwt.encode(claims, "", "none", headers={"kid": key.kid}),
        jwt.encode(claims, key.jwk()["n"], "HS256", headers={"kid": key.kid}),
        tokens["id_token"],
        tokens["refresh_token"],
    ]

    for token in forged:
        response = await session.call(token)
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011")


async def test_a_token_is_good_for_an_hour(session: Session) -> None:
    tokens = await session.connected()
    session.world.clock.advance(HOUR - 1)
    last = await session.call(tokens["access_token"])
    session.world.clock.advance(1)

    assert last.status_code == 200
    assert (await session.call(tokens["access_token"])).status_code == 401


@pytest.mark.parametrize("path", ["/users/me", "/users", "/users/tomas.reyes", "/logs", "/policies?type=PASSWORD"])
async def test_a_token_without_a_scope_opens_nothing(session: Session, path: str) -> None:
    tokens = await session.connected(who="adm.rosalind", scope="openid offline_access")
    response = await session.call(tokens["access_token"], path)

    assert (response.status_code, response.json()["errorCode"]) == (403, "E0000006")
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


# Scope and role


@pytest.mark.requirement("B5")
async def test_the_role_counts_as_it_is_now(session: Session) -> None:
    """Who loses it has a token with the scope, and reaches nobody but themselves any more."""
    tokens = await session.connected(who="oscar.lind", scope=EVERYTHING)
    before = await session.call(tokens["access_token"], "/users/amelia.hart")
    session.world.change("DELETE FROM group_members WHERE user_id = ?", session.world.user("oscar.lind")["id"])

    assert before.status_code == 200
    assert (await session.call(tokens["access_token"], "/users/amelia.hart")).status_code == 403
    assert (await session.call(tokens["access_token"], "/users/me")).status_code == 200


@pytest.mark.requirement("B5")
async def test_a_role_without_the_scope_and_a_scope_without_the_role_act_on_nobody(session: Session) -> None:
    self_alone = await session.connected(
        "password_reset", "adm.rosalind", scope="openid offline_access okta.users.manage.self"
    )
    reads = await session.connected("password_reset", "adm.rosalind", scope="openid offline_access okta.users.read")
    employee = await session.connected("password_reset", "sam.whitlock", scope=EVERYTHING)
    read_only = await session.connected("password_reset", "tess.ferraro", scope=EVERYTHING)
    unlock = "/users/amelia.hart/lifecycle/unlock"
    responses = [
        await session.call(tokens["access_token"], unlock, "POST")
        for tokens in (self_alone, reads, employee, read_only)
    ]

    assert [(response.status_code, response.json()["errorCode"]) for response in responses] == [(403, "E0000006")] * 4
    assert "okta.users.manage" in read_only["scope"].split()
    assert session.world.status("amelia.hart") == "LOCKED_OUT"


@pytest.mark.requirement("I2")
async def test_the_help_desk_changes_others_and_never_who_has_a_role(session: Session) -> None:
    tokens = await session.connected("password_reset", "oscar.lind", scope=EVERYTHING)
    for login in ("adm.rosalind", "tess.ferraro"):
        session.world.set_status(login, "LOCKED_OUT")
    statuses = {
        login: (await session.call(tokens["access_token"], f"/users/{login}/lifecycle/unlock", "POST")).status_code
        for login in ("adm.rosalind", "tess.ferraro", "amelia.hart")
    }

    assert statuses == {"adm.rosalind": 403, "tess.ferraro": 403, "amelia.hart": 200}


# What is on record, and what never is


async def test_the_log_has_who_granted_what_through_which_application(session: Session) -> None:
    tokens = await session.connected("password_reset", scope=EVERYTHING)
    await session.call(tokens["access_token"], "/users/me/lifecycle/unlock", "POST")
    await session.post("revoke", agent="password_reset", token=tokens["refresh_token"])
    events = session.world.events()
    client_id = application(session.world, "password_reset").client_id
    token_id = claims_of(tokens["access_token"])["jti"]

    assert [event["eventType"] for event in events] == [
        "app.oauth2.as.consent.grant",
        "app.oauth2.token.grant.access_token",
        "user.account.unlock_by_admin",
        "app.oauth2.token.revoke",
    ]
    assert {event["actor"]["alternateId"] for event in events} == {"amelia.hart@helpdesk.example"}
    assert {event["client"]["id"] for event in events} == {client_id}
    assert {event["target"][0]["displayName"] for event in events if "oauth2" in event["eventType"]} == {
        "password_reset"
    }
    assert events[2]["debugContext"]["debugData"]["clientAppName"] == "password_reset"
    assert [event["transaction"]["detail"].get("requestApiTokenId") for event in events[1:3]] == [token_id] * 2


async def test_no_token_and_no_code_is_kept_or_logged(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = await session.connected()
    renewed = (await session.refresh(tokens["refresh_token"])).json()
    await session.refresh(tokens["refresh_token"])
    await session.call(renewed["access_token"])
    await session.post("revoke", token=renewed["access_token"])
    session.secrets += [renewed[name] for name in ("access_token", "refresh_token", "id_token")]
    session.secrets.append(application(session.world, "account_lookup").client_secret)

    kept = b"".join(path.read_bytes() for path in session.world.folder.glob("*.sqlite3*"))
    told = caplog.text + json.dumps(session.world.events()) + repr(session.world.oauth.store.calls())
    assert len(session.secrets) == 10  # two cookies, a code, twice three tokens, the application's secret
    assert b"amelia.hart@helpdesk.example" in kept
    for secret in session.secrets:
        assert secret.encode() not in kept
        assert secret not in told
    for token in (tokens["access_token"], renewed["access_token"]):
        assert token.rpartition(".")[2].encode() not in kept
