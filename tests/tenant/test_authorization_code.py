"""Redeeming authorization codes (RFC 6749 §4.1.3), and the tokens that come of it."""

from typing import Any

import httpx
import jwt
import pytest

from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._support import MakeTenant

COMMAND_LINE = "Help desk command line"
WEB = "Help desk web"
CALLBACK = "http://127.0.0.1:8410/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SCOPE = "openid profile email helpdesk:ask offline_access"


async def code_for(tenant: LocalTenant, http: httpx.AsyncClient, **parameters: str) -> str:
    query = {
        "response_type": "code",
        "client_id": tenant.client(COMMAND_LINE).client_id,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "audience": tenant.api("supervisor"),
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return (await tenant.browse(http, query, "amelia.hart"))["code"]


async def redeem(tenant: LocalTenant, code: str, client: str = COMMAND_LINE, **parameters: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await tenant.request_token(form | parameters | tenant.credentials(client))


INVALID_CODE = {"error": "invalid_grant", "error_description": "Invalid authorization code"}


async def test_the_response_has_auth0s_members_in_order(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    body = (await redeem(tenant, await code_for(tenant, http))).json()
    assert list(body) == ["access_token", "refresh_token", "id_token", "scope", "expires_in", "token_type"]
    assert body["refresh_token"].startswith("v1.M")
    assert (body["scope"], body["expires_in"], body["token_type"]) == (SCOPE, 900, "Bearer")


async def test_the_id_token(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    """OpenID Connect Core 1.0 §2."""
    body = (await redeem(tenant, await code_for(tenant, http, nonce="a nonce"))).json()
    header, claims = jwt.get_unverified_header(body["id_token"]), claims_of(body["id_token"])
    assert (header["alg"], header["typ"], header["kid"]) == ("RS256", "JWT", tenant.tenant.keys.current.kid)
    sid = claims.pop("sid")
    assert len(sid) == 32
    assert claims.pop("updated_at").endswith("Z")
    assert claims == {
        "iss": tenant.issuer,
        "sub": tenant.user_id("amelia.hart"),
        "aud": tenant.client(COMMAND_LINE).client_id,
        "iat": int(tenant.clock()),
        "exp": int(tenant.clock()) + 3600,
        "nonce": "a nonce",
        "given_name": "Amelia",
        "family_name": "Hart",
        "nickname": "amelia.hart",
        "name": "Amelia Hart",
        "picture": f"{tenant.issuer}avatars/ah.svg",
        "email": "amelia.hart@helpdesk.example",
        "email_verified": True,
    }


@pytest.mark.parametrize(
    ("scope", "present", "absent"),
    [
        ("openid", set(), {"name", "email"}),
        ("openid email", {"email", "email_verified"}, {"name"}),
        ("openid profile", {"name", "nickname", "picture"}, {"email"}),
    ],
)
async def test_id_token_claims_follow_the_scopes(
    tenant: LocalTenant, http: httpx.AsyncClient, scope: str, present: set[str], absent: set[str]
) -> None:
    claims = claims_of((await redeem(tenant, await code_for(tenant, http, scope=scope))).json()["id_token"])
    assert present <= claims.keys()
    assert not absent & claims.keys()


async def test_without_openid_there_is_no_id_token(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    body = (await redeem(tenant, await code_for(tenant, http, scope="helpdesk:ask"))).json()
    assert list(body) == ["access_token", "scope", "expires_in", "token_type"]


async def test_auth_time_is_there_where_max_age_was_asked_for(
    tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
) -> None:
    body = (await redeem(tenant, await code_for(tenant, http, max_age="60"))).json()
    assert claims_of(body["id_token"])["auth_time"] == int(clock())


async def test_scopes_beyond_the_grant_the_roles_or_the_api_are_dropped(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    scope = "openid docs:read helpdesk:ask helpdesk:ask made:up agent:invoke"
    body = (await redeem(tenant, await code_for(tenant, http, scope=scope))).json()
    assert body["scope"] == claims_of(body["access_token"])["scope"] == "openid helpdesk:ask"


@pytest.mark.requirement("B11")
async def test_a_code_is_for_one_use_and_its_tokens_end_with_a_second(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    code = await code_for(tenant, http)
    refresh_token = (await redeem(tenant, code)).json()["refresh_token"]
    again = await redeem(tenant, code)
    assert (again.status_code, again.json()) == (403, INVALID_CODE)
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token} | tenant.credentials(COMMAND_LINE)
    assert (await tenant.request_token(form)).json()["error"] == "invalid_grant"


async def test_a_code_without_refresh_token_is_for_one_use_too(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    code = await code_for(tenant, http, scope="helpdesk:ask")
    assert (await redeem(tenant, code)).status_code == 200
    assert (await redeem(tenant, code)).json() == INVALID_CODE


async def test_a_code_expires(tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock) -> None:
    code = await code_for(tenant, http)
    clock.advance(600)
    assert (await redeem(tenant, code)).json() == INVALID_CODE


async def test_a_code_survives_a_restart(make_tenant: MakeTenant, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    code = await code_for(tenant, http)
    assert (await redeem(make_tenant(), code)).status_code == 200


async def test_an_unknown_code_is_refused(tenant: LocalTenant) -> None:
    response = await redeem(tenant, "unknown")
    assert (response.status_code, response.json()) == (403, INVALID_CODE)


async def test_a_code_belongs_to_its_client(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    code = await code_for(tenant, http)
    assert (await redeem(tenant, code, WEB)).json() == INVALID_CODE
    assert (await redeem(tenant, code)).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1:8411/callback", ""])
async def test_the_redirect_uri_must_be_that_of_the_request(
    tenant: LocalTenant, http: httpx.AsyncClient, redirect_uri: str
) -> None:
    response = await redeem(tenant, await code_for(tenant, http), redirect_uri=redirect_uri)
    assert (response.status_code, response.json()["error"]) == (403, "invalid_grant")


async def test_no_code_is_no_request(tenant: LocalTenant) -> None:
    response = await redeem(tenant, "")
    assert response.json() == {"error": "invalid_request", "error_description": "Missing required parameter: code"}


async def test_a_person_who_is_blocked_meanwhile_gets_nothing(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    code = await code_for(tenant, http)
    tenant.block("amelia.hart")
    response = await redeem(tenant, code)
    assert response.json() == {"error": "invalid_grant", "error_description": "user is blocked"}


@pytest.mark.requirement("F3")
async def test_the_log_names_person_and_client_and_no_secret(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    code = await code_for(tenant, http)
    body: dict[str, Any] = (await redeem(tenant, code)).json()
    await redeem(tenant, code)
    (succeeded,) = tenant.tenant.log.read(kind="seacft")
    (failed,) = tenant.tenant.log.read(kind="feacft")
    assert succeeded["user_id"] == tenant.user_id("amelia.hart")
    assert succeeded["client_id"] == failed["client_id"] == tenant.client(COMMAND_LINE).client_id
    everything = str(tenant.tenant.log.read())
    for secret in (code, body["access_token"], body["refresh_token"], body["id_token"], tenant.password("amelia.hart")):
        assert secret not in everything
