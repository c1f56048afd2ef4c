"""The Management API: key rotation and revocation, the log, blocking; and who may call it."""

import re
from typing import Any

import httpx
import jwt
import pytest

from local.tenant._system import MANAGEMENT_SCOPES
from local.tenant.management import FURTHER_SCOPES, OPERATIONS, Operation
from local.tenant.testing import LocalTenant
from tests.tenant._support import MakeTenant


async def kids(tenant: LocalTenant) -> list[str]:
    async with tenant.http() as http:
        keys = (await http.get(f"{tenant.issuer}.well-known/jwks.json")).json()["keys"]
    return [key["kid"] for key in keys]


async def signing_kid(tenant: LocalTenant) -> str:
    token = await tenant.client_credentials(tenant.api("docs_search"))
    return str(jwt.get_unverified_header(token)["kid"])


class TestKeys:
    """Rotation and revocation."""

    async def test_rotation_signs_with_the_key_that_was_published_before(self, tenant: LocalTenant) -> None:
        current, following = await kids(tenant)
        assert await signing_kid(tenant) == current
        response = await tenant.manage("POST", "keys/signing/rotate")
        assert response.status_code == 201
        assert response.json()["kid"] == following
        assert response.json()["cert"].startswith("-----BEGIN CERTIFICATE-----")
        assert await signing_kid(tenant) == following
        now, after, previous = await kids(tenant)
        assert (now, previous) == (following, current)
        assert after not in {current, following}

    async def test_a_previous_key_verifies_until_it_is_revoked(
        self, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        token = (await tenant.sign_in_tokens("amelia.hart", scopes=["openid"], audience=tenant.api("supervisor")))[
            "access_token"
        ]
        headers = {"Authorization": f"Bearer {token}"}
        kid = (await kids(tenant))[0]
        await tenant.manage("POST", "keys/signing/rotate")
        await tenant.manage("POST", "keys/signing/rotate")
        assert kid in await kids(tenant)
        assert (await http.get(f"{tenant.issuer}userinfo", headers=headers)).status_code == 200
        response = await tenant.manage("PUT", f"keys/signing/{kid}/revoke")
        assert (response.status_code, response.json()["kid"]) == (202, kid)
        assert kid not in await kids(tenant)
        assert (await http.get(f"{tenant.issuer}userinfo", headers=headers)).status_code == 401

    async def test_only_previous_keys_can_be_revoked(self, tenant: LocalTenant) -> None:
        current, following = await kids(tenant)
        for kid, status in ((current, 400), (following, 400), ("unknown", 404)):
            response = await tenant.manage("PUT", f"keys/signing/{kid}/revoke")
            assert (response.status_code, response.json()["statusCode"]) == (status, status)
        assert await kids(tenant) == [current, following]

    async def test_the_list_says_which_is_which(self, tenant: LocalTenant) -> None:
        first = (await kids(tenant))[0]
        await tenant.manage("POST", "keys/signing/rotate")
        await tenant.manage("PUT", f"keys/signing/{first}/revoke")
        keys = {key["kid"]: key for key in (await tenant.manage("GET", "keys/signing")).json()}
        current, following = await kids(tenant)
        flags = ("current", "next", "previous", "revoked")
        assert [[keys[kid][flag] for flag in flags] for kid in (current, following, first)] == [
            [True, False, False, False],
            [False, True, False, False],
            [False, False, False, True],
        ]
        assert {"current_since", "current_until", "revoked_at"} <= keys[first].keys()

    async def test_rotation_survives_a_restart(self, make_tenant: MakeTenant, tenant: LocalTenant) -> None:
        await tenant.manage("POST", "keys/signing/rotate")
        assert await kids(make_tenant()) == await kids(tenant)


class TestLogs:
    """The tenant's log."""

    async def test_newest_first_and_by_page(self, tenant: LocalTenant) -> None:
        for agent in ("docs_search", "password_reset", "account_lookup"):
            await tenant.client_credentials(tenant.api(agent))
        events = (await tenant.manage("GET", "logs?per_page=2&page=1&q=type:seccft")).json()
        # page 0: the token of this very call, and account_lookup
        assert [event["details"]["audience"] for event in events] == [
            tenant.api("password_reset"),
            tenant.api("docs_search"),
        ]
        assert {"_id", "log_id", "date", "type", "client_id", "client_name", "description"} <= events[0].keys()

    async def test_by_client_and_by_user(self, tenant: LocalTenant) -> None:
        await tenant.sign_in("amelia.hart")
        await tenant.sign_in("casey.moreno")
        user_id = tenant.user_id("casey.moreno")
        events = (await tenant.manage("GET", f'logs?q=user_id:"{user_id}"')).json()
        assert [event["type"] for event in events] == ["seacft", "s"]
        client_id = tenant.client("Help desk command line").client_id
        events = (await tenant.manage("GET", f"logs?q=type:seacft AND client_id:{client_id}")).json()
        assert len(events) == 2

    @pytest.mark.parametrize(
        "query", ["q=ip:1", "q=x", "per_page=0", "per_page=101", "per_page=x", "page=-1", "page=" + "9" * 5000]
    )
    async def test_a_query_that_is_not_known_is_refused(self, tenant: LocalTenant, query: str) -> None:
        response = await tenant.manage("GET", f"logs?{query}")
        assert (response.status_code, response.json()["errorCode"]) == (400, "invalid_query_string")


class TestUsers:
    """Looking at people, and blocking them."""

    async def test_a_user(self, tenant: LocalTenant) -> None:
        user_id = tenant.user_id("amelia.hart")
        user = (await tenant.manage("GET", f"users/{user_id}")).json()
        assert (user["user_id"], user["email"], user["blocked"]) == (user_id, "amelia.hart@helpdesk.example", False)

    async def test_all_users_by_page(self, tenant: LocalTenant) -> None:
        first = (await tenant.manage("GET", "users?per_page=2")).json()
        second = (await tenant.manage("GET", "users?per_page=2&page=1")).json()
        assert len({user["user_id"] for user in first + second}) == 4

    async def test_a_blocked_user_cannot_sign_in_until_unblocked(self, tenant: LocalTenant) -> None:
        user_id = tenant.user_id("amelia.hart")
        response = await tenant.manage("PATCH", f"users/{user_id}", {"blocked": True})
        assert (response.status_code, response.json()["blocked"]) == (200, True)
        with pytest.raises(KeyError, match="code"):
            await tenant.sign_in("amelia.hart")
        await tenant.manage("PATCH", f"users/{user_id}", {"blocked": False})
        assert await tenant.sign_in("amelia.hart")

    async def test_a_block_survives_a_restart(self, make_tenant: MakeTenant, tenant: LocalTenant) -> None:
        user_id = tenant.user_id("amelia.hart")
        await tenant.manage("PATCH", f"users/{user_id}", {"blocked": True})
        assert (await make_tenant().manage("GET", f"users/{user_id}")).json()["blocked"] is True

    @pytest.mark.parametrize("body", [{}, {"blocked": "yes"}, {"blocked": True, "name": "x"}, {"name": "x"}, [1], None])
    async def test_another_change_is_refused_rather_than_ignored(self, tenant: LocalTenant, body: Any) -> None:
        response = await tenant.manage("PATCH", f"users/{tenant.user_id('amelia.hart')}", body)
        assert response.status_code == 400

    async def test_an_unknown_user(self, tenant: LocalTenant) -> None:
        response = await tenant.manage("PATCH", "users/auth0|unknown", {"blocked": True})
        assert (response.status_code, response.json()["errorCode"]) == (404, "inexistent_user")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_every_call_needs_a_token_of_the_management_api_with_its_scope(
    tenant: LocalTenant, http: httpx.AsyncClient, operation: Operation
) -> None:
    audience = f"{tenant.issuer}api/v2/"
    url = audience + re.sub(r"\{\w+\}", "x", operation.path)
    other_api = await tenant.client_credentials(tenant.api("docs_search"))
    beyond = [scope for scope in MANAGEMENT_SCOPES if scope != operation.scopes[-1]]
    other_scopes = await tenant.client_credentials(audience, client="Local management", scopes=beyond)
    answers = [await http.request(operation.method, url)]
    for token in ("x", other_api, other_scopes):
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(await http.request(operation.method, url, headers=headers))
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (401, "Unauthorized"),
        (401, "Unauthorized"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
    ]
    assert answers[0].json() == {"statusCode": 401, "error": "Unauthorized", "message": "Missing authentication"}
    assert answers[3].json()["errorCode"] == "insufficient_scope"
    assert len(await kids(tenant)) == 2


def test_every_scope_of_the_management_api_is_one_that_an_operation_needs() -> None:
    assert {*FURTHER_SCOPES, *(scope for one in OPERATIONS for scope in one.scopes)} == set(MANAGEMENT_SCOPES)
    assert len(MANAGEMENT_SCOPES) == len(set(MANAGEMENT_SCOPES))


async def test_some_calls_need_one_scope_more(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    audience = f"{tenant.issuer}api/v2/"
    client, (connection, *_) = tenant.client("Supervisor"), (await tenant.manage("GET", "connections")).json()
    scopes = ["update:clients", "read:connections", "update:connections"]
    token = await tenant.client_credentials(audience, client="Local management", scopes=scopes)
    headers = {"Authorization": f"Bearer {token}"}
    for path, body, scope in (
        (f"clients/{client.client_id}", {"client_authentication_methods": None}, "update:client_credentials"),
        (f"connections/{connection['id']}", {"options": {}}, "update:connections_options"),
    ):
        response = await http.patch(f"{audience}{path}", json=body, headers=headers)
        assert (response.status_code, response.json()["errorCode"]) == (403, "insufficient_scope")
        assert scope in response.json()["message"]
    shown = (await http.get(f"{audience}connections", headers=headers)).json()
    assert shown
    assert not any("options" in one for one in shown)


async def test_people_get_no_token_of_the_management_api(tenant: LocalTenant) -> None:
    audience = f"{tenant.issuer}api/v2/"
    with pytest.raises(KeyError, match="code"):
        await tenant.sign_in("amelia.hart", scopes=["read:logs"], audience=audience)
