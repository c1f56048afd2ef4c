"""Whatever arrives: a principal, or `InvalidToken`; never another error, and never more than was signed."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.responses import JSONResponse

from shared.errors import InvalidToken, UpstreamRefused
from shared.identity import JwksCache, Principal, RawToken, TokenVerifier
from shared.identity._claims import parse_actors, parse_scope
from shared.identity._grants import process_client_credentials_response, process_token_exchange_response
from shared.identity._wire import Response, parse_object
from shared.testing import AuthorizationServer, SigningKey, encode_part

AUDIENCE = "https://helpdesk.example/supervisor"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CLAIMS = "iss sub aud exp iat nbf jti client_id azp scope permissions act cnf gty nonce events"
HEADER = "alg typ kid crit b64 jwk jku x5c"
claim_names, header_names = st.sampled_from(CLAIMS.split()), st.sampled_from(HEADER.split())


def verify(value: str) -> Principal | None:
    """What a verifier makes of a token; None if it refuses. Any other error is the test's failure."""

    async def run() -> Principal | None:
        server = AuthorizationServer()
        keys = JwksCache(server.discovery_url, server.issuer, server.create_http_client())
        return await TokenVerifier(server.issuer, AUDIENCE, keys).verify(RawToken(value))

    with suppress(InvalidToken):
        return asyncio.run(run())
    return None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda content: content.decode("latin-1")))
def test_any_text_is_refused(value: str) -> None:
    assert verify(value) is None


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_any_three_parts_are_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    assert verify(".".join(encode_part(part) for part in (header, payload, signature))) is None


@given(st.binary(max_size=200))
def test_any_signed_bytes_are_refused(payload: bytes) -> None:
    assert verify(SigningKey().sign(AuthorizationServer().header(), payload)) is None


@given(st.dictionaries(claim_names, json_values, min_size=1, max_size=3), st.dictionaries(header_names, json_values))
@example({"scope": ""}, {})
def test_any_signed_claims_are_taken_as_they_are_or_refused(changes: dict[str, Any], header: dict[str, Any]) -> None:
    server = AuthorizationServer()
    claims = server.user_claims(audience=AUDIENCE, scopes=["helpdesk:ask"]) | changes
    principal = verify(SigningKey().sign(server.header() | header, claims))
    if principal is None:
        return
    assert not set(changes) & {"cnf", "nonce", "events"}
    assert not set(header) & {"crit", "b64"}
    assert principal.issuer == claims["iss"] == server.issuer
    assert principal.subject == claims["sub"]
    assert claims["aud"] == AUDIENCE or AUDIENCE in claims["aud"]
    assert principal.scopes == set(claims.get("scope", "").split())
    assert principal.permissions == set(claims.get("permissions", []))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_json_object_or_a_value_error(data: bytes) -> None:
    try:
        value = parse_object(data)
    except ValueError:
        return
    assert isinstance(value, dict)
    assert value == json.loads(data)


scope_tokens = st.text(st.sampled_from("abc:_-./!#[]^~"), min_size=1, max_size=6)


@given(st.frozensets(scope_tokens, max_size=6), st.integers(1, 3))
def test_scopes_come_back_as_they_were_joined(scopes: frozenset[str], spaces: int) -> None:
    assert parse_scope({"scope": (" " * spaces).join(scopes)}) == scopes


@given(json_values)
def test_a_scope_of_any_kind_is_a_set_of_scope_tokens_or_refused(value: Any) -> None:
    try:
        scopes = parse_scope({"scope": value})
    except InvalidToken:
        return
    assert isinstance(value, str)
    assert all(0x21 <= ord(c) <= 0x7E and c not in '"\\' for scope in scopes for c in scope)
    assert " ".join(sorted(scopes)).split() == sorted(scopes)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5), max_size=8))
def test_a_chain_of_actors_is_read_in_order_or_refused(actors: list[str]) -> None:
    claims: dict[str, Any] = {}
    for actor in reversed(actors):
        claims = {"act": {"sub": actor, **claims}}
    if len(actors) <= 5:
        assert parse_actors(claims) == tuple(actors)
    else:
        with pytest.raises(InvalidToken):
            parse_actors(claims)


@given(json_values)
def test_an_actor_of_any_kind_is_a_chain_or_refused(act: Any) -> None:
    with suppress(InvalidToken):
        assert parse_actors({"act": act})[0] == act["sub"]


sets_of_scopes = st.frozensets(st.sampled_from(["a", "b", "c", "d"]))


@given(sets_of_scopes.filter(bool), st.none() | sets_of_scopes)
def test_no_more_scopes_than_were_asked_for_are_ever_taken(
    asked: frozenset[str], granted: frozenset[str] | None
) -> None:
    """B4, as far as the client can see: what the exchange gives is within what it asked for."""
    answer = {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 9,
        "issued_token_type": ACCESS_TOKEN_TYPE,
        **({} if granted is None else {"scope": " ".join(sorted(granted))}),
    }
    response = Response(200, {}, JSONResponse(answer).body)  # type: ignore[arg-type] # no header is looked at here
    for process in (process_client_credentials_response, process_token_exchange_response):
        try:
            token = process(response, scopes=asked, sent_at=0.0)
        except UpstreamRefused:
            assert granted is not None
            assert not granted <= asked
        else:
            assert token.scopes == (asked if granted is None else granted) <= asked
            assert token.scopes | token.missing_scopes == asked
