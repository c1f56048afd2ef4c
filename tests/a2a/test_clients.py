"""The SDK's own clients, and those of 0.3, against an agent of ours."""

import uuid
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientCallContext, ClientConfig, ClientFactory
from a2a.client.card_resolver import A2ACardResolver
from a2a.types import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskState,
)
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError

from tests.a2a._agent import BOB, URL, Agent

HELLO_03 = {"kind": "text", "text": "echo hello"}


async def connect(agent: Agent, binding: str, *, streaming: bool) -> Client:
    """A client as the SDK makes it from the card."""
    card = await A2ACardResolver(agent.http, URL).get_agent_card()
    config = ClientConfig(httpx_client=agent.http, streaming=streaming, supported_protocol_bindings=[binding])
    return ClientFactory(config).create(card)


def as_user(agent: Agent, user: str = "auth0|alice") -> ClientCallContext:
    return ClientCallContext(service_parameters=agent.issuer.hop(user))


def asking(text: str, **fields: Any) -> SendMessageRequest:
    return SendMessageRequest(
        message=Message(message_id=uuid.uuid4().hex, role=Role.ROLE_USER, parts=[Part(text=text)], **fields)
    )


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_conversation_by_the_sdks_client(agent: Agent, binding: str, streaming: bool) -> None:
    client = await connect(agent, binding, streaming=streaming)
    events = [event async for event in client.send_message(asking("ask"), context=as_user(agent))]
    task = events[0].task
    assert (await client.get_task(GetTaskRequest(id=task.id), context=as_user(agent))).status.state == (
        TaskState.TASK_STATE_INPUT_REQUIRED
    )
    events = [
        event async for event in client.send_message(asking("echo that one", task_id=task.id), context=as_user(agent))
    ]
    last = events[-1]
    state = last.task.status.state if last.HasField("task") else last.status_update.status.state
    assert state == TaskState.TASK_STATE_COMPLETED
    listed = await client.list_tasks(ListTasksRequest(include_artifacts=True), context=as_user(agent))
    assert [part.text for part in listed.tasks[0].artifacts[0].parts] == ["that one"]


async def test_the_sdks_client_subscribes_and_cancels(agent: Agent, binding: str) -> None:
    client = await connect(agent, binding, streaming=True)
    task = (await agent.send("ask")).task
    events = [e async for e in client.subscribe(SubscribeToTaskRequest(id=task["id"]), context=as_user(agent))]
    assert events[0].task.id == task["id"]
    cancelled = await client.cancel_task(CancelTaskRequest(id=task["id"]), context=as_user(agent))
    assert cancelled.status.state == TaskState.TASK_STATE_CANCELED


async def test_the_sdks_client_understands_our_errors(agent: Agent, binding: str) -> None:
    client = await connect(agent, binding, streaming=False)
    task = (await agent.send("ask")).task
    with pytest.raises(TaskNotFoundError):
        await client.get_task(GetTaskRequest(id=task["id"]), context=as_user(agent, BOB))
    with pytest.raises(InvalidParamsError, match="The message is empty"):
        _ = [event async for event in client.send_message(asking(" "), context=as_user(agent))]


async def test_the_sdks_client_reads_the_extended_card(agent: Agent, binding: str) -> None:
    client = await connect(agent, binding, streaming=False)
    card = await client.get_extended_agent_card(GetExtendedAgentCardRequest(), context=as_user(agent))
    assert [skill.id for skill in card.skills] == ["show_account", "help"]


async def call_03(agent: Agent, method: str, params: dict[str, Any], **headers: str) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return await agent.http.post(URL, json=body, headers=agent.issuer.hop() | headers)


def message_03(part: dict[str, Any] = HELLO_03, **fields: Any) -> dict[str, Any]:
    return {"message": {"kind": "message", "messageId": uuid.uuid4().hex, "role": "user", "parts": [part], **fields}}


