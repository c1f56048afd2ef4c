"""The tenant's resources through the Management API: what follows from a change, and that it serves at once."""

import pytest

from local.tenant.resources import definition_from
from local.tenant.testing import LocalTenant, claims_of
from tests.tenant._managed import OKTA, SERVICE, call, identified, service, token_refusal
from tests.tenant._support import MakeTenant


@pytest.fixture
def tenant(make_tenant: MakeTenant) -> LocalTenant:
    """A tenant that begins empty."""
    return make_tenant(tenant_managed=True)


class TestATenantThatReadsAFile:
    """What the Management API shows of it."""

    def test_its_resources_amount_to_what_was_read(self, make_tenant: MakeTenant) -> None:
        tenant = make_tenant()
        assert definition_from(tenant.tenant.resources) == tenant.tenant.definition

    async def test_ids_stay_over_a_restart(self, make_tenant: MakeTenant) -> None:
        paths = ("resource-servers", "clients", "client-grants", "connections", "roles")
        first = {path: await call(make_tenant(), "GET", path) for path in paths}
        assert {path: await call(make_tenant(), "GET", path) for path in paths} == first
        assert all(first.values())

    async def test_what_was_changed_by_hand_lasts_until_the_file_is_read_again(self, make_tenant: MakeTenant) -> None:
        tenant = make_tenant()
        role = await identified(tenant, "roles", "Contractor")
        await call(tenant, "DELETE", f"roles/{role}")
        assert "scope" not in claims_of(await tenant.sign_in("casey.moreno"))
        assert claims_of(await make_tenant().sign_in("casey.moreno"))["scope"] == "helpdesk:ask"


class TestATenantThatIsManaged:
    """It begins as Auth0 makes them, and stays what it is made to be."""

    async def test_it_begins_with_what_every_tenant_has(self, tenant: LocalTenant) -> None:
        apis = await call(tenant, "GET", "resource-servers")
        assert {api["name"]: api["is_system"] for api in apis} == {
            "Auth0 Management API": True,
            "Auth0 My Account API": True,
        }
        assert [base["name"] for base in await call(tenant, "GET", "connections")] == [
            "Username-Password-Authentication"
        ]
        assert [client["name"] for client in await call(tenant, "GET", "clients")] == ["Local management"]
        assert await call(tenant, "GET", "roles") == []
        assert not any(factor["enabled"] for factor in await call(tenant, "GET", "guardian/factors"))

    async def test_what_is_made_serves_at_once_and_after_a_restart(
        self, make_tenant: MakeTenant, tenant: LocalTenant
    ) -> None:
        client = await service(tenant)
        secret = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        assert await token_refusal(tenant, **secret) == (200, "ok")
        assert await token_refusal(make_tenant(tenant_managed=True), **secret) == (200, "ok")

    async def test_the_secret_of_a_client_is_told_once(self, tenant: LocalTenant) -> None:
        client = await service(tenant)
        assert len(client["client_secret"]) == 64
        assert "client_secret" not in await call(tenant, "GET", f"clients/{client['client_id']}")

    async def test_a_secret_of_another_system_is_sealed_where_it_is_kept(self, tenant: LocalTenant) -> None:
        await call(tenant, "POST", "connections", {"name": "directory", "strategy": "okta", "options": OKTA})
        await call(tenant, "POST", "roles", {"name": "In the clear?"})
        for path in tenant.settings.folder.glob("tenant.sqlite3*"):
            assert OKTA["client_secret"].encode() not in path.read_bytes()

    async def test_a_secret_that_is_not_written_back_stays_and_no_other_option_does(self, tenant: LocalTenant) -> None:
        made = await call(tenant, "POST", "connections", {"name": "directory", "strategy": "okta", "options": OKTA})
        without = {name: value for name, value in OKTA.items() if name != "client_secret"} | {"scope": "openid"}
        changed = await call(tenant, "PATCH", f"connections/{made['id']}", {"options": without})
        assert changed["options"] == OKTA | {"scope": "openid"}
        del without["scope"]
        refused = await tenant.manage("PATCH", f"connections/{made['id']}", {"options": without})
        assert "options.scope" in refused.json()["message"]

    async def test_a_lifetime_in_minutes_is_one_in_hours(self, tenant: LocalTenant) -> None:
        body = {"session_lifetime_in_minutes": 90, "idle_session_lifetime_in_minutes": 60, "friendly_name": "Ours"}
        changed = await call(tenant, "PATCH", "tenants/settings", body)
        assert (changed["session_lifetime"], changed["idle_session_lifetime"]) == (1.5, 1)
        assert tenant.tenant.definition.tenant.friendly_name == "Ours"
        await call(tenant, "PATCH", "tenants/settings", {"flags": {"revoke_refresh_token_grant": True}})
        assert await call(tenant, "GET", "tenants/settings") == changed | {
            "flags": {"revoke_refresh_token_grant": True}
        }


