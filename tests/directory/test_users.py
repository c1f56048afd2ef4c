"""Users over the wire, as Okta's reference describes them (developer.okta.com/docs/reference/api/users)."""

import re
from typing import Any

import pytest

from local.directory._identifiers import auth0_subject
from tests.directory._world import BASE_URL, World


async def logins(world: World, **parameters: str) -> list[str]:
    response = await world.get("/users", **parameters)
    assert response.status_code == 200, response.text
    return sorted(user["profile"]["login"].partition("@")[0] for user in response.json())


async def test_a_user_has_okta_s_fields(world: World) -> None:
    user = (await world.get("/users/amelia.hart")).json()

    assert re.fullmatch(r"00u[A-Za-z0-9]{17}", user["id"])
    assert user["status"] == "LOCKED_OUT"
    assert user["credentials"] == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    assert {"firstName": "Amelia", "lastName": "Hart", "secondEmail": "amelia@post.example"}.items() <= user[
        "profile"
    ].items()
    assert user["profile"]["auth0Subject"] == auth0_subject("amelia.hart")
    for name in ("created", "activated", "statusChanged", "lastLogin", "lastUpdated", "passwordChanged"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", user[name])
    assert user["_links"]["self"]["href"] == f"{BASE_URL}/api/v1/users/{user['id']}"
    assert user["_links"]["unlock"]["href"].endswith("/lifecycle/unlock")


@pytest.mark.parametrize("key", ["amelia.hart", "amelia.hart@helpdesk.example", "AMELIA.HART@HELPDESK.EXAMPLE"])
async def test_a_user_is_found_by_id_login_or_short_login(world: World, key: str) -> None:
    by_key = (await world.get(f"/users/{key}")).json()
    by_id = (await world.get(f"/users/{by_key['id']}")).json()

    assert by_key == by_id
    assert by_key["profile"]["displayName"] == "Amelia Hart"


@pytest.mark.parametrize("key", ["nobody", "amelia", "%25", "00uAAAAAAAAAAAAAAAAA"])
async def test_an_unknown_user_is_e0000007(world: World, key: str) -> None:
    response = await world.get(f"/users/{key}")

    assert response.status_code == 404
    body = response.json()
    assert body["errorCode"] == body["errorLink"] == "E0000007"
    assert set(body) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ('profile.login eq "amelia.hart@helpdesk.example"', ["amelia.hart"]),
        ('profile.login EQ "AMELIA.hart@helpdesk.example"', ["amelia.hart"]),
        ('profile.department eq "People"', ["beatriz.nunes", "eirik.thorsen", "noor.haddad", "paula.greave"]),
        ('profile.department eq "Sales" and status eq "LOCKED_OUT"', ["amelia.hart"]),
        ('status eq "STAGED" or status eq "SUSPENDED"', ["bram.koster", "eirik.thorsen"]),
        (
            '(status eq "LOCKED_OUT" or status eq "STAGED") and profile.department eq "Finance"',
            ["ravi.chandar", "svc.payroll"],
        ),
        (
            'status eq "STAGED" or status eq "LOCKED_OUT" and profile.department eq "Sales"',
            ["amelia.hart", "eirik.thorsen"],
        ),
        ('profile.lastName sw "Ze"', []),
        ('profile.lastName sw "Za"', ["adm.piotr"]),
        ('profile.city co "alm" and profile.title co "test engineer"', ["joel.abara"]),
        ('profile.secondEmail pr and profile.accountKind eq "service"', []),
        ('status lt "ACTIVE" or status gt "ZZZ"', []),
        ('created gt "2100-01-01T00:00:00.000Z"', []),
    ],
)
async def test_search_takes_scim_expressions(world: World, search: str, expected: list[str]) -> None:
    assert await logins(world, search=search) == expected


async def test_search_sorts(world: World) -> None:
    response = await world.get(
        "/users", search='profile.department eq "Sales"', sortBy="profile.firstName", sortOrder="desc"
    )

    assert [user["profile"]["firstName"] for user in response.json()] == ["Yuki", "Tomas", "Nadia", "Grete", "Amelia"]


async def test_filter_compares_case_and_few_fields(world: World) -> None:
    assert await logins(world, filter='profile.firstName eq "Amelia"') == ["amelia.hart"]
    assert await logins(world, filter='profile.firstName eq "amelia"') == []
    refused = await world.get("/users", filter='profile.department eq "Sales"')
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "E0000031")


async def test_q_finds_beginnings_of_names_and_not_the_deprovisioned(world: World) -> None:
    assert await logins(world, q="am") == ["amelia.hart"]
    assert await logins(world, q="paula") == []
    assert await logins(world, filter='status eq "DEPROVISIONED"') == ["paula.greave"]


