"""What the verifier remembers, and how it forgets."""

import asyncio

import pytest

from shared.errors import InvalidToken, UpstreamUnavailable
from shared.identity import JwksCache, TokenVerifier
from shared.testing import AuthorizationServer, Clock

AUDIENCE = "https://helpdesk.example/supervisor"


async def test_a_verified_token_is_remembered(server: AuthorizationServer, verifier: TokenVerifier) -> None:
    token = server.user_token(audience=AUDIENCE)
    assert verifier.cached(token) is None
    principal = await verifier.verify(token)
    assert verifier.cached(token) is principal
    assert await verifier.verify(token) is principal


async def test_another_verifier_remembers_nothing_of_it(
    server: AuthorizationServer, verifier: TokenVerifier, keys: JwksCache, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE)
    await verifier.verify(token)
    sibling = TokenVerifier(server.issuer, "https://helpdesk.example/docs_search", keys, clock=clock)
    assert sibling.cached(token) is None
    with pytest.raises(InvalidToken):
        await sibling.verify(token)


@pytest.mark.requirement("B9")
@pytest.mark.requirement("A14")
async def test_a_remembered_token_dies_when_it_expires(
    server: AuthorizationServer, verifier: TokenVerifier, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE, lifetime=60)
    await verifier.verify(token)
    clock.advance(69.9)
    assert verifier.cached(token) is not None
    clock.advance(0.1)
    assert verifier.cached(token) is None
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "token_expired"


@pytest.mark.requirement("B9")
async def test_a_remembered_token_dies_with_its_key(
    server: AuthorizationServer, verifier: TokenVerifier, keys: JwksCache, clock: Clock
) -> None:
    """Within `refresh_after` of the withdrawal, without any other token asking for keys."""
    token = server.user_token(audience=AUDIENCE)
    await verifier.verify(token)
    server.rotate("key-2")
    server.withdraw("key-1")
    clock.advance(601)
    assert verifier.cached(token) is not None  # this look starts the refresh and does not wait for it
    await keys.key("key-2")
    assert verifier.cached(token) is None
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "token_key_unknown"


async def test_a_remembered_token_dies_when_its_name_is_given_to_another_key(
    server: AuthorizationServer, verifier: TokenVerifier, keys: JwksCache, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE)
    await verifier.verify(token)
    server.rotate("key-2")
    server.published = [server.signing_key.jwk(kid="key-1"), server.signing_key.jwk()]
    clock.advance(601)
    keys.current("key-1")
    await keys.key("key-2")
    assert verifier.cached(token) is None
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "token_signature"


async def test_a_remembered_token_dies_when_its_key_is_kept_for_another_algorithm(
    server: AuthorizationServer, verifier: TokenVerifier, keys: JwksCache, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE)
    await verifier.verify(token)
    server.published = [server.signing_key.jwk(alg="PS256"), server.signing_key.jwk(kid="next")]
    clock.advance(601)
    keys.current("key-1")
    await keys.key("next")
    assert verifier.cached(token) is None
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "token_algorithm"


async def test_a_refresh_that_changes_nothing_forgets_nothing(
    server: AuthorizationServer, verifier: TokenVerifier, keys: JwksCache, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE)
    principal = await verifier.verify(token)
    server.published.append({**server.signing_key.jwk(), "kid": "next"})
    clock.advance(601)
    keys.current("key-1")
    await keys.key("next")
    assert verifier.cached(token) is principal


@pytest.mark.requirement("A9")
async def test_a_remembered_token_is_not_accepted_when_the_keys_are_too_old(
    server: AuthorizationServer, verifier: TokenVerifier, clock: Clock
) -> None:
    token = server.user_token(audience=AUDIENCE, lifetime=200_000)
    await verifier.verify(token)
    server.away = True
    clock.advance(86_401)
    assert verifier.cached(token) is None
    with pytest.raises(UpstreamUnavailable):
        await verifier.verify(token)
    server.away = False
    clock.advance(11)
    await verifier.verify(token)


async def test_only_the_latest_tokens_are_remembered(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    verifier = TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, cache_size=3)
    tokens = [server.user_token(f"auth0|{number}", audience=AUDIENCE) for number in range(4)]
    for token in tokens[:3]:
        await verifier.verify(token)
    verifier.cached(tokens[0])  # used again: the second is now the one that was not used for longest
    await verifier.verify(tokens[3])
    assert [verifier.cached(token) is not None for token in tokens] == [True, False, True, True]


@pytest.mark.requirement("A13")
async def test_many_at_once_are_never_taken_for_each_other(
    server: AuthorizationServer, keys: JwksCache, clock: Clock
) -> None:
    """Two users, 200 requests each, and a memory that is too small for all of their tokens."""
    verifier = TokenVerifier(server.issuer, AUDIENCE, keys, clock=clock, cache_size=4)
    tokens = {
        subject: [server.user_token(subject, audience=AUDIENCE, client_id=f"{subject} {n}") for n in range(4)]
        for subject in ("auth0|amelia", "auth0|oscar")
    }

    async def ask(subject: str, number: int) -> None:
        token = tokens[subject][number % 4]
        principal = verifier.cached(token) or await verifier.verify(token)
        assert (principal.subject, principal.client_id) == (subject, f"{subject} {number % 4}")

    await asyncio.gather(*(ask(subject, number) for number in range(200) for subject in tokens))
