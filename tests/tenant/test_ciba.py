"""CIBA: the request, each answer to a poll, and the token that says exactly what was approved."""

import json
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._ciba import APPROVALS, DETAILS, MESSAGE, TYPE, ask, decide, poll, refusal, started
from tests.tenant._support import EditDefinition, MakeTenant

PENDING = (400, "authorization_pending")
DENIED = (400, "access_denied")
GONE = (403, "invalid_grant")


async def test_the_answer_to_a_request_is_as_auth0_writes_it(tenant: LocalTenant) -> None:
    body = (await ask(tenant)).json()
    assert list(body) == ["auth_req_id", "expires_in", "interval"]
    assert len(body["auth_req_id"]) == 64
    assert (body["expires_in"], body["interval"]) == (300, 5)


async def test_the_metadata_names_the_endpoint(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    found = (await http.get(tenant.discovery_url)).json()
    assert found["backchannel_authentication_endpoint"] == f"{tenant.issuer}bc-authorize"
    assert found["backchannel_token_delivery_modes_supported"] == ["poll"]


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"scope": "action:approve"}, "invalid_request", "openid scope must be requested"),
        ({"scope": None}, "invalid_request", "openid scope must be requested"),
        ({"binding_message": None}, "invalid_request", "Missing required parameter: binding_message"),
        ({"binding_message": "x" * 65}, "invalid_request", None),
        ({"binding_message": "Reset <b>now</b>"}, "invalid_request", None),
        ({"binding_message": "code\u202eFQ7K"}, "invalid_request", None),
        ({"login_hint": None}, "invalid_request", "Missing required parameter: login_hint"),
        ({"login_hint": "amelia.hart"}, "invalid_request", None),
        ({"login_hint": '["iss_sub"]'}, "invalid_request", None),
        ({"login_hint": '{"format":"email","email":"amelia.hart@helpdesk.example"}'}, "invalid_request", None),
        ({"requested_expiry": "0"}, "invalid_request", None),
        ({"requested_expiry": "259201"}, "invalid_request", None),
        ({"requested_expiry": "soon"}, "invalid_request", None),
        ({"requested_expiry": "301"}, "invalid_request", None),
        ({"audience": None}, "invalid_request", None),
        ({"authorization_details": "{}"}, "invalid_authorization_details", None),
        ({"authorization_details": "[]"}, "invalid_authorization_details", None),
        ({"authorization_details": "[" * 10_000}, "invalid_authorization_details", None),
        ({"authorization_details": '[{"type":"unheard-of"}]'}, "invalid_authorization_details", None),
        ({"authorization_details": json.dumps(DETAILS * 2)}, "invalid_authorization_details", None),
        ({"authorization_details": json.dumps([{"type": TYPE, "text": "x" * 256}])},
         "invalid_authorization_details", None),
        ({"authorization_details": json.dumps([{"type": TYPE} | {str(n): n for n in range(10)}])},
         "invalid_authorization_details", None),
        ({"authorization_details": json.dumps([{"type": TYPE, "text": ["x" * 250] * 30}])},
         "invalid_authorization_details", None),
    ],
)  # fmt: skip
async def test_a_request_that_is_not_in_order_is_refused(
    tenant: LocalTenant, changes: dict[str, str | None], error: str, description: str | None
) -> None:
    response = await ask(tenant, "amelia.hart", **changes)
    assert (response.status_code, response.json()["error"]) == (400, error)
    if description is not None:
        assert response.json()["error_description"] == description


async def test_nobody_is_asked_of_another_issuer_or_who_is_unknown(tenant: LocalTenant) -> None:
    hint = {"format": "iss_sub", "iss": tenant.issuer, "sub": "auth0|nobody"}
    unknown = await ask(tenant, login_hint=json.dumps(hint))
    assert (unknown.status_code, unknown.json()["error"]) == (400, "unknown_user_id")
    foreign = await ask(tenant, login_hint=json.dumps(hint | {"iss": "https://other.example/"}))
    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_request")


async def test_who_is_blocked_is_not_asked(tenant: LocalTenant) -> None:
    tenant.block("amelia.hart")
    assert (await ask(tenant)).json()["error"] == "unknown_user_id"


async def test_who_has_no_phone_for_it_is_not_asked(make_tenant: MakeTenant, tmp_path: Any) -> None:
    people = tmp_path / "people.json"
    people.write_text('[{"login": "amelia.hart", "name": "Amelia Hart", "roles": ["Employee"], "factors": ["sms"]}]')
    tenant = make_tenant(tenant_people=people)
    assert (await ask(tenant)).json() == {
        "error": "invalid_request",
        "error_description": "User does not have push notifications enabled",
    }


