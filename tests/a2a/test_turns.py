"""What becomes of messages: once each, in their task and context, to an end."""

import asyncio
import itertools
from pathlib import Path

import pytest
import structlog

from shared.a2a import Limits
from shared.tasks.postgres import PostgresStorage
from tests.a2a._agent import ALICE, BOB, SECRET, Agent, Answer, Issuer, message
from tests.a2a._exchange import Exchange


@pytest.mark.requirement("C6")
async def test_a_message_that_is_sent_again_is_not_worked_on_again(agent: Agent, binding: str) -> None:
    params = message("echo hello", message_id="m-1")
    first = await agent.call("SendMessage", params, binding=binding)
    again = await agent.call("SendMessage", params, binding=binding)
    assert again.task == first.task
    assert agent.executor.heard == ["echo hello"]


@pytest.mark.requirement("C6")
async def test_a_message_that_is_sent_again_while_it_is_worked_on_waits_for_the_same_end(
    agent: Agent, binding: str
) -> None:
    params = message("hold on", message_id="m-1")
    sent = [asyncio.create_task(agent.call("SendMessage", params, binding=binding)) for _ in range(3)]
    await agent.executor.began.wait()
    agent.executor.release.set()
    answers = await asyncio.gather(*sent)
    assert len({answer.task["id"] for answer in answers}) == 1
    assert {answer.state for answer in answers} == {"TASK_STATE_COMPLETED"}
    assert agent.executor.heard == ["hold on"]


@pytest.mark.requirement("C6")
async def test_a_message_that_is_sent_again_as_a_stream_is_followed_and_not_worked_on_again(agent: Agent) -> None:
    task = await agent.begin("hold on")
    message_id = task["history"][0]["messageId"]
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "SendStreamingMessage",
        "params": message("hold on", message_id=message_id),
    }
    async with Exchange(agent.app, body, agent.issuer.hop()) as stream:
        await stream.start()
        first = await stream.event()
        agent.executor.release.set()
        events = await stream.rest()
    assert first["task"]["id"] == task["id"]
    assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert agent.executor.heard == ["hold on"]


@pytest.mark.requirement("C6")
async def test_a_message_is_not_worked_on_again_after_a_restart(tmp_path: Path, issuer: Issuer, binding: str) -> None:
    params = message("echo hello", message_id="m-1")
    async with Agent(tmp_path, issuer) as agent:
        first = await agent.call("SendMessage", params, binding=binding)
    async with Agent(tmp_path, issuer) as agent:
        again = await agent.call("SendMessage", params, binding=binding)
        assert agent.executor.heard == []
    assert again.task == first.task


@pytest.mark.requirement("C6")
async def test_a_follow_up_that_is_sent_again_is_not_worked_on_again(agent: Agent, binding: str) -> None:
    task = (await agent.send("ask", binding=binding)).task
    params = message("echo that one", message_id="m-2", taskId=task["id"])
    for _ in range(2):
        assert (await agent.call("SendMessage", params, binding=binding)).state == "TASK_STATE_COMPLETED"
    assert agent.executor.heard == ["ask", "echo that one"]


@pytest.mark.requirement("C6")
async def test_two_users_may_choose_the_same_message_id(agent: Agent, binding: str) -> None:
    for user in (ALICE, BOB):
        answer = await agent.call("SendMessage", message("who", message_id="m-1"), user=user, binding=binding)
        assert answer.text == user


@pytest.mark.requirement("C6")
async def test_a_message_that_was_refused_may_be_sent_again(agent: Agent, binding: str) -> None:
    ended = (await agent.send("echo done")).task
    params = message("echo more", message_id="m-1", taskId=ended["id"])
    assert (await agent.call("SendMessage", params, binding=binding)).reason == "UNSUPPORTED_OPERATION"
    del params["message"]["taskId"]
    assert (await agent.call("SendMessage", params, binding=binding)).text == "more"


@pytest.mark.requirement("C7")
@pytest.mark.parametrize("text", ["echo done", "boom", "cancelled"])
@pytest.mark.parametrize("operation", ["SendMessage", "SendStreamingMessage"])
async def test_a_task_that_has_ended_is_not_begun_again(agent: Agent, text: str, operation: str, binding: str) -> None:
    if text == "cancelled":
        task = (await agent.send("ask")).task
        await agent.call("CancelTask", {"id": task["id"]})
    else:
        task = (await agent.send(text)).task
    before = (await agent.call("GetTask", {"id": task["id"]})).task
    heard = list(agent.executor.heard)
    answer = await agent.call(operation, message("echo more", taskId=task["id"]), binding=binding)
    assert answer.reason == "UNSUPPORTED_OPERATION"
    assert agent.executor.heard == heard
    assert (await agent.call("GetTask", {"id": task["id"]})).task == before


