"""Rate limits and quotas: off by default, and with Auth0's headers and bodies where they are on."""

import pytest

from local.tenant.testing import LocalTenant, ManualClock
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

SUPERVISOR = "Supervisor"


async def ask(tenant: LocalTenant, audience: str = "docs_search") -> tuple[int, dict[str, str], dict[str, str]]:
    form = {"grant_type": "client_credentials", "audience": tenant.api(audience), **tenant.credentials(SUPERVISOR)}
    response = await tenant.request_token(form)
    return response.status_code, response.json(), dict(response.headers)


async def test_nothing_is_limited_by_default(tenant: LocalTenant) -> None:
    for _ in range(20):
        status, _, headers = await ask(tenant)
        assert status == 200
    assert not [name for name in headers if "ratelimit" in name or "quota" in name]


async def test_the_rate_limit_counts_down_and_then_refuses(make_tenant: MakeTenant, clock: ManualClock) -> None:
    tenant = make_tenant(tenant_requests_per_minute=3)
    remaining = []
    for _ in range(3):
        status, _, headers = await ask(tenant)
        assert (status, headers["x-ratelimit-limit"]) == (200, "3")
        remaining.append(headers["x-ratelimit-remaining"])
        clock.advance(10)
    assert remaining == ["2", "1", "0"]
    status, body, headers = await ask(tenant)
    assert (status, body) == (429, {"error": "too_many_requests", "error_description": "Rate limit exceeded."})
    assert headers["retry-after"] == "30"
    assert headers["x-ratelimit-reset"] == str(int(clock()) + 30)
    assert headers["cache-control"] == "no-store"
    assert tenant.tenant.log.count("api_limit") == 1
    clock.advance(30)
    assert (await ask(tenant))[0] == 200


async def test_discovery_and_keys_are_free(make_tenant: MakeTenant) -> None:
    tenant = make_tenant(tenant_requests_per_minute=1)
    async with tenant.http() as http:
        for _ in range(5):
            assert (await http.get(tenant.discovery_url)).status_code == 200
            assert (await http.get(f"{tenant.issuer}.well-known/jwks.json")).status_code == 200
    assert (await ask(tenant))[0] == 200


@pytest.mark.parametrize("path", ["authorize", "oauth/device/code", "oauth/revoke", "userinfo", "activate"])
async def test_the_whole_authentication_api_shares_the_limit(make_tenant: MakeTenant, path: str) -> None:
    tenant = make_tenant(tenant_requests_per_minute=1)
    assert (await ask(tenant))[0] == 200
    async with tenant.http() as http:
        assert (await http.get(f"{tenant.issuer}{path}")).status_code == 429


async def test_a_quota_for_all_clients(make_tenant: MakeTenant, clock: ManualClock) -> None:
    tenant = make_tenant(tenant_tokens_per_hour=2)
    assert (await ask(tenant))[2]["auth0-client-quota-limit"] == "b=per_hour;q=2;r=1;t=3600"
    clock.advance(60)
    assert (await ask(tenant, "password_reset"))[2]["auth0-client-quota-limit"] == "b=per_hour;q=2;r=0;t=3540"
    status, body, headers = await ask(tenant)
    assert (status, body) == (429, {"error": "too_many_requests", "error_description": "Client quota exceeded"})
    assert headers["auth0-client-quota-limit"] == "b=per_hour;q=2;r=0;t=3540"
    assert headers["retry-after"] == "3540"
    assert tenant.tenant.log.count("feccft") == 1
    other = await tenant.client_credentials(f"{tenant.issuer}api/v2/", client="Local management")
    assert other  # quotas are by client
    clock.advance(3540)
    assert (await ask(tenant))[0] == 200


def with_quota(make_tenant: MakeTenant, edit_definition: EditDefinition, **quota: object) -> LocalTenant:
    def change(document: Definition) -> None:
        named(document["clients"], SUPERVISOR)["token_quota"] = {"client_credentials": quota}

    return make_tenant(tenant_definition=edit_definition(change))


async def test_a_quota_of_the_definition_for_hour_and_day(
    make_tenant: MakeTenant, edit_definition: EditDefinition, clock: ManualClock
) -> None:
    tenant = with_quota(make_tenant, edit_definition, per_hour=1, per_day=2)
    assert (await ask(tenant))[2]["auth0-client-quota-limit"] == ("b=per_hour;q=1;r=0;t=3600,b=per_day;q=2;r=1;t=86400")
    assert (await ask(tenant))[0] == 429
    clock.advance(3600)
    assert (await ask(tenant))[0] == 200
    clock.advance(3600)
    status, _, headers = await ask(tenant)
    assert (status, headers["retry-after"]) == (429, str(86400 - 7200))


async def test_a_quota_that_is_not_enforced_only_tells(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    tenant = with_quota(make_tenant, edit_definition, per_hour=1, enforce=False)
    assert [(await ask(tenant))[0] for _ in range(3)] == [200, 200, 200]


async def test_a_refused_request_costs_no_quota(make_tenant: MakeTenant) -> None:
    tenant = make_tenant(tenant_tokens_per_hour=1)
    assert (await ask(tenant, "supervisor"))[0] == 403
    assert (await ask(tenant))[0] == 200
