"""Client-initiated backchannel authentication (CIBA Core 1.0): what is sent, and what is made of every answer."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.errors import ClientAuthenticationError, OAuthError, UpstreamRefused, UpstreamUnavailable
from shared.identity import AccessToken, BackchannelClient, BackchannelRequest, ClientCredentials, Pending
from shared.testing import AuthorizationServer, Clock, RegisteredClient, SigningKey

REQUEST = BackchannelRequest(
    subject="auth0|amelia",
    audience="https://helpdesk.example/password_reset",
    scopes=frozenset({"openid", "action:approve"}),
    binding_message="Reset password of amelia.hart, code K7QF",
    authorization_details=[{"type": "urn:example"}],
    requested_expiry=300,
)
STARTED = {"auth_req_id": "a" * 64, "expires_in": 300, "interval": 5}
TOKENS = {"access_token": "token", "token_type": "Bearer", "expires_in": 900, "scope": "openid action:approve"}


class Tenant(AuthorizationServer):
    """An issuer that also asks people."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock, clients={"approvals": RegisteredClient(key=SigningKey("approvals"))})
        self.metadata["backchannel_authentication_endpoint"] = f"{self.issuer}bc-authorize"
        self.started: list[dict[str, str]] = []
        self.answer: Response = JSONResponse(STARTED)
        self.app.router.routes.append(Route("/bc-authorize", self._start, methods=["POST"]))

    async def _start(self, request: Any) -> Response:
        self.started.append({name: str(value) for name, value in (await request.form()).items()})
        return self.answer

    def says(self, status: int, body: Any, **headers: str) -> None:
        """What both endpoints answer next."""
        answer = Response(body, status) if isinstance(body, str) else JSONResponse(body, status, headers=headers)
        self.answer = answer
        self.next_answers.append(answer)


@pytest.fixture
def tenant(clock: Clock) -> Tenant:
    return Tenant(clock)


@pytest.fixture
def client(tenant: Tenant, clock: Clock) -> BackchannelClient:
    key = ClientCredentials("approvals", SigningKey("approvals").pem(), clock=clock)
    return BackchannelClient(
        tenant.discovery_url,
        tenant.issuer,
        tenant.create_http_client(),
        key,
        clock=clock,
        sleep=clock.sleep,
        jitter=lambda: 0.5,
    )


async def test_a_person_is_asked_as_the_specification_has_it(tenant: Tenant, client: BackchannelClient) -> None:
    answer = await client.ask(REQUEST)

    assert (answer.auth_req_id, answer.expires_in, answer.interval) == ("a" * 64, 300, 5.0)
    assert "a" * 64 not in repr(answer)
    (form,) = tenant.started
    assert json.loads(form["login_hint"]) == {"format": "iss_sub", "iss": tenant.issuer, "sub": "auth0|amelia"}
    assert json.loads(form["authorization_details"]) == [{"type": "urn:example"}]
    assert form["scope"] == "action:approve openid"
    assert (form["audience"], form["requested_expiry"]) == (REQUEST.audience, "300")
    assert form["binding_message"] == REQUEST.binding_message
    assert form["client_id"] == "approvals"
    assert form["client_assertion"]


async def test_without_an_interval_five_seconds_hold(tenant: Tenant, client: BackchannelClient) -> None:
    tenant.says(200, {"auth_req_id": "a", "expires_in": 60})
    assert (await client.ask(REQUEST)).interval == 5.0


@pytest.mark.parametrize(
    "body",
    [
        {**STARTED, "auth_req_id": ""},
        {**STARTED, "auth_req_id": None},
        {**STARTED, "auth_req_id": "a" * 513},
        {**STARTED, "expires_in": 0},
        {**STARTED, "expires_in": True},
        {**STARTED, "expires_in": "300"},
        {**STARTED, "expires_in": 10**9},
        {**STARTED, "interval": 0},
        {**STARTED, "interval": "soon"},
        [STARTED],
        "no JSON",
    ],
)
async def test_an_answer_that_is_not_what_it_has_to_be_is_refused(
    tenant: Tenant, client: BackchannelClient, body: Any
) -> None:
    tenant.says(200, body)
    with pytest.raises(UpstreamRefused):
        await client.ask(REQUEST)