async def test_a_follow_up_goes_on_in_the_tasks_own_context(agent: Agent, binding: str) -> None:
    """The SDK would give it a new context id and then fail on it."""
    task = (await agent.send("ask", binding=binding)).task
    answer = await agent.send("echo that one", taskId=task["id"], binding=binding)
    assert (answer.task["id"], answer.task["contextId"]) == (task["id"], task["contextId"])
    said = [part["text"] for one in answer.task["history"] for part in one["parts"]]
    assert said == ["ask", "Which one?", "echo that one"]


async def test_a_follow_up_in_another_context_is_refused(agent: Agent, binding: str) -> None:
    task = (await agent.send("ask")).task
    answer = await agent.send("echo x", taskId=task["id"], contextId="another", binding=binding)
    assert answer.reason == "INVALID_PARAMS"
    assert agent.executor.heard == ["ask"]


async def test_a_follow_up_is_taken_after_a_restart(tmp_path: Path, issuer: Issuer, binding: str) -> None:
    async with Agent(tmp_path, issuer) as agent:
        task = (await agent.send("ask")).task
    async with Agent(tmp_path, issuer) as agent:
        answer = await agent.send("echo that one", taskId=task["id"], binding=binding)
    assert answer.state == "TASK_STATE_COMPLETED"


async def test_messages_for_one_task_are_worked_on_one_after_the_other(agent: Agent) -> None:
    task = await agent.begin("hold on")
    later = asyncio.create_task(agent.send("echo later", taskId=task["id"]))
    await asyncio.sleep(0.01)
    assert agent.executor.heard == ["hold on"]
    agent.executor.release.set()
    assert (await later).reason == "UNSUPPORTED_OPERATION"  # the task ended with the first


async def test_only_a_few_messages_wait_for_one_task(agent: Agent) -> None:
    task = await agent.begin("hold on")
    waiting = [asyncio.create_task(agent.send("echo later", taskId=task["id"])) for _ in range(6)]
    refused = [await answer for answer in itertools.islice(asyncio.as_completed(waiting), 3)]
    assert [answer.response.status_code for answer in refused] == [429] * 3
    agent.executor.release.set()
    answers = await asyncio.gather(*waiting)
    assert sum(answer.response.status_code == 429 for answer in answers) == 3


async def test_a_task_can_be_had_at_once(agent: Agent, binding: str) -> None:
    params = message("hold on") | {"configuration": {"returnImmediately": True}}
    answer = await agent.call("SendMessage", params, binding=binding)
    assert answer.state == "TASK_STATE_SUBMITTED"
    agent.executor.release.set()


async def test_an_answer_may_come_without_a_task(agent: Agent, binding: str) -> None:
    answer = await agent.send("message hello", binding=binding)
    assert answer.result["message"]["parts"] == [{"text": "hello"}]
    assert (await agent.call("ListTasks", {})).result["tasks"] == []


async def test_an_executor_that_breaks_fails_the_task_with_neutral_words(
    agent: Agent, binding: str, log: list[structlog.typing.EventDict]
) -> None:
    answer = await agent.send("boom", binding=binding)
    assert answer.state == "TASK_STATE_FAILED"
    words = answer.task["status"]["message"]["parts"][0]["text"]
    assert words == "Something went wrong on our side, so this could not be finished."
    assert SECRET not in answer.response.text
    stored = await agent.call("GetTask", {"id": answer.task["id"]}, binding=binding)
    assert stored.state == "TASK_STATE_FAILED"
    assert SECRET not in stored.response.text
    assert [event["event"] for event in log if event["log_level"] == "error"] == ["run_failed"]


async def test_an_executor_that_refuses_says_why_in_its_own_words(agent: Agent, binding: str) -> None:
    answer = await agent.send("deny", binding=binding)
    assert answer.state == "TASK_STATE_FAILED"
    assert answer.task["status"]["message"]["parts"][0]["text"] == "You may not see this account."
    assert SECRET not in answer.response.text


async def test_an_executor_that_ends_in_the_middle_leaves_no_task_working_for_ever(agent: Agent, binding: str) -> None:
    answer = await agent.send("stop short", binding=binding)
    assert answer.state == "TASK_STATE_FAILED"
    assert "ended without an answer" in answer.task["status"]["message"]["parts"][0]["text"]


