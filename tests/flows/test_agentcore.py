"""The supervisor without a key of its own: AgentCore Identity gives it both tokens of a hop, over real botocore."""

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx
import pytest

from local.aws import AwsEndpoint, AwsError, CredentialProvider, IdentityStandIn, Issue
from local.directory.oauth import CONNECTIONS
from shared.agentcore import AgentCoreIdentity
from shared.errors import UpstreamRefused
from shared.identity import RawToken
from shared.testing import LoopbackServer
from tests.flows._world import API_CLIENTS, Person, World, new_client

WORKLOAD = "helpdesk-supervisor"
LOOKUP = "helpdesk-account-lookup"
FEDERATED = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"


class OnAgentCore(World):
    """The world, with AgentCore Identity before the tenant."""

    def __enter__(self) -> Self:
        providers = {
            "m2m": CredentialProvider(self._machine),
            "exchange": CredentialProvider(self._exchanged),
            "directory": CredentialProvider(self._upstream, consent=True),
        }
        self.account = IdentityStandIn([WORKLOAD, LOOKUP], providers)
        self.aws = AwsEndpoint({"bedrock-agentcore": self.account.handlers()})
        self._aws_server = LoopbackServer().start(self.aws)
        super().__enter__()
        return self

    @property
    def aws_url(self) -> str:
        """Where AWS answers."""
        return self._aws_server.url.rstrip("/")

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
            "agentcore_endpoint_url": self.aws_url,
        }

    def _directory_user(self, name: str) -> dict[str, Any]:
        """account_lookup acts in the directory by AgentCore's consents, and holds no key either."""
        settings = super()._directory_user(name)
        if name != "account_lookup":
            return settings
        return {key: value for key, value in settings.items() if not key.startswith("api_client")} | {
            "credential_provider": "agentcore",
            "directory_connection": "directory",
            "directory_scopes": ("okta.users.read.self",),
            "accounts_url": "https://helpdesk.example/connected",
            "agentcore_workload": LOOKUP,
            "agentcore_endpoint_url": self.aws_url,
        }

    async def _upstream(self, asked: Issue) -> str:
        """The directory's own token for the person, which the tenant holds in this world."""
        assert asked.user_token is not None
        parameters = {
            "grant_type": FEDERATED,
            "subject_token": asked.user_token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "requested_token_type": "http://auth0.com/oauth/token-type/federated-connection-access-token",
            "connection": CONNECTIONS["account_lookup"],
            **self.tenant.credentials(API_CLIENTS["account_lookup"]),
        }
        response = await self.tenant.request_token(parameters)
        return str(response.json()["access_token"])

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


async def signed_in(world: OnAgentCore, login: str, http: httpx.AsyncClient) -> Person:
    """Somebody who has agreed that account_lookup acts for them in the directory."""
    person = await Person.sign_in(world, login, http)
    await consent(world, person, await asked_to_connect(person))
    return person


async def asked_to_connect(person: Person) -> str:
    """Asks, is told to agree first, and gives what the link names."""
    reply = await person.ask("Show my profile")
    assert "you have not allowed it yet" in reply.text
    found = re.search(r"request_uri=(\S+)", reply.text)
    assert found is not None
    return found[1]


async def consent(world: OnAgentCore, person: Person, session_uri: str) -> None:
    """The page that the browser comes back to, where this person is signed in, says that they agreed."""
    identity = AgentCoreIdentity(LOOKUP, endpoint_url=world.aws_url)
    await identity.complete(RawToken(person.token), session_uri)
    await identity.aclose()


async def test_a_person_is_served_with_tokens_that_agentcore_gave(
    agentcore: OnAgentCore, http: httpx.AsyncClient
) -> None:
    amelia = await signed_in(agentcore, "amelia.hart", http)
    reply = await amelia.ask("Show my profile")
    assert "Amelia Hart" in reply.text
    flows = {asked["oauth2Flow"] for asked in agentcore.aws.asked("GetResourceOauth2Token")}
    assert flows == {"M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE", "USER_FEDERATION"}
    assert agentcore.aws.violations == []


async def test_the_runtimes_token_is_used_and_goes_no_further(agentcore: OnAgentCore, http: httpx.AsyncClient) -> None:
    oscar = await signed_in(agentcore, "oscar.lind", http)
    agentcore.stop("supervisor")  # so that it holds no token of oscar's
    agentcore.start("supervisor")
    handed = agentcore.account.hand_in(oscar.token)
    before = len(agentcore.aws.calls)
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "Show my profile"}]}
    async with new_client() as fresh:  # the connections of the other are those of the process that was stopped
        response = await fresh.post(
            agentcore.url("supervisor"),
            json={"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}},
            headers={"Authorization": f"Bearer {oscar.token}", "A2A-Version": "1.0", "WorkloadAccessToken": handed},
        )
    assert "Oscar Lind" in response.text
    calls = agentcore.aws.calls[before:]
    own = [call for call in calls if call.parameters.get("resourceCredentialProviderName") in {"m2m", "exchange"}]
    assert own
    assert {call.parameters["workloadIdentityToken"] for call in own} == {handed}
    assert WORKLOAD not in {call.parameters.get("workloadName") for call in calls}
    assert all(handed not in str(heard) for name, heard in agentcore.heard.items() if name != "supervisor")


async def test_nobody_agrees_in_the_name_of_somebody_else(agentcore: OnAgentCore, http: httpx.AsyncClient) -> None:
    nadia = await Person.sign_in(agentcore, "nadia.okafor", http)
    session_uri = await asked_to_connect(nadia)
    amelia = await Person.sign_in(agentcore, "amelia.hart", http)
    with pytest.raises(UpstreamRefused):
        await consent(agentcore, amelia, session_uri)
    assert await asked_to_connect(nadia) == session_uri, "the session is still open, and still theirs"


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
