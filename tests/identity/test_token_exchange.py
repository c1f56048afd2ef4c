"""On-Behalf-Of token exchange: what is sent, for whom it is allowed, and how long the result is kept (RFC 8693)."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse

from shared.errors import (
    ClientAuthenticationError,
    ConfigurationError,
    HelpdeskError,
    InsufficientScope,
    InvalidToken,
    OAuthError,
    UpstreamRefused,
)
from shared.identity import JwksCache, Principal, RawToken, TokenClient, TokenVerifier
from shared.testing import AuthorizationServer, Clock, make_principal

AUDIENCE = "https://helpdesk.example/supervisor"
SUBAGENT = "https://helpdesk.example/password_reset"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
MakeTokenClient = Callable[..., TokenClient]


@pytest.fixture
def exchange(
    server: AuthorizationServer, make_token_client: MakeTokenClient, verifier: TokenVerifier
) -> Callable[..., Any]:
    """Exchanges a user's token as an agent does: verified first."""
    client = make_token_client("supervisor-api")

    async def exchange(subject: RawToken | None = None, **arguments: Any) -> Any:
        token = subject or server.user_token(audience=AUDIENCE)
        principal = await verifier.verify(token)
        return await client.exchange(token, principal, **{"audience": SUBAGENT, "scopes": ["a"], **arguments})

    return exchange


async def test_the_request_is_auth0s(server: AuthorizationServer, exchange: Callable[..., Any]) -> None:
    subject = server.user_token(audience=AUDIENCE)
    await exchange(subject, scopes=["password:reset", "account:unlock"])
    (sent,) = server.token_requests
    assert len(sent.pop("client_assertion").split(".")) == 3
    assert sent == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": subject.reveal(),
        "subject_token_type": ACCESS_TOKEN_TYPE,
        "requested_token_type": ACCESS_TOKEN_TYPE,
        "audience": SUBAGENT,
        "scope": "account:unlock password:reset",
        "client_id": "supervisor-api",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }


@pytest.mark.requirement("B7")
async def test_the_new_token_names_the_user_and_the_agent_as_actor(
    server: AuthorizationServer, exchange: Callable[..., Any], keys: JwksCache, clock: Clock
) -> None:
    subject = server.user_token("auth0|amelia", audience=AUDIENCE, client_id="portal")
    delegated = await exchange(subject)
    assert delegated.token != subject
    principal = await TokenVerifier(server.issuer, SUBAGENT, keys, clock=clock).verify(delegated.token)
    assert principal.subject == "auth0|amelia"
    assert principal.actors == ("supervisor-api", "portal")
    assert principal.client_id == "supervisor-api"
    assert not principal.is_machine