@pytest.mark.requirement("C9")
@pytest.mark.parametrize("text", ["ask", "auth"])
async def test_a_user_has_only_so_many_unfinished_tasks(
    tmp_path: Path, issuer: Issuer, text: str, binding: str
) -> None:
    async with Agent(tmp_path, issuer, limits=Limits(open_tasks=3)) as agent:
        tasks = [(await agent.send(text)).task for _ in range(3)]
        refused = await agent.send(text, binding=binding)
        assert (refused.response.status_code, refused.reason) == (429, "TOO_MANY_REQUESTS")
        assert refused.error is not None
        assert "3 unfinished tasks" in refused.error["message"]
        assert int(refused.response.headers["Retry-After"]) >= 1
        assert (await agent.send(text, user=BOB)).result
        assert (await agent.send("echo that one", taskId=tasks[0]["id"])).state == "TASK_STATE_COMPLETED"
        assert (await agent.send(text)).result
        await agent.call("CancelTask", {"id": tasks[1]["id"]})
        assert (await agent.send(text)).result


@pytest.mark.requirement("C9")
async def test_tasks_that_begin_at_the_same_moment_count_too(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer, limits=Limits(open_tasks=3)) as agent:
        answers = await asyncio.gather(*(agent.send("ask") for _ in range(10)))
        assert sum(answer.result is not None for answer in answers) == 3


@pytest.mark.requirement("C9")
@pytest.mark.parametrize("text", ["ask", "auth"])
async def test_a_task_that_waits_does_not_grow_for_ever(
    tmp_path: Path, issuer: Issuer, text: str, binding: str
) -> None:
    """All that it holds is read, written and sent with it, by everybody's process."""
    text = f"{text} {'x' * 1000}"
    async with Agent(tmp_path, issuer, limits=Limits(task_bytes=3500)) as agent:
        task = (await agent.send(text)).task
        answers = [await agent.send(text, taskId=task["id"], binding=binding) for _ in range(5)]
        assert [answer.reason for answer in answers] == [None, None, *["UNSUPPORTED_OPERATION"] * 3]
        assert answers[-1].error is not None
        assert "as many messages as it can take" in answers[-1].error["message"]
        assert len(agent.executor.heard) == 3
        assert (await agent.call("CancelTask", {"id": task["id"]})).state == "TASK_STATE_CANCELED"


@pytest.mark.requirement("C9")
async def test_a_task_that_waits_holds_nothing_in_memory(agent: Agent) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(10):
        await agent.send("ask")
    assert len(asyncio.all_tasks()) == before
    assert (await agent.http.get("http://agent.example/ping")).json() == {"status": "Healthy"}


@pytest.mark.requirement("C13")
async def test_a_user_makes_only_so_many_requests(tmp_path: Path, issuer: Issuer, binding: str) -> None:
    async with Agent(tmp_path, issuer, limits=Limits(user_requests_per_minute=60)) as agent:
        answers = [await agent.call("ListTasks", binding=binding) for _ in range(8)]
        assert [answer.response.status_code for answer in answers[:6]] == [200] * 6
        assert (answers[7].response.status_code, answers[7].reason) == (429, "TOO_MANY_REQUESTS")
        assert int(answers[7].response.headers["Retry-After"]) >= 1
        if binding == "JSONRPC":
            assert answers[7].error is not None
            assert answers[7].error["code"] == -32053
        assert (await agent.call("ListTasks", user=BOB)).response.status_code == 200


@pytest.mark.requirement("C13")
async def test_a_user_holds_only_so_many_requests_open(tmp_path: Path, issuer: Issuer, binding: str) -> None:
    """A stream of a task that waits stays open for an hour, and so do as many as somebody asks for."""
    async with Agent(tmp_path, issuer, limits=Limits(open_requests=3)) as agent:
        task = (await agent.send("auth")).task
        streams = [
            asyncio.create_task(agent.call("SubscribeToTask", {"id": task["id"]}, binding=binding)) for _ in range(3)
        ]
        refused = await listed(agent, 429, binding)
        assert refused.reason == "TOO_MANY_REQUESTS"
        assert (await agent.call("ListTasks", user=BOB, binding=binding)).result is not None
        streams[0].cancel()
        await listed(agent, 200, binding)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