async def test_without_a_query_the_deprovisioned_are_left_out(world: World) -> None:
    everybody = await logins(world)

    assert len(everybody) == len(world.rows("SELECT id FROM users")) - 1
    assert "paula.greave" not in everybody


async def test_search_and_filter_exclude_each_other(world: World) -> None:
    response = await world.get("/users", search='status eq "ACTIVE"', filter='status eq "ACTIVE"')

    assert response.json()["errorCode"] == "E0000033"


async def test_pages_follow_each_other_by_link_headers(world: World) -> None:
    seen: list[str] = []
    response = await world.get("/users", limit="7")
    pages = 1
    while True:
        seen += [user["id"] for user in response.json()]
        assert response.links["self"]["url"].startswith(f"{BASE_URL}/api/v1/users?")
        following = response.links.get("next")
        if following is None:
            break
        assert len(response.json()) == 7
        response = await world.http.get(following["url"], headers=world.bearer("administrator"))
        pages += 1

    everybody = [user["id"] for user in (await world.get("/users")).json()]
    assert seen == everybody
    assert pages == -(-len(everybody) // 7)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": "many"}, "E0000001"),
        ({"limit": "-1"}, "E0000001"),
        ({"limit": "9" * 5000}, "E0000001"),
        ({"after": "not-a-cursor"}, "E0000029"),
        ({"after": "eHg="}, "E0000029"),
        ({"search": 'status eq "ACTIVE"', "sortBy": "nothing"}, "E0000001"),
        ({"search": 'status eq "ACTIVE"', "sortBy": "status", "sortOrder": "up"}, "E0000001"),
    ],
)
async def test_parameters_that_mean_nothing_are_refused(world: World, parameters: dict[str, str], code: str) -> None:
    response = await world.get("/users", **parameters)

    assert (response.status_code, response.json()["errorCode"]) == (400, code)


async def test_a_limit_beyond_the_largest_is_the_largest(world: World) -> None:
    assert (await world.get("/users", limit="100000")).status_code == 200


async def test_what_belongs_to_a_user(world: World) -> None:
    groups = (await world.get("/users/amelia.hart/groups")).json()
    factors = (await world.get("/users/amelia.hart/factors")).json()
    devices = (await world.get("/users/amelia.hart/devices")).json()
    links = (await world.get("/users/amelia.hart/appLinks")).json()

    assert {(group["profile"]["name"], group["type"]) for group in groups} == {
        ("Everyone", "BUILT_IN"),
        ("Sales", "OKTA_GROUP"),
        ("CRM users", "OKTA_GROUP"),
        ("VPN users", "OKTA_GROUP"),
    }
    assert [(factor["factorType"], factor["provider"], factor["status"]) for factor in factors] == [
        ("push", "OKTA", "ACTIVE"),
        ("sms", "OKTA", "ACTIVE"),
    ]
    assert [device["device"]["profile"]["platform"] for device in devices] == ["WINDOWS", "IOS"]
    assert {"created", "deviceUserId", "device"} <= devices[0].keys()
    assert [link["label"] for link in links] == ["CRM", "Intranet", "Mail", "VPN"]


async def test_groups_devices_and_policies(world: World) -> None:
    group = next(group for group in (await world.get("/groups", q="cont")).json())
    members = (await world.get(f"/groups/{group['id']}/users")).json()
    device = (await world.get("/devices", search='profile.platform eq "MACOS" and profile.displayName sw "Sam"')).json()
    policies = (await world.get("/policies", type="PASSWORD")).json()

    assert group == (await world.get(f"/groups/{group['id']}")).json()
    assert sorted(user["profile"]["firstName"] for user in members) == ["Casey", "Joel"]
    assert [one["profile"]["displayName"] for one in device] == ["Sam's MacBook Pro 14"]
    assert (await world.get(f"/devices/{device[0]['id']}")).json() == device[0]
    assert [(policy["priority"], policy["name"]) for policy in policies] == [
        (1, "Administrators"),
        (2, "Default Policy"),
    ]
    assert (await world.get("/policies")).json()["errorCode"] == "E0000028"
    assert (await world.get("/groups/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "code", "status"),
    [("GET", "/nothing", "E0000008", 404), ("DELETE", "/users/amelia.hart", "E0000022", 405)],
)
async def test_what_is_not_offered_is_refused_in_okta_s_form(
    world: World, method: str, path: str, code: str, status: int
) -> None:
    response = await world.http.request(method, f"{BASE_URL}/api/v1{path}", headers=world.bearer("administrator"))

    body: dict[str, Any] = response.json()
    assert (response.status_code, body["errorCode"]) == (status, code)