async def test_where_the_tenant_has_push_switched_off_nobody_is_asked(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    tenant = make_tenant(tenant_definition=edit_definition(lambda document: document.pop("guardianFactors")))
    assert (await ask(tenant)).json()["error"] == "invalid_request"


@pytest.mark.parametrize("client", ["Supervisor", "Supervisor API client"])
async def test_a_client_without_the_grant_may_not_ask(tenant: LocalTenant, client: str) -> None:
    async with tenant.http() as http:
        response = await http.post(f"{tenant.issuer}bc-authorize", data=tenant.credentials(client))
    assert (response.status_code, response.json()["error"]) == (403, "unauthorized_client")


async def test_an_api_that_the_client_has_no_grant_for_is_refused(tenant: LocalTenant) -> None:
    response = await ask(tenant, audience=tenant.api("supervisor"), authorization_details=None)
    assert (response.status_code, response.json()["error"]) == (403, "invalid_request")


async def test_a_person_is_not_asked_more_often_than_five_times_a_minute(
    tenant: LocalTenant, clock: ManualClock
) -> None:
    for _ in range(5):
        await started(tenant)
    refused = await ask(tenant)
    assert (refused.status_code, refused.json()["error"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"] == "60"
    await started(tenant, "oscar.lind")
    clock.advance(61)
    await started(tenant)


async def test_until_somebody_answers_it_is_pending(tenant: LocalTenant, clock: ManualClock) -> None:
    auth_req_id = await started(tenant)
    response = await poll(tenant, auth_req_id)
    assert response.status_code == 400
    assert response.json() == {
        "error": "authorization_pending",
        "error_description": "The end-user authorization is pending",
    }
    clock.advance(5)
    assert await refusal(tenant, auth_req_id) == PENDING


@pytest.mark.requirement("E10")
async def test_who_polls_too_fast_has_to_wait_longer_each_time(tenant: LocalTenant, clock: ManualClock) -> None:
    auth_req_id = await started(tenant)
    assert await refusal(tenant, auth_req_id) == PENDING
    for interval in (10, 15):
        response = await poll(tenant, auth_req_id)
        assert response.status_code == 400
        assert response.headers["retry-after"] == str(interval)
        assert response.json() == {
            "error": "slow_down",
            "error_description": f"You are polling faster than allowed. Try again in {interval} seconds.",
            "interval": interval,
        }
    clock.advance(15)
    assert await refusal(tenant, auth_req_id) == PENDING


async def test_an_approval_gives_a_token_that_says_exactly_what_was_approved(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    auth_req_id = await started(tenant)
    assert (await decide(tenant, http)).status_code == 200
    clock.advance(3)
    body = (await poll(tenant, auth_req_id)).json()
    assert set(body) == {"access_token", "id_token", "expires_in", "scope", "token_type", "authorization_details"}
    assert body["authorization_details"] == DETAILS
    claims = claims_of(body["access_token"])
    assert claims["authorization_details"] == DETAILS
    assert claims["sub"] == tenant.user_id("amelia.hart")
    assert claims["client_id"] == tenant.client(APPROVALS).client_id
    assert tenant.api("password_reset") in claims["aud"]
    assert claims["scope"] == "openid action:approve"
    assert "act" not in claims
    assert claims_of(body["id_token"])["aud"] == tenant.client(APPROVALS).client_id


@pytest.mark.requirement("E4")
async def test_an_approval_is_good_once(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    auth_req_id = await started(tenant)
    await decide(tenant, http)
    assert (await poll(tenant, auth_req_id)).status_code == 200
    assert await refusal(tenant, auth_req_id) == GONE


async def test_a_denial_and_an_expiry_look_the_same(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    denied = await started(tenant)
    await decide(tenant, http, "deny")
    expired = await started(tenant, requested_expiry="10")
    assert await refusal(tenant, denied) == DENIED
    clock.advance(11)
    assert await refusal(tenant, expired) == DENIED
    clock.advance(10)
    assert (await poll(tenant, denied)).json() == (await poll(tenant, expired)).json()


@pytest.mark.requirement("E5")
async def test_a_request_is_nothing_to_another_client_and_an_unknown_id_is_none(tenant: LocalTenant) -> None:
    auth_req_id = await started(tenant)
    status, error = await refusal(tenant, auth_req_id, client="Supervisor")
    assert (status, error) == (403, "unauthorized_client")
    assert await refusal(tenant, "x" * 64) == GONE


async def test_who_was_blocked_after_approving_gets_nothing_done(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    auth_req_id = await started(tenant)
    await decide(tenant, http)
    tenant.block("amelia.hart")
    assert await refusal(tenant, auth_req_id) == GONE
    tenant.block("amelia.hart", blocked=False)
    clock.advance(5)
    assert (await poll(tenant, auth_req_id)).status_code == 200


async def test_what_waits_survives_a_restart(make_tenant: MakeTenant, clock: ManualClock) -> None:
    first = make_tenant()
    auth_req_id = await started(first)
    second = make_tenant()
    async with second.http() as http:
        await decide(second, http)
    clock.advance(6)
    assert (await poll(second, auth_req_id)).status_code == 200


async def test_the_log_tells_what_became_of_it_and_holds_no_id_of_a_request(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    auth_req_id = await started(tenant)
    await decide(tenant, http)
    token = (await poll(tenant, auth_req_id)).json()["access_token"]
    events = {event["type"]: event for event in tenant.tenant.log.read()}
    start, exchange = events["ciba_start_succeeded"], events["ciba_exchange_succeeded"]
    assert start["details"]["transaction_linking_id"] == exchange["details"]["transaction_linking_id"]
    assert exchange["details"]["access_token_jti"] == claims_of(token)["jti"]
    assert events["gd_auth_succeed"]["user_id"] == tenant.user_id("amelia.hart")
    written = json.dumps(tenant.tenant.log.read())
    assert auth_req_id not in written
    assert MESSAGE not in written
