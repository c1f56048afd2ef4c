"""The keys of a client that signs its assertions, and how one follows another."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.tenant._clients import private_pem
from local.tenant._test_server import KeyPool
from local.tenant.testing import LocalTenant
from tests.tenant._managed import call, service, token_refusal
from tests.tenant._support import MakeTenant


@pytest.fixture
def tenant(make_tenant: MakeTenant) -> LocalTenant:
    """A tenant that begins empty."""
    return make_tenant(tenant_managed=True)


@pytest.fixture
def keys() -> Iterator[KeyPool]:
    pool = KeyPool()
    yield pool
    pool.give_back()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


async def keyed(tenant: LocalTenant, key: rsa.RSAPrivateKey) -> str:
    client_id = str((await service(tenant))["client_id"])
    await add(tenant, client_id, "caller-1", key)
    await use(tenant, client_id)
    return client_id


async def add(tenant: LocalTenant, client_id: str, name: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    body = {"credential_type": "public_key", "name": name, "pem": public_pem(key)}
    made: dict[str, Any] = await call(tenant, "POST", f"clients/{client_id}/credentials", body)
    return made


async def use(tenant: LocalTenant, client_id: str, *names: str) -> None:
    keys = await call(tenant, "GET", f"clients/{client_id}/credentials")
    used = [{"id": key["id"]} for key in keys if not names or key["name"] in names]
    methods = {"private_key_jwt": {"credentials": used}}
    body = {"client_authentication_methods": methods, "token_endpoint_auth_method": None}
    await call(tenant, "PATCH", f"clients/{client_id}", body)


async def status(tenant: LocalTenant, key: rsa.RSAPrivateKey) -> int:
    (tenant.settings.folder / "clients/caller/key.pem").write_text(private_pem(key), encoding="utf-8")
    return (await token_refusal(tenant, **tenant.credentials("Caller")))[0]


async def test_a_key_is_told_by_name_and_never_shown(tenant: LocalTenant, keys: KeyPool) -> None:
    client_id = str((await service(tenant))["client_id"])
    made = await add(tenant, client_id, "caller-1", keys.take())
    assert (made["name"], made["alg"], made["credential_type"]) == ("caller-1", "RS256", "public_key")
    assert await call(tenant, "GET", f"clients/{client_id}/credentials") == [made]
    assert "pem" not in made


async def test_a_key_takes_the_place_of_the_secret(tenant: LocalTenant, keys: KeyPool) -> None:
    key, client = keys.take(), await service(tenant)
    assert await token_refusal(tenant, **tenant.credentials("Caller")) == (200, "ok")
    await add(tenant, client["client_id"], "caller-1", key)
    await use(tenant, client["client_id"])
    assert await status(tenant, key) == 200
    secret = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert await token_refusal(tenant, **secret) == (401, "access_denied")
    assert tenant.client("Caller").client_secret is None


async def test_one_key_follows_another_with_a_time_in_which_both_serve(tenant: LocalTenant, keys: KeyPool) -> None:
    old, new = keys.take(), keys.take()
    client_id = await keyed(tenant, old)
    assert await status(tenant, new) == 401
    await add(tenant, client_id, "caller-2", new)
    await use(tenant, client_id)
    assert [await status(tenant, key) for key in (old, new)] == [200, 200]
    await use(tenant, client_id, "caller-2")
    assert [await status(tenant, key) for key in (old, new)] == [401, 200]
    first = next(
        key["id"] for key in await call(tenant, "GET", f"clients/{client_id}/credentials") if key["name"] == "caller-1"
    )
    await call(tenant, "DELETE", f"clients/{client_id}/credentials/{first}")
    assert await status(tenant, new) == 200


async def test_a_key_in_use_is_not_deleted_and_a_third_is_not_taken(tenant: LocalTenant, keys: KeyPool) -> None:
    client_id = await keyed(tenant, keys.take())
    await add(tenant, client_id, "caller-2", keys.take())
    path = f"clients/{client_id}/credentials"
    (used, _) = await call(tenant, "GET", path)
    assert (await tenant.manage("DELETE", f"{path}/{used['id']}")).json()["errorCode"] == "credential_in_use"
    assert (await tenant.manage("DELETE", f"{path}/cred_none")).status_code == 404
    body = {"credential_type": "public_key", "name": "caller-3", "pem": public_pem(keys.take())}
    assert (await tenant.manage("POST", path, body)).json()["errorCode"] == "too_many_credentials"


@pytest.mark.parametrize(
    "change",
    [
        {"pem": "-----BEGIN PUBLIC KEY-----"},
        {"pem": None},
        {"alg": "ES256"},
        {"credential_type": "x509_cert"},
        {"use": "sig"},
    ],
)
async def test_what_is_no_rsa_public_key_is_refused(tenant: LocalTenant, keys: KeyPool, change: dict[str, Any]) -> None:
    client_id = (await service(tenant))["client_id"]
    body = {"credential_type": "public_key", "name": "x", "pem": public_pem(keys.take())} | change
    assert (await tenant.manage("POST", f"clients/{client_id}/credentials", body)).status_code == 400


async def test_a_client_is_made_with_its_key(tenant: LocalTenant, keys: KeyPool) -> None:
    key = {"credential_type": "public_key", "name": "made-1", "pem": public_pem(keys.take())}
    body: dict[str, Any] = {"name": "Made", "app_type": "non_interactive", "grant_types": ["client_credentials"]}
    body |= {"client_authentication_methods": {"private_key_jwt": {"credentials": [key]}}}
    made = await call(tenant, "POST", "clients", body)
    assert "client_secret" not in made
    assert len(tenant.tenant.clients.named("Made").keys) == 1


async def test_one_method_at_a_time_and_only_the_clients_own_keys(tenant: LocalTenant, keys: KeyPool) -> None:
    client_id = await keyed(tenant, keys.take())
    both = await tenant.manage("PATCH", f"clients/{client_id}", {"token_endpoint_auth_method": "none"})
    assert "exclude each other" in both.json()["message"]
    refused: list[tuple[dict[str, Any], str]] = [
        ({"private_key_jwt": {"credentials": [{"id": "cred_none"}]}}, "No such credential"),
        ({"private_key_jwt": {"credentials": []}}, "one or two"),
        ({"private_key_jwt": {"credentials": "x"}}, "type array"),
        ({"tls_client_auth": {"credentials": []}}, "private_key_jwt only"),
    ]
    for methods, words in refused:
        body = {"client_authentication_methods": methods, "token_endpoint_auth_method": None}
        assert words in (await tenant.manage("PATCH", f"clients/{client_id}", body)).json()["message"]
