"""Proof Key for Code Exchange (RFC 7636), which public clients must use."""

import base64
import hashlib
import secrets
from typing import Any

import httpx
import pytest

from local.tenant._codes import code_challenge_of, code_verifier_matches
from local.tenant.testing import LocalTenant

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
WEB = "Help desk web"
COMMAND_LINE = "Help desk command line"


def query(tenant: LocalTenant, client: str = COMMAND_LINE, **parameters: str | None) -> dict[str, str]:
    values = {
        "response_type": "code",
        "client_id": tenant.client(client).client_id,
        "redirect_uri": tenant.tenant.clients.named(client).definition.callbacks[0],
        "scope": "helpdesk:ask",
        "audience": tenant.api("supervisor"),
        "state": "some state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return {name: value for name, value in values.items() if value is not None}


def redemption(tenant: LocalTenant, code: str, client: str = COMMAND_LINE, **parameters: str) -> dict[str, str]:
    callback = tenant.tenant.clients.named(client).definition.callbacks[0]
    fixed = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
    return fixed | parameters | tenant.credentials(client)


def test_the_example_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    assert code_challenge_of(VERIFIER) == CHALLENGE
    assert code_verifier_matches(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("length", [42, 129])
def test_a_verifier_of_the_wrong_length_never_matches(length: int) -> None:
    verifier = "a" * length
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert not code_verifier_matches(verifier, digest)


async def test_the_right_verifier_redeems_the_code(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    answer = await tenant.browse(http, query(tenant), "amelia.hart")
    response = await tenant.request_token(redemption(tenant, answer["code"], code_verifier=VERIFIER))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("verifier", "description"),
    [
        (secrets.token_urlsafe(32), "Failed to verify code verifier"),
        (CHALLENGE, "Failed to verify code verifier"),
        ("short", "Failed to verify code verifier"),
        (None, "Parameter 'code_verifier' is required"),
    ],
    ids=["another", "the challenge itself", "too short", "none"],
)
async def test_a_wrong_verifier_is_refused_and_the_right_one_still_serves(
    tenant: LocalTenant, http: httpx.AsyncClient, verifier: str | None, description: str
) -> None:
    answer = await tenant.browse(http, query(tenant), "amelia.hart")
    proof = {"code_verifier": verifier} if verifier is not None else {}
    refused = await tenant.request_token(redemption(tenant, answer["code"], **proof))
    assert refused.status_code == 403
    assert refused.json() == {"error": "invalid_grant", "error_description": description}
    assert (await tenant.request_token(redemption(tenant, answer["code"], code_verifier=VERIFIER))).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "Missing required parameter: code_challenge"),
        ({"code_challenge": None}, "Missing required parameter: code_challenge"),
        ({"code_challenge_method": None}, "code_challenge_method must be S256"),
        ({"code_challenge_method": "plain"}, "code_challenge_method must be S256"),
        ({"code_challenge": "short"}, "code_challenge must be 43 characters of base64url"),
        ({"code_challenge": CHALLENGE + "="}, "code_challenge must be 43 characters of base64url"),
    ],
    ids=["none at all", "method alone", "no method", "plain", "too short", "padded"],
)
async def test_a_public_client_must_send_an_s256_challenge(
    tenant: LocalTenant, http: httpx.AsyncClient, parameters: dict[str, Any], description: str
) -> None:
    answer = await tenant.browse(http, query(tenant, **parameters), "amelia.hart")
    assert answer == {"error": "invalid_request", "error_description": description, "state": "some state"}


async def test_a_confidential_client_may_do_without(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    asked = query(tenant, WEB, code_challenge=None, code_challenge_method=None)
    answer = await tenant.browse(http, asked, "amelia.hart")
    assert (await tenant.request_token(redemption(tenant, answer["code"], WEB))).status_code == 200


async def test_a_confidential_client_that_sent_a_challenge_must_prove_it(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    answer = await tenant.browse(http, query(tenant, WEB), "amelia.hart")
    refused = await tenant.request_token(redemption(tenant, answer["code"], WEB))
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")


async def test_a_verifier_without_a_challenge_is_refused(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    """The downgrade of RFC 9700 §4.8.2: an attacker strips the challenge from the request."""
    asked = query(tenant, WEB, code_challenge=None, code_challenge_method=None)
    answer = await tenant.browse(http, asked, "amelia.hart")
    refused = await tenant.request_token(redemption(tenant, answer["code"], WEB, code_verifier=VERIFIER))
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
