"""Refresh tokens: rotation, reuse, expiry, limits (RFC 6749 §6; Auth0: refresh-token-rotation)."""

from typing import Any

import httpx
import pytest

from local.tenant._refresh_tokens import MAX_TOKENS, RefreshGrant
from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

COMMAND_LINE = "Help desk command line"
WEB = "Help desk web"
DAY = 86400
UNKNOWN = {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}


async def sign_in(tenant: LocalTenant, client: str = COMMAND_LINE, **parameters: Any) -> dict[str, Any]:
    scopes = ["openid", "profile", "helpdesk:ask", "offline_access"]
    return await tenant.sign_in_tokens("amelia.hart", client, scopes, tenant.api("supervisor"), **parameters)


async def refresh(tenant: LocalTenant, token: str, client: str = COMMAND_LINE, **parameters: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, **parameters}
    return await tenant.request_token(form | tenant.credentials(client))


async def refreshed(tenant: LocalTenant, token: str, client: str = COMMAND_LINE, **parameters: str) -> dict[str, Any]:
    response = await refresh(tenant, token, client, **parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def is_refused(tenant: LocalTenant, token: str, client: str = COMMAND_LINE) -> bool:
    response = await refresh(tenant, token, client)
    return (response.status_code, response.json()) == (403, UNKNOWN)


def with_policy(make_tenant: MakeTenant, edit_definition: EditDefinition, **policy: Any) -> LocalTenant:
    def change(document: Definition) -> None:
        named(document["clients"], COMMAND_LINE)["refresh_token"] = policy

    return make_tenant(tenant_definition=edit_definition(change))


ROTATING = {"rotation_type": "rotating", "expiration_type": "expiring"}


async def test_each_use_gives_the_next_token_and_new_tokens_for_the_same_sign_in(
    tenant: LocalTenant, clock: ManualClock
) -> None:
    first = await sign_in(tenant, nonce="n")
    clock.advance(1000)
    second = await refreshed(tenant, first["refresh_token"])
    assert list(second) == ["access_token", "refresh_token", "id_token", "scope", "expires_in", "token_type"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    assert after["sid"] == before["sid"]
    assert "nonce" not in after
    assert claims_of(second["access_token"])["iat"] == int(clock())
    await refreshed(tenant, second["refresh_token"])


@pytest.mark.requirement("B11")
async def test_a_token_that_comes_back_ends_the_whole_family(tenant: LocalTenant) -> None:
    first = (await sign_in(tenant))["refresh_token"]
    second = (await refreshed(tenant, first))["refresh_token"]
    third = (await refreshed(tenant, second))["refresh_token"]
    assert await is_refused(tenant, first)
    assert await is_refused(tenant, third)
    assert [event["type"] for event in tenant.tenant.log.read(limit=2)] == ["fertft", "ferrt"]


async def test_other_families_of_the_person_live_on(tenant: LocalTenant) -> None:
    stolen, other = (await sign_in(tenant))["refresh_token"], (await sign_in(tenant))["refresh_token"]
    await refreshed(tenant, stolen)
    assert await is_refused(tenant, stolen)
    await refreshed(tenant, other)


async def test_within_the_leeway_the_previous_token_serves_again(
    make_tenant: MakeTenant, edit_definition: EditDefinition, clock: ManualClock
) -> None:
    tenant = with_policy(make_tenant, edit_definition, **ROTATING, leeway=5)
    first = (await sign_in(tenant))["refresh_token"]
    second = (await refreshed(tenant, first))["refresh_token"]
    clock.advance(5)
    twin = (await refreshed(tenant, first))["refresh_token"]
    clock.advance(1)
    assert twin != second
    assert await is_refused(tenant, first)
    assert await is_refused(tenant, second)
    assert await is_refused(tenant, twin)


async def test_the_leeway_is_for_the_previous_token_only(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    """Auth0: if the second-to-last one is exchanged, breach detection will be triggered."""
    tenant = with_policy(make_tenant, edit_definition, **ROTATING, leeway=5)
    first = (await sign_in(tenant))["refresh_token"]
    second = (await refreshed(tenant, first))["refresh_token"]
    third = (await refreshed(tenant, second))["refresh_token"]
    assert await is_refused(tenant, first)
    assert await is_refused(tenant, third)


async def test_a_family_does_not_outlive_its_lifetime_however_it_is_rotated(
    tenant: LocalTenant, clock: ManualClock
) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    for _ in range(2):
        clock.advance(14 * DAY)
        token = (await refreshed(tenant, token))["refresh_token"]
    clock.advance(2 * DAY)
    assert await is_refused(tenant, token)


async def test_an_idle_token_expires(tenant: LocalTenant, clock: ManualClock) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    clock.advance(15 * DAY)
    assert await is_refused(tenant, token)


async def test_infinite_lifetimes(make_tenant: MakeTenant, edit_definition: EditDefinition, clock: ManualClock) -> None:
    infinite = {"infinite_token_lifetime": True, "infinite_idle_token_lifetime": True}
    tenant = with_policy(make_tenant, edit_definition, **ROTATING, **infinite)
    token = (await sign_in(tenant))["refresh_token"]
    clock.advance(4000 * DAY)
    await refreshed(tenant, token)


async def test_a_token_that_is_not_rotated_serves_again_until_it_is_idle(
    make_tenant: MakeTenant, edit_definition: EditDefinition, clock: ManualClock
) -> None:
    policy = {"rotation_type": "non-rotating", "expiration_type": "expiring", "idle_token_lifetime": 100}
    tenant = with_policy(make_tenant, edit_definition, **policy)
    token = (await sign_in(tenant))["refresh_token"]
    for _ in range(3):
        clock.advance(99)
        assert "refresh_token" not in await refreshed(tenant, token)
    clock.advance(100)
    assert await is_refused(tenant, token)


async def test_a_narrower_scope_narrows_the_access_token_and_not_the_next(tenant: LocalTenant) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    narrow = await refreshed(tenant, token, scope="helpdesk:ask")
    assert narrow["scope"] == "helpdesk:ask offline_access"
    assert "id_token" not in narrow
    whole = await refreshed(tenant, narrow["refresh_token"])
    assert whole["scope"] == "openid profile helpdesk:ask offline_access"


async def test_a_wider_scope_is_not_granted(tenant: LocalTenant) -> None:
    scopes = ["helpdesk:ask", "offline_access"]
    tokens = await tenant.sign_in_tokens("amelia.hart", scopes=scopes, audience=tenant.api("supervisor"))
    body = await refreshed(tenant, tokens["refresh_token"], scope="openid profile helpdesk:ask docs:read")
    assert body["scope"] == "helpdesk:ask offline_access"
    assert "id_token" not in body


async def test_another_audience_is_refused(tenant: LocalTenant) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    response = await refresh(tenant, token, audience=tenant.api("docs_search"))
    assert (response.status_code, response.json()["error"]) == (403, "invalid_grant")
    await refreshed(tenant, token, audience=tenant.api("supervisor"))


async def test_a_token_belongs_to_its_client(tenant: LocalTenant) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    assert await is_refused(tenant, token, WEB)
    await refreshed(tenant, token)


@pytest.mark.requirement("B8")
async def test_a_blocked_person_gets_nothing_until_unblocked(tenant: LocalTenant) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    tenant.block("amelia.hart")
    response = await refresh(tenant, token)
    assert response.status_code == 403
    assert response.json() == {"error": "invalid_grant", "error_description": "user is blocked"}
    tenant.block("amelia.hart", blocked=False)
    await refreshed(tenant, token)


async def test_a_person_who_left_gets_nothing(make_tenant: MakeTenant, tenant: LocalTenant, tmp_path: Any) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    people = tmp_path / "people.yaml"
    people.write_text("- {login: casey.moreno, name: Casey Moreno, roles: [Contractor]}")
    response = await refresh(make_tenant(tenant_people=people), token)
    assert (response.status_code, response.json()["error"]) == (403, "invalid_grant")


async def test_it_survives_a_restart(make_tenant: MakeTenant, tenant: LocalTenant) -> None:
    first = (await sign_in(tenant))["refresh_token"]
    second = (await refreshed(tenant, first))["refresh_token"]
    again = make_tenant()
    third = (await refreshed(again, second))["refresh_token"]
    assert await is_refused(make_tenant(), first)
    assert await is_refused(again, third)


@pytest.mark.parametrize("token", ["unknown", "v1.Munknown"])
async def test_an_unknown_token_is_refused(tenant: LocalTenant, token: str) -> None:
    assert await is_refused(tenant, token)


async def test_no_token_is_no_request(tenant: LocalTenant) -> None:
    response = await refresh(tenant, "")
    assert response.json()["error_description"] == "Missing required parameter: refresh_token"


async def test_offline_access_needs_the_client_and_the_api_to_offer_it(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def without_api(document: Definition) -> None:
        named(document["resourceServers"], "Help desk supervisor")["allow_offline_access"] = False

    def without_client(document: Definition) -> None:
        named(document["clients"], COMMAND_LINE)["grant_types"].remove("refresh_token")

    for change in (without_api, without_client):
        tokens = await sign_in(make_tenant(tenant_definition=edit_definition(change)))
        assert "refresh_token" not in tokens
        assert tokens["scope"] == "openid profile helpdesk:ask"


async def test_a_role_that_was_taken_away_is_gone_at_the_next_refresh(
    make_tenant: MakeTenant, tenant: LocalTenant, edit_definition: EditDefinition
) -> None:
    token = (await sign_in(tenant))["refresh_token"]

    def change(document: Definition) -> None:
        named(document["roles"], "Employee")["permissions"] = []

    again = make_tenant(tenant_definition=edit_definition(change))
    assert (await refreshed(again, token))["scope"] == "openid profile offline_access"


def test_a_person_has_at_most_200_tokens_of_a_client(tenant: LocalTenant, clock: ManualClock) -> None:
    store, policy = tenant.tenant.refresh_tokens, tenant.tenant.clients.named(COMMAND_LINE).definition.refresh_token
    client_id = tenant.client(COMMAND_LINE).client_id

    def issue(login: str = "amelia.hart") -> tuple[str, int]:
        clock.advance(1)
        grant = RefreshGrant(client_id, tenant.user_id(login), None, ("openid",), "sid", clock())
        token, _, dropped = store.issue(grant, policy)
        return token, dropped

    others, _ = issue("casey.moreno")
    tokens = [issue()[0] for _ in range(MAX_TOKENS)]
    newest, dropped = issue()
    assert dropped == 1
    assert store.find(tokens[0], client_id) is None
    assert all(store.find(token, client_id) for token in (*tokens[1:], newest, others))


async def test_a_token_is_kept_as_a_digest_only(tenant: LocalTenant) -> None:
    token = (await sign_in(tenant))["refresh_token"]
    for file in tenant.settings.folder.glob("tenant.sqlite3*"):
        assert token.encode() not in file.read_bytes()
