"""Claims of access tokens: what is accepted, and for each change of one property the one reason to refuse."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import ConfigurationError, InvalidToken
from shared.identity import JwksCache, RawToken, TokenVerifier
from shared.testing import AuthorizationServer, Clock
from shared.testing._authorization_server import Dialect

AUDIENCE = "https://helpdesk.example/supervisor"
SIBLING = "https://helpdesk.example/password_reset"
NOW = 1_800_000_000

Refused = Callable[[RawToken], Awaitable[str]]
Sign = Callable[..., RawToken]
GONE = ...


@pytest.mark.requirement("A8")
@pytest.mark.parametrize("dialect", ["access_token", "rfc9068_profile"])
async def test_both_of_auth0s_dialects_are_read_alike(
    server: AuthorizationServer, verifier: TokenVerifier, dialect: Dialect
) -> None:
    server.dialect = dialect
    token = server.user_token(audience=AUDIENCE, scopes=["b", "a"], client_id="portal", actors=["outer", "inner"])
    principal = await verifier.verify(token)
    assert (principal.issuer, principal.subject) == (server.issuer, "auth0|amelia")
    assert principal.scopes == {"a", "b"}
    assert principal.client_id == "portal"
    assert principal.actors == ("outer", "inner")
    assert principal.audience == AUDIENCE
    assert (principal.issued_at, principal.expires_at) == (NOW, NOW + 900)
    assert not principal.is_machine
    assert principal.token_id
    assert (principal.token_id == token.fingerprint()) is (dialect == "access_token")


@pytest.mark.parametrize("dialect", ["access_token", "rfc9068_profile"])
async def test_a_clients_own_token_is_a_machines(
    server: AuthorizationServer, verifier: TokenVerifier, dialect: Dialect
) -> None:
    server.dialect = dialect
    principal = await verifier.verify(server.machine_token("supervisor", audience=AUDIENCE, scopes=["agent:invoke"]))
    assert principal.is_machine
    assert (principal.subject, principal.client_id) == ("supervisor@clients", "supervisor")


@pytest.mark.parametrize("change", [{"sub": "portal"}, {"gty": "client-credentials"}])
async def test_a_machine_is_also_known_without_auth0s_suffix(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign, change: dict[str, Any]
) -> None:
    """RFC 9068 §5: without a resource owner, sub is the client."""
    principal = await verifier.verify(sign(server.user_claims(audience=AUDIENCE) | change))
    assert principal.is_machine


@pytest.mark.requirement("A4")
async def test_a_list_of_audiences_that_holds_ours_is_accepted(
    server: AuthorizationServer, verifier: TokenVerifier
) -> None:
    """Auth0 adds its userinfo endpoint where the sign-in asked for `openid`."""
    token = server.user_token(audience=[AUDIENCE, f"{server.issuer}userinfo"])
    assert (await verifier.verify(token)).audience == AUDIENCE


@pytest.mark.requirement("A7")
async def test_permissions_are_kept_apart_from_scopes(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign
) -> None:
    claims = server.user_claims(audience=AUDIENCE, scopes=["helpdesk:ask"]) | {"permissions": ["account:unlock"]}
    principal = await verifier.verify(sign(claims))
    assert principal.scopes == {"helpdesk:ask"}
    assert principal.permissions == {"account:unlock"}


@pytest.mark.parametrize("scope", ["", " ", GONE])
async def test_no_scope_is_no_scope(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign, scope: object
) -> None:
    claims = server.user_claims(audience=AUDIENCE) | ({} if scope is GONE else {"scope": scope})
    assert (await verifier.verify(sign(claims))).scopes == frozenset()


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt"])
async def test_the_types_of_an_access_token(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign, kind: str
) -> None:
    """Media types are compared without regard to case (RFC 7515 §4.1.9)."""
    await verifier.verify(sign(server.user_claims(audience=AUDIENCE), typ=kind))


async def test_ps256_is_accepted(server: AuthorizationServer, verifier: TokenVerifier, sign: Sign) -> None:
    server.published = [server.signing_key.jwk(alg="PS256")]
    await verifier.verify(sign(server.user_claims(audience=AUDIENCE), alg="PS256"))


@pytest.mark.parametrize("change", [{"sub": "a" * 255}, {"jti": "j" * 255}, {"exp": 253_402_300_799}, {"iat": 0}])
async def test_the_last_values_that_are_allowed(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign, change: dict[str, Any]
) -> None:
    await verifier.verify(sign(server.user_claims(audience=AUDIENCE) | change))


# Each row: what is changed in a valid token's claims (GONE takes it away), and the reason to refuse.
CLAIMS: list[tuple[str, Any, str]] = [
    ("iss", GONE, "token_claim_missing"),
    ("iss", "https://issuer.example", "token_issuer_mismatch"),
    ("iss", "https://issuer.example//", "token_issuer_mismatch"),
    ("iss", "https://ISSUER.example/", "token_issuer_mismatch"),
    ("iss", "https://other.example/", "token_issuer_mismatch"),
    ("iss", ["https://issuer.example/"], "token_claim_malformed"),
    ("iss", "", "token_claim_malformed"),
    ("sub", GONE, "token_claim_missing"),
    ("sub", "", "token_claim_malformed"),
    ("sub", None, "token_claim_malformed"),
    ("sub", 7, "token_claim_malformed"),
    ("sub", {"sub": "auth0|amelia"}, "token_claim_malformed"),
    ("sub", "auth0|a\nb", "token_claim_malformed"),
    ("sub", "auth0|a\x00", "token_claim_malformed"),
    ("sub", "auth0|\u202eb", "token_claim_malformed"),
    ("sub", "auth0|\ud800", "token_claim_malformed"),
    ("sub", "a" * 256, "token_claim_malformed"),
    ("aud", GONE, "token_claim_missing"),
    ("aud", SIBLING, "token_audience_mismatch"),
    ("aud", [SIBLING], "token_audience_mismatch"),
    ("aud", [], "token_audience_mismatch"),
    ("aud", f"{AUDIENCE}/", "token_audience_mismatch"),
    ("aud", f"{AUDIENCE} {SIBLING}", "token_audience_mismatch"),
    ("aud", "portal", "token_audience_mismatch"),
    ("aud", None, "token_claim_malformed"),
    ("aud", [AUDIENCE, 7], "token_claim_malformed"),
    ("aud", {AUDIENCE: True}, "token_claim_malformed"),
    ("exp", GONE, "token_claim_missing"),
    ("exp", NOW - 10, "token_expired"),
    ("exp", 0, "token_expired"),
    ("exp", -1, "token_claim_malformed"),
    ("exp", str(NOW + 900), "token_claim_malformed"),
    ("exp", None, "token_claim_malformed"),
    ("exp", True, "token_claim_malformed"),
    ("exp", NOW, "token_claim_malformed"),  # iat is then no earlier: a token that never was valid
    ("exp", 10**400, "token_claim_malformed"),
    ("exp", 253_402_300_800, "token_claim_malformed"),  # the year 10000
    ("iat", GONE, "token_claim_missing"),
    ("iat", NOW + 11, "token_issued_in_future"),
    ("iat", "yesterday", "token_claim_malformed"),
    ("iat", [NOW], "token_claim_malformed"),
    ("nbf", NOW + 11, "token_not_yet_valid"),
    ("nbf", "later", "token_claim_malformed"),
    ("nbf", None, "token_claim_malformed"),
    ("client_id", GONE, "token_claim_missing"),
    ("client_id", "", "token_claim_malformed"),
    ("client_id", ["portal"], "token_claim_malformed"),
    ("azp", "another", "token_client_mismatch"),
    ("azp", "", "token_claim_malformed"),
    ("sub", "another@clients", "token_client_mismatch"),
    ("scope", ["helpdesk:ask"], "token_claim_malformed"),
    ("scope", None, "token_claim_malformed"),
    ("scope", 'quoted"', "token_claim_malformed"),
    ("scope", "two\tscopes", "token_claim_malformed"),
    ("scope", "schön", "token_claim_malformed"),
    ("permissions", "account:read", "token_claim_malformed"),
    ("permissions", [1], "token_claim_malformed"),
    ("permissions", [""], "token_claim_malformed"),
    ("permissions", None, "token_claim_malformed"),
    ("jti", "", "token_claim_malformed"),
    ("jti", 7, "token_claim_malformed"),
    ("act", {}, "token_actor_chain"),
    ("act", "supervisor-api", "token_actor_chain"),
    ("act", None, "token_actor_chain"),
    ("act", {"sub": ""}, "token_actor_chain"),
    ("act", {"sub": ["a"]}, "token_actor_chain"),
    ("act", {"client_id": "a"}, "token_actor_chain"),
    ("act", [{"sub": "a"}], "token_actor_chain"),
    ("act", {"sub": "a", "act": None}, "token_actor_chain"),
    ("act", {"sub": "a", "act": {"sub": "b\n"}}, "token_actor_chain"),
    ("cnf", {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, "token_bound"),
    ("cnf", {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}, "token_bound"),
    ("cnf", None, "token_bound"),
    ("nonce", "n", "token_type"),
    ("at_hash", "h", "token_type"),
    ("c_hash", "h", "token_type"),
    ("s_hash", "h", "token_type"),
    ("events", {}, "token_type"),
]


@pytest.mark.requirement("A2")
@pytest.mark.requirement("A3")
@pytest.mark.requirement("A4")
@pytest.mark.requirement("A5")
@pytest.mark.parametrize(("claim", "value", "reason"), CLAIMS, ids=[f"{c}-{str(v)[:30]!a}" for c, v, _ in CLAIMS])
async def test_a_change_of_one_claim_is_refused_for_that_reason(
    server: AuthorizationServer, sign: Sign, refused: Refused, claim: str, value: Any, reason: str
) -> None:
    claims = server.user_claims(audience=AUDIENCE, scopes=["helpdesk:ask"])
    assert await refused(sign({name: v for name, v in (claims | {claim: value}).items() if v is not GONE})) == reason


@pytest.mark.requirement("A10")
async def test_the_leeway_is_ten_seconds_and_no_more(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign, refused: Refused
) -> None:
    claims = server.user_claims(audience=AUDIENCE)
    for fits in ({"exp": NOW - 9, "iat": NOW - 20}, {"nbf": NOW + 10}, {"iat": NOW + 10}):
        await verifier.verify(sign(claims | fits))
    assert await refused(sign(claims | {"exp": NOW - 10, "iat": NOW - 20})) == "token_expired"


@pytest.mark.requirement("A10")
async def test_the_leeway_may_be_none(server: AuthorizationServer, keys: JwksCache, clock: Clock, sign: Sign) -> None:
    verifier = TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, leeway=0)
    claims = server.user_claims(audience=AUDIENCE)
    await verifier.verify(sign(claims | {"exp": NOW + 1}))
    with pytest.raises(InvalidToken):
        await verifier.verify(sign(claims | {"iat": NOW + 1}))


@pytest.mark.requirement("A10")
@pytest.mark.parametrize(
    "unsafe",
    [
        {"leeway": 11},
        {"leeway": -1},
        {"leeway": float("nan")},
        {"algorithms": ()},
        {"algorithms": ("none",)},
        {"algorithms": ("RS256", "HS256")},
    ],
    ids=str,
)
def test_an_unsafe_verifier_is_not_made(server: AuthorizationServer, keys: JwksCache, unsafe: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        TokenVerifier(server.issuer, AUDIENCE, keys, **unsafe)


def test_a_verifier_takes_keys_of_its_own_issuer_only(keys: JwksCache) -> None:
    with pytest.raises(ConfigurationError):
        TokenVerifier("https://other.example/", AUDIENCE, keys)
    with pytest.raises(ConfigurationError):
        TokenVerifier(keys.issuer, "", keys)


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("depth", range(1, 8))
async def test_a_chain_of_actors_is_read_to_a_depth_of_five(
    server: AuthorizationServer, verifier: TokenVerifier, refused: Refused, depth: int
) -> None:
    """Auth0's limit: at most five levels."""
    actors = [f"actor-{number}" for number in range(depth)]
    token = server.user_token(audience=AUDIENCE, actors=actors)
    if depth > 5:
        assert await refused(token) == "token_actor_chain"
    else:
        assert (await verifier.verify(token)).actors == tuple(actors)


async def test_an_actor_may_say_more_of_itself(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign
) -> None:
    """Auth0's agents as principals put `iss`, `client_id` and `sub_profile` beside `sub`."""
    act = {"sub": "agt_1", "sub_profile": "ai_agent", "client_id": "a", "act": {"sub": "portal", "iss": "x"}}
    assert (await verifier.verify(sign(server.user_claims(audience=AUDIENCE) | {"act": act}))).actors == (
        "agt_1",
        "portal",
    )


async def test_a_delegated_token_about_a_machine_is_a_machines(
    server: AuthorizationServer, verifier: TokenVerifier
) -> None:
    """Auth0 does not issue one; should it, nobody takes it for a person's."""
    token = server.user_token("a@clients", audience=AUDIENCE, client_id="b", actors=["b", "a"])
    assert (await verifier.verify(token)).is_machine


async def test_the_reason_and_the_detail_do_not_repeat_the_token(
    server: AuthorizationServer, verifier: TokenVerifier, sign: Sign
) -> None:
    token = sign(server.user_claims(audience=SIBLING))
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    for part in token.reveal().split("."):
        assert part not in f"{caught.value!r}{caught.value}{caught.value.detail}{vars(caught.value)}"