@pytest.mark.requirement("B7")
@pytest.mark.requirement("A4")
async def test_a_token_that_was_not_for_us_is_not_exchanged(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    """The SDKs leave this to whoever calls them; the authorization server alone would say so, if it does."""
    client, token = make_token_client("supervisor-api"), server.user_token(audience=AUDIENCE)
    cases: list[tuple[Principal, str]] = [
        (make_principal(token=token, audience=SUBAGENT), "token_audience_mismatch"),
        (make_principal(token=token, audience=AUDIENCE, issuer="https://other.example/"), "token_issuer_mismatch"),
        (make_principal(token=token, audience=AUDIENCE, is_machine=True), "token_subject_not_user"),
        (make_principal(token=token, audience=AUDIENCE, expires_at=1_800_000_000), "token_expired"),
        (make_principal(token=RawToken("another"), audience=AUDIENCE), "token_principal_mismatch"),
    ]
    for principal, reason in cases:
        with pytest.raises(InvalidToken) as caught:
            await client.exchange(token, principal, audience=SUBAGENT, scopes=["a"])
        assert caught.value.reason == reason
    assert not server.fetches


async def test_a_client_that_is_linked_to_no_api_exchanges_nothing(
    server: AuthorizationServer, make_token_client: MakeTokenClient, verifier: TokenVerifier
) -> None:
    token = server.user_token(audience=AUDIENCE)
    principal = await verifier.verify(token)
    with pytest.raises(ConfigurationError):
        await make_token_client("supervisor").exchange(token, principal, audience=SUBAGENT, scopes=["a"])


@pytest.mark.parametrize("scopes", [[], "a b"])
async def test_scopes_are_always_named(server: AuthorizationServer, exchange: Callable[..., Any], scopes: Any) -> None:
    """Auth0 gives all that the user holds there to one who asks for nothing."""
    with pytest.raises(ValueError, match="scopes"):
        await exchange(scopes=scopes)
    assert not server.token_requests


@pytest.mark.requirement("B10")
async def test_a_result_with_more_than_was_asked_for_is_not_used(
    server: AuthorizationServer, exchange: Callable[..., Any]
) -> None:
    answer = {"access_token": "t", "token_type": "Bearer", "expires_in": 9, "issued_token_type": ACCESS_TOKEN_TYPE}
    server.next_answers.append(JSONResponse({**answer, "scope": "a admin"}))
    with pytest.raises(UpstreamRefused):
        await exchange()


@pytest.mark.requirement("B5")
async def test_a_result_with_less_than_was_asked_for_says_so(
    server: AuthorizationServer, exchange: Callable[..., Any]
) -> None:
    server.granted = ["docs:read"]
    token = await exchange(scopes=["docs:read", "password:reset"])
    assert (token.scopes, token.missing_scopes) == ({"docs:read"}, {"password:reset"})


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:token-type:id_token", "access_token", ["x"]])
async def test_a_result_of_another_kind_is_not_used(
    server: AuthorizationServer, exchange: Callable[..., Any], kind: Any
) -> None:
    """RFC 8693 §2.2.1: `issued_token_type` is required."""
    answer = {"access_token": "t", "token_type": "Bearer", "expires_in": 9, "issued_token_type": kind}
    server.next_answers.append(JSONResponse(answer))
    with pytest.raises(UpstreamRefused):
        await exchange()


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (403, "access_denied", InsufficientScope),
        (400, "invalid_scope", InsufficientScope),
        (400, "access_denied", OAuthError),  # a person's refusal
        (401, "invalid_client", ClientAuthenticationError),
        (401, "access_denied", ClientAuthenticationError),
        (401, "invalid_request", OAuthError),  # the subject token
        (400, "invalid_request", OAuthError),  # for example a chain that is too deep
        (403, "invalid_grant", OAuthError),  # for example a blocked user
        (400, "invalid_target", OAuthError),
    ],
)
async def test_a_refusal_keeps_its_meaning(
    server: AuthorizationServer,
    exchange: Callable[..., Any],
    status: int,
    error: str,
    expected: type[HelpdeskError],
) -> None:
    server.deny = (status, error)
    with pytest.raises(expected) as caught:
        await exchange()
    assert type(caught.value) is expected


async def test_a_result_is_kept_for_its_user_token_audience_and_scopes_alone(
    server: AuthorizationServer, exchange: Callable[..., Any]
) -> None:
    amelia = server.user_token("auth0|amelia", audience=AUDIENCE)
    again = server.user_token("auth0|amelia", audience=AUDIENCE)  # she signed in anew
    oscar = server.user_token("auth0|oscar", audience=AUDIENCE)
    calls: list[tuple[RawToken, dict[str, Any]]] = [
        (amelia, {}),
        (again, {}),
        (oscar, {}),
        (amelia, {"audience": "https://helpdesk.example/docs_search"}),
        (amelia, {"scopes": ["b"]}),
        (amelia, {"scopes": ["a", "b"]}),
    ]
    first = [(await exchange(token, **arguments)).token for token, arguments in calls]
    assert len(set(first)) == len(calls) == len(server.token_requests)
    assert [(await exchange(token, **arguments)).token for token, arguments in calls] == first
    assert (await exchange(amelia, scopes=["b", "a", "a"])).token == first[-1]
    assert len(server.token_requests) == len(calls)


async def test_a_result_is_not_kept_longer_than_the_users_token_lasts(
    server: AuthorizationServer, exchange: Callable[..., Any], clock: Clock
) -> None:
    """Auth0 documents no such cap: the result lives as long as its API's tokens do."""
    subject = server.user_token(audience=AUDIENCE, lifetime=100)
    token = await exchange(subject)
    assert token.expires_at == clock.now + 100
    clock.advance(89)
    assert await exchange(subject) is token
    assert len(server.token_requests) == 1  # nothing is gained by renewing it
    clock.advance(1)
    assert await exchange(subject) is not token
    clock.advance(10)
    with pytest.raises(InvalidToken) as caught:  # within the verifier's leeway, and yet over
        await exchange(subject)
    assert caught.value.reason == "token_expired"


@pytest.mark.requirement("F3")
async def test_no_error_shows_a_token(server: AuthorizationServer, exchange: Callable[..., Any]) -> None:
    subject = server.user_token(audience=AUDIENCE)
    for denial in ((400, "invalid_request"), (403, "access_denied"), (401, "invalid_client")):
        server.deny = denial
        with pytest.raises(HelpdeskError) as caught:
            await exchange(subject)
        error: BaseException | None = caught.value
        while error is not None:
            assert not [part for part in subject.reveal().split(".") if part in f"{error!r}{vars(error)}"]
            error = error.__cause__ or error.__context__
