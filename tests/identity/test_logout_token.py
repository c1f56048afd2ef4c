"""Logout tokens: taken from the issuer, for this client, while they are news; and no other token is taken for one."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import InvalidToken
from shared.identity import JwksCache, LogoutToken, RawToken, verify_id_token, verify_logout_token
from shared.testing import AuthorizationServer, Clock

NOW = 1_800_000_000
EVENT = "http://schemas.openid.net/event/backchannel-logout"
Sign = Callable[..., RawToken]
Check = Callable[..., Any]


@pytest.fixture
def claims(server: AuthorizationServer) -> dict[str, Any]:
    """As Auth0 writes them, `trace_id` and all."""
    server.dialect = "access_token"  # Auth0's logout tokens have the type JWT
    return {
        "iss": server.issuer,
        "sub": "auth0|amelia",
        "aud": "web",
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "44a91215-dfb4-4dfe-a1eb-fcafa911deba",
        "events": {EVENT: {}},
        "trace_id": "81b336a94a4a5707",
        "sid": "375UIp_ID5mCTClIeBEHpXfGwq51tF_L",
    }


@pytest.fixture
def check(keys: JwksCache, clock: Clock, sign: Sign) -> Check:
    async def check(claims: Any, **header: Any) -> LogoutToken:
        return await verify_logout_token(sign(claims, **header), keys=keys, client_id="web", clock=clock)

    return check


@pytest.mark.parametrize(
    "change", [{}, {"aud": ["web"]}, {"exp": NOW - 9, "iat": NOW - 60}, {"iat": NOW + 10}], ids=str
)
async def test_it_says_whose_session_has_ended(claims: dict[str, Any], check: Check, change: dict[str, Any]) -> None:
    token = await check(claims | change)
    assert (token.subject, token.session_id) == ("auth0|amelia", "375UIp_ID5mCTClIeBEHpXfGwq51tF_L")


async def test_the_specifications_own_type_is_taken_too(claims: dict[str, Any], check: Check) -> None:
    assert (await check(claims, typ="logout+jwt")).token_id == claims["jti"]


@pytest.mark.parametrize("claim", ["sub", "sid"])
async def test_one_of_subject_and_session_is_enough(claims: dict[str, Any], check: Check, claim: str) -> None:
    del claims[claim]
    token = await check(claims)
    assert (token.subject is None, token.session_id is None) == (claim == "sub", claim == "sid")


async def test_without_either_nobody_is_meant(claims: dict[str, Any], check: Check) -> None:
    del claims["sub"], claims["sid"]
    with pytest.raises(InvalidToken) as caught:
        await check(claims)
    assert caught.value.reason == "token_claim_missing"


@pytest.mark.requirement("W9")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "https://issuer.example"}, "token_issuer_mismatch"),
        ({"aud": "another"}, "token_audience_mismatch"),
        ({"aud": ["web", "another"]}, "token_audience_mismatch"),
        ({"aud": None}, "token_audience_mismatch"),
        ({"exp": NOW - 10, "iat": NOW - 60}, "token_expired"),
        ({"exp": NOW + 36_000, "iat": NOW - 301}, "token_expired"),
        ({"iat": NOW + 11}, "token_issued_in_future"),
        ({"nbf": NOW + 11}, "token_not_yet_valid"),
        ({"nonce": "n-1"}, "token_type"),
        ({"nonce": None}, "token_type"),
        ({"events": {}}, "token_type"),
        ({"events": [EVENT]}, "token_type"),
        ({"events": {EVENT: True}}, "token_type"),
        ({"events": {"https://other.example/event": {}}}, "token_type"),
        ({"sub": ""}, "token_claim_malformed"),
        ({"sub": None}, "token_claim_malformed"),
        ({"sid": ["a"]}, "token_claim_malformed"),
        ({"jti": 7}, "token_claim_malformed"),
    ],
    ids=str,
)
async def test_a_change_of_one_claim_is_refused_for_that_reason(
    claims: dict[str, Any], check: Check, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidToken) as caught:
        await check(claims | change)
    assert caught.value.reason == reason


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti", "events"])
async def test_each_required_claim_is_required(claims: dict[str, Any], check: Check, claim: str) -> None:
    del claims[claim]
    with pytest.raises(InvalidToken):
        await check(claims)


@pytest.mark.requirement("W9")
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
@pytest.mark.requirement("W9")
async def test_neither_is_an_id_token_one_nor_it_an_id_token(
    claims: dict[str, Any], check: Check, keys: JwksCache, clock: Clock, sign: Sign
) -> None:
    """Not even an ID token of a flow without a nonce."""
    id_token = {name: value for name, value in claims.items() if name not in {"events", "jti", "trace_id"}}
    with pytest.raises(InvalidToken):
        await check(id_token)
    with pytest.raises(InvalidToken) as caught:
        await verify_id_token(sign(claims), keys=keys, client_id="web", nonce=None, clock=clock)
    assert caught.value.reason == "token_type"
