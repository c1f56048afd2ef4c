"""Bearer tokens at the directory: who may call, with which scopes and rights (RFC 6750, Okta's error codes)."""

import pytest

from tests.directory._world import BASE_URL, World

MANY = [
    ("GET", "/users"),
    ("GET", "/users/amelia.hart"),
    ("GET", "/users/amelia.hart/factors"),
    ("GET", "/logs"),
    ("GET", "/policies?type=PASSWORD"),
    ("GET", "/users/amelia.hart/appLinks"),
    ("DELETE", "/users/amelia.hart/factors/opf1"),
    ("POST", "/users/amelia.hart/lifecycle/unlock"),
    ("POST", "/users/amelia.hart/lifecycle/reset_password?sendEmail=true"),
]


@pytest.mark.parametrize(("method", "path"), MANY)
async def test_without_a_valid_token_every_call_is_refused(world: World, method: str, path: str) -> None:
    for authorization in (None, "", "Bearer", "Bearer ", "Bearer nonsense", "SSWS nonsense", "Basic YTpi"):
        headers = {} if authorization is None else {"Authorization": authorization}
        response = await world.http.request(method, f"{BASE_URL}/api/v1{path}", headers=headers)

        assert response.status_code == 401, authorization
        assert response.json()["errorCode"] == "E0000011"
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert world.status("amelia.hart") == "LOCKED_OUT"


async def test_two_authorization_headers_are_none(world: World) -> None:
    token = world.bearer("administrator")["Authorization"]
    response = await world.http.get(
        f"{BASE_URL}/api/v1/users", headers=[("Authorization", token), ("Authorization", token)]
    )

    assert response.status_code == 401


async def test_a_token_in_the_query_is_none(world: World) -> None:
    response = await world.http.get(
        f"{BASE_URL}/api/v1/users?access_token={world.bearer('administrator')['Authorization'].removeprefix('Bearer ')}"
    )

    assert response.status_code == 401


@pytest.mark.parametrize(("method", "path"), MANY)
async def test_a_scope_that_is_missing_is_named(world: World, method: str, path: str) -> None:
    response = await world.http.request(method, f"{BASE_URL}/api/v1{path}", headers=world.bearer("nothing"))

    assert response.status_code == 403
    assert response.json()["errorCode"] == "E0000006"
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    assert 'scope="okta.' in response.headers["www-authenticate"]


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("who", ["amelia.hart", "oscar.lind", "adm.rosalind"])
@pytest.mark.parametrize("operation", ["unlock", "reset_password", "suspend", "deactivate", "reset_factors"])
async def test_the_agent_that_reads_accounts_cannot_change_them(world: World, operation: str, who: str) -> None:
    response = await world.act("amelia.hart", operation, agent="account_lookup", who=who, sendEmail="true")

    assert response.status_code == 403
    assert world.status("amelia.hart") == "LOCKED_OUT"
    assert world.events() == []


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("path", ["/devices", "/devices/x"])
async def test_the_agent_that_reads_accounts_reads_nothing_else(world: World, path: str) -> None:
    response = await world.get(path, agent="account_lookup")

    assert response.status_code == 403


@pytest.mark.requirement("B5")
@pytest.mark.parametrize(
    "path",
    [
        *("/users", '/users?search=profile.login sw "t"', "/users/tomas.reyes", "/users/tomas.reyes/groups"),
        *("/users/tomas.reyes/factors", "/users/tomas.reyes/devices", "/users/nobody.here", "/groups", "/devices"),
    ],
)
async def test_who_has_no_role_reads_nobody_else_and_learns_of_nobody(world: World, path: str) -> None:
    """The tokens of an employee are of no use beyond themselves, whoever holds them."""
    for agent in ("account_lookup", "administrator"):
        response = await world.get(path, agent=agent, who="amelia.hart")

        assert (response.status_code, response.json()["errorCode"]) == (403, "E0000006")


async def test_who_has_no_role_does_what_concerns_themselves(world: World) -> None:
    own = await world.get("/users/me", agent="account_lookup", who="amelia.hart")
    by_name = await world.get("/users/amelia.hart/groups", agent="account_lookup", who="amelia.hart")
    unlocked = await world.act("me", "unlock", agent="password_reset", who="amelia.hart")

    assert own.json()["profile"]["displayName"] == "Amelia Hart"
    assert (by_name.status_code, unlocked.status_code) == (200, 200)
    assert world.status("amelia.hart") == "ACTIVE"


@pytest.mark.requirement("I4")
async def test_nobody_gets_their_own_link_or_password_shown(world: World) -> None:
    link = await world.act("me", "reset_password", agent="password_reset", who="sam.whitlock", sendEmail="false")
    password = await world.act("me", "expire_password", agent="password_reset", who="sam.whitlock", tempPassword="true")

    assert (link.status_code, password.status_code) == (403, 403)
    assert world.status("sam.whitlock") == "ACTIVE"


