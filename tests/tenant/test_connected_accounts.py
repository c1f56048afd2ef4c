"""Connecting accounts of another system: the My Account API, the way of the browser, and who may finish what."""

from typing import Any

import httpx
import pytest

from local.tenant._connected_accounts import REQUEST_LIFETIME
from local.tenant.testing import COMMAND_LINE, LocalTenant, ManualClock, claims_of
from tests.tenant._vault import MANAGE, READ, REVOKE_PATH, TOKEN_PATH, Connecting, Vault

SCOPES = ("create:me:connected_accounts", "read:me:connected_accounts", "delete:me:connected_accounts")


def problem(response: httpx.Response) -> tuple[int, str | None]:
    """The status of a refusal and the field that it names, if any; its form is checked on the way (RFC 9457)."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["type"].startswith("https://auth0.com/api-errors/")
    assert body["title"]
    assert body["detail"]
    (error,) = body.get("validation_errors", [{"field": None}])
    return response.status_code, error["field"]


async def my_account_tokens(tenant: LocalTenant, **changes: str) -> httpx.Response:
    """What a sign-in's refresh token gives for another audience."""
    scopes = ("openid", "offline_access", "helpdesk:ask")
    tokens = await tenant.sign_in_tokens("amelia.hart", scopes=scopes, audience=tenant.api("supervisor"))
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **tenant.credentials(COMMAND_LINE)}
    return await tenant.request_token(form | {"audience": f"{tenant.issuer}me/"} | changes)


class TestTheTokenForIt:
    """One refresh token, several audiences (multi-resource refresh tokens)."""

    async def test_it_is_for_this_api_with_what_the_policy_names(self, tenant: LocalTenant) -> None:
        body = (await my_account_tokens(tenant)).json()
        claims = claims_of(body["access_token"])
        assert claims["aud"] == f"{tenant.issuer}me/"
        assert claims["sub"] == tenant.user_id("amelia.hart")
        assert set(body["scope"].split()) == set(SCOPES)
        assert set(claims["scope"].split()) == set(SCOPES)

    @pytest.mark.parametrize(
        ("requested", "granted"),
        [
            ("read:me:connected_accounts", "read:me:connected_accounts"),
            ("read:me:connected_accounts helpdesk:ask made:up", "read:me:connected_accounts"),
            ("helpdesk:ask", None),
        ],
    )
    async def test_less_may_be_asked_for_but_no_more(
        self, tenant: LocalTenant, requested: str, granted: str | None
    ) -> None:
        body = (await my_account_tokens(tenant, scope=requested)).json()
        assert claims_of(body["access_token"]).get("scope") == granted

    @pytest.mark.parametrize("agent", ["account_lookup", "password_reset"])
    async def test_an_audience_that_the_policy_does_not_name_is_refused(self, tenant: LocalTenant, agent: str) -> None:
        response = await my_account_tokens(tenant, audience=tenant.api(agent))
        assert (response.status_code, response.json()["error"]) == (403, "invalid_grant")

    async def test_the_next_refresh_token_still_stands_for_the_sign_in(self, tenant: LocalTenant) -> None:
        rotated = (await my_account_tokens(tenant)).json()["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": rotated, **tenant.credentials(COMMAND_LINE)}
        claims = claims_of((await tenant.request_token(form)).json()["access_token"])
        assert tenant.api("supervisor") in claims["aud"]
        assert "connected_accounts" not in claims["scope"]

    async def test_it_is_no_token_for_an_agent(self, tenant: LocalTenant) -> None:
        token = await tenant.my_account_token("amelia.hart")
        with pytest.raises(AssertionError, match="unauthorized_client"):
            await tenant.exchange(token, tenant.api("account_lookup"))


