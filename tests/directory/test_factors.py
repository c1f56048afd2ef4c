"""Factors over the wire, and their removal (developer.okta.com/docs/reference/api/factors)."""

import pytest

from tests.directory._world import BASE_URL, World


async def factors(world: World, login: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await world.get(f"/users/{login}/factors")).json()
    return found


async def remove(world: World, login: str, factor: str, *, agent: str = "administrator") -> tuple[int, str]:
    url = f"{BASE_URL}/api/v1/users/{login}/factors/{factor}"
    response = await world.http.request("DELETE", url, headers=world.bearer(agent))
    return response.status_code, response.text


async def test_one_factor_is_removed_and_the_others_stay(world: World) -> None:
    push, sms = await factors(world, "amelia.hart")

    assert (await world.get(f"/users/amelia.hart/factors/{push['id']}")).json() == push
    assert await remove(world, "amelia.hart", push["id"]) == (204, "")
    assert await factors(world, "amelia.hart") == [sms]
    [event] = world.events()
    assert event["eventType"] == "user.mfa.factor.deactivate"
    assert [target["id"] for target in event["target"]] == [world.user("amelia.hart")["id"], push["id"]]
    assert [target["type"] for target in event["target"]] == ["User", "AuthenticatorEnrollment"]


async def test_another_person_s_factor_is_not_found(world: World) -> None:
    [theirs, *_] = await factors(world, "tomas.reyes")
    for key in (theirs["id"], "opfUnknown0000000000"):
        assert (await world.get(f"/users/amelia.hart/factors/{key}")).json()["errorCode"] == "E0000007"
        status, body = await remove(world, "amelia.hart", key)
        assert (status, "E0000007" in body) == (404, True)

    assert await factors(world, "tomas.reyes") == [theirs]
    assert world.events() == []


async def test_a_closed_account_has_nothing_removed(world: World) -> None:
    push, _ = await factors(world, "amelia.hart")
    world.change("UPDATE users SET status = 'DEPROVISIONED'")

    status, body = await remove(world, "amelia.hart", push["id"])

    assert (status, "E0000038" in body) == (403, True)
    assert len(await factors(world, "amelia.hart")) == 2


@pytest.mark.requirement("B6")
async def test_the_agent_that_reads_accounts_removes_no_factor(world: World) -> None:
    push, _ = await factors(world, "amelia.hart")

    status, body = await remove(world, "amelia.hart", push["id"], agent="account_lookup")

    assert (status, "E0000006" in body) == (403, True)
    assert len(await factors(world, "amelia.hart")) == 2
