"""Bearer tokens at the directory: who may call, with which scopes (RFC 6750, Okta's error codes)."""

import stat

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
    response = await world.http.get(f"{BASE_URL}/api/v1/users?access_token={world.tokens['administrator']}")

    assert response.status_code == 401


@pytest.mark.parametrize(("method", "path"), MANY)
async def test_a_scope_that_is_missing_is_named(world: World, method: str, path: str) -> None:
    response = await world.http.request(method, f"{BASE_URL}/api/v1{path}", headers=world.bearer("nothing"))

    assert response.status_code == 403
    assert response.json()["errorCode"] == "E0000006"
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    assert 'scope="okta.' in response.headers["www-authenticate"]


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("operation", ["unlock", "reset_password", "suspend", "deactivate", "reset_factors"])
async def test_the_agent_that_reads_accounts_cannot_change_them(world: World, operation: str) -> None:
    response = await world.act("amelia.hart", operation, agent="account_lookup", sendEmail="true")

    assert response.status_code == 403
    assert world.status("amelia.hart") == "LOCKED_OUT"
    assert world.events() == []


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("path", ["/groups", "/devices"])
async def test_the_agent_that_reads_accounts_reads_nothing_else(world: World, path: str) -> None:
    response = await world.http.get(f"{BASE_URL}/api/v1{path}", headers=world.bearer("account_lookup"))

    assert response.status_code == 403


async def test_who_the_caller_says_that_it_acts_for_decides_nothing(world: World) -> None:
    headers = world.bearer("account_lookup") | {"X-Acting-Subject": "auth0|an-administrator"}
    response = await world.http.post(f"{BASE_URL}/api/v1/users/amelia.hart/lifecycle/unlock", headers=headers)

    assert response.status_code == 403


def test_tokens_are_private_files_and_not_in_the_database(world: World) -> None:
    tokens = world.folder / "tokens"
    database = b"".join(path.read_bytes() for path in world.folder.glob("directory.sqlite3*"))

    assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
    for path in tokens.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes() not in database
    assert len(set(world.tokens.values())) == len(world.tokens)


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