async def listed(agent: Agent, status: int, binding: str) -> Answer:
    """The first answer with this status, while others begin and end."""
    async with asyncio.timeout(20):
        while True:
            answer = await agent.call("ListTasks", binding=binding)
            if answer.response.status_code == status:
                return answer
            await asyncio.sleep(0)


@pytest.mark.requirement("C13")
async def test_a_request_that_was_answered_or_refused_is_not_open_any_more(
    tmp_path: Path, issuer: Issuer, binding: str
) -> None:
    async with Agent(tmp_path, issuer, limits=Limits(open_requests=1)) as agent:
        for text in ("echo hello", "boom", "deny") * 2:
            assert (await agent.send(text, binding=binding)).response.status_code == 200
        assert (await agent.call("GetTask", {"id": "nothing"}, binding=binding)).reason == "TASK_NOT_FOUND"
        assert (await agent.call("ListTasks", binding=binding)).result is not None


@pytest.mark.requirement("C13")
async def test_replicas_share_what_a_user_may_ask_for(
    tmp_path: Path, issuer: Issuer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each allows its part, so that who goes from one to the other is not allowed more than at one alone."""
    monkeypatch.setattr(PostgresStorage, "caretaking_seconds", 0.05)
    limits = Limits(user_requests_per_minute=60)
    async with Agent(tmp_path, issuer, database=postgres_url, limits=limits) as one:
        async with Agent(tmp_path, issuer, database=postgres_url, limits=limits) as other:
            await know_of(2, one, other)
            answers = [await agent.call("ListTasks") for _ in range(6) for agent in (one, other)]
            statuses = [answer.response.status_code for answer in answers]
            assert statuses[:6] == [200] * 6
            assert statuses[6:].count(429) >= 3
        await know_of(1, one)
        answers = [await one.call("ListTasks", user=BOB) for _ in range(6)]
        assert [answer.response.status_code for answer in answers] == [200] * 6


async def know_of(number: int, *agents: Agent) -> None:
    """Until each knows that there are so many replicas."""
    async with asyncio.timeout(20):
        while {agent.storage.replicas for agent in agents} != {number}:  # noqa: ASYNC110 -- looked at in a database
            await asyncio.sleep(0.01)


@pytest.mark.requirement("C13")
async def test_a_client_makes_only_so_many_requests_for_all_its_users(
    tmp_path: Path, issuer: Issuer, binding: str
) -> None:
    async with Agent(tmp_path, issuer, limits=Limits(client_requests_per_minute=60)) as agent:
        statuses = [
            (await agent.call("ListTasks", user=f"auth0|{number}", binding=binding)).response.status_code
            for number in range(8)
        ]
        assert statuses[:6] == [200] * 6
        assert statuses[7] == 429


@pytest.mark.requirement("A13")
async def test_two_users_at_once_never_see_each_other(agent: Agent) -> None:
    """Two hundred requests each, half of them streams, at the same time."""
    gate = asyncio.Semaphore(32)
    headers = {user: [agent.issuer.hop(user) for _ in range(4)] for user in (ALICE, BOB)}

    async def ask(user: str, number: int) -> tuple[str, str]:
        async with gate:
            operation = "SendStreamingMessage" if number % 2 else "SendMessage"
            answer = await agent.call(operation, message("who"), headers=headers[user][number % 4])
            other = BOB if user == ALICE else ALICE
            assert other not in answer.response.text
            return user, answer.response.text

    replies = await asyncio.gather(*(ask(user, number) for number in range(200) for user in (ALICE, BOB)))
    assert all(f'"text":"{user}"' in text for user, text in replies)
    for user in (ALICE, BOB):
        listed = await agent.call("ListTasks", {"pageSize": 100, "includeArtifacts": True}, user=user)
        assert listed.result["totalSize"] == 200
        assert (BOB if user == ALICE else ALICE) not in listed.response.text


async def test_a_message_that_is_worked_on_for_too_long_is_stopped_and_says_so(
    tmp_path: Path, issuer: Issuer, binding: str
) -> None:
    """An agent that hangs would otherwise use up its callers' unfinished tasks for good."""
    async with Agent(tmp_path, issuer, limits=Limits(working_seconds=0.5)) as agent:
        answer = await agent.send("hold on", binding=binding)
        assert answer.state == "TASK_STATE_FAILED"
        assert "took too long" in answer.task["status"]["message"]["parts"][0]["text"]
        assert agent.executor.interrupted == [answer.task["id"]]
        assert not (await agent.call("ListTasks", {"status": "TASK_STATE_WORKING"}, binding=binding)).result["tasks"]
