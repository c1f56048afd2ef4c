"""The issuer's keys: fetched once, fetched again, kept while the issuer is away, and not for ever."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.errors import InvalidToken, UpstreamUnavailable
from shared.identity import JwksCache
from shared.identity._jwks import parse_verification_key
from shared.testing import AuthorizationServer, Clock, SigningKey

DISCOVERY, JWKS = "/.well-known/openid-configuration", "/.well-known/jwks.json"


async def unknown(keys: JwksCache, kid: str) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        await keys.key(kid)
    assert caught.value.reason == "token_key_unknown"
    return caught.value


async def settle() -> None:
    """Lets tasks in the background run to their end: everything is in process and nothing waits for a clock."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def test_metadata_and_keys_are_fetched_once_for_all(server: AuthorizationServer, keys: JwksCache) -> None:
    found = await asyncio.gather(*(keys.key("key-1") for _ in range(100)))
    assert len(set(found)) == 1
    assert server.fetches == {DISCOVERY: 1, JWKS: 1}


@pytest.mark.requirement("A9")
async def test_a_new_key_is_fetched_once_when_a_token_names_it(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    await keys.key("key-1")
    server.rotate("key-2")
    clock.advance(11)
    await asyncio.gather(*(keys.key("key-2") for _ in range(100)))
    assert server.fetches == {DISCOVERY: 1, JWKS: 2}
    await keys.key("key-1")


@pytest.mark.requirement("A9")
async def test_a_flood_of_unknown_keys_does_not_flood_the_issuer(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    await asyncio.gather(*(unknown(keys, f"unknown-{number}") for number in range(1000)))
    assert server.fetches[JWKS] == 1
    for second in range(100):  # and one after the other, over 100 seconds
        clock.advance(1)
        await unknown(keys, f"unknown-{second}")
    assert server.fetches[JWKS] <= 11
    await keys.key("key-1")


@pytest.mark.requirement("A9")
async def test_a_flood_while_the_issuer_is_away_does_not_flood_it_either(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    await keys.key("key-1")
    server.away = True
    clock.advance(11)

    async def ask(kid: str) -> None:
        with pytest.raises(UpstreamUnavailable) as caught:
            await keys.key(kid)
        assert caught.value.retry_after == pytest.approx(10)

    await asyncio.gather(*(ask(f"unknown-{number}") for number in range(1000)))
    assert server.fetches[JWKS] == 2
    await keys.key("key-1")  # the known one is still served


@pytest.mark.requirement("A9")
async def test_keys_serve_while_the_issuer_is_away_up_to_their_age(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    held = await keys.key("key-1")
    server.away = True
    for _ in range(144):
        clock.advance(600)
        assert await keys.key("key-1") is held
        await settle()
    clock.advance(1)
    assert keys.current("key-1") is None
    with pytest.raises(UpstreamUnavailable):
        await keys.key("key-1")
    server.away = False
    clock.advance(10)
    assert await keys.key("key-1") is held


@pytest.mark.requirement("A9")
async def test_without_keys_nothing_is_verified(server: AuthorizationServer, keys: JwksCache, clock: Clock) -> None:
    server.away = True
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable) as caught:
            await keys.key("key-1")
        clock.advance(1)
    assert server.fetches == {DISCOVERY: 1}
    assert caught.value.retry_after == pytest.approx(6)
    assert caught.value.part == "authorization server"


async def test_old_keys_are_refreshed_while_the_request_goes_on(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    held = await keys.key("key-1")
    server.withdraw("key-1")
    server.release.clear()  # the issuer does not answer for now
    clock.advance(601)
    for _ in range(10):
        assert await keys.key("key-1") is held
        await asyncio.sleep(0)
    server.release.set()
    await settle()
    assert server.fetches == {DISCOVERY: 1, JWKS: 2}
    await unknown(keys, "key-1")


async def test_one_who_gives_up_waiting_does_not_stop_the_fetch_for_others(
    server: AuthorizationServer, keys: JwksCache
) -> None:
    server.release.clear()
    first, second = (asyncio.create_task(keys.key("key-1")) for _ in range(2))
    await server.asked.wait()
    first.cancel()
    server.release.set()
    assert (await second).kid == "key-1"
    assert first.cancelled()
    assert server.fetches == {DISCOVERY: 1, JWKS: 1}


async def test_the_fetch_is_bounded_in_time(server: AuthorizationServer, clock: Clock) -> None:
    server.release.clear()
    keys = JwksCache(server.discovery_url, server.issuer, server.create_http_client(), clock=clock, timeout=0.01)
    with pytest.raises(UpstreamUnavailable):
        await keys.key("key-1")


async def test_metadata_is_fetched_again_when_the_keys_are_no_longer_where_it_said(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    server.metadata["jwks_uri"] = f"{server.issuer}gone"
    with pytest.raises(UpstreamUnavailable):
        await keys.key("key-1")
    server.metadata["jwks_uri"] = f"{server.issuer}.well-known/jwks.json"
    clock.advance(10)
    await keys.key("key-1")


METADATA: list[tuple[str, Any]] = [
    ("issuer", "https://issuer.example"),
    ("issuer", "https://other.example/"),
    ("issuer", None),
    ("jwks_uri", "https://other.example/.well-known/jwks.json"),
    ("jwks_uri", "http://issuer.example/.well-known/jwks.json"),
    ("jwks_uri", "https://issuer.example:8443/.well-known/jwks.json"),
    ("jwks_uri", "https://issuer.example@other.example/jwks.json"),
    ("jwks_uri", "https://user@issuer.example/jwks.json"),
    ("jwks_uri", "https://issuer.example.other.example/jwks.json"),
    ("jwks_uri", "file:///etc/passwd"),
    ("jwks_uri", "//other.example/jwks.json"),
    ("jwks_uri", "https://[/jwks.json"),
    ("jwks_uri", "https://issuer.example:port/jwks.json"),
    ("jwks_uri", ["https://issuer.example/.well-known/jwks.json"]),
    ("jwks_uri", None),
    ("token_endpoint", "https://other.example/oauth/token"),
]


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(("member", "value"), METADATA, ids=str)
async def test_metadata_that_leads_elsewhere_is_not_followed(
    server: AuthorizationServer, keys: JwksCache, member: str, value: Any
) -> None:
    server.metadata[member] = value
    with pytest.raises(UpstreamUnavailable):
        await keys.key("key-1")
    assert server.fetches == {DISCOVERY: 1}


async def test_keys_may_be_at_the_issuer_where_the_metadata_is_fetched_elsewhere(
    server: AuthorizationServer, clock: Clock
) -> None:
    """Both addresses come from the settings."""
    url = "http://tenant:8400/.well-known/openid-configuration"
    keys = JwksCache(url, server.issuer, server.create_http_client(), clock=clock)
    await keys.key("key-1")


async def test_a_default_port_is_the_same_origin(server: AuthorizationServer, keys: JwksCache) -> None:
    server.metadata["jwks_uri"] = "https://issuer.example:443/.well-known/jwks.json"
    await keys.key("key-1")


async def test_the_log_says_which_keys_came_and_why_none_did(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    with capture_logs() as events:
        await keys.key("key-1")
        await keys.key("key-1")
        server.away = True
        clock.advance(11)
        with pytest.raises(UpstreamUnavailable):
            await keys.key("unknown")
    assert [(event["event"], event["issuer"]) for event in events] == [
        ("jwks_changed", server.issuer),
        ("jwks_not_fetched", server.issuer),
    ]
    assert events[0]["key_ids"] == ["key-1"]
    assert "ConnectError" in events[1]["detail"]


class Answers:
    """An issuer whose metadata are right and whose key set is whatever it was given."""

    def __init__(self, server: AuthorizationServer, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.server, self.status, self.body = server, status, body
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == DISCOVERY:
            await self.server(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


UNUSABLE: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "an error": (500, b"{}", {}),
    "not found": (404, b'{"keys": []}', {}),
    "a redirect": (302, b"", {"location": "https://issuer.example/.well-known/elsewhere.json"}),
    "empty": (200, b"", {}),
    "not JSON": (200, b"<html>", {}),
    "not UTF-8": (200, b"\xff", {}),
    "a list": (200, b"[]", {}),
    "no keys": (200, b"{}", {}),
    "keys an object": (200, b'{"keys": {}}', {}),
    "keys twice": (200, b'{"keys": [], "keys": []}', {}),
    "too many keys": (200, b'{"keys": [' + b"{}," * 40 + b"{}]}", {}),
    "too long": (200, b'{"keys": [' + b" " * 300_000 + b"]}", {}),
    "deep": (200, b"[" * 100_000, {}),
    "compressed": (200, b"\x1f\x8b\x08", {"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_answer_that_is_no_key_set_leaves_the_held_keys_alone(
    server: AuthorizationServer, clock: Clock, answer: tuple[int, bytes, dict[str, str]]
) -> None:
    issuer = Answers(server, *answer)
    good = httpx.Response(200, json={"keys": [server.signing_key.jwk()]}).content
    client = server.create_http_client()
    client._transport = httpx.ASGITransport(issuer)
    keys = JwksCache(server.discovery_url, server.issuer, client, clock=clock)
    with pytest.raises(UpstreamUnavailable):
        await keys.key("key-1")
    broken = issuer.status, issuer.body, issuer.headers
    issuer.status, issuer.body, issuer.headers = 200, good, []
    clock.advance(10)
    held = await keys.key("key-1")
    issuer.status, issuer.body, issuer.headers = broken
    clock.advance(601)
    assert await keys.key("key-1") is held
    await settle()
    assert await keys.key("key-1") is held


async def test_an_empty_set_withdraws_every_key(server: AuthorizationServer, keys: JwksCache, clock: Clock) -> None:
    """A well-formed set is the issuer's word, also where it is empty: refusing is the safe side."""
    await keys.key("key-1")
    server.published = []
    clock.advance(601)
    await keys.key("key-1")
    await settle()
    await unknown(keys, "key-1")


JWKS_MEMBERS: dict[str, dict[str, Any]] = {
    "elliptic curve": {"kty": "EC"},
    "symmetric": {"kty": "oct", "k": "c2VjcmV0"},
    "no type": {"kty": None},
    "for encryption": {"use": "enc"},
    "for no use": {"use": None},
    "for other operations": {"key_ops": ["wrapKey"]},
    "operations no list": {"key_ops": "verify"},
    "for another algorithm": {"alg": "RS512"},
    "for a MAC": {"alg": "HS256"},
    "for none": {"alg": "none"},
    "for a list": {"alg": ["RS256"]},
    "no name": {"kid": None},
    "empty name": {"kid": ""},
    "name a number": {"kid": 1},
    "no modulus": {"n": None},
    "modulus no string": {"n": 65537},
    "modulus no base64": {"n": "*"},
    "modulus even": {"n": "AA"},
    "no exponent": {"e": None},
    "exponent one": {"e": "AQ"},
    "private": {"d": "AQAB"},
}


@pytest.mark.parametrize("members", JWKS_MEMBERS.values(), ids=JWKS_MEMBERS)
async def test_a_key_that_is_not_for_verifying_is_passed_over(
    server: AuthorizationServer, keys: JwksCache, members: dict[str, Any]
) -> None:
    good = SigningKey("good")
    server.published = [server.signing_key.jwk(**members), good.jwk()]
    assert parse_verification_key(server.published[0]) is None
    await unknown(keys, "key-1")
    await keys.key("good")


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_key_that_is_too_short_is_passed_over(bits: int) -> None:
    assert parse_verification_key(SigningKey("short", bits=bits).jwk()) is None


@pytest.mark.parametrize("members", [{}, {"alg": None}, {"alg": "PS256"}, {"key_ops": ["verify"]}, {"x5t": "x"}])
def test_a_key_for_verifying_is_taken(members: dict[str, Any]) -> None:
    key = parse_verification_key(SigningKey().jwk(**members))
    assert key is not None
    assert key.public_key.public_numbers() == SigningKey().private.public_key().public_numbers()
    assert key.algorithm == members.get("alg", "RS256")


async def test_of_two_keys_with_one_name_the_first_counts(server: AuthorizationServer, keys: JwksCache) -> None:
    server.published.append(SigningKey("other").jwk(kid="key-1"))
    assert (await keys.key("key-1")).public_key.public_numbers() == (
        server.signing_key.private.public_key().public_numbers()
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    json_values
    | st.fixed_dictionaries(
        {"kty": st.just("RSA"), "use": st.just("sig"), "kid": st.just("k"), "n": json_values, "e": json_values}
    )
)
def test_whatever_is_in_the_set_it_is_a_key_or_none(jwk: Any) -> None:
    parse_verification_key(jwk)
