"""private_key_jwt, limit by limit (RFC 7523 §3; Auth0: authenticate-with-private-key-jwt)."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.tenant._clients import new_private_key, private_pem, thumbprint
from local.tenant.testing import LocalTenant, ManualClock
from shared.errors import ConfigurationError
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

SUPERVISOR = "Supervisor"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def request(tenant: LocalTenant, assertion: str, **parameters: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "audience": tenant.api("docs_search"),
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **parameters,
    }


async def outcome(tenant: LocalTenant, assertion: str, **parameters: str) -> tuple[int, str]:
    response = await tenant.request_token(request(tenant, assertion, **parameters))
    return response.status_code, response.json().get("error", "ok")


REFUSED = (401, "invalid_client")
SHORT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- to be refused


async def test_the_assertion_alone_says_who_the_client_is(tenant: LocalTenant) -> None:
    """Auth0's own example sends no client_id."""
    assert await outcome(tenant, tenant.assertion(SUPERVISOR)) == (200, "ok")


async def test_a_client_id_beside_it_must_be_the_same(tenant: LocalTenant) -> None:
    client_id = tenant.client(SUPERVISOR).client_id
    assert await outcome(tenant, tenant.assertion(SUPERVISOR), client_id=client_id) == (200, "ok")
    other = tenant.client("Supervisor API client").client_id
    assert await outcome(tenant, tenant.assertion(SUPERVISOR), client_id=other) == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 65},
        {"jti": 7},
        {"exp": "soon"},
        {"exp": True},
        {"iat": "now"},
    ],
    ids=str,
)
async def test_a_claim_that_is_wrong_or_missing_is_refused(tenant: LocalTenant, claims: dict[str, Any]) -> None:
    client_id = tenant.client(SUPERVISOR).client_id
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, **claims), client_id=client_id) == REFUSED


async def test_a_jti_of_64_characters_is_accepted(tenant: LocalTenant) -> None:
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, jti="x" * 64)) == (200, "ok")


@pytest.mark.parametrize(
    "audience",
    ["{issuer}oauth/token", "{bare}", "https://other.example/", ["{issuer}"], ["{issuer}", "https://other.example/"]],
    ids=str,
)
async def test_the_audience_is_the_issuer_exactly(tenant: LocalTenant, audience: str | list[str]) -> None:
    def fill(text: str) -> str:
        return text.format(issuer=tenant.issuer, bare=tenant.issuer.rstrip("/"))

    value = [fill(item) for item in audience] if isinstance(audience, list) else fill(audience)
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, aud=value)) == REFUSED


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"exp": 300}, True),
        ({"exp": 310}, True),
        ({"exp": 311}, False),
        ({"exp": -9}, True),
        ({"exp": -10}, False),
        ({"iat": 10}, True),
        ({"iat": 11}, False),
        ({"nbf": 10}, True),
        ({"nbf": 11}, False),
        ({"iat": -4000}, True),
    ],
    ids=str,
)
async def test_times_are_bounded_with_ten_seconds_of_leeway(
    tenant: LocalTenant, clock: ManualClock, claims: dict[str, int], *, accepted: bool
) -> None:
    times: dict[str, Any] = {name: int(clock()) + offset for name, offset in claims.items()}
    assertion = tenant.assertion(SUPERVISOR, **times)
    assert await outcome(tenant, assertion) == ((200, "ok") if accepted else REFUSED)


async def test_iat_may_be_absent(tenant: LocalTenant) -> None:
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, iat=None)) == (200, "ok")


@pytest.mark.requirement("B11")
async def test_an_assertion_is_for_one_use(tenant: LocalTenant) -> None:
    assertion = tenant.assertion(SUPERVISOR)
    assert await outcome(tenant, assertion) == (200, "ok")
    assert await outcome(tenant, assertion) == REFUSED


async def test_a_jti_stays_used_after_a_restart_and_until_the_assertion_is_dead(
    make_tenant: MakeTenant, clock: ManualClock
) -> None:
    first = make_tenant()
    assertion = first.assertion(SUPERVISOR, exp=int(clock()) + 300)
    assert await outcome(first, assertion) == (200, "ok")
    clock.advance(309)
    second = make_tenant()
    assert await outcome(second, assertion) == REFUSED
    clock.advance(2)
    assert await outcome(second, assertion) == REFUSED


async def test_clients_do_not_share_jtis(tenant: LocalTenant) -> None:
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, jti="one")) == (200, "ok")
    response = await tenant.request_token(request(tenant, tenant.assertion("Docs search API client", jti="one")))
    assert response.json()["error"] == "unauthorized_client"  # it has authenticated, and may do nothing


async def test_a_refused_assertion_uses_up_nothing(tenant: LocalTenant) -> None:
    bad = tenant.assertion(SUPERVISOR, jti="one", aud="https://other.example/")
    assert await outcome(tenant, bad) == REFUSED
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, jti="one")) == (200, "ok")