class TestConsequences:
    """What goes with what."""

    async def test_with_an_api_go_its_grants_and_permissions(self, tenant: LocalTenant) -> None:
        await service(tenant)
        role = (await call(tenant, "POST", "roles", {"name": "Reader"}))["id"]
        permission = {"resource_server_identifier": SERVICE, "permission_name": "read:all"}
        await call(tenant, "POST", f"roles/{role}/permissions", {"permissions": [permission]})
        (shown,) = await call(tenant, "GET", f"roles/{role}/permissions")
        assert shown == permission | {"resource_server_name": "Service", "description": ""}
        await call(tenant, "DELETE", f"resource-servers/{await identified(tenant, 'resource-servers', 'Service')}")
        assert await call(tenant, "GET", f"roles/{role}/permissions") == []
        assert [grant["audience"] for grant in await call(tenant, "GET", "client-grants")] == [
            f"{tenant.issuer}api/v2/"
        ]

    async def test_a_scope_that_a_grant_needs_cannot_go_before_the_grant(self, tenant: LocalTenant) -> None:
        await service(tenant)
        api = await identified(tenant, "resource-servers", "Service")
        response = await tenant.manage("PATCH", f"resource-servers/{api}", {"scopes": []})
        assert "read:all" in response.json()["message"]

    async def test_with_a_client_go_its_grants_and_its_place_in_connections(self, tenant: LocalTenant) -> None:
        client = (await service(tenant))["client_id"]
        connection = await identified(tenant, "connections", "Username-Password-Authentication")
        enabled = f"connections/{connection}/clients"
        await call(tenant, "PATCH", enabled, [{"client_id": client, "status": True}])
        assert await call(tenant, "GET", enabled) == [{"client_id": client}]
        await call(tenant, "DELETE", f"clients/{client}")
        assert await call(tenant, "GET", enabled) == []
        assert len(await call(tenant, "GET", "client-grants")) == 1
        assert await token_refusal(tenant, client_id=client, client_secret="x") == (401, "access_denied")

    async def test_a_client_is_switched_off_for_a_connection(self, tenant: LocalTenant) -> None:
        client = (await service(tenant))["client_id"]
        connection = await identified(tenant, "connections", "Username-Password-Authentication")
        for status in (True, False):
            await call(tenant, "PATCH", f"connections/{connection}/clients", [{"client_id": client, "status": status}])
            assert bool(tenant.tenant.definition.databases[0].enabled_clients) is status

    async def test_a_client_keeps_its_id_and_secret_under_another_name(self, tenant: LocalTenant) -> None:
        client = await service(tenant)
        await call(tenant, "PATCH", f"clients/{client['client_id']}", {"name": "Renamed"})
        assert tenant.client("Renamed").client_id == client["client_id"]
        secret = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        assert await token_refusal(tenant, **secret) == (200, "ok")
        assert await token_refusal(tenant, **tenant.credentials("Renamed")) == (200, "ok")
        assert [one["name"] for one in await call(tenant, "GET", "clients")] == ["Local management", "Renamed"]

    async def test_null_takes_a_member_back(self, tenant: LocalTenant) -> None:
        client = await service(tenant)
        path = f"clients/{client['client_id']}"
        quota = {"client_credentials": {"enforce": True, "per_hour": 1}}
        assert (await call(tenant, "PATCH", path, {"token_quota": quota}))["token_quota"] == quota
        assert "token_quota" not in await call(tenant, "PATCH", path, {"token_quota": None})


class TestLists:
    """By page, from a checkpoint, and no other way."""

    async def test_by_page_with_and_without_totals(self, make_tenant: MakeTenant) -> None:
        tenant = make_tenant()
        everything = await call(tenant, "GET", "clients?per_page=100")
        second = await call(tenant, "GET", "clients?per_page=4&page=1&include_totals=true")
        assert second["clients"] == everything[4:8]
        assert (second["start"], second["limit"], second["total"]) == (4, 4, len(everything))

    async def test_from_one_checkpoint_to_the_next(self, make_tenant: MakeTenant) -> None:
        tenant = make_tenant()
        whole = await call(tenant, "GET", "client-grants?per_page=100")
        found, after = [], ""
        while True:
            part = await call(tenant, "GET", f"client-grants?take=5{after}")
            found += part["client_grants"]
            if "next" not in part:
                break
            after = f"&from={part['next']}"
        assert found == whole
        assert len(whole) > 10

    async def test_what_is_asked_for(self, make_tenant: MakeTenant) -> None:
        tenant = make_tenant()
        databases = await call(tenant, "GET", "connections?strategy=auth0&fields=name,strategy&include_fields=true")
        assert databases == [{"name": "Username-Password-Authentication", "strategy": "auth0"}]
        (role,) = await call(tenant, "GET", "roles?name_filter=contr&type=tenant")
        assert role["name"] == "Contractor"
        assert await call(tenant, "GET", "roles?type=organization") == []
        grants = await call(tenant, "GET", f"client-grants?audience={tenant.api('gateway')}&subject_type=user")
        assert [grant["scope"] for grant in grants] == [["docs:read"]]
        custom = await call(tenant, "GET", "clients?app_type=resource_server&is_global=false&is_first_party=true")
        assert len(custom) == 4
        assert await call(tenant, "GET", "clients?is_first_party=false") == []

    @pytest.mark.parametrize(
        "path",
        [
            "clients?take=5",
            "clients?per_page=101",
            "clients?include_totals=yes",
            "client-grants?from=cgr_none&take=5",
            "client-grants?take=0",
            "client-grants?take=101",
            "roles?sort=name",
        ],
    )
    async def test_another_query_is_refused(self, tenant: LocalTenant, path: str) -> None:
        response = await tenant.manage("GET", path)
        assert (response.status_code, response.json()["errorCode"]) == (400, "invalid_query_string")


async def test_too_many_calls_are_told_to_wait(make_tenant: MakeTenant) -> None:
    tenant = make_tenant(tenant_managed=True, tenant_management_requests_per_second=2)
    answers = [await tenant.manage("GET", "roles") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json()["errorCode"] == "too_many_requests"
