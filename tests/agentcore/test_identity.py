"""AgentCore Identity over real botocore: each answer is understood, each failure is ours and holds no token."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from local.aws import AwsError, HttpResponse
from shared.agentcore import AgentCoreIdentity, ConsentNeeded, ResourceRequest
from shared.errors import UpstreamError, UpstreamRefused, UpstreamUnavailable
from shared.identity import RawToken
from tests.agentcore._account import Account

DIRECTORY = ResourceRequest(
    provider="directory",
    flow="USER_FEDERATION",
    scopes={"okta.users.read"},
    return_url="https://helpdesk.example/connected",
)
MACHINE = ResourceRequest(provider="auth0-m2m", flow="M2M", scopes={"agent:invoke"})


@pytest.fixture
async def client(account: Account) -> AsyncIterator[AgentCoreIdentity]:
    made = account.client()
    yield made
    await made.aclose()


async def test_a_person_consents_once_and_then_there_is_a_token(account: Account, client: AgentCoreIdentity) -> None:
    token, _ = account.user()
    workload = await client.workload_token_for(token)
    asked = await client.resource_token(workload, DIRECTORY)
    assert isinstance(asked, ConsentNeeded)
    assert asked.authorization_url.startswith("https://")
    assert asked.authorization_url not in repr(asked)
    again = await client.resource_token(
        workload, ResourceRequest("directory", "USER_FEDERATION", DIRECTORY.scopes, session_uri=asked.session_uri)
    )
    assert isinstance(again, ConsentNeeded)
    assert again.session_uri == asked.session_uri
    await client.complete(token, asked.session_uri)
    assert isinstance(await client.resource_token(workload, DIRECTORY), RawToken)


async def test_nobody_completes_the_consent_of_somebody_else(account: Account, client: AgentCoreIdentity) -> None:
    amelia, _ = account.user()
    ben, _ = account.user("auth0|ben")
    asked = await client.resource_token(await client.workload_token_for(amelia), DIRECTORY)
    assert isinstance(asked, ConsentNeeded)
    with pytest.raises(UpstreamRefused) as caught:
        await client.complete(ben, asked.session_uri)
    assert caught.value.reason == "agentcore_denied"


async def test_a_session_that_failed_is_said_to_have(account: Account, client: AgentCoreIdentity) -> None:
    token, _ = account.user()
    workload = await client.workload_token_for(token)
    unknown = "urn:ietf:params:oauth:request_uri:unknown"
    asked = await client.resource_token(
        workload, ResourceRequest("directory", "USER_FEDERATION", DIRECTORY.scopes, session_uri=unknown)
    )
    assert isinstance(asked, ConsentNeeded)
    assert asked.failed


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("AccessDeniedException", 403, "agentcore_denied"),
        ("UnauthorizedException", 401, "agentcore_denied"),
        ("ResourceNotFoundException", 404, "agentcore_not_found"),
        ("ValidationException", 400, "agentcore_refused"),
        ("SomethingNewException", 418, "agentcore_refused"),
    ],
)
async def test_a_refusal_is_not_asked_for_again(
    account: Account, client: AgentCoreIdentity, code: str, status: int, reason: str
) -> None:
    account.endpoint.next_answers = [AwsError(code, status=status, reason="CannotParse")]
    with pytest.raises(UpstreamRefused) as caught:
        await client.workload_token()
    assert caught.value.reason == reason
    assert len(account.endpoint.calls) == 1


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 429), ("InternalServerException", 500)])
async def test_what_may_pass_is_asked_for_again(
    account: Account, client: AgentCoreIdentity, code: str, status: int
) -> None:
    account.endpoint.next_answers = [AwsError(code, status=status)] * 2
    assert isinstance(await client.workload_token(), RawToken)
    assert len(account.endpoint.calls) == 3


async def test_throttling_that_goes_on_is_said_with_when_to_come_back(
    account: Account, client: AgentCoreIdentity
) -> None:
    account.endpoint.next_answers = [AwsError("ThrottlingException", status=429)] * 3
    with pytest.raises(UpstreamUnavailable) as caught:
        await client.workload_token()
    assert caught.value.retry_after is not None
    assert len(account.endpoint.calls) == 3


async def test_a_consent_is_not_completed_twice(account: Account, client: AgentCoreIdentity) -> None:
    token, _ = account.user()
    account.endpoint.next_answers = [AwsError("InternalServerException", status=500)]
    with pytest.raises(UpstreamUnavailable) as caught:
        await client.complete(token, "urn:ietf:params:oauth:request_uri:x")
    assert caught.value.outcome_unknown
    assert len(account.endpoint.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"workloadAccessToken": 5}',
        b'{"workloadAccessToken": ""}',
        b'{"workloadAccessToken": "two\\nlines"}',
    ],
)
async def test_an_answer_that_is_none_is_refused(account: Account, client: AgentCoreIdentity, body: bytes) -> None:
    account.endpoint.next_answers = [HttpResponse(200, body, "application/json")]
    with pytest.raises(UpstreamRefused):
        await client.workload_token()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"authorizationUrl": "https://x.example/"},
        {"sessionUri": "urn:ietf:params:oauth:request_uri:x"},
        {"sessionUri": "urn:ietf:params:oauth:request_uri:x", "authorizationUrl": "javascript:alert(1)"},
        {"sessionUri": "https://elsewhere.example/", "authorizationUrl": "https://x.example/"},
    ],
)
async def test_a_consent_that_cannot_be_shown_is_refused(
    account: Account, client: AgentCoreIdentity, answer: dict[str, str]
) -> None:
    account.endpoint.next_answers = [HttpResponse(200, json.dumps(answer).encode(), "application/json")]
    with pytest.raises(UpstreamRefused) as caught:
        await client.resource_token(RawToken("wat"), DIRECTORY)
    assert caught.value.reason == "agentcore_answer"


async def test_consent_where_there_is_no_person_is_refused(account: Account, client: AgentCoreIdentity) -> None:
    answer = {"authorizationUrl": "https://x.example/", "sessionUri": "urn:ietf:params:oauth:request_uri:x"}
    account.endpoint.next_answers = [HttpResponse(200, json.dumps(answer).encode(), "application/json")]
    with pytest.raises(UpstreamRefused):
        await client.resource_token(RawToken("wat"), MACHINE)


async def test_a_slow_service_does_not_stop_the_loop(account: Account, client: AgentCoreIdentity) -> None:
    account.endpoint.release.clear()
    asking = asyncio.create_task(client.workload_token())
    assert await asyncio.to_thread(account.endpoint.arrived.wait, 20)
    assert not asking.done(), "this line is reached while the service still thinks"
    account.endpoint.release.set()
    assert isinstance(await asking, RawToken)


async def test_a_slow_service_is_given_up_and_gets_no_more_calls_than_there_are_threads(account: Account) -> None:
    client = account.client(timeout=0.3, threads=2)
    account.endpoint.release.clear()
    failed = await asyncio.gather(*(client.workload_token() for _ in range(6)), return_exceptions=True)
    assert all(isinstance(error, UpstreamUnavailable) for error in failed)
    assert len(account.endpoint.calls) <= 2
    await client.aclose()


async def test_a_service_that_is_away_is_said_to_be(account: Account, client: AgentCoreIdentity) -> None:
    account.stop()
    with pytest.raises(UpstreamUnavailable) as caught:
        await client.workload_token()
    assert caught.value.part == "AgentCore Identity"


async def test_missing_aws_credentials_are_named(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = account.client()
    with pytest.raises(UpstreamRefused, match="NoCredentialsError"):
        await client.workload_token()
    await client.aclose()


@pytest.mark.parametrize(
    "failure",
    [
        AwsError("ValidationException", message="'eyJhbGciOiJSUzI1NiJ9.canary.signature' is not a token", reason="x"),
        AwsError("InternalServerException", status=500, message="canary"),
        HttpResponse(200, b'{"workloadAccessToken": "canary canary"}', "application/json"),
    ],
)
async def test_no_failure_holds_a_token_whatever_the_service_repeats(
    account: Account, client: AgentCoreIdentity, failure: AwsError | HttpResponse
) -> None:
    account.endpoint.next_answers = [failure] * 3
    user_token = RawToken("canary.canary.canary")
    with capture_logs() as logged, pytest.raises(UpstreamError) as caught:
        await client.workload_token_for(user_token)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__) + repr(logged)
    error: BaseException | None = caught.value
    while error is not None:
        told += str(error)
        error = error.__cause__ or error.__context__
    assert "canary" not in told
