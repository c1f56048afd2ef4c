"""Whatever is sent, the answer is a refusal in the protocol's form: never an error of the server, never a token."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local.tenant.grants import GRANTS
from local.tenant.testing import LocalTenant

NAMES = (
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "audience",
    "scope",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "device_code",
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "token",
    "user_code",
    "form_token",
    "username",
    "password",
)
text = st.text(st.characters(codec="utf-8"), max_size=40)
anything = text | st.sampled_from(
    [*GRANTS, "\x00", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "v1.Mx", "'; drop table codes; --"]
)
parameters = st.dictionaries(st.sampled_from(NAMES) | text, anything, max_size=8)
POSTS = ("oauth/token", "oauth/device/code", "oauth/revoke", "activate", "activate/confirm", "oidc/logout")
fuzz: Callable[[Any], Any] = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def is_refusal(response: httpx.Response) -> bool:
    return 400 <= response.status_code < 500 or (response.status_code == 200 and "access_token" not in response.text)


@fuzz
@given(st.sampled_from(POSTS), parameters)
@example("oauth/token", {"grant_type": "client_credentials", "client_id": "\ud83d"})
@example("activate", {"form_token": "\xe9"})
async def test_forms(tenant: LocalTenant, path: str, values: dict[str, str]) -> None:
    body = "&".join(
        f"{httpx.QueryParams({name: value.encode('utf-8', 'replace').decode()})}" for name, value in values.items()
    )
    async with tenant.http() as http:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert is_refusal(await http.post(f"{tenant.issuer}{path}", content=body, headers=headers))


@fuzz
@given(st.sampled_from(POSTS), parameters)
@example("oauth/token", {"grant_type": "client_credentials", "client_id": "\ud83d"})
@example("oauth/revoke", {"token": "\udc00", "client_id": "x"})
async def test_json(tenant: LocalTenant, path: str, values: dict[str, str]) -> None:
    async with tenant.http() as http:
        headers = {"Content-Type": "application/json"}
        assert is_refusal(await http.post(f"{tenant.issuer}{path}", content=json.dumps(values), headers=headers))


@fuzz
@given(st.sampled_from(POSTS), st.binary(max_size=60), st.sampled_from(["application/json", "x/y", ""]))
async def test_bytes(tenant: LocalTenant, path: str, body: bytes, media_type: str) -> None:
    async with tenant.http() as http:
        headers = {"Content-Type": media_type}
        assert is_refusal(await http.post(f"{tenant.issuer}{path}", content=body, headers=headers))


@fuzz
@given(
    st.dictionaries(st.sampled_from(["response_type", "scope", "state", "prompt", "max_age", "nonce"]) | text, anything)
)
async def test_authorization_requests(tenant: LocalTenant, values: dict[str, str]) -> None:
    """A known client and callback, and anything else: a page, or the callback with an error."""
    fixed = {
        "client_id": tenant.client("Help desk web").client_id,
        "redirect_uri": "http://127.0.0.1:8402/callback",
    }
    async with tenant.http() as http:
        response = await http.get(f"{tenant.issuer}authorize", params=values | fixed)
    location = response.headers.get("location", "")
    assert location.startswith(("/u/login?state=", "http://127.0.0.1:8402/callback?error=")) or (
        response.status_code == 400 and not location
    )


@fuzz
@given(st.sampled_from(["userinfo", "api/v2/logs", "api/v2/users"]), anything)
async def test_bearer_tokens(tenant: LocalTenant, path: str, token: str) -> None:
    async with tenant.http() as http:
        headers = [(b"authorization", b"Bearer " + token.encode())]
        response = await http.get(f"{tenant.issuer}{path}", headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods(tenant: LocalTenant, http: httpx.AsyncClient, method: str) -> None:
    assert (await http.request(method, f"{tenant.issuer}oauth/token")).status_code == 405


@pytest.mark.parametrize(
    "path", ["static/../app.py", "static/%2e%2e/app.py", "static/", "static", "..", "bc-authorise"]
)
async def test_paths_that_are_not_there(tenant: LocalTenant, http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"{tenant.issuer}{path}")).status_code in {404, 307}
