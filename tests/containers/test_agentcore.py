"""Each agent's image, held to what AgentCore Runtime asks of a container: DG runtime-a2a-protocol-contract.

Every container is an image as it is deployed, with a tenant and a model on this machine. The model says nothing until a
test lets it, so that what happens while an agent is at work can be seen.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from local.tenant.testing import LocalTenant
from shared.http import create_http_client
from shared.testing import LoopbackServer
from tests.containers._engine import BUILD_SECONDS, free_ports, run
from tests.containers._runtime import AgentContainer, SilentModel
from tests.containers._workspace import AGENTS
from tests.doctor._agents import Desk

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

STOP_SECONDS = 30
"""What Docker and AgentCore give a container between SIGTERM and SIGKILL: here more than the agents' own bound."""

TASK_NOT_FOUND = -32001
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
LISTENING = """
import json
sockets = [line.split() for name in ('tcp', 'tcp6') for line in open(f'/proc/net/{name}').read().splitlines()[1:]]
print(json.dumps([fields[1] for fields in sockets if fields[3] == '0A']))
"""
PINGED_BY_ITS_ADDRESS = """
import http.client, json, socket
connection = http.client.HTTPConnection(socket.gethostbyname(socket.gethostname()), 9000, timeout=5)
connection.request('GET', '/ping')
answer = connection.getresponse()
print(json.dumps([answer.status, json.loads(answer.read())]))
"""


@pytest.fixture(scope="module")
def model() -> Iterator[SilentModel]:
    silent = SilentModel()
    with LoopbackServer().start(silent.app) as server:
        silent.url = server.url
        yield silent
        silent.speak.set()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with LocalTenant(tmp_path_factory.mktemp("tenant")) as tenant:
        yield Desk.beside(tenant)


@pytest.fixture(scope="module")
def container(images: dict[str, str], desk: Desk, model: SilentModel) -> Iterator[Callable[[str], AgentContainer]]:
    """One of an image, on this machine's own network, so that it reaches the tenant and the model there."""
    ports = free_ports(*AGENTS)
    started: dict[str, AgentContainer] = {}

    def start(name: str) -> AgentContainer:
        if name not in started:
            started[name] = AgentContainer.start(name, images[name], ports[name], desk, model)
            started[name].wait_until_ready()
        return started[name]

    try:
        yield start
    finally:
        if started:
            run(["docker", "rm", "--force", "--volumes", *(each.id for each in started.values())])


@pytest.fixture
def containers(container: Callable[[str], AgentContainer]) -> dict[str, AgentContainer]:
    """One of each image."""
    return {name: container(name) for name in AGENTS}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_http_client(timeout=60.0) as client:
        yield client


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest, container: Callable[[str], AgentContainer]) -> AgentContainer:
    return container(request.param)


def body(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}


def message(text: str = "Which groups am I in?") -> dict[str, Any]:
    return {"messageId": uuid.uuid4().hex, "role": "ROLE_USER", "parts": [{"text": text}]}


async def test_it_listens_at_port_9000_of_every_interface(
    images: dict[str, str], desk: Desk, model: SilentModel
) -> None:
    """With the image's own HOST and PORT, in a network of its own."""
    for name in AGENTS:
        container = AgentContainer.start(name, images[name], None, desk, model)
        try:
            assert container.execute(LISTENING) == ["00000000:2328"], name
            assert container.execute(PINGED_BY_ITS_ADDRESS) == [200, {"status": "Healthy"}], name
        finally:
            run(["docker", "rm", "--force", "--volumes", container.id])


async def test_the_ping_says_healthy_and_no_time(agent: AgentContainer, http: httpx.AsyncClient) -> None:
    """A time that changes with each answer would keep the session from idling out: the agents tell none."""
    for _ in range(3):
        response = await http.get(f"{agent.url}ping")
        assert (response.status_code, response.json()) == (200, {"status": "Healthy"})


async def test_the_card_is_at_its_path_and_names_where_the_agent_is_called(
    agent: AgentContainer, http: httpx.AsyncClient
) -> None:
    card = (await http.get(f"{agent.url}.well-known/agent-card.json")).json()
    interfaces = card["supportedInterfaces"]
    assert {one["url"] for one in interfaces if one["protocolBinding"] == "JSONRPC"} == {agent.url}
    assert {one["protocolVersion"] for one in interfaces} >= {"1.0", "0.3"}
    assert card["url"] == agent.url, "for clients of version 0.3"


async def test_who_has_no_token_is_told_where_to_get_one(agent: AgentContainer, http: httpx.AsyncClient) -> None:
    response = await http.post(agent.url, json=body("GetTask", id="none"))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("headers", [{"A2A-Version": "1.0"}, {}])
