"""The phone: what a person sees before they answer, and who may answer for whom."""

import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.tenant.testing import LocalTenant, ManualClock
from tests.tenant._ciba import (
    MESSAGE,
    Terminal,
    consent_ids,
    decide,
    form_token,
    open_phone,
    poll,
    refusal,
    started,
    terminal,
)

PENDING, DENIED = (400, "authorization_pending"), (400, "access_denied")


async def test_the_page_says_what_is_asked_by_whom_and_with_which_code(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    await started(tenant)
    page = await open_phone(tenant, http)
    assert "Local stand-in for Auth0" in page.text
    for text in (MESSAGE, "Password reset approvals", "Oscar Lind asks", "Reset the password", "amelia.hart", "5 min"):
        assert text in page.text
    assert "3f29" not in page.text  # not to be displayed
    assert page.text.index("<dt>Account</dt>") < page.text.index("<dt>Action</dt>")
    assert page.headers["cache-control"] == "no-store"


async def test_nothing_waits_where_nothing_was_asked(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await started(tenant, "oscar.lind")
    page = await open_phone(tenant, http)
    assert "Nothing waits for you" in page.text
    assert consent_ids(page) == []


@pytest.mark.requirement("E11")
async def test_looking_at_it_decides_nothing(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    auth_req_id = await started(tenant)
    page = await open_phone(tenant, http)
    (consent_id,) = consent_ids(page)
    query = {"consent_id": consent_id, "action": "approve", "form_token": form_token(page)}
    await http.get(f"{tenant.issuer}phone", params=query)
    await http.head(f"{tenant.issuer}phone", params=query)
    assert await refusal(tenant, auth_req_id) == PENDING


async def test_a_form_of_another_page_decides_nothing(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    auth_req_id = await started(tenant)
    assert (await decide(tenant, http, form_token="0" * 64)).status_code == 403
    assert (await decide(tenant, http, "perhaps")).status_code == 400
    assert await refusal(tenant, auth_req_id) == PENDING


@pytest.mark.requirement("E5")
async def test_nobody_answers_for_somebody_else(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    auth_req_id = await started(tenant)
    (consent_id,) = consent_ids(await open_phone(tenant, http))
    async with tenant.http() as other:
        page = await open_phone(tenant, other, "oscar.lind")
        fields = {"form_token": form_token(page), "consent_id": consent_id, "action": "approve"}
        assert (await other.post(f"{tenant.issuer}phone", data=fields)).status_code == 404
    assert await refusal(tenant, auth_req_id) == PENDING


@pytest.mark.requirement("E4")
async def test_a_second_click_and_a_late_one_change_nothing(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    auth_req_id = await started(tenant)
    page = await open_phone(tenant, http)
    (consent_id,) = consent_ids(page)
    fields = {"form_token": form_token(page), "consent_id": consent_id}
    assert (await http.post(f"{tenant.issuer}phone", data=fields | {"action": "deny"})).status_code == 200
    assert (await http.post(f"{tenant.issuer}phone", data=fields | {"action": "approve"})).status_code == 404
    assert await refusal(tenant, auth_req_id) == DENIED
    late = await started(tenant, requested_expiry="30")
    page = await open_phone(tenant, http)
    clock.advance(31)
    fields = {"form_token": form_token(page), "consent_id": consent_ids(page)[0], "action": "approve"}
    assert (await http.post(f"{tenant.issuer}phone", data=fields)).status_code == 404
    assert await refusal(tenant, late) == DENIED


async def test_a_terminal_is_told_looks_and_answers(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    device = await terminal(tenant, http)
    auth_req_id = await started(tenant)
    (push,) = await device.pushes()
    seen = (await device.look(push)).json()
    assert seen["id"] == push["txlinkid"]
    assert seen["requested_details"]["binding_message"] == MESSAGE
    assert seen["requested_details"]["audience"] == tenant.api("password_reset")
    assert seen["requested_details"]["authorization_details"][0]["properties"]["account"]["value"] == "amelia.hart"
    assert (await device.answer(push, accepted=True)).status_code == 204
    assert (await poll(tenant, auth_req_id)).status_code == 200


async def test_a_terminal_may_deny(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    device = await terminal(tenant, http)
    auth_req_id = await started(tenant)
    (push,) = await device.pushes()
    assert (await device.answer(push, accepted=False)).status_code == 204
    assert await refusal(tenant, auth_req_id) == DENIED
    assert await device.pushes() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "another challenge"},
        {"aud": "https://elsewhere.example/"},
        {"exp": 1},
        {"iat": int(time.time()) * 2},
        {"auth0_guardian_method": "sms"},
        {"auth0_guardian_accepted": "yes"},
        {"iss": "dev_nobody"},
    ],
)
async def test_an_answer_that_does_not_fit_decides_nothing(
    tenant: LocalTenant, http: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    device = await terminal(tenant, http)
    auth_req_id = await started(tenant)
    (push,) = await device.pushes()
    assert (await device.answer(push, **{"accepted": True, **claims})).status_code == 401
    assert await refusal(tenant, auth_req_id) == PENDING


async def test_another_key_or_another_persons_terminal_decides_nothing(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    device = await terminal(tenant, http)
    auth_req_id = await started(tenant)
    (push,) = await device.pushes()
    stranger = Terminal(tenant, http, rsa.generate_private_key(65537, 2048), device.device_id)
    assert (await stranger.answer(push, accepted=True)).status_code == 401
    assert (await stranger.look(push)).status_code == 401
    async with tenant.http() as other:
        theirs = await terminal(tenant, other, "oscar.lind")
        assert await theirs.pushes() == []
        assert (await theirs.answer(push, accepted=True)).status_code == 401
        assert (await theirs.look(push)).status_code == 401
    assert await refusal(tenant, auth_req_id) == PENDING


@pytest.mark.parametrize(
    "claims", [{"htm": "POST"}, {"htu": "https://x.example/"}, {"ath": "x"}, {"iat": 1}, {"jti": ""}]
)
async def test_the_details_are_for_who_proves_the_key(
    tenant: LocalTenant, http: httpx.AsyncClient, claims: dict[str, object]
) -> None:
    device = await terminal(tenant, http)
    await started(tenant)
    (push,) = await device.pushes()
    assert (await device.look(push, **claims)).status_code == 401


async def test_a_newer_push_takes_the_place_of_the_one_before(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    device = await terminal(tenant, http)
    await started(tenant)
    (old,) = await device.pushes()
    (new,) = await device.pushes()
    assert (await device.answer(old, accepted=True)).status_code == 401
    assert (await device.answer(new, accepted=True)).status_code == 204


async def test_a_ticket_is_good_once_and_for_five_minutes(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    user_id = tenant.user_id("amelia.hart")
    ticket = tenant.tenant.devices.ticket(user_id)
    device = Terminal(tenant, http, rsa.generate_private_key(65537, 2048))
    assert (await device.enrol(ticket)).status_code == 200
    assert (await device.enrol(ticket)).status_code == 401
    late = tenant.tenant.devices.ticket(user_id)
    clock.advance(301)
    assert (await device.enrol(late)).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"name": "a\nb"}, {"public_key": None}, {"public_key": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}],
)
async def test_a_device_needs_a_name_and_a_key(
    tenant: LocalTenant, http: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    device = Terminal(tenant, http, rsa.generate_private_key(65537, 2048))
    refused = await device.enrol(tenant.tenant.devices.ticket(tenant.user_id("amelia.hart")), **changes)
    assert refused.status_code == 400
