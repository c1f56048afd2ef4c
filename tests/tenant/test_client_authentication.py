"""Client authentication at the token endpoint: the rows of Auth0's error table that concern it (RFC 6749 §2.3)."""

import base64
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant

MANAGEMENT = "Local management"


def request(tenant: LocalTenant, **parameters: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "audience": f"{tenant.issuer}api/v2/"} | parameters


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


async def test_a_secret_is_taken_from_the_form(tenant: LocalTenant) -> None:
    response = await tenant.request_token(request(tenant) | tenant.credentials(MANAGEMENT))
    assert response.status_code == 200


async def test_a_secret_is_taken_from_json(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    body = request(tenant) | tenant.credentials(MANAGEMENT)
    assert (await http.post(f"{tenant.issuer}oauth/token", json=body)).status_code == 200


async def test_a_secret_is_taken_from_basic_authentication(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    account = tenant.client(MANAGEMENT)
    headers = basic(account.client_id, account.client_secret or "")
    response = await http.post(f"{tenant.issuer}oauth/token", data=request(tenant), headers=headers)
    assert response.status_code == 200


async def test_wrong_missing_and_unknown_look_the_same(tenant: LocalTenant) -> None:
    client_id = tenant.client(MANAGEMENT).client_id
    attempts = [
        {"client_id": client_id, "client_secret": "wrong"},
        {"client_id": client_id},
        {"client_id": "unknown", "client_secret": "wrong"},
        {"client_id": tenant.client("Supervisor").client_id},
        {"client_id": tenant.client("Supervisor").client_id, "client_secret": "a secret that it does not have"},
        {"client_id": tenant.client("Help desk command line").client_id, "client_secret": "a public client has none"},
    ]
    for attempt in attempts:
        response = await tenant.request_token(request(tenant) | attempt)
        assert response.status_code == 401
        assert response.json() == {"error": "access_denied", "error_description": "Unauthorized"}


@pytest.mark.parametrize(
    ("parameters", "status", "error", "description"),
    [
        ({"audience": "x"}, 400, "invalid_request", "Missing required parameter: grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client", "Missing client_id"),
        ({"grant_type": ""}, 400, "invalid_request", "Missing required parameter: grant_type"),
    ],
)
async def test_what_is_missing_is_named(
    tenant: LocalTenant, parameters: dict[str, str], status: int, error: str, description: str
) -> None:
    response = await tenant.request_token(parameters)
    assert (response.status_code, response.json()) == (status, {"error": error, "error_description": description})


async def test_one_method_at_a_time(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    account = tenant.client(MANAGEMENT)
    headers = basic(account.client_id, account.client_secret or "")
    twice = await http.post(
        f"{tenant.issuer}oauth/token", data=request(tenant) | tenant.credentials(MANAGEMENT), headers=headers
    )
    other = await http.post(f"{tenant.issuer}oauth/token", data=request(tenant, client_id="other"), headers=headers)
    assert [(r.status_code, r.json()["error"]) for r in (twice, other)] == [(400, "invalid_request")] * 2


async def test_a_grant_that_the_client_does_not_list_is_refused(tenant: LocalTenant) -> None:
    credentials = tenant.credentials("Help desk command line")
    response = await tenant.request_token({"grant_type": "client_credentials", "audience": "x"} | credentials)
    assert response.status_code == 403
    assert response.json() == {
        "error": "unauthorized_client",
        "error_description": "Grant type 'client_credentials' not allowed for the client.",
        "error_uri": "https://auth0.com/docs/clients/client-grant-types",
    }


@pytest.mark.parametrize("grant_type", ["password", "implicit", "x"])
async def test_a_grant_that_the_tenant_does_not_know_is_refused(tenant: LocalTenant, grant_type: str) -> None:
    response = await tenant.request_token({"grant_type": grant_type} | tenant.credentials(MANAGEMENT))
    assert response.status_code == 403
    assert response.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"not json"),
        ("application/json", b'["grant_type", "client_credentials"]'),
        ("application/json", b'{"grant_type": 1}'),
        ("application/json", b'{"grant_type": "a", "grant_type": "b"}'),
        ("application/json", b'{"grant_type": {"a": "b"}}'),
        ("application/json", b"[" * 30_000),
        ("application/json", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"grant_type=a&grant_type=b"),
        ("application/x-www-form-urlencoded", b"grant_type=%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(100))),
        ("text/plain", b"grant_type=client_credentials"),
        ("multipart/form-data; boundary=x", b"--x--"),
    ],
)
async def test_a_body_that_cannot_be_understood_is_refused(
    tenant: LocalTenant, http: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type}
    response = await http.post(f"{tenant.issuer}oauth/token", content=body, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_a_body_that_is_too_long_is_refused(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    response = await http.post(f"{tenant.issuer}oauth/token", data={"grant_type": "x" * 70_000})
    assert (response.status_code, response.json()["error"]) == (413, "invalid_request")


@pytest.mark.parametrize("value", [b"Basic !", b"Basic bm9jb2xvbg==", b"Basic /w==", b"Basic \xff"])
async def test_a_basic_header_that_cannot_be_parsed_is_refused(
    tenant: LocalTenant, http: httpx.AsyncClient, value: bytes
) -> None:
    response = await http.post(f"{tenant.issuer}oauth/token", data=request(tenant), headers={b"Authorization": value})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_a_proof_of_possession_is_refused_rather_than_ignored(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    form = request(tenant) | tenant.credentials(MANAGEMENT)
    response = await http.post(f"{tenant.issuer}oauth/token", data=form, headers={"DPoP": "x"})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_no_answer_may_be_stored(tenant: LocalTenant) -> None:
    answers: list[Any] = [
        await tenant.request_token(request(tenant) | tenant.credentials(MANAGEMENT)),
        await tenant.request_token({}),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
