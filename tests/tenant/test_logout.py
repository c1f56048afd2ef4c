"""Logout: `/oidc/logout` (OpenID Connect RP-Initiated Logout 1.0) and `/v2/logout`."""

import re
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant

WEB = "Help desk web"
HOME = "http://127.0.0.1:8402/"


async def sign_in(tenant: LocalTenant, http: httpx.AsyncClient, login: str = "amelia.hart") -> str:
    tokens = await tenant.sign_in_tokens(login, WEB, ["openid"], http=http)
    return str(tokens["id_token"])


async def is_signed_in(tenant: LocalTenant, http: httpx.AsyncClient) -> bool:
    query = {
        "response_type": "code",
        "client_id": tenant.client(WEB).client_id,
        "redirect_uri": f"{HOME}callback",
        "scope": "openid",
        "prompt": "none",
    }
    response = await http.get(f"{tenant.issuer}authorize", params=query)
    return "code=" in response.headers["location"]


async def logout(tenant: LocalTenant, http: httpx.AsyncClient, **parameters: Any) -> httpx.Response:
    return await http.get(f"{tenant.issuer}oidc/logout", params=parameters)


async def test_an_id_token_names_the_session_and_the_client(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    hint = await sign_in(tenant, http)
    response = await logout(tenant, http, id_token_hint=hint, post_logout_redirect_uri=HOME, state="a b")
    assert response.status_code == 302
    assert response.headers["location"] == f"{HOME}?state=a+b"
    assert not await is_signed_in(tenant, http)
    assert tenant.tenant.log.count("slo") == 1


async def test_an_expired_id_token_serves_as_a_hint(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    hint = await sign_in(tenant, http)
    clock.advance(3601)
    response = await logout(tenant, http, id_token_hint=hint, post_logout_redirect_uri=HOME)
    assert response.status_code == 302


async def test_a_form_serves_too(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    hint = await sign_in(tenant, http)
    form = {"id_token_hint": hint, "post_logout_redirect_uri": HOME}
    response = await http.post(f"{tenant.issuer}oidc/logout", data=form)
    assert response.headers["location"] == HOME
    assert not await is_signed_in(tenant, http)


async def test_a_logout_hint_names_the_session(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    sid = claims_of(await sign_in(tenant, http))["sid"]
    client_id = tenant.client(WEB).client_id
    response = await logout(tenant, http, logout_hint=sid, client_id=client_id)
    assert response.headers["location"] == HOME  # the first of the client's allowed logout URLs
    assert not await is_signed_in(tenant, http)


async def test_without_a_hint_the_person_is_asked(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await sign_in(tenant, http)
    client_id = tenant.client(WEB).client_id
    page = await logout(tenant, http, client_id=client_id, post_logout_redirect_uri=HOME, state="s")
    assert page.status_code == 200
    assert "Sign out?" in page.text
    assert await is_signed_in(tenant, http)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split("<button")[0]))
    assert fields["state"] == "s"
    stays = await http.post(f"{tenant.issuer}oidc/logout/confirm", data=fields | {"action": "cancel"})
    assert "Still signed in" in stays.text
    assert await is_signed_in(tenant, http)
    leaves = await http.post(f"{tenant.issuer}oidc/logout/confirm", data=fields | {"action": "accept"})
    assert leaves.headers["location"] == f"{HOME}?state=s"
    assert not await is_signed_in(tenant, http)


async def test_the_hint_of_another_session_is_no_permission(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await sign_in(tenant, http)
    async with tenant.http() as other:
        others_hint = await sign_in(tenant, other, "casey.moreno")
    page = await logout(tenant, http, id_token_hint=others_hint, post_logout_redirect_uri=HOME)
    assert "Sign out?" in page.text
    assert await is_signed_in(tenant, http)


async def test_confirming_needs_the_page(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await sign_in(tenant, http)
    response = await http.post(f"{tenant.issuer}oidc/logout/confirm", data={"action": "accept"})
    assert response.status_code == 403
    assert await is_signed_in(tenant, http)


async def test_nobody_signed_in_goes_straight_on(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    client_id = tenant.client(WEB).client_id
    assert (await logout(tenant, http, client_id=client_id)).headers["location"] == HOME
    assert "You are signed out" in (await logout(tenant, http)).text


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"post_logout_redirect_uri": "https://attacker.example/"}, "is not defined as a valid URL"),
        ({"post_logout_redirect_uri": "http://["}, "is not defined as a valid URL"),
        ({"post_logout_redirect_uri": HOME}, "is not defined as a valid URL"),  # of the tenant, which lists none
        ({"post_logout_redirect_uri": "{HOME}callback", "client_id": "{WEB}"}, "is not defined as a valid URL"),
        ({"client_id": "unknown"}, "Unknown client: unknown"),
        ({"id_token_hint": "x"}, "Invalid id_token_hint"),
        ({"id_token_hint": "{ACCESS}"}, "does not belong to client_id"),
        ({"id_token_hint": "{ID}", "client_id": "{LINE}"}, "does not belong to client_id"),
        ({"id_token_hint": "{ID}", "logout_hint": "other"}, "does not match id_token_hint"),
    ],
    ids=str,
)
async def test_what_does_not_fit_ends_nothing_and_redirects_nowhere(
    tenant: LocalTenant, http: httpx.AsyncClient, parameters: dict[str, str], text: str
) -> None:
    values = {
        "HOME": HOME,
        "WEB": tenant.client(WEB).client_id,
        "LINE": tenant.client("Help desk command line").client_id,
        "ACCESS": await tenant.client_credentials(tenant.api("docs_search")),
        "ID": await sign_in(tenant, http),
    }
    filled = {name: value.format(**values) for name, value in parameters.items()}
    response = await logout(tenant, http, **filled)
    assert response.status_code == 400
    assert text in response.text.replace("&#34;", '"')
    assert await is_signed_in(tenant, http)
    assert tenant.tenant.log.count("flo") == 1


async def test_query_and_fragment_of_a_logout_url_do_not_count(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    hint = await sign_in(tenant, http)
    response = await logout(tenant, http, id_token_hint=hint, post_logout_redirect_uri=f"{HOME}?bye=1#x", state="s")
    assert response.headers["location"] == f"{HOME}?bye=1&state=s#x"


class TestV2:
    """The older endpoint, which asks nobody."""

    async def test_it_ends_the_session_and_goes_back(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await sign_in(tenant, http)
        query = {"client_id": tenant.client(WEB).client_id, "returnTo": HOME}
        response = await http.get(f"{tenant.issuer}v2/logout", params=query)
        assert response.headers["location"] == HOME
        assert not await is_signed_in(tenant, http)

    async def test_without_an_address_it_goes_to_the_clients_first(
        self, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        query = {"client_id": tenant.client(WEB).client_id}
        assert (await http.get(f"{tenant.issuer}v2/logout", params=query)).headers["location"] == HOME
        assert (await http.get(f"{tenant.issuer}v2/logout")).text == "OK"

    async def test_other_addresses_are_refused(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await sign_in(tenant, http)
        for query in (
            {"client_id": tenant.client(WEB).client_id, "returnTo": "https://attacker.example/"},
            {"returnTo": HOME},
            {"client_id": "unknown"},
        ):
            assert (await http.get(f"{tenant.issuer}v2/logout", params=query)).status_code == 400
        assert await is_signed_in(tenant, http)

    async def test_the_tenants_own_addresses_serve_without_a_client(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            document["tenant"]["allowed_logout_urls"] = ["https://company.example/"]

        tenant = make_tenant(tenant_definition=edit_definition(change))
        async with tenant.http() as http:
            query = {"returnTo": "https://company.example/"}
            response = await http.get(f"{tenant.issuer}v2/logout", params=query)
        assert response.headers["location"] == "https://company.example/"


async def test_logging_out_leaves_refresh_tokens_alone(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    tokens = await tenant.sign_in_tokens("amelia.hart", WEB, ["openid", "offline_access"], http=http)
    await logout(tenant, http, id_token_hint=tokens["id_token"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | tenant.credentials(WEB)
    assert (await tenant.request_token(form)).status_code == 200