async def test_a_request_of_version_1_is_answered_with_and_without_its_header(
    agent: AgentContainer, http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """AgentCore lets `A2A-Version` through only where it is listed."""
    response = await http.post(agent.url, json=body("GetTask", id="none"), headers=headers | await agent.tokens())
    assert response.json()["error"]["code"] == TASK_NOT_FOUND


async def test_a_request_of_version_0_3_is_answered(agent: AgentContainer, http: httpx.AsyncClient) -> None:
    response = await http.post(agent.url, json=body("tasks/get", id="none"), headers=await agent.tokens())
    assert response.json()["error"]["code"] == TASK_NOT_FOUND


@pytest.mark.parametrize(("length", "taken"), [(32, False), (33, True), (256, True), (257, False)])
async def test_a_session_has_33_to_256_characters(
    agent: AgentContainer, http: httpx.AsyncClient, length: int, taken: bool
) -> None:
    session = uuid.uuid4().hex + "s" * (length - 32)
    headers = {SESSION: session, **await agent.tokens()}
    response = await http.post(agent.url, json=body("GetTask", id="none"), headers=headers)
    assert (response.status_code == 200 and response.json()["error"]["code"] == TASK_NOT_FOUND) is taken


async def test_header_values_of_4_kb_are_read(agent: AgentContainer, http: httpx.AsyncClient) -> None:
    """AgentCore passes up to 4 KB in each: such a token is refused as a token, and what is none changes nothing."""
    tokens = await agent.tokens()
    full = dict.fromkeys(("X-Request-Id", "A2A-Extensions", "tracestate", "baggage"), "x" * 4096)
    response = await http.post(agent.url, json=body("GetTask", id="none"), headers=full | tokens)
    assert response.json()["error"]["code"] == TASK_NOT_FOUND
    for name in tokens:
        longest = "Bearer " * (name == "Authorization") + "x" * 4096
        refused = await http.post(agent.url, json=body("GetTask", id="none"), headers=tokens | {name: longest[:4096]})
        assert refused.status_code == 401, name


async def test_the_ping_is_busy_while_it_works(
    agent: AgentContainer, http: httpx.AsyncClient, model: SilentModel
) -> None:
    """So that the session does not idle out; and healthy again once nothing is under way."""
    with model.silence():
        headers = {"A2A-Version": "1.0", **await agent.tokens()}
        asking = body("SendStreamingMessage", message=message())
        async with http.stream("POST", agent.url, json=asking, headers=headers) as response:
            lines = response.aiter_lines()
            await anext(line async for line in lines if "WORKING" in line or "SUBMITTED" in line)
            assert (await http.get(f"{agent.url}ping")).json() == {"status": "HealthyBusy"}
            model.speak.set()
            events = [
                json.loads(line.removeprefix("data:"))["result"] async for line in lines if line.startswith("data:")
            ]
    assert final(events) in {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED"}
    for _ in range(1000):  # the answers themselves take their time
        if (await http.get(f"{agent.url}ping")).json() == {"status": "Healthy"}:
            break
    else:
        raise AssertionError("it stays busy")


async def events_in(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """What a stream goes on to say."""
    async for line in lines:
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))["result"]


def final(events: list[dict[str, Any]]) -> str:
    """The last state that was told."""
    return str([event["statusUpdate"]["status"]["state"] for event in events if "statusUpdate" in event][-1])


async def test_sigterm_lets_a_stream_come_to_its_end(
    agent: AgentContainer, http: httpx.AsyncClient, model: SilentModel
) -> None:
    """What is under way is finished, the process ends with 0, and is well when it is started again."""
    with model.silence():
        headers = {"A2A-Version": "1.0", **await agent.tokens()}
        asking = body("SendStreamingMessage", message=message())
        async with http.stream("POST", agent.url, json=asking, headers=headers) as response:
            lines = response.aiter_lines()
            await anext(line async for line in lines if "WORKING" in line or "SUBMITTED" in line)
            stopping = asyncio.create_task(asyncio.to_thread(agent.stop, STOP_SECONDS))
            await asyncio.to_thread(agent.wait_until_it_refuses)
            assert not stopping.done(), "it waits for what is under way"
            model.speak.set()
            events = [
                json.loads(line.removeprefix("data:"))["result"] async for line in lines if line.startswith("data:")
            ]
        await stopping
    assert final(events) in {"TASK_STATE_COMPLETED", "TASK_STATE_FAILED"}
    assert agent.exit_code() == 0
    agent.start_again()
    assert (await http.get(f"{agent.url}ping")).json() == {"status": "Healthy"}


async def test_sigterm_parks_what_does_not_come_to_an_end(
    containers: dict[str, AgentContainer], http: httpx.AsyncClient, model: SilentModel
) -> None:
    """All at once: the processes end in time with 0, and say of the task what became of it once they are back."""
    tasks: dict[str, str] = {}
    with model.silence():
        async with asyncio.TaskGroup() as group:
            for name, agent in containers.items():
                group.create_task(_begin(tasks, name, agent, http))
        begun = time.monotonic()
        stops = [asyncio.to_thread(agent.stop, STOP_SECONDS) for agent in containers.values()]
        await asyncio.gather(*stops)
        assert time.monotonic() - begun < STOP_SECONDS
    assert {name: agent.exit_code() for name, agent in containers.items()} == dict.fromkeys(containers, 0)
    for name, agent in containers.items():
        agent.start_again()
        headers = {"A2A-Version": "1.0", **await agent.tokens()}
        found = (await http.post(agent.url, json=body("GetTask", id=tasks[name]), headers=headers)).json()
        assert found["result"]["status"]["state"] == "TASK_STATE_FAILED", name
        assert "again" in json.dumps(found["result"]["status"]), name


async def _begin(tasks: dict[str, str], name: str, agent: AgentContainer, http: httpx.AsyncClient) -> None:
    """Begins a task that its model never answers, and lets go of the stream."""
    headers = {"A2A-Version": "1.0", **await agent.tokens()}
    asking = body("SendStreamingMessage", message=message())
    async with http.stream("POST", agent.url, json=asking, headers=headers) as response:
        line = await anext(line async for line in response.aiter_lines() if '"task"' in line)
        tasks[name] = json.loads(line.removeprefix("data:"))["result"]["task"]["id"]
