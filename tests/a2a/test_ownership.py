"""Tasks and contexts belong to (issuer, subject): for everybody else they do not exist, live or ended."""

import uuid
from typing import Any

import pytest

from tests.a2a._agent import ALICE, BOB, TASK_OPERATIONS, Agent, Answer, message
from tests.a2a._exchange import Exchange

LIFE = ["hold for a while", "ask", "echo done"]
"""A task that is being worked on, one that waits for somebody, one that ended."""


def apart_from_ids(answer: Answer, task_id: str) -> tuple[int, str]:
    """All that an answer says, but for the id that was asked for."""
    return answer.response.status_code, answer.response.text.replace(task_id, "…")


@pytest.mark.requirement("C1")
@pytest.mark.requirement("C2")
@pytest.mark.parametrize("text", LIFE)
@pytest.mark.parametrize("operation", TASK_OPERATIONS)
async def test_another_users_task_is_answered_for_as_one_that_does_not_exist(
    agent: Agent, text: str, operation: str, binding: str
) -> None:
    task = await agent.begin(text)
    nothing = str(uuid.uuid4())
    theirs = await agent.call(operation, {"id": task["id"]}, user=BOB, binding=binding)
    nobodys = await agent.call(operation, {"id": nothing}, user=BOB, binding=binding)
    assert theirs.reason == "TASK_NOT_FOUND"
    assert apart_from_ids(theirs, task["id"]) == apart_from_ids(nobodys, nothing)
    agent.executor.release.set()


@pytest.mark.requirement("C1")
@pytest.mark.requirement("C2")
@pytest.mark.parametrize("text", LIFE)
@pytest.mark.parametrize("operation", ["SendMessage", "SendStreamingMessage"])
async def test_another_users_task_takes_no_message(agent: Agent, text: str, operation: str, binding: str) -> None:
    task = await agent.begin(text)
    heard = list(agent.executor.heard)
    nothing = str(uuid.uuid4())
    for context in ({}, {"contextId": task["contextId"]}):
        theirs = await agent.call(
            operation, message("echo mine", taskId=task["id"], **context), user=BOB, binding=binding
        )
        nobodys = await agent.call(
            operation, message("echo mine", taskId=nothing, **context), user=BOB, binding=binding
        )
        assert theirs.reason == "TASK_NOT_FOUND"
        assert apart_from_ids(theirs, task["id"]) == apart_from_ids(nobodys, nothing)
    assert agent.executor.heard == heard
    agent.executor.release.set()


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("text", LIFE)
async def test_another_users_tasks_are_not_listed(agent: Agent, text: str, binding: str) -> None:
    task = await agent.begin(text)
    bobs = await agent.call("ListTasks", {"contextId": task["contextId"]}, user=BOB, binding=binding)
    assert (bobs.result["tasks"], bobs.result["totalSize"]) == ([], 0)
    alices = await agent.call("ListTasks", {}, user=ALICE, binding=binding)
    assert [found["id"] for found in alices.result["tasks"]] == [task["id"]]
    agent.executor.release.set()


@pytest.mark.requirement("C1")
@pytest.mark.parametrize(
    "operation",
    [
        "CreateTaskPushNotificationConfig",
        "GetTaskPushNotificationConfig",
        "ListTaskPushNotificationConfigs",
        "DeleteTaskPushNotificationConfig",
    ],
)
async def test_push_notifications_are_not_offered_for_anybodys_task(agent: Agent, operation: str, binding: str) -> None:
    task = await agent.begin("ask")
    params = {"taskId": task["id"], "id": "config"} | ({"url": "https://x.example"} if "Create" in operation else {})
    for user in (ALICE, BOB):
        answer = await agent.call(operation, params, user=user, binding=binding)
        assert answer.reason == "PUSH_NOTIFICATION_NOT_SUPPORTED"


@pytest.mark.requirement("C1")
async def test_another_user_does_not_stop_a_running_task(agent: Agent, binding: str) -> None:
    task = await agent.begin("hold on")
    await agent.call("CancelTask", {"id": task["id"]}, user=BOB, binding=binding)
    assert agent.executor.cancelled == agent.executor.interrupted == []
    agent.executor.release.set()
    exchange = Exchange(
        agent.app,
        {"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": task["id"]}},
        agent.issuer.hop(ALICE),
    )
    async with exchange as stream:
        await stream.start()
        events = await stream.rest()
    assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


@pytest.mark.requirement("C3")
async def test_another_users_context_id_is_a_context_of_ones_own(agent: Agent, binding: str) -> None:
    """It is no secret who uses which id, because it makes no difference."""
    mine = (await agent.send("echo my secret", contextId="shared", binding=binding)).task
    bobs = (await agent.send("echo hello", contextId="shared", user=BOB, binding=binding)).task
    assert mine["contextId"] == bobs["contextId"] == "shared"
    assert mine["id"] != bobs["id"]
    listed = await agent.call("ListTasks", {"contextId": "shared"}, user=BOB, binding=binding)
    assert [task["id"] for task in listed.result["tasks"]] == [bobs["id"]]
    assert "my secret" not in listed.response.text


@pytest.mark.requirement("C3")
async def test_the_same_subject_of_another_issuer_is_another_user() -> None:
    from shared.testing import make_principal  # noqa: PLC0415 -- only here

    one = make_principal("auth0|alice", issuer="https://one.example/")
    other = make_principal("auth0|alice", issuer="https://other.example/")
    assert one.key != other.key


@pytest.mark.requirement("C5")
async def test_the_ids_of_tasks_and_contexts_are_chosen_here_and_cannot_be_guessed(agent: Agent, binding: str) -> None:
    tasks = [(await agent.send("echo hello", binding=binding)).task for _ in range(5)]
    for name, version, random_bits in (("id", 7, 62), ("contextId", 4, 122)):
        ids = [uuid.UUID(task[name]) for task in tasks]
        assert {one.version for one in ids} == {version}
        assert len({one.int % 2**random_bits for one in ids}) == 5


@pytest.mark.requirement("C5")
@pytest.mark.parametrize("task_id", ["1", "' OR 1=1 --", "%", "*", "../../etc/passwd", "a" * 200, "äöü"])
async def test_a_task_id_that_was_never_given_out_finds_nothing(agent: Agent, task_id: str) -> None:
    await agent.send("ask")
    for operation in TASK_OPERATIONS:
        assert (await agent.call(operation, {"id": task_id})).reason == "TASK_NOT_FOUND"
    assert (await agent.send("echo more", taskId=task_id)).reason == "TASK_NOT_FOUND"


async def test_a_page_token_is_its_owners_alone(agent: Agent, binding: str) -> None:
    for _ in range(3):
        await agent.send("echo hello")
        await agent.send("echo hello", user=BOB)
    page: dict[str, Any] = (await agent.call("ListTasks", {"pageSize": 1}, binding=binding)).result
    params = {"pageSize": 1, "pageToken": page["nextPageToken"]}
    assert (await agent.call("ListTasks", params, user=BOB, binding=binding)).reason == "INVALID_PARAMS"
    assert len((await agent.call("ListTasks", params, binding=binding)).result["tasks"]) == 1