@pytest.mark.parametrize(
    ("status", "error", "raised"),
    [
        (400, "unknown_user_id", OAuthError),
        (400, "invalid_request", OAuthError),
        (400, "invalid_binding_message", OAuthError),
        (401, "invalid_client", ClientAuthenticationError),
        (401, "access_denied", ClientAuthenticationError),
    ],
)
async def test_a_refusal_to_ask_is_told(
    tenant: Tenant, client: BackchannelClient, status: int, error: str, raised: type[Exception]
) -> None:
    tenant.says(status, {"error": error})
    with pytest.raises(raised):
        await client.ask(REQUEST)


async def test_a_server_that_asks_nobody_is_no_such_server(tenant: Tenant, client: BackchannelClient) -> None:
    del tenant.metadata["backchannel_authentication_endpoint"]
    with pytest.raises(UpstreamUnavailable, match="backchannel_authentication_endpoint"):
        await client.ask(REQUEST)


async def test_an_endpoint_elsewhere_is_sent_nothing(tenant: Tenant, client: BackchannelClient) -> None:
    tenant.metadata["backchannel_authentication_endpoint"] = "https://elsewhere.example/bc-authorize"
    with pytest.raises(UpstreamUnavailable, match="origin of the issuer"):
        await client.ask(REQUEST)


@pytest.mark.requirement("E10")
@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"error": "authorization_pending"}, {}, Pending()),
        ({"error": "slow_down", "interval": 10}, {}, Pending(10.0, slow_down=True)),
        ({"error": "slow_down"}, {"Retry-After": "15"}, Pending(15.0, slow_down=True)),
        ({"error": "slow_down", "interval": 10}, {"Retry-After": "15"}, Pending(15.0, slow_down=True)),
        ({"error": "slow_down", "interval": "much"}, {"Retry-After": "0"}, Pending(slow_down=True)),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
async def test_waiting_and_too_soon_are_told_apart_whatever_the_status(
    tenant: Tenant, client: BackchannelClient, status: int, body: Any, headers: dict[str, str], expected: Pending
) -> None:
    tenant.says(status, body, **headers)
    assert await client.poll("a", scopes=REQUEST.scopes) == expected


async def test_an_approval_comes_as_a_token(tenant: Tenant, client: BackchannelClient, clock: Clock) -> None:
    tenant.says(200, TOKENS)
    answer = await client.poll("a", scopes=REQUEST.scopes)

    assert isinstance(answer, AccessToken)
    assert answer.expires_at == clock() + 900
    form = tenant.token_requests[-1]
    assert form["grant_type"] == "urn:openid:params:grant-type:ciba"
    assert form["auth_req_id"] == "a"
    assert form["client_assertion"]


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
async def test_the_end_is_told(tenant: Tenant, client: BackchannelClient, error: str) -> None:
    tenant.says(400, {"error": error})
    with pytest.raises(OAuthError) as raised:
        await client.poll("a", scopes=REQUEST.scopes)
    assert raised.value.error == error


@pytest.mark.parametrize(
    "body", [{**TOKENS, "token_type": "DPoP"}, {**TOKENS, "access_token": ""}, {**TOKENS, "scope": "all"}, "no JSON"]
)
async def test_a_token_response_that_is_none_is_refused(tenant: Tenant, client: BackchannelClient, body: Any) -> None:
    tenant.says(200, body)
    with pytest.raises(UpstreamRefused):
        await client.poll("a", scopes=REQUEST.scopes)


async def test_come_back_later_said_of_new_requests_leaves_polling_alone(
    tenant: Tenant, client: BackchannelClient
) -> None:
    tenant.answer = JSONResponse({"error": "too_many_requests"}, 429, headers={"Retry-After": "60"})
    with pytest.raises(UpstreamUnavailable) as limited:
        await client.ask(REQUEST)
    assert limited.value.retry_after == 60

    tenant.next_answers.append(JSONResponse(TOKENS))
    assert isinstance(await client.poll("a", scopes=REQUEST.scopes), AccessToken)