async def test_the_length_is_bounded(tenant: LocalTenant) -> None:
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, padding="x" * 900)) == (200, "ok")
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, padding="x" * 1400)) == REFUSED


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
async def test_the_algorithm_is_the_credentials_own(tenant: LocalTenant, alg: str) -> None:
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, alg=alg)) == REFUSED


async def test_no_signature_and_a_symmetric_one_are_refused(tenant: LocalTenant) -> None:
    claims = jwt.decode(tenant.assertion(SUPERVISOR), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    confused = jwt.encode(claims, "the public key as a secret, if a library falls for it", algorithm="HS256")
    elliptic = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    for assertion in (unsigned, confused, elliptic, "not.a.jwt", "nothing", f"{tenant.assertion(SUPERVISOR)}x"):
        assert (await outcome(tenant, assertion, client_id=claims["sub"])) == REFUSED


async def test_json_that_nests_too_deep_is_refused(tenant: LocalTenant) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 1200).rstrip(b"=").decode()
    for assertion in (f"{deep}.e30.x", f"e30.{deep}.x", f"{tenant.assertion(SUPERVISOR).split('.')[0]}.{deep}.x"):
        assert await outcome(tenant, assertion) == REFUSED


async def test_another_key_is_refused(tenant: LocalTenant) -> None:
    claims = jwt.decode(tenant.assertion(SUPERVISOR), options={"verify_signature": False})
    assert await outcome(tenant, jwt.encode(claims, new_private_key(), algorithm="RS256")) == REFUSED


async def test_a_kid_is_optional_and_must_be_known(tenant: LocalTenant) -> None:
    key = serialization.load_pem_private_key((tenant.client(SUPERVISOR).private_key_pem or "").encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    known = tenant.assertion(SUPERVISOR, headers={"kid": thumbprint(key.public_key())})
    assert await outcome(tenant, known) == (200, "ok")
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, headers={"kid": "other"})) == REFUSED


@pytest.mark.parametrize("assertion_type", ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
async def test_the_assertion_type_is_needed(tenant: LocalTenant, assertion_type: str) -> None:
    found = await outcome(tenant, tenant.assertion(SUPERVISOR), client_assertion_type=assertion_type)
    assert found == REFUSED


def with_keys(*pems: str, alg: str = "RS256") -> Callable[[Definition], None]:
    def change(document: Definition) -> None:
        credentials = [{"credential_type": "public_key", "pem": pem, "alg": alg} for pem in pems]
        client = named(document["clients"], SUPERVISOR)
        client["client_authentication_methods"]["private_key_jwt"]["credentials"] = credentials

    return change


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


async def test_either_of_two_keys_serves_while_one_follows_the_other(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    keys = [new_private_key(), new_private_key()]
    tenant = make_tenant(tenant_definition=edit_definition(with_keys(*map(public_pem, keys))))
    for number, key in enumerate(keys):
        (tenant.settings.folder / "clients/supervisor/key.pem").write_text(private_pem(key))
        assert await outcome(tenant, tenant.assertion(SUPERVISOR, jti=f"number {number}")) == (200, "ok")


@pytest.mark.parametrize("alg", ["RS384", "PS256"])
async def test_the_other_algorithms_serve_where_the_credential_names_them(
    make_tenant: MakeTenant, edit_definition: EditDefinition, alg: str
) -> None:
    key = new_private_key()
    tenant = make_tenant(tenant_definition=edit_definition(with_keys(public_pem(key), alg=alg)))
    (tenant.settings.folder / "clients/supervisor").mkdir(exist_ok=True)
    (tenant.settings.folder / "clients/supervisor/key.pem").write_text(private_pem(key))
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, alg=alg)) == (200, "ok")
    assert await outcome(tenant, tenant.assertion(SUPERVISOR, alg="RS256")) == REFUSED


@pytest.mark.parametrize(
    ("pems", "expected"),
    [
        ([public_pem(new_private_key())] * 3, "at most 2 items"),
        ([], "at least 1 item"),
        (["not a key"], "not a PEM public key"),
        ([public_pem(SHORT_KEY)], "not RSA of 2048 to 4096 bits"),
        ([public_pem(ec.generate_private_key(ec.SECP256R1()))], "not RSA of 2048 to 4096 bits"),
    ],
    ids=["three keys", "no key", "no key at all", "a short key", "an elliptic key"],
)
def test_keys_that_auth0_would_not_register_stop_the_start(
    make_tenant: MakeTenant, edit_definition: EditDefinition, tmp_path: Path, pems: list[str], expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        make_tenant(tmp_path / "fresh", tenant_definition=edit_definition(with_keys(*pems)))
