"""What a device says to the tenant, on a clock that both go by."""

import re
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from portal.device import AuthenticationDevice, AuthenticationServer, Device, Push, process_consent
from portal.session import Clock
from shared.errors import OAuthError
from tests.tenant._ciba import MESSAGE, form_token, open_phone, poll, refusal, started

PENDING, DENIED = (400, "authorization_pending"), (400, "access_denied")


@pytest.fixture
async def device(tenant: LocalTenant, http: httpx.AsyncClient) -> Device:
    async with tenant.http() as browser:
        page = await open_phone(tenant, browser)
        shown = await browser.post(f"{tenant.issuer}phone", data={"form_token": form_token(page), "action": "enrol"})
    ticket = re.search(r'class="code shown">([^<]+)<', shown.text)
    assert ticket is not None
    return await AuthenticationServer(tenant.issuer, http).enroll_request(ticket[1], "Terminal")


async def test_a_device_sees_what_waits_in_order_and_answers(
    tenant: LocalTenant, device: Device, http: httpx.AsyncClient, clock: Clock, manual_clock: ManualClock
) -> None:
    used = AuthenticationDevice(device, http, clock=clock)
    approved = await started(tenant)
    manual_clock.advance(1)
    denied = await started(tenant)
    first, second = await used.waiting()
    assert first.binding_message == MESSAGE
    assert await used.answer_request(first, approved=True)
    assert await used.answer_request(second, approved=False)
    assert await used.waiting() == []
    assert (await poll(tenant, approved)).status_code == 200
    assert await refusal(tenant, denied) == DENIED


@pytest.mark.requirement("E4")
async def test_an_answer_after_the_end_changes_nothing(
    tenant: LocalTenant, device: Device, http: httpx.AsyncClient, clock: Clock, manual_clock: ManualClock
) -> None:
    used = AuthenticationDevice(device, http, clock=clock)
    auth_req_id = await started(tenant)
    (asked,) = await used.waiting()
    manual_clock.advance(300)
    assert not await used.answer_request(asked, approved=True)
    assert await refusal(tenant, auth_req_id) == DENIED


@pytest.mark.requirement("E4")
async def test_a_second_answer_is_too_late_whatever_it_says(
    tenant: LocalTenant, device: Device, http: httpx.AsyncClient, clock: Clock
) -> None:
    used = AuthenticationDevice(device, http, clock=clock)
    auth_req_id = await started(tenant)
    (asked,) = await used.waiting()
    assert await used.answer_request(asked, approved=False)
    assert not await used.answer_request(asked, approved=True)
    assert not await used.answer_request(asked, approved=False)
    assert await refusal(tenant, auth_req_id) == DENIED


async def test_another_device_that_looks_meanwhile_does_not_get_in_the_way(
    tenant: LocalTenant, device: Device, http: httpx.AsyncClient, clock: Clock
) -> None:
    used, other = [AuthenticationDevice(device, http, clock=clock) for _ in range(2)]
    auth_req_id = await started(tenant)
    (asked,) = await used.waiting()
    assert len(await other.waiting()) == 1  # which ends the token that the first was sent
    assert await used.answer_request(asked, approved=True)
    assert (await poll(tenant, auth_req_id)).status_code == 200


PUSH = Push("cns_1", "token", "challenge")
RECORD: dict[str, Any] = {
    "id": "cns_1",
    "requested_details": {"audience": "https://api", "scope": ["openid"], "binding_message": MESSAGE},
    "created_at": "2026-11-26T10:00:00.000Z",
    "expires_at": "2026-11-26T10:05:00.000Z",
}


def test_a_whole_record_is_read() -> None:
    asked = process_consent(PUSH, RECORD)
    assert (asked.code, asked.properties, asked.expires_at - asked.created_at) == ("K7QF", (), 300.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "cns_2"},
        {"id": None},
        {"requested_details": None},
        {"requested_details": {"binding_message": " \n"}},
        {"requested_details": {}},
        {"requested_details": {"binding_message": MESSAGE, "authorization_details": 1}},
        {"expires_at": "soon"},
        {"expires_at": None},
        {"created_at": 17},
    ],
)
def test_a_record_of_another_request_or_half_a_record_is_shown_to_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(OAuthError) as raised:
        process_consent(PUSH, RECORD | changes)
    assert raised.value.error == "invalid_response"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (MESSAGE, "K7QF"),
        ("Reset factors of amelia.hart code: 4821", "4821"),
        ("Sign in", None),
        ("Reset the code", None),
        ("code K7QF is what they say", None),
    ],
)
def test_the_code_is_what_ends_the_binding_message(message: str, code: str | None) -> None:
    details = RECORD["requested_details"] | {"binding_message": message}
    asked = process_consent(PUSH, RECORD | {"requested_details": details})
    assert asked.code == code
    assert asked.has_code(code or message) is (code is not None)