@pytest.mark.requirement("I5")
@pytest.mark.parametrize("operation", ["reset_factors", "suspend", "deactivate", "activate", "unsuspend"])
async def test_nobody_changes_more_of_their_own_than_the_password(world: World, operation: str) -> None:
    response = await world.act("me", operation, agent="password_reset", who="sam.whitlock")

    assert response.status_code == 403
    assert world.events() == []


@pytest.mark.requirement("I2")
@pytest.mark.parametrize("login", ["adm.rosalind", "adm.piotr", "tess.ferraro"])
@pytest.mark.parametrize("operation", ["unlock", "reset_password", "expire_password", "reset_factors"])
async def test_the_help_desk_s_role_does_not_reach_who_has_a_role(world: World, operation: str, login: str) -> None:
    before = world.status(login)
    response = await world.act(login, operation, agent="password_reset", who="oscar.lind", sendEmail="true")

    assert response.status_code == 403
    assert world.status(login) == before


async def test_the_help_desk_helps_others_and_the_security_team_reads(world: World) -> None:
    helped = await world.act("amelia.hart", "unlock", agent="password_reset", who="oscar.lind")
    read = await world.get("/users/amelia.hart", agent="account_lookup", who="tess.ferraro")
    acted = await world.act("sam.whitlock", "expire_password", agent="password_reset", who="tess.ferraro")
    suspended = await world.act("sam.whitlock", "suspend", agent="password_reset", who="oscar.lind")

    assert [response.status_code for response in (helped, read, acted, suspended)] == [200, 200, 403, 403]


async def test_events_of_other_people_are_for_who_has_a_role(world: World) -> None:
    own = (await world.get("/logs", agent="account_lookup", who="amelia.hart", limit="1000")).json()
    everybody = (await world.get("/logs", agent="account_lookup", who="oscar.lind", limit="1000")).json()

    me = world.user("amelia.hart")["id"]
    assert own
    assert all(me in {event["actor"]["id"], *(target["id"] for target in event["target"] or [])} for event in own)
    assert len({event["actor"]["id"] for event in everybody}) > 5


async def test_who_the_caller_says_that_it_acts_for_decides_nothing(world: World) -> None:
    headers = world.bearer("account_lookup", "amelia.hart") | {"X-Acting-Subject": "auth0|an-administrator"}
    response = await world.http.post(f"{BASE_URL}/api/v1/users/amelia.hart/lifecycle/unlock", headers=headers)

    assert response.status_code == 403


async def test_every_call_is_on_record_with_who_made_it_through_what(world: World) -> None:
    await world.get("/users/me/groups", agent="account_lookup", who="amelia.hart")
    await world.get("/users/tomas.reyes", agent="account_lookup", who="amelia.hart")
    await world.http.get(f"{BASE_URL}/api/v1/users/me", headers={"Authorization": "Bearer nobody-s"})

    calls = world.oauth.store.calls()
    assert [(call.login, call.client_name, call.path, call.status) for call in calls] == [
        ("amelia.hart@helpdesk.example", "account_lookup", "/api/v1/users/me/groups", 200),
        ("amelia.hart@helpdesk.example", "account_lookup", "/api/v1/users/tomas.reyes", 403),
    ]
    assert {call.token_id[:3] for call in calls} == {"AT."}


async def test_calls_beyond_the_rate_limit_are_429_until_the_window_ends(world: World) -> None:
    world.app.state.directory.limiter.limit = 3
    allowed = [await world.get("/users/amelia.hart") for _ in range(3)]
    refused = await world.get("/users/amelia.hart")
    others = await world.get("/users/amelia.hart", agent="account_lookup")
    world.clock.advance(60)
    later = await world.get("/users/amelia.hart")

    assert [response.headers["x-rate-limit-remaining"] for response in allowed] == ["2", "1", "0"]
    assert (refused.status_code, refused.json()["errorCode"]) == (429, "E0000047")
    assert refused.headers["x-rate-limit-limit"] == "3"
    assert 0 < int(refused.headers["x-rate-limit-reset"]) - world.clock() + 60 <= 60
    assert others.status_code == later.status_code == 200
    assert refused.headers["x-okta-request-id"] != later.headers["x-okta-request-id"]


async def test_the_program_that_synchronises_reads_everybody_and_acts_on_nobody(world: World) -> None:
    token = (world.folder / "tokens" / "relationships").read_text(encoding="ascii").strip()
    headers = {"Authorization": f"Bearer {token}"}

    users = await world.http.get(f"{BASE_URL}/api/v1/users", headers=headers)
    group = await world.http.get(f"{BASE_URL}/api/v1/groups", headers=headers)
    logs = await world.http.get(f"{BASE_URL}/api/v1/logs", headers=headers)
    act = await world.http.post(f"{BASE_URL}/api/v1/users/amelia.hart/lifecycle/unlock", headers=headers)

    assert (users.status_code, group.status_code) == (200, 200)
    assert (logs.status_code, act.status_code) == (403, 403)
    assert world.status("amelia.hart") == "LOCKED_OUT"
    assert (world.folder / "tokens" / "relationships").stat().st_mode & 0o077 == 0