class TestWhoMayCall:
    """401 for a token that is none of a person for this API, 403 for one that does not reach."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "connect"),
            ("POST", "complete"),
            ("GET", "accounts"),
            ("GET", "connections"),
            ("DELETE", "accounts/cac_x"),
        ],
    )
    async def test_every_call_needs_a_token_for_it(
        self, tenant: LocalTenant, clock: ManualClock, method: str, path: str
    ) -> None:
        good = await tenant.my_account_token("amelia.hart")
        for token in ("x", "a.b.c", await tenant.sign_in("amelia.hart"), good[:-4] + "AAAA"):
            assert problem(await tenant.my_account(method, path, token, {})) == (401, None)
        async with tenant.http() as http:
            assert problem(await http.request(method, f"{tenant.issuer}me/v1/connected-accounts/{path}"))[0] == 401
        none = (await my_account_tokens(tenant, scope="helpdesk:ask")).json()["access_token"]
        assert problem(await tenant.my_account(method, path, none, {})) == (403, None)
        tenant.block("amelia.hart")
        assert problem(await tenant.my_account(method, path, good, {})) == (403, None)
        clock.advance(claims_of(good)["exp"] - clock.now)
        assert problem(await tenant.my_account(method, path, good, {})) == (401, None)

    async def test_one_scope_is_not_another(self, tenant: LocalTenant) -> None:
        reading = (await my_account_tokens(tenant, scope="read:me:connected_accounts")).json()["access_token"]
        assert (await tenant.my_account("GET", "accounts", reading)).json() == {"accounts": []}
        assert problem(await tenant.my_account("POST", "connect", reading, {}))[0] == 403
        assert problem(await tenant.my_account("POST", "complete", reading, {}))[0] == 403
        assert problem(await tenant.my_account("DELETE", "accounts/cac_x", reading))[0] == 403


class TestBeginning:
    """What is asked for is checked before a browser goes anywhere."""

    async def test_the_answer(self, vault: Vault) -> None:
        token = await vault.tenant.my_account_token("amelia.hart")
        response = await vault.tenant.my_account("POST", "connect", token, vault.beginning())
        body = response.json()
        assert (response.status_code, body["expires_in"]) == (201, REQUEST_LIFETIME)
        assert body["connect_uri"] == f"{vault.tenant.issuer}connected-accounts/connect"
        assert body["auth_session"] != body["connect_params"]["ticket"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"connection": "directory-other"}, "connection"),
            ({"connection": 7}, "connection"),
            ({"redirect_uri": "https://attacker.example/"}, "redirect_uri"),
            ({"redirect_uri": ""}, "redirect_uri"),
            ({"state": ""}, "state"),
            ({"state": "x" * 4097}, "state"),
            ({"code_challenge": "x" * 42}, "code_challenge"),
            ({"code_challenge": None}, "code_challenge"),
            ({"code_challenge_method": "plain"}, "code_challenge"),
            ({"code_challenge_method": None}, "code_challenge"),
            ({"scopes": "okta.users.read"}, "scopes"),
            ({"scopes": [1]}, "scopes"),
            ({"scopes": ["x"] * 101}, "scopes"),
        ],
    )
    async def test_what_does_not_fit_is_named(self, vault: Vault, changes: dict[str, Any], field: str) -> None:
        token = await vault.tenant.my_account_token("amelia.hart")
        body = vault.beginning() | changes
        assert problem(await vault.tenant.my_account("POST", "connect", token, body)) == (400, field)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"state": "\\ud800"}', b"[" * 50_000])
    async def test_a_body_that_is_no_object_of_texts_is_refused(self, tenant: LocalTenant, body: bytes) -> None:
        token = await tenant.my_account_token("amelia.hart")
        async with tenant.http() as http:
            for path in ("connect", "complete"):
                url, headers = f"{tenant.issuer}me/v1/connected-accounts/{path}", {"Authorization": f"Bearer {token}"}
                assert problem(await http.post(url, content=body, headers=headers)) == (400, None)

    async def test_a_long_body_is_refused(self, tenant: LocalTenant) -> None:
        token = await tenant.my_account_token("amelia.hart")
        assert problem(await tenant.my_account("POST", "connect", token, {"state": "x" * 70_000})) == (413, None)


class TestTheWayOfTheBrowser:
    """Ticket, state and cookie: each is good once, for its time, and for one browser."""

    async def test_a_ticket_is_good_once(self, vault: Vault) -> None:
        connecting = await vault.begin()
        async with vault.tenant.http() as http:
            first, second = await http.get(connecting.url), await http.get(connecting.url)
        assert first.status_code == 302
        assert first.headers["location"].startswith(f"{vault.server.url}oauth2/v1/authorize?")
        assert second.status_code == 400
        assert "location" not in second.headers

    @pytest.mark.parametrize(("seconds", "status"), [(REQUEST_LIFETIME - 1, 302), (REQUEST_LIFETIME, 400)])
    async def test_a_ticket_expires(self, vault: Vault, clock: ManualClock, seconds: int, status: int) -> None:
        connecting = await vault.begin()
        clock.advance(seconds)
        async with vault.tenant.http() as http:
            assert (await http.get(connecting.url)).status_code == status

    @pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=x", "?ticket=%FF"])
    async def test_a_ticket_that_is_none(self, tenant: LocalTenant, query: str) -> None:
        async with tenant.http() as http:
            assert (await http.get(f"{tenant.issuer}connected-accounts/connect{query}")).status_code == 400

    async def test_the_answer_of_the_provider_is_good_once(self, vault: Vault) -> None:
        connecting = await vault.begin()
        async with vault.tenant.http() as http:
            answer = await vault.browse(connecting.url, vault.callback, http=http)
            first = await http.get(vault.callback, params=answer)
            second = await http.get(vault.callback, params=answer)
        assert first.headers["location"].startswith(connecting.redirect_uri)
        assert (second.status_code, vault.ear.asked[TOKEN_PATH]) == (400, 1)

    async def test_another_browser_cannot_bring_the_answer(self, vault: Vault) -> None:
        """Nobody's account is connected to somebody else's user by a link that was passed on."""
        connecting = await vault.begin()
        async with vault.tenant.http() as theirs, vault.tenant.http() as others:
            await others.get((await vault.begin("oscar.lind")).url)  # it has a cookie of its own
            answer = await vault.browse(connecting.url, vault.callback, http=theirs)
            assert (await others.get(vault.callback, params=answer)).status_code == 400
            assert (await theirs.get(vault.callback, params=answer)).status_code == 400  # and it is spent
        assert vault.ear.asked[TOKEN_PATH] == 0

    async def test_an_answer_that_comes_late(self, vault: Vault, clock: ManualClock) -> None:
        connecting = await vault.begin()
        async with vault.tenant.http() as http:
            answer = await vault.browse(connecting.url, vault.callback, http=http)
            clock.advance(REQUEST_LIFETIME)
            assert (await http.get(vault.callback, params=answer)).status_code == 400

    @pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=x", "?error=access_denied&state="])
    async def test_an_answer_to_nothing(self, tenant: LocalTenant, query: str) -> None:
        async with tenant.http() as http:
            response = await http.get(f"{tenant.issuer}login/callback{query}")
        assert (response.status_code, response.headers.get("location")) == (400, None)

    async def test_the_cookie_is_for_the_way_back_alone(self, vault: Vault) -> None:
        async with vault.tenant.http() as http:
            cookie = (await http.get((await vault.begin()).url)).headers["set-cookie"].lower()
        for attribute in ("httponly", "samesite=lax", "path=/login/callback"):
            assert attribute in cookie

    async def test_the_client_hears_that_the_person_declined(self, vault: Vault) -> None:
        connecting = await vault.begin()
        answer = await vault.browse(connecting.url, connecting.redirect_uri, action="deny")
        assert (answer["error"], answer["state"]) == ("access_denied", connecting.state)
        assert "connect_code" not in answer

    @pytest.mark.parametrize("away", [False, True])
    async def test_a_code_that_cannot_be_redeemed_connects_nothing(self, vault: Vault, *, away: bool) -> None:
        connecting = await vault.begin()
        async with vault.tenant.http() as http:
            answer = await vault.browse(connecting.url, vault.callback, http=http)
            if away:
                vault.server.stop()
            response = await http.get(vault.callback, params=answer | ({} if away else {"code": "x"}))
        assert "error=server_error" in response.headers["location"]
        assert f"state={connecting.state}" in response.headers["location"]
        assert "connect_code" not in response.headers["location"]
        failed, *_ = vault.tenant.tenant.log.read(kind="connected_accounts_connection_failed")
        assert failed["user_id"] == vault.tenant.user_id("amelia.hart")
        assert answer["code"] not in str(failed)


class TestCompleting:
    """Only who began it, where it was begun, with the verifier; and once."""

    async def test_the_account_and_the_log(self, vault: Vault) -> None:
        response = await vault.connect()
        assert response.status_code == 201
        account = response.json()
        assert sorted(account) == ["access_type", "connection", "created_at", "id", "scopes"]
        assert (account["connection"], account["access_type"]) == (READ, "offline")
        assert "okta.users.read.self" in account["scopes"]
        (event,) = vault.tenant.tenant.log.read(kind="connected_accounts_connection_succeeded")
        assert event["details"] == {"connection": READ}

    async def test_a_connect_code_is_good_once(self, vault: Vault) -> None:
        connecting, code = await self._back(vault)
        assert (await vault.complete(connecting, code)).status_code == 201
        assert problem(await vault.complete(connecting, code)) == (400, "connect_code")

    @pytest.mark.parametrize(("seconds", "status"), [(REQUEST_LIFETIME - 1, 201), (REQUEST_LIFETIME, 400)])
    async def test_a_connect_code_expires(self, vault: Vault, clock: ManualClock, seconds: int, status: int) -> None:
        connecting, code = await self._back(vault)
        clock.advance(seconds)
        token = await vault.tenant.my_account_token("amelia.hart")  # the first does not last longer itself
        assert (await vault.complete(connecting, code, token=token)).status_code == status

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"auth_session": "x" * 43}, "connect_code"),
            ({"auth_session": None}, "auth_session"),
            ({"connect_code": "x" * 43}, "connect_code"),
            ({"connect_code": None}, "connect_code"),
            ({"redirect_uri": "http://127.0.0.1:8410/other"}, "connect_code"),
            ({"redirect_uri": None}, "connect_code"),
            ({"code_verifier": "x" * 43}, "code_verifier"),
            ({"code_verifier": None}, "code_verifier"),
        ],
    )
    async def test_what_does_not_fit_connects_nothing(self, vault: Vault, changes: dict[str, Any], field: str) -> None:
        connecting, code = await self._back(vault)
        body = connecting.completion(**{"connect_code": code} | changes)
        response = await vault.tenant.my_account("POST", "complete", connecting.token, body)
        assert problem(response) == (400, field)
        assert (await vault.tenant.my_account("GET", "accounts", connecting.token)).json() == {"accounts": []}

    async def test_a_wrong_try_spends_the_code(self, vault: Vault) -> None:
        connecting, code = await self._back(vault)
        assert problem(await vault.complete(connecting, code, code_verifier="x" * 43)) == (400, "code_verifier")
        assert problem(await vault.complete(connecting, code)) == (400, "connect_code")

    async def test_another_person_cannot_complete_it(self, vault: Vault) -> None:
        """Not even with all that the client knows."""
        connecting, code = await self._back(vault)
        other = await vault.tenant.my_account_token("oscar.lind")
        assert problem(await vault.complete(connecting, code, token=other)) == (400, "connect_code")
        for token in (other, connecting.token):
            assert (await vault.tenant.my_account("GET", "accounts", token)).json() == {"accounts": []}

    @pytest.mark.requirement("G1")
    async def test_a_code_does_not_fit_another_persons_session(self, vault: Vault) -> None:
        """Who has somebody agree, and takes their code, cannot put the account under a request of their own."""
        victims, code = await self._back(vault)
        attackers = await vault.begin("oscar.lind")
        assert problem(await vault.complete(attackers, code)) == (400, "connect_code")
        assert (await vault.tenant.my_account("GET", "accounts", attackers.token)).json() == {"accounts": []}
        assert problem(await vault.complete(victims, code)) == (400, "connect_code")

    async def test_an_account_there_is_one_persons_here(self, vault: Vault) -> None:
        assert (await vault.connect("amelia.hart")).status_code == 201
        refused = await vault.connect("oscar.lind", upstream_login="amelia.hart")
        assert problem(refused) == (409, None)
        assert "amelia" not in refused.text
        token = await vault.tenant.my_account_token("oscar.lind")
        assert (await vault.tenant.my_account("GET", "accounts", token)).json() == {"accounts": []}
        assert vault.ear.asked[REVOKE_PATH] == 1  # nobody keeps what was issued for it

    async def _back(self, vault: Vault) -> tuple[Connecting, str]:
        """A request whose browser is back at the client."""
        connecting = await vault.begin()
        answer = await vault.browse(connecting.url, connecting.redirect_uri)
        assert answer["state"] == connecting.state
        return connecting, answer["connect_code"]


class TestWhatIsConnected:
    """A person sees and deletes their own accounts, and nobody else's."""

    async def test_each_person_sees_their_own(self, vault: Vault) -> None:
        first, second = (await vault.connect()).json(), (await vault.connect("amelia.hart", MANAGE)).json()
        amelia = await vault.tenant.my_account_token("amelia.hart")
        oscar = await vault.tenant.my_account_token("oscar.lind")
        listed = (await vault.tenant.my_account("GET", "accounts", amelia)).json()["accounts"]
        assert {account["id"] for account in listed} == {first["id"], second["id"]}
        one = (await vault.tenant.my_account("GET", f"accounts?connection={MANAGE}", amelia)).json()
        assert one == {"accounts": [second]}
        assert (await vault.tenant.my_account("GET", "accounts", oscar)).json() == {"accounts": []}

    async def test_long_lists_come_in_parts(self, vault: Vault) -> None:
        await vault.connect()
        await vault.connect("amelia.hart", MANAGE)
        token = await vault.tenant.my_account_token("amelia.hart")
        first = (await vault.tenant.my_account("GET", "accounts?take=1", token)).json()
        rest = (await vault.tenant.my_account("GET", f"accounts?take=1&from={first['next']}", token)).json()
        assert "next" not in rest
        assert {account["connection"] for account in first["accounts"] + rest["accounts"]} == {READ, MANAGE}

    @pytest.mark.parametrize(
        ("query", "field"),
        [("take=0", "take"), ("take=21", "take"), ("take=x", "take"), ("from=x", "from"), ("from=-1", "from")],
    )
    async def test_a_part_that_is_none_is_refused(self, tenant: LocalTenant, query: str, field: str) -> None:
        token = await tenant.my_account_token("amelia.hart")
        assert problem(await tenant.my_account("GET", f"accounts?{query}", token)) == (400, field)

    async def test_nobody_deletes_anothers(self, vault: Vault) -> None:
        account = (await vault.connect()).json()
        amelia = await vault.tenant.my_account_token("amelia.hart")
        oscar = await vault.tenant.my_account_token("oscar.lind")
        path = f"accounts/{account['id']}"
        assert problem(await vault.tenant.my_account("DELETE", path, oscar)) == (404, None)
        assert vault.ear.asked[REVOKE_PATH] == 0
        assert (await vault.tenant.my_account("DELETE", path, amelia)).status_code == 204
        assert vault.ear.asked[REVOKE_PATH] == 1
        assert problem(await vault.tenant.my_account("DELETE", path, amelia)) == (404, None)

    async def test_an_account_is_deleted_here_though_the_provider_is_away(self, vault: Vault) -> None:
        account = (await vault.connect()).json()
        token = await vault.tenant.my_account_token("amelia.hart")
        vault.server.stop()
        assert (await vault.tenant.my_account("DELETE", f"accounts/{account['id']}", token)).status_code == 204
        assert (await vault.tenant.my_account("GET", "accounts", token)).json() == {"accounts": []}

    async def test_the_connections_are_those_of_the_client(self, tenant: LocalTenant) -> None:
        token = await tenant.my_account_token("amelia.hart")
        body = (await tenant.my_account("GET", "connections", token)).json()
        assert [(one["name"], one["strategy"]) for one in body["connections"]] == [(READ, "okta"), (MANAGE, "okta")]
        assert "client_secret" not in str(body)
