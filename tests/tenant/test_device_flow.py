"""The device flow: the code, the pages, and each answer to a poll (RFC 8628; Auth0: authorize-device)."""

import re
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

COMMAND_LINE = "Help desk command line"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PENDING = (403, "authorization_pending", "User has yet to authorize device code.")
SLOW_DOWN = (429, "slow_down", "You are polling faster than the specified interval of 5 seconds.")
DENIED = (403, "access_denied", "User cancelled the confirmation prompt.")
INVALID = (403, "invalid_grant", "Invalid or expired device code.")


async def start(tenant: LocalTenant, **parameters: str) -> dict[str, Any]:
    form = {"scope": "openid helpdesk:ask offline_access", "audience": tenant.api("supervisor"), **parameters}
    async with tenant.http() as http:
        response = await http.post(f"{tenant.issuer}oauth/device/code", data=form | tenant.credentials(COMMAND_LINE))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def poll(tenant: LocalTenant, device: dict[str, Any]) -> httpx.Response:
    form = {"grant_type": GRANT, "device_code": device["device_code"]}
    return await tenant.request_token(form | tenant.credentials(COMMAND_LINE))


async def refusal(tenant: LocalTenant, device: dict[str, Any]) -> tuple[int, str, str]:
    response = await poll(tenant, device)
    body = response.json()
    return response.status_code, body["error"], body["error_description"]


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


async def enter(tenant: LocalTenant, http: httpx.AsyncClient, user_code: str) -> httpx.Response:
    page = await http.get(f"{tenant.issuer}activate")
    fields = {"form_token": form_token(page), "user_code": user_code}
    return await http.post(f"{tenant.issuer}activate", data=fields)


async def answer(
    tenant: LocalTenant, http: httpx.AsyncClient, user_code: str, action: str = "confirm", login: str = "amelia.hart"
) -> httpx.Response:
    """Plays the person, to the last page."""
    shown = await enter(tenant, http, user_code)
    fields = {"form_token": form_token(shown), "user_code": user_code, "action": action}
    response = await http.post(f"{tenant.issuer}activate/confirm", data=fields)
    while response.is_redirect:
        response = await http.get(f"{tenant.issuer}{response.headers['location'][1:]}")
        if 'name="password"' in response.text:
            fields = {"form_token": form_token(response), "username": login, "password": tenant.password(login)}
            response = await http.post(response.url, data=fields)
    return response


async def test_the_answer_to_a_device(tenant: LocalTenant) -> None:
    device = await start(tenant)
    assert list(device) == [
        "device_code",
        "user_code",
        "verification_uri",
        "expires_in",
        "interval",
        "verification_uri_complete",
    ]
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", device["user_code"])
    assert device["verification_uri"] == f"{tenant.issuer}activate"
    assert device["verification_uri_complete"] == f"{tenant.issuer}activate?user_code={device['user_code']}"
    assert (device["expires_in"], device["interval"]) == (900, 5)


async def test_a_person_lets_the_device_in(tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock) -> None:
    device = await start(tenant)
    assert await refusal(tenant, device) == PENDING
    page = await answer(tenant, http, device["user_code"])
    assert "You are all set" in page.text
    clock.advance(5)
    response = await poll(tenant, device)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["access_token", "refresh_token", "id_token", "scope", "expires_in", "token_type"]
    assert claims_of(body["access_token"])["sub"] == tenant.user_id("amelia.hart")
    assert claims_of(body["id_token"])["aud"] == tenant.client(COMMAND_LINE).client_id
    clock.advance(5)
    assert await refusal(tenant, device) == INVALID
    assert tenant.tenant.log.count("sede") == 1


async def test_its_refresh_token_serves(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    device = await start(tenant)
    await answer(tenant, http, device["user_code"])
    token = (await poll(tenant, device)).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token} | tenant.credentials(COMMAND_LINE)
    assert (await tenant.request_token(form)).status_code == 200


async def test_polling_too_fast_is_told_so_and_each_poll_counts(tenant: LocalTenant, clock: ManualClock) -> None:
    device = await start(tenant)
    assert await refusal(tenant, device) == PENDING
    clock.advance(4)
    assert await refusal(tenant, device) == SLOW_DOWN
    clock.advance(4)
    assert await refusal(tenant, device) == SLOW_DOWN
    clock.advance(5)
    assert await refusal(tenant, device) == PENDING


async def test_a_person_turns_the_device_away(tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock) -> None:
    device = await start(tenant)
    page = await answer(tenant, http, device["user_code"], "cancel")
    assert "Cancelled" in page.text
    assert await refusal(tenant, device) == DENIED
    clock.advance(5)
    assert await refusal(tenant, device) == DENIED
    assert tenant.tenant.log.count("fdecc") == 1


async def test_expiry_is_told_once(tenant: LocalTenant, clock: ManualClock) -> None:
    device = await start(tenant)
    clock.advance(900)
    assert (await refusal(tenant, device))[:2] == (403, "expired_token")
    assert await refusal(tenant, device) == INVALID


async def test_an_unknown_device_code_is_refused(tenant: LocalTenant) -> None:
    assert await refusal(tenant, {"device_code": "unknown"}) == INVALID


