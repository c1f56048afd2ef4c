"""The supervisor without a key of its own: AgentCore Identity gives it both tokens of a hop, over real botocore."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx
import pytest

from local.aws import AwsEndpoint, AwsError, CredentialProvider, IdentityStandIn, Issue
from shared.testing import LoopbackServer
from tests.flows._world import Person, World

WORKLOAD = "helpdesk-supervisor"


class OnAgentCore(World):
    """The world, with AgentCore Identity before the tenant."""

    def __enter__(self) -> Self:
        providers = {"m2m": CredentialProvider(self._machine), "exchange": CredentialProvider(self._exchanged)}
        self.account = IdentityStandIn([WORKLOAD], providers)
        self.aws = AwsEndpoint({"bedrock-agentcore": self.account.handlers()})
        self._aws_server = LoopbackServer().start(self.aws)
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)
        self._aws_server.stop()

    def _supervisor(self) -> dict[str, Any]:
        keys = ("client_key", "api_client_key")
        return {name: value for name, value in super()._supervisor().items() if name not in keys} | {
            "agentcore_workload": WORKLOAD,
            "agentcore_m2m_provider": "m2m",
            "agentcore_exchange_provider": "exchange",
            "agentcore_runtime_headers": True,
            "agentcore_endpoint_url": self._aws_server.url.rstrip("/"),
        }

    async def _machine(self, asked: Issue) -> str:
        assert asked.audience is not None
        return await self.tenant.client_credentials(asked.audience, scopes=list(asked.scopes))

    async def _exchanged(self, asked: Issue) -> str:
        assert asked.audience is not None
        assert asked.user_token is not None
        return await self.tenant.exchange(asked.user_token, asked.audience, scopes=list(asked.scopes))


@pytest.fixture(scope="module")
def agentcore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAgentCore]:
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "made-up")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with OnAgentCore(tmp_path_factory.mktemp("agentcore")) as started:
            yield started


@pytest.fixture
async def amelia(agentcore: OnAgentCore, http: httpx.AsyncClient) -> Person:
    return await Person.sign_in(agentcore, "amelia.hart", http)


async def test_a_person_is_served_with_tokens_that_agentcore_gave(agentcore: OnAgentCore, amelia: Person) -> None:
    reply = await amelia.ask("Show my profile")
    assert "Amelia Hart" in reply.text
    flows = {asked["oauth2Flow"] for asked in agentcore.aws.asked("GetResourceOauth2Token")}
    assert flows == {"M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"}
    assert agentcore.aws.violations == []


async def test_the_runtimes_token_is_used_and_goes_no_further(agentcore: OnAgentCore, http: httpx.AsyncClient) -> None:
    oscar = await Person.sign_in(agentcore, "oscar.lind", http)
    handed = agentcore.account.hand_in(oscar.token)
    before = len(agentcore.aws.calls)
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "Show my profile"}]}
    response = await http.post(
        agentcore.url("supervisor"),
        json={"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}},
        headers={"Authorization": f"Bearer {oscar.token}", "A2A-Version": "1.0", "WorkloadAccessToken": handed},
    )
    assert "Oscar Lind" in response.text
    calls = agentcore.aws.calls[before:]
    assert {call.operation for call in calls} == {"GetResourceOauth2Token"}
    assert {call.parameters["workloadIdentityToken"] for call in calls} == {handed}
    assert all(handed not in str(heard) for name, heard in agentcore.heard.items() if name != "supervisor")


async def test_a_refusal_of_agentcore_is_told_without_its_words(
    agentcore: OnAgentCore, http: httpx.AsyncClient
) -> None:
    casey = await Person.sign_in(agentcore, "casey.moreno", http)
    agentcore.aws.next_answers = [
        AwsError("AccessDeniedException", status=403, message="arn:aws:iam::123456789012")
    ] * 4
    reply = await casey.ask("Show my profile")
    agentcore.aws.next_answers = []
    assert "could not answer this" in reply.text
    assert "123456789012" not in str(reply.events)
