"""Userinfo (OpenID Connect Core 1.0 §5.3) and revocation (RFC 7009)."""

from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

COMMAND_LINE = "Help desk command line"
WEB = "Help desk web"


async def tokens_of(tenant: LocalTenant, *scopes: str, audience: bool = True) -> dict[str, Any]:
    api = tenant.api("supervisor") if audience else None
    return await tenant.sign_in_tokens("amelia.hart", COMMAND_LINE, scopes, api)


async def userinfo(http: httpx.AsyncClient, tenant: LocalTenant, token: str, method: str = "GET") -> httpx.Response:
    return await http.request(method, f"{tenant.issuer}userinfo", headers={"Authorization": f"Bearer {token}"})


class TestUserinfo:
    """`/userinfo`."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("audience", [True, False], ids=["JWT", "opaque"])
    async def test_it_answers_what_the_scopes_allow(
        self, tenant: LocalTenant, http: httpx.AsyncClient, method: str, *, audience: bool
    ) -> None:
        token = (await tokens_of(tenant, "openid", "profile", "email", audience=audience))["access_token"]
        response = await userinfo(http, tenant, token, method)
        assert response.status_code == 200
        claims = response.json()
        assert claims.pop("updated_at")
        assert claims == {
            "sub": tenant.user_id("amelia.hart"),
            "given_name": "Amelia",
            "family_name": "Hart",
            "nickname": "amelia.hart",
            "name": "Amelia Hart",
            "picture": f"{tenant.issuer}avatars/ah.svg",
            "email": "amelia.hart@helpdesk.example",
            "email_verified": True,
        }
        picture = await http.get(claims["picture"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")

    async def test_openid_alone_gives_the_subject_alone(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        token = (await tokens_of(tenant, "openid"))["access_token"]
        assert (await userinfo(http, tenant, token)).json() == {"sub": tenant.user_id("amelia.hart")}

    async def test_other_tokens_are_refused(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        tokens = await tokens_of(tenant, "openid", "helpdesk:ask", "offline_access")
        for token in (
            (await tokens_of(tenant, "helpdesk:ask"))["access_token"],  # not for userinfo
            await tenant.client_credentials(tenant.api("docs_search")),
            await tenant.exchange(tokens["access_token"], tenant.api("docs_search")),
            tokens["id_token"],
            tokens["refresh_token"],
            "x",
            "",
        ):
            response = await userinfo(http, tenant, token)
            assert (response.status_code, response.text) == (401, "Unauthorized")
            assert response.headers["www-authenticate"].startswith("Bearer ")
        assert (await http.get(f"{tenant.issuer}userinfo")).status_code == 401

    @pytest.mark.parametrize(("audience", "lifetime"), [(True, 900), (False, 86400)], ids=["JWT", "opaque"])
    async def test_an_expired_token_is_refused(
        self, tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock, lifetime: int, *, audience: bool
    ) -> None:
        token = (await tokens_of(tenant, "openid", audience=audience))["access_token"]
        clock.advance(lifetime - 1)
        assert (await userinfo(http, tenant, token)).status_code == 200
        clock.advance(1)
        assert (await userinfo(http, tenant, token)).status_code == 401

    async def test_a_blocked_person_is_refused(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        token = (await tokens_of(tenant, "openid"))["access_token"]
        tenant.block("amelia.hart")
        assert (await userinfo(http, tenant, token)).status_code == 401

    @pytest.mark.parametrize("initials", ["abc", "1", "%3Cb%3E"])
    async def test_a_picture_is_of_letters_only(
        self, tenant: LocalTenant, http: httpx.AsyncClient, initials: str
    ) -> None:
        assert (await http.get(f"{tenant.issuer}avatars/{initials}.svg")).status_code == 404


class TestRevocation:
    """`/oauth/revoke`."""

    @staticmethod
    async def revoke(tenant: LocalTenant, token: str, client: str = COMMAND_LINE) -> httpx.Response:
        async with tenant.http() as http:
            form = {"token": token, **tenant.credentials(client)}
            return await http.post(f"{tenant.issuer}oauth/revoke", data=form)

    @staticmethod
    async def lives(tenant: LocalTenant, token: str) -> bool:
        form = {"grant_type": "refresh_token", "refresh_token": token} | tenant.credentials(COMMAND_LINE)
        return (await tenant.request_token(form)).status_code == 200

    async def test_a_revoked_token_serves_no_more(self, tenant: LocalTenant) -> None:
        token = (await tokens_of(tenant, "offline_access"))["refresh_token"]
        response = await self.revoke(tenant, token)
        assert (response.status_code, response.content) == (200, b"")
        assert not await self.lives(tenant, token)
        assert tenant.tenant.log.count("srrt") == 1

    @pytest.mark.parametrize("whole_grant", [True, False])
    async def test_the_tenants_flag_says_whether_the_others_go_too(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition, *, whole_grant: bool
    ) -> None:
        def change(document: Definition) -> None:
            document["tenant"]["flags"]["revoke_refresh_token_grant"] = whole_grant

        tenant = make_tenant(tenant_definition=edit_definition(change))
        first = (await tokens_of(tenant, "offline_access"))["refresh_token"]
        second = (await tokens_of(tenant, "offline_access"))["refresh_token"]
        other_api = (await tokens_of(tenant, "offline_access", audience=False))["refresh_token"]
        await self.revoke(tenant, first)
        assert await self.lives(tenant, second) is not whole_grant
        assert await self.lives(tenant, other_api)

    @pytest.mark.parametrize("token", ["unknown", "v1.Munknown"])
    async def test_an_unknown_token_is_answered_like_a_known_one(self, tenant: LocalTenant, token: str) -> None:
        assert (await self.revoke(tenant, token)).status_code == 200

    async def test_an_access_token_cannot_be_revoked(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        token = (await tokens_of(tenant, "openid"))["access_token"]
        assert (await self.revoke(tenant, token)).status_code == 200
        assert (await userinfo(http, tenant, token)).status_code == 200

    async def test_another_client_cannot_revoke_it(self, tenant: LocalTenant) -> None:
        token = (await tokens_of(tenant, "offline_access"))["refresh_token"]
        assert (await self.revoke(tenant, token, WEB)).status_code == 200
        assert await self.lives(tenant, token)

    async def test_a_client_must_prove_itself(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        form = {"token": "x", "client_id": tenant.client(WEB).client_id, "client_secret": "wrong"}
        response = await http.post(f"{tenant.issuer}oauth/revoke", data=form)
        assert (response.status_code, response.json()["error"]) == (401, "access_denied")

    async def test_no_token_is_no_request(self, tenant: LocalTenant) -> None:
        response = await self.revoke(tenant, "")
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    async def test_json_serves_too(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        """The recording of go-auth0 sends JSON."""
        token = (await tokens_of(tenant, "offline_access"))["refresh_token"]
        body = {"token": token, **tenant.credentials(COMMAND_LINE)}
        assert (await http.post(f"{tenant.issuer}oauth/revoke", json=body)).status_code == 200
        assert not await self.lives(tenant, token)


async def test_a_client_with_a_secret_signs_in_refreshes_and_revokes(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        del named(document["clients"], WEB)["client_authentication_methods"]
        named(document["clients"], WEB)["token_endpoint_auth_method"] = "client_secret_basic"

    tenant = make_tenant(tenant_definition=edit_definition(change))
    scopes = ["openid", "helpdesk:ask", "offline_access"]
    tokens = await tenant.sign_in_tokens("amelia.hart", WEB, scopes, tenant.api("supervisor"))
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | tenant.credentials(WEB)
    assert (await tenant.request_token(form)).status_code == 200