@pytest.mark.parametrize("version", [{}, {"A2A-Version": "0.3"}], ids=str)
async def test_a_0_3_client_is_answered_in_0_3(agent: Agent, version: dict[str, str]) -> None:
    sent = (await call_03(agent, "message/send", message_03(), **version)).json()["result"]
    assert (sent["kind"], sent["status"]["state"]) == ("task", "completed")
    assert sent["artifacts"][0]["parts"] == [{"kind": "text", "text": "hello"}]
    got = (await call_03(agent, "tasks/get", {"id": sent["id"]}, **version)).json()["result"]
    assert got["id"] == sent["id"]


async def test_a_0_3_client_streams(agent: Agent) -> None:
    response = await call_03(agent, "message/stream", message_03())
    kinds = [line.partition('"kind":"')[2] for line in response.text.splitlines() if line]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert len(kinds) == 4
    assert '"final":true' in response.text


async def test_a_0_3_client_goes_on_with_a_task_and_cancels_one(agent: Agent) -> None:
    first = (await call_03(agent, "message/send", message_03({"kind": "text", "text": "ask"}))).json()["result"]
    assert first["status"]["state"] == "input-required"
    again = (await call_03(agent, "message/send", message_03(taskId=first["id"]))).json()["result"]
    assert again["status"]["state"] == "completed"
    other = (await call_03(agent, "message/send", message_03({"kind": "text", "text": "ask"}))).json()["result"]
    assert (await call_03(agent, "tasks/cancel", {"id": other["id"]})).json()["result"]["status"]["state"] == "canceled"


@pytest.mark.requirement("C11")
@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("tasks/get", {"id": "nothing"}, -32001),
        ("tasks/cancel", {"id": "nothing"}, -32001),
        ("tasks/resubscribe", {"id": "nothing"}, -32001),
        ("tasks/get", {}, -32602),
        ("message/send", {}, -32602),
        ("message/send", {"message": {"role": "king", "parts": "x"}}, -32602),
        ("message/send", message_03({"kind": "text", "text": " "}), -32602),
        ("message/send", message_03({"kind": "file", "file": {"uri": "http://169.254.169.254/"}}), -32005),
        ("message/stream", message_03({"kind": "data", "data": {"a": 1}}), -32005),
        ("tasks/pushNotificationConfig/list", {"id": "nothing"}, -32003),
        ("agent/getNothing", {}, -32601),
    ],
    ids=lambda value: str(value).partition("'messageId'")[0][:50],
)
async def test_errors_of_0_3_have_its_codes_and_repeat_nothing(
    agent: Agent, method: str, params: dict[str, Any], code: int
) -> None:
    response = await call_03(agent, method, params)
    assert (response.status_code, response.json()["error"]["code"]) == (200, code)
    for word in ("pydantic", "Traceback", "king", "169.254"):
        assert word not in response.text


async def test_a_0_3_method_is_not_one_of_1_0(agent: Agent) -> None:
    response = await call_03(agent, "message/send", message_03(), **{"A2A-Version": "1.0"})
    assert response.json()["error"]["code"] == -32009


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(
    "method",
    [
        "message/send",
        "message/stream",
        "tasks/get",
        "tasks/cancel",
        "tasks/resubscribe",
        "tasks/pushNotificationConfig/set",
        "tasks/pushNotificationConfig/get",
        "tasks/pushNotificationConfig/list",
        "tasks/pushNotificationConfig/delete",
        "agent/getAuthenticatedExtendedCard",
    ],
)
async def test_no_0_3_method_is_open(agent: Agent, method: str) -> None:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {}}
    assert (await agent.http.post(URL, json=body)).status_code == 401
    headers = agent.issuer.hop() | {"Authorization": "Bearer x.y.z"}
    assert (await agent.http.post(URL, json=body, headers=headers)).status_code == 401


@pytest.mark.requirement("C1")
async def test_a_0_3_client_sees_its_own_users_tasks_alone(agent: Agent) -> None:
    task = (await agent.send("ask", user=BOB)).task
    for method in ("tasks/get", "tasks/cancel", "tasks/resubscribe"):
        assert (await call_03(agent, method, {"id": task["id"]})).json()["error"]["code"] == -32001
    taken = await call_03(agent, "message/send", message_03(taskId=task["id"]))
    assert taken.json()["error"]["code"] == -32001