async def test_a_device_survives_a_restart(
    make_tenant: MakeTenant, tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    device = await start(tenant)
    await answer(tenant, http, device["user_code"])
    assert (await poll(make_tenant(), device)).status_code == 200


async def test_a_person_who_is_signed_in_is_named_and_gives_no_password(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    await answer(tenant, http, (await start(tenant))["user_code"])
    device = await start(tenant)
    shown = await enter(tenant, http, device["user_code"])
    assert "amelia.hart@helpdesk.example" in shown.text
    fields = {"form_token": form_token(shown), "user_code": device["user_code"], "action": "confirm"}
    done = await http.post(f"{tenant.issuer}activate/confirm", data=fields)
    assert "You are all set" in done.text


async def test_a_person_can_let_the_device_in_as_somebody_else(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await answer(tenant, http, (await start(tenant))["user_code"])
    device = await start(tenant)
    await answer(tenant, http, device["user_code"], "switch", "casey.moreno")
    body = (await poll(tenant, device)).json()
    assert claims_of(body["access_token"])["sub"] == tenant.user_id("casey.moreno")


@pytest.mark.parametrize("spelling", ["{0}", " {0} ", "{1}", "{2}"])
async def test_case_hyphen_and_spaces_do_not_matter(
    tenant: LocalTenant, http: httpx.AsyncClient, spelling: str
) -> None:
    user_code = (await start(tenant))["user_code"]
    typed = spelling.format(user_code, user_code.lower().replace("-", ""), user_code.replace("-", " - "))
    shown = await enter(tenant, http, typed)
    assert user_code in shown.text
    assert "Is this your device?" in shown.text


@pytest.mark.parametrize("typed", ["", "XXXX-XXXX", "x", "🙂", "BCDF-GHJK' or '1'='1"])
async def test_a_wrong_code_is_refused_on_the_page(tenant: LocalTenant, http: httpx.AsyncClient, typed: str) -> None:
    await start(tenant)
    shown = await enter(tenant, http, typed)
    assert shown.status_code == 400
    assert "That code is not valid." in shown.text


async def test_a_link_fills_the_code_in_and_confirms_nothing(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await answer(tenant, http, (await start(tenant))["user_code"])  # signed in from here on
    device = await start(tenant)
    page = await http.get(device["verification_uri_complete"])
    assert f'value="{device["user_code"]}"' in page.text
    assert await refusal(tenant, device) == PENDING


async def test_a_code_is_answered_once(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    device = await start(tenant)
    shown = await enter(tenant, http, device["user_code"])
    fields = {"form_token": form_token(shown), "user_code": device["user_code"], "action": "cancel"}
    await http.post(f"{tenant.issuer}activate/confirm", data=fields)
    late = await http.post(f"{tenant.issuer}activate/confirm", data=fields | {"action": "confirm"})
    assert late.status_code == 400
    assert await refusal(tenant, device) == DENIED


async def test_confirming_needs_the_page_that_showed_this_code(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    """A site that knows a code of its own cannot have a signed-in person's browser confirm it."""
    await answer(tenant, http, (await start(tenant))["user_code"])
    attackers, own = await start(tenant), await start(tenant)
    shown = await enter(tenant, http, own["user_code"])
    for token in ("", "0" * 64, form_token(shown)):
        fields = {"form_token": token, "user_code": attackers["user_code"], "action": "confirm"}
        assert (await http.post(f"{tenant.issuer}activate/confirm", data=fields)).status_code == 403
    assert await refusal(tenant, attackers) == PENDING


async def test_the_sign_in_after_confirming_is_for_the_browser_that_confirmed(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    """Whoever confirms a code of their own must not be able to send the sign-in page that follows to somebody else."""
    device = await start(tenant)
    shown = await enter(tenant, http, device["user_code"])
    fields = {"form_token": form_token(shown), "user_code": device["user_code"], "action": "confirm"}
    response = await http.post(f"{tenant.issuer}activate/confirm", data=fields)
    page = f"{tenant.issuer}{response.headers['location'][1:]}"
    async with tenant.http() as victim:
        await victim.get(f"{tenant.issuer}activate")
        assert (await victim.get(page)).status_code == 400
        assert (await victim.post(page, data={"username": "amelia.hart"})).status_code == 400
    assert 'name="password"' in (await http.get(page)).text
    assert await refusal(tenant, device) == PENDING


async def test_an_expired_code_cannot_be_entered(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    device = await start(tenant)
    clock.advance(900)
    assert (await enter(tenant, http, device["user_code"])).status_code == 400


async def test_a_blocked_person_cannot_let_a_device_in(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await answer(tenant, http, (await start(tenant))["user_code"])
    tenant.block("amelia.hart")
    device = await start(tenant)
    page = await answer(tenant, http, device["user_code"])
    assert (page.status_code, "user is blocked" in page.text) == (403, True)
    assert await refusal(tenant, device) == PENDING


@pytest.mark.parametrize(
    ("parameters", "status", "error"),
    [
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "access_denied"),
        ({"audience": "https://unknown.example"}, 403, "access_denied"),
        ({"audience": "{docs_search}"}, 403, "invalid_request"),
    ],
    ids=["no client", "unknown client", "unknown API", "no grant"],
)
async def test_a_device_is_refused_at_once(
    tenant: LocalTenant, http: httpx.AsyncClient, parameters: dict[str, str], status: int, error: str
) -> None:
    filled = {name: value.format(docs_search=tenant.api("docs_search")) for name, value in parameters.items()}
    form = tenant.credentials(COMMAND_LINE) | filled
    response = await http.post(f"{tenant.issuer}oauth/device/code", data=form)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert tenant.tenant.log.count("fdeaz") == 1


async def test_a_client_that_does_not_list_the_grant_is_refused(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        named(document["clients"], COMMAND_LINE)["grant_types"].remove(GRANT)

    tenant = make_tenant(tenant_definition=edit_definition(change))
    async with tenant.http() as http:
        response = await http.post(f"{tenant.issuer}oauth/device/code", data=tenant.credentials(COMMAND_LINE))
    assert (response.status_code, response.json()["error"]) == (403, "unauthorized_client")
