"""The token endpoint: tried again where that can help, left alone where it was asked for."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import aiohttp
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from shared.errors import OAuthError, UpstreamUnavailable
from shared.identity import TokenClient
from shared.identity._token_endpoint import parse_retry_after
from shared.testing import AuthorizationServer, Clock

SUBAGENT = "https://helpdesk.example/password_reset"
MakeTokenClient = Callable[..., TokenClient]


def ask(client: TokenClient, scope: str = "a") -> Any:
    return client.client_credentials(audience=SUBAGENT, scopes=[scope])


def limited(status: int = 429, *, retry_after: str | None = None) -> Response:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return JSONResponse({"error": "too_many_requests"}, status, headers=headers)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_is_tried_again_and_ever_later(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock, status: int
) -> None:
    server.next_answers.extend([Response(status_code=status), Response(status_code=status)])
    await ask(make_token_client())
    assert clock.slept == pytest.approx([0.2, 0.4])
    assert len({request["client_assertion"] for request in server.token_requests}) == 3  # each good for one use


async def test_it_is_tried_three_times_and_no_more(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.next_answers.extend([Response(status_code=500)] * 10)
    client = make_token_client()
    with pytest.raises(UpstreamUnavailable) as caught:
        await asyncio.gather(*(ask(client) for _ in range(20)))
    assert caught.value.part == "authorization server"
    assert len(server.token_requests) == 3


async def test_a_server_that_is_away_is_tried_again(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()
    await ask(client)
    server.away = True
    with pytest.raises(UpstreamUnavailable):
        await ask(client, "b")
    assert len(clock.slept) == 2
    server.away = False
    await ask(client, "b")
    assert server.fetches["/.well-known/openid-configuration"] == 2  # it may be elsewhere now


async def test_without_metadata_nothing_is_sent(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.metadata["token_endpoint"] = "https://other.example/oauth/token"
    with pytest.raises(UpstreamUnavailable):
        await ask(make_token_client())
    assert not server.token_requests


async def test_a_slow_server_is_not_asked_twice(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()
    await ask(client)
    client._endpoint._timeout = 0.02
    server.release.clear()
    with pytest.raises(UpstreamUnavailable, match="slow"):
        await ask(client, "b")
    assert not clock.slept


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_a_refusal_is_not_tried_again(
    server: AuthorizationServer, make_token_client: MakeTokenClient, status: int
) -> None:
    server.deny = (status, "invalid_request")
    with pytest.raises(OAuthError):
        await ask(make_token_client())
    assert len(server.token_requests) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_closes_the_endpoint_until_then(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock, status: int
) -> None:
    server.next_answers.append(limited(status, retry_after="30"))
    client = make_token_client()
    with capture_logs() as events:
        for waited in (0, 10, 19.5):
            clock.advance(waited)
            with pytest.raises(UpstreamUnavailable) as caught:
                await ask(client, f"scope:{waited}")
    assert [(event["event"], event["status"], event["retry_after"]) for event in events] == [
        ("token_endpoint_closed", status, 30.0)
    ]
    assert caught.value.retry_after == pytest.approx(0.5)
    assert len(server.token_requests) == 1
    assert not clock.slept
    clock.advance(0.5)
    await ask(client)


async def test_while_it_is_closed_the_held_tokens_serve(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    client = make_token_client()
    held = await ask(client)
    server.next_answers.append(limited(retry_after="600"))
    with pytest.raises(UpstreamUnavailable):
        await ask(client, "b")
    clock.advance(599)
    assert await ask(client) is held


async def test_a_date_closes_it_too(
    server: AuthorizationServer, make_token_client: MakeTokenClient, clock: Clock
) -> None:
    """RFC 9110 §10.2.3: the other form of Retry-After."""
    server.next_answers.append(limited(retry_after=formatdate(clock.now + 20, usegmt=True)))
    with pytest.raises(UpstreamUnavailable) as caught:
        await ask(make_token_client())
    assert caught.value.retry_after == pytest.approx(20)


@pytest.mark.parametrize(
    ("value", "closed"), [(None, 1), ("soon", 1), ("-5", 1), ("", 1), ("1.5", 1), ("0", 0), ("99999999999999", 3600)]
)
async def test_a_limit_without_a_usable_time_still_closes_it(
    server: AuthorizationServer, make_token_client: MakeTokenClient, value: str | None, closed: float
) -> None:
    server.next_answers.append(limited(retry_after=value))
    client = make_token_client()
    with pytest.raises(UpstreamUnavailable) as caught:
        await ask(client)
    assert caught.value.retry_after == closed


async def test_a_limit_met_on_a_second_attempt_ends_the_attempts(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.next_answers.extend([Response(status_code=500), limited(retry_after="30")])
    with pytest.raises(UpstreamUnavailable) as caught:
        await ask(make_token_client())
    assert caught.value.retry_after == 30
    assert len(server.token_requests) == 2


async def test_credentials_are_not_sent_after_a_redirect(
    server: AuthorizationServer, make_token_client: MakeTokenClient
) -> None:
    server.next_answers.append(Response(status_code=307, headers={"location": f"{server.issuer}oauth/token"}))
    with pytest.raises(Exception, match="without an error code"):
        await ask(make_token_client())
    assert len(server.token_requests) == 1


async def test_an_error_of_the_library_underneath_is_ours_too(
    make_token_client: MakeTokenClient,
) -> None:
    """The client is httpx over aiohttp, and lets some of aiohttp's own errors through."""
    client = make_token_client()
    await ask(client)

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise aiohttp.ClientPayloadError(str(request.url))

    client._endpoint._http._transport = Broken()
    with pytest.raises(UpstreamUnavailable):
        await ask(client, "b")


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_left(value: str) -> None:
    wait = parse_retry_after(value, now=1_800_000_000.0)
    assert wait is None or wait >= 0
