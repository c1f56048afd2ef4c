"""ID tokens: accepted by the client that asked for them, for the request that it made, and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import InvalidToken
from shared.identity import IdToken, JwksCache, RawToken, verify_id_token
from shared.testing import AuthorizationServer, Clock

NOW = 1_800_000_000
Sign = Callable[..., RawToken]
Check = Callable[..., Any]


@pytest.fixture
def claims(server: AuthorizationServer) -> dict[str, Any]:
    server.dialect = "access_token"  # Auth0's ID tokens have the type JWT
    return {
        "iss": server.issuer,
        "sub": "auth0|amelia",
        "aud": "portal",
        "iat": NOW,
        "exp": NOW + 36_000,
        "nonce": "n-1",
        "name": "Amelia Hart",
    }


@pytest.fixture
def check(keys: JwksCache, clock: Clock, sign: Sign) -> Check:
    async def check(claims: Any, *, nonce: str | None = "n-1", **header: Any) -> IdToken:
        return await verify_id_token(sign(claims, **header), keys=keys, client_id="portal", nonce=nonce, clock=clock)

    return check


@pytest.mark.parametrize(
    "change", [{}, {"aud": ["portal"]}, {"azp": "portal"}, {"exp": NOW - 9, "iat": NOW - 60}, {"iat": NOW + 10}]
)
async def test_it_says_who_signed_in(claims: dict[str, Any], check: Check, change: dict[str, Any]) -> None:
    assert await check(claims | change) == IdToken(subject="auth0|amelia", name="Amelia Hart")


@pytest.mark.parametrize("name", [None, 7, "", "a\nb", "\u202eb", ["Amelia"]])
async def test_a_name_that_cannot_be_shown_is_not(claims: dict[str, Any], check: Check, name: Any) -> None:
    assert (await check(claims | {"name": name})).name is None


async def test_without_a_nonce_of_ours_none_is_compared(claims: dict[str, Any], check: Check) -> None:
    """The device flow has none."""
    await check(claims, nonce=None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "https://issuer.example"}, "token_issuer_mismatch"),
        ({"aud": "another"}, "token_audience_mismatch"),
        ({"aud": ["portal", "another"]}, "token_audience_mismatch"),
        ({"aud": []}, "token_audience_mismatch"),
        ({"aud": None}, "token_audience_mismatch"),
        ({"azp": "another"}, "token_audience_mismatch"),
        ({"exp": NOW - 10, "iat": NOW - 60}, "token_expired"),
        ({"iat": NOW + 11}, "token_issued_in_future"),
        ({"nbf": NOW + 11}, "token_not_yet_valid"),
        ({"nonce": "n-2"}, "token_nonce_mismatch"),
        ({"nonce": None}, "token_nonce_mismatch"),
        ({"nonce": ""}, "token_nonce_mismatch"),
        ({"nonce": ["n-1"]}, "token_nonce_mismatch"),
        ({"nonce": "\ud800"}, "token_nonce_mismatch"),
        ({"sub": ""}, "token_claim_malformed"),
        ({"sub": "a\n"}, "token_claim_malformed"),
    ],
    ids=str,
)
async def test_a_change_of_one_claim_is_refused_for_that_reason(
    claims: dict[str, Any], check: Check, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await check(claims | change)
    assert caught.value.reason == reason


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "nonce"])
async def test_each_required_claim_is_required(claims: dict[str, Any], check: Check, claim: str) -> None:
    del claims[claim]
    with pytest.raises(InvalidToken):
        await check(claims)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": "at+jwt"}, "token_type"),
        ({"typ": None}, "token_type"),
        ({"alg": "none"}, "token_algorithm"),
        ({"alg": "HS256"}, "token_algorithm"),
        ({"kid": "another"}, "token_key_unknown"),
    ],
    ids=str,
)
async def test_a_change_of_one_header_is_refused_for_that_reason(
    claims: dict[str, Any], check: Check, header: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await check(claims, **header)
    assert caught.value.reason == reason


@pytest.mark.requirement("A3")
async def test_an_access_token_is_not_an_id_token(server: AuthorizationServer, check: Check) -> None:
    server.dialect = "access_token"
    with pytest.raises(InvalidToken):
        await check(server.user_claims(audience="https://helpdesk.example/supervisor"), nonce=None)
