"""Form, header and signature of tokens: RFC 7515, RFC 8725; each change of one property has one reason to refuse."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import InvalidToken
from shared.identity import JwksCache, RawToken, TokenVerifier
from shared.testing import AuthorizationServer, Clock, SigningKey, encode_part

AUDIENCE = "https://helpdesk.example/supervisor"
NOW = 1_800_000_000

Refused = Callable[[RawToken], Awaitable[str]]
Sign = Callable[..., RawToken]

HEADER: list[tuple[str, Any, str]] = [
    ("alg", None, "token_algorithm"),
    ("alg", "none", "token_algorithm"),
    ("alg", "None", "token_algorithm"),
    ("alg", "HS256", "token_algorithm"),
    ("alg", "RS384", "token_algorithm"),
    ("alg", "ES256", "token_algorithm"),
    ("alg", "rs256", "token_algorithm"),
    ("alg", ["RS256"], "token_algorithm"),
    ("alg", {"RS256": 1}, "token_algorithm"),
    ("alg", "PS256", "token_algorithm"),  # allowed, but the key is for RS256
    ("typ", None, "token_type"),
    ("typ", "", "token_type"),
    ("typ", "id+jwt", "token_type"),
    ("typ", "dpop+jwt", "token_type"),
    ("typ", "logout+jwt", "token_type"),
    ("typ", "token-vault-req+jwt", "token_type"),
    ("typ", ["JWT"], "token_type"),
    ("crit", ["exp"], "token_critical_header"),
    ("crit", ["b64"], "token_critical_header"),
    ("crit", [], "token_critical_header"),
    ("b64", False, "token_critical_header"),
    ("b64", True, "token_critical_header"),
    ("kid", None, "token_key_unknown"),
    ("kid", "", "token_key_unknown"),
    ("kid", "another", "token_key_unknown"),
    ("kid", "key-1\n", "token_key_unknown"),
    ("kid", 1, "token_key_unknown"),
    ("kid", ["key-1"], "token_key_unknown"),
    ("kid", "k" * 256, "token_key_unknown"),
]


@pytest.mark.requirement("A3")
@pytest.mark.parametrize(("member", "value", "reason"), HEADER, ids=[f"{m}-{str(v)[:30]!a}" for m, v, _ in HEADER])
async def test_a_change_of_one_header_is_refused_for_that_reason(
    server: AuthorizationServer, sign: Sign, refused: Refused, member: str, value: Any, reason: str
) -> None:
    assert await refused(sign(server.user_claims(audience=AUDIENCE), **{member: value})) == reason


@pytest.mark.requirement("A3")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384", "ES256", "PS384", None])
async def test_a_key_that_names_no_algorithm_is_not_for_every_algorithm(
    server: AuthorizationServer, sign: Sign, refused: Refused, algorithm: str | None
) -> None:
    """Auth0 leaves `alg` out of its keys by a setting of the tenant."""
    server.published = [server.signing_key.jwk(alg=None)]
    assert await refused(sign(server.user_claims(audience=AUDIENCE), alg=algorithm)) == "token_algorithm"


@pytest.mark.parametrize(("allowed", "other"), [("RS256", "PS256"), ("PS256", "RS256")])
async def test_a_verifier_may_allow_one_algorithm_alone(
    server: AuthorizationServer, keys: JwksCache, clock: Clock, sign: Sign, allowed: str, other: str
) -> None:
    server.published = [server.signing_key.jwk(alg=None)]
    verifier = TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, algorithms=[allowed])
    claims = server.user_claims(audience=AUDIENCE)
    await verifier.verify(sign(claims, alg=allowed))
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(sign(claims, alg=other))
    assert caught.value.reason == "token_algorithm"


@pytest.mark.parametrize("kid", [None, "", 1, ["key-1"], "key-1\n", "k" * 256], ids=repr)
async def test_a_name_that_no_key_can_have_is_not_asked_for(
    server: AuthorizationServer, sign: Sign, refused: Refused, kid: Any
) -> None:
    assert await refused(sign(server.user_claims(audience=AUDIENCE), kid=kid)) == "token_key_unknown"
    assert not server.fetches


async def test_a_signature_has_one_form_only(server: AuthorizationServer, refused: Refused) -> None:
    """The last character of 256 bytes in base64url has four bits that decode to nothing (RFC 4648 §3.5)."""
    value = server.user_token(audience=AUDIENCE).reveal()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert await refused(RawToken(value[:-1] + alphabet[alphabet.index(value[-1]) + 1])) == "token_malformed"


@pytest.mark.requirement("A3")
async def test_keys_that_a_header_brings_along_are_not_looked_at(server: AuthorizationServer, refused: Refused) -> None:
    """RFC 8725 §3.10: `jwk`, `jku`, `x5c` and `x5u` come from whoever made the token."""
    forger = SigningKey("forger")
    header = server.header() | {"jwk": forger.jwk(kid="key-1"), "jku": "https://forger.example/", "x5c": ["MII"]}
    assert await refused(RawToken(forger.sign(header, server.user_claims(audience=AUDIENCE)))) == "token_signature"
    assert set(server.fetches) == {"/.well-known/openid-configuration", "/.well-known/jwks.json"}


@pytest.mark.requirement("A3")
@pytest.mark.parametrize("form", ["PEM", "n"])
async def test_a_mac_with_the_public_key_is_not_a_signature(
    server: AuthorizationServer, refused: Refused, form: str
) -> None:
    """RFC 8725 §2.1: the key that everybody can fetch, used as the secret of HS256."""
    jwk = server.signing_key.jwk()
    secret = jwk["n"].encode() if form == "n" else server.signing_key.public_pem()
    header, payload = server.header() | {"alg": "HS256"}, server.user_claims(audience=AUDIENCE)
    signing_input = ".".join(encode_part(json.dumps(part).encode()) for part in (header, payload))
    mac = encode_part(hmac.digest(secret, signing_input.encode(), hashlib.sha256))
    assert await refused(RawToken(f"{signing_input}.{mac}")) == "token_algorithm"


@pytest.mark.requirement("A3")
async def test_an_id_token_is_not_an_access_token(server: AuthorizationServer, sign: Sign, refused: Refused) -> None:
    """Auth0 signs both with the same key and gives both the type `JWT`; the audience of an ID token is the client."""
    server.dialect = "access_token"
    id_token = {
        "iss": server.issuer,
        "sub": "auth0|amelia",
        "aud": "portal",
        "iat": NOW,
        "exp": NOW + 900,
        "nonce": "n",
        "sid": "s",
        "email": "amelia.hart@helpdesk.example",
    }
    assert await refused(sign(id_token)) == "token_audience_mismatch"
    assert await refused(sign(id_token | {"aud": AUDIENCE, "azp": "portal"})) == "token_type"


async def test_a_signature_by_another_key_under_the_same_name(server: AuthorizationServer, refused: Refused) -> None:
    forged = SigningKey("forger").sign(server.header(), server.user_claims(audience=AUDIENCE))
    assert await refused(RawToken(forged)) == "token_signature"


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.requirement("A2")
async def test_parts_of_two_valid_tokens_do_not_make_a_third(
    server: AuthorizationServer, refused: Refused, part: int
) -> None:
    one = server.user_token("auth0|amelia", audience=AUDIENCE).reveal().split(".")
    other_header = server.header() | {"cty": "x"}
    other = server.signing_key.sign(other_header, server.user_claims("auth0|oscar", audience=AUDIENCE)).split(".")
    one[part] = other[part]
    assert await refused(RawToken(".".join(one))) == "token_signature"


MALFORMED = {
    "empty": "",
    "one part": "token",
    "two parts": "a.b",
    "encrypted": "a.b.c.d.e",
    "empty parts": "..",
    "no signature": "e30.e30.",
    "spaces": " a.b.c ",
    "newline": "a.b.c\n",
    "padding": "YQ==.YQ==.YQ==",
    "not base64url": "a+b.c/d.e",
    "not ASCII": "ä.ö.ü",
    "surrogate": "\ud800.a.b",
    "header not base64": "a.b.c",
}

MALFORMED_HEADERS = {
    "not JSON": b"nonsense",
    "not UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "NaN": b'{"alg": NaN}',
    "a name twice": b'{"alg":"none","alg":"RS256","typ":"JWT","kid":"key-1"}',
    "deep": b"[" * 2000,
}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_token_is_refused(refused: Refused, value: str) -> None:
    assert await refused(RawToken(value)) == "token_malformed"


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("header", MALFORMED_HEADERS.values(), ids=MALFORMED_HEADERS)
async def test_a_header_that_is_no_set_of_members_is_refused(refused: Refused, header: bytes) -> None:
    assert await refused(RawToken(f"{encode_part(header)}.e30.YQ")) == "token_malformed"


PAYLOADS = {
    "not JSON": b"nonsense",
    "empty": b"",
    "a list": b"[]",
    "null": b"null",
    "not UTF-8": b'{"sub": "\xff"}',
    "Infinity": b'{"exp": Infinity}',
    "a name twice": b'{"sub": "auth0|amelia", "sub": "auth0|oscar"}',
    "deep": b"[" * 2000,
    "a long number": b'{"exp": 1' + b"0" * 2000 + b"}",
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
async def test_a_payload_that_is_no_set_of_claims_is_refused(sign: Sign, refused: Refused, payload: bytes) -> None:
    assert await refused(sign(payload)) in {"token_malformed", "token_claim_missing"}


@pytest.mark.requirement("A12")
async def test_a_token_that_is_too_long_is_refused_unread(
    server: AuthorizationServer, sign: Sign, refused: Refused
) -> None:
    claims = server.user_claims(audience=AUDIENCE)
    token = sign(claims | {"https://helpdesk.example/x": "x" * 4000})
    assert await refused(token) == "token_too_long"
    assert not server.fetches


async def test_a_token_as_long_as_allowed_is_read(
    server: AuthorizationServer, keys: JwksCache, clock: Clock, sign: Sign
) -> None:
    token = sign(server.user_claims(audience=AUDIENCE))
    length = len(token.reveal())
    await TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, max_token_bytes=length).verify(token)
    with pytest.raises(InvalidToken):
        await TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, max_token_bytes=length - 1).verify(token)
