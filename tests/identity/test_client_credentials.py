"""The client-credentials grant: what is sent, what is taken, and what each refusal becomes (RFC 6749 §4.4, §5)."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from shared.errors import (
    ClientAuthenticationError,
    HelpdeskError,
    InsufficientScope,
    OAuthError,
    UpstreamRefused,
    UpstreamUnavailable,
)
from shared.identity import ClientSecret, TokenClient, TokenVerifier
from shared.testing import AuthorizationServer, Clock, RegisteredClient

SUBAGENT = "https://helpdesk.example/password_reset"
ISSUED = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 900}
MakeTokenClient = Callable[..., TokenClient]


async def test_the_request_is_auth0s(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    token = await make_token_client().client_credentials(audience=SUBAGENT, scopes=["b", "a"])
    (sent,) = server.token_requests
    assert len(sent.pop("client_assertion").split(".")) == 3
    assert sent == {
        "grant_type": "client_credentials",
        "audience": SUBAGENT,
        "scope": "a b",
        "client_id": "supervisor",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert token.scopes == {"a", "b"}
    assert token.missing_scopes == frozenset()
    assert token.token_type == "Bearer"
    assert token.expires_at == clock.now + 900


async def test_the_token_is_one_that_the_other_side_verifies(
    make_token_client: MakeTokenClient, verifier: TokenVerifier
) -> None:
    token = await make_token_client().client_credentials(audience=verifier.audience, scopes=["agent:invoke"])
    principal = await verifier.verify(token.token)
    assert principal.is_machine
    assert principal.client_id == "supervisor"
    assert principal.scopes == {"agent:invoke"}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_serves_too(server: AuthorizationServer, clock: Clock, method: Any) -> None:
    server.clients["basic:client"] = RegisteredClient(secret="p%ss wörd")
    client = TokenClient(
        server.discovery_url,
        server.issuer,
        server.create_http_client(),
        ClientSecret("basic:client", "p%ss wörd", method=method),
        clock=clock,
    )
    await client.client_credentials(audience=SUBAGENT, scopes=["a"])


async def test_a_grant_narrower_than_asked_is_reported(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.granted = ["a"]
    with capture_logs() as events:
        token = await make_token_client().client_credentials(audience=SUBAGENT, scopes=["a", "b"])
    assert token.scopes == {"a"}
    assert token.missing_scopes == {"b"}
    assert events == [
        {
            "event": "scopes_not_granted",
            "log_level": "info",
            "grant": "client_credentials",
            "client_id": "supervisor",
            "audience": SUBAGENT,
            "scopes": ["b"],
        }
    ]


@pytest.mark.parametrize("scopes", [[], (), "", "a", "a b"])
async def test_scopes_are_always_named(
    server: AuthorizationServer, make_token_client: MakeTokenClient, scopes: Any
) -> None:
    """Auth0 gives all that is granted to one who asks for nothing."""
    with pytest.raises(ValueError, match="scopes"):
        await make_token_client().client_credentials(audience=SUBAGENT, scopes=scopes)
    assert not server.token_requests


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, "access_denied", ClientAuthenticationError),  # Auth0's own form of invalid_client
        (401, "invalid_client", ClientAuthenticationError),
        (400, "invalid_client", ClientAuthenticationError),
        (403, "access_denied", OAuthError),
        (403, "unauthorized_client", OAuthError),
        (400, "invalid_request", OAuthError),
        (400, "invalid_scope", InsufficientScope),
        (403, "insufficient_scope", InsufficientScope),
    ],
)
async def test_a_refusal_keeps_its_meaning(
    server: AuthorizationServer,
    make_token_client: MakeTokenClient,
    status: int,
    error: str,
    expected: type[HelpdeskError],
) -> None:
    server.deny = (status, error)
    client = make_token_client()
    for _ in range(2):
        with pytest.raises(expected) as caught:
            await client.client_credentials(audience=SUBAGENT, scopes=["a"])
        assert type(caught.value) is expected
        assert error in caught.value.detail
        if isinstance(caught.value, OAuthError):
            assert (caught.value.error, caught.value.status) == (error, status)
        if isinstance(caught.value, InsufficientScope):
            assert caught.value.scopes == ("a",)
    assert len(server.token_requests) == 2  # not tried again by itself, and not remembered


UNUSABLE: dict[str, Response] = {
    "empty": Response(b""),
    "not JSON": Response(b"<html>"),
    "a list": JSONResponse([]),
    "a name twice": Response(b'{"access_token":"a","access_token":"b","token_type":"Bearer","expires_in":9}'),
    "no token": JSONResponse({**ISSUED, "access_token": None}),
    "an empty token": JSONResponse({**ISSUED, "access_token": ""}),
    "a token with a line break": JSONResponse({**ISSUED, "access_token": "a\r\nX-Injected: 1"}),
    "a token with a space": JSONResponse({**ISSUED, "access_token": "a b"}),
    "a token that is no text": JSONResponse({**ISSUED, "access_token": {"a": 1}}),
    "a huge token": JSONResponse({**ISSUED, "access_token": "a" * 20_000}),
    "no type": JSONResponse({**ISSUED, "token_type": None}),
    "another type": JSONResponse({**ISSUED, "token_type": "DPoP"}),
    "no lifetime": JSONResponse({**ISSUED, "expires_in": None}),
    "lifetime zero": JSONResponse({**ISSUED, "expires_in": 0}),
    "lifetime negative": JSONResponse({**ISSUED, "expires_in": -1}),
    "lifetime a text": JSONResponse({**ISSUED, "expires_in": "900"}),
    "lifetime true": JSONResponse({**ISSUED, "expires_in": True}),
    "lifetime a fraction": JSONResponse({**ISSUED, "expires_in": 900.5}),
    "lifetime endless": JSONResponse({**ISSUED, "expires_in": 10**12}),
    "scope a list": JSONResponse({**ISSUED, "scope": ["a"]}),
    "more scopes": JSONResponse({**ISSUED, "scope": "a admin"}),
    "a redirect": Response(status_code=302, headers={"location": "https://other.example/"}),
    "another success": JSONResponse(ISSUED, 201),
    "a refusal without a code": JSONResponse({"message": "no"}, 400),
    "a refusal with a strange code": JSONResponse({"error": 'x"\n'}, 400),
    "a refusal in HTML": Response(b"<html>", 403),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_answer_that_is_not_what_it_has_to_be_is_not_used(
    server: AuthorizationServer, make_token_client: MakeTokenClient, answer: Response
) -> None:
    server.next_answers.append(answer)
    client = make_token_client()
    with pytest.raises(UpstreamRefused):
        await client.client_credentials(audience=SUBAGENT, scopes=["a"])
    await client.client_credentials(audience=SUBAGENT, scopes=["a"])


async def test_an_answer_that_is_too_long_is_not_read(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.next_answers.append(JSONResponse({**ISSUED, "x": "x" * 300_000}))
    with pytest.raises(UpstreamUnavailable):
        await make_token_client().client_credentials(audience=SUBAGENT, scopes=["a"])


@pytest.mark.parametrize("token_type", ["bearer", "BEARER"])
async def test_the_type_is_compared_without_regard_to_case(
    server: AuthorizationServer, make_token_client: MakeTokenClient, token_type: str
) -> None:
    """RFC 6749 §5.1."""
    server.next_answers.append(JSONResponse({**ISSUED, "token_type": token_type}))
    token = await make_token_client().client_credentials(audience=SUBAGENT, scopes=["a"])
    assert token.token_type == "Bearer"


@pytest.mark.requirement("F3")
async def test_what_the_server_says_of_a_token_stays_out_of_the_error(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    token = server.user_token(audience=SUBAGENT).reveal()
    text = f"bad token {token}\nwith\x1b[31m colours" + "x" * 1000
    server.next_answers.append(JSONResponse({"error": "invalid_request", "error_description": text}, 400))
    with pytest.raises(OAuthError) as caught:
        await make_token_client().client_credentials(audience=SUBAGENT, scopes=["a"])
    shown = f"{caught.value!r}{caught.value}{caught.value.detail}{caught.value.public_message}"
    assert "bad token [redacted] with" in shown
    assert not [part for part in token.split(".") if part in shown]
    assert "\x1b" not in shown
    assert len(caught.value.detail) < 400
