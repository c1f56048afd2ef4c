"""Several processes of one agent over one file, and what becomes of tasks when a process ends."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from shared.tasks import SqliteStorage
from shared.tasks.postgres import PostgresStorage
from tests.a2a._agent import URL, Agent, Answer, Issuer, message
from tests.a2a._exchange import Exchange
from tests.tasks._kinds import select


def following(agent: Agent, task_id: str) -> Exchange:
    body = {"jsonrpc": "2.0", "id": 7, "method": "SubscribeToTask", "params": {"id": task_id}}
    return Exchange(agent.app, body, agent.issuer.hop())


async def test_a_task_of_one_process_is_followed_from_another(tmp_path: Path, issuer: Issuer, database: str) -> None:
    async with Agent(tmp_path, issuer, database=database) as one, Agent(tmp_path, issuer, database=database) as other:
        task = await one.begin("hold on")
        async with following(other, task["id"]) as stream:
            await stream.start()
            assert (await stream.event())["task"]["status"]["state"] == "TASK_STATE_WORKING"
            one.executor.release.set()
            events = await stream.rest()
        assert "artifactUpdate" in events[0]
        assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
        assert (await other.call("GetTask", {"id": task["id"]})).text == "on"


async def test_a_task_of_one_process_is_cancelled_from_another_and_stops_with_its_next_word(
    tmp_path: Path, issuer: Issuer, database: str
) -> None:
    async with Agent(tmp_path, issuer, database=database) as one, Agent(tmp_path, issuer, database=database) as other:
        sending = asyncio.create_task(one.send("hold on"))
        await one.executor.began.wait()
        await one.storage.tasks.committed()  # in one thread, nobody can wait for the lock
        (task,) = (await other.call("ListTasks")).result["tasks"]
        cancelled = await other.call("CancelTask", {"id": task["id"]})
        assert cancelled.state == "TASK_STATE_CANCELED"
        one.executor.release.set()
        assert (await sending).state == "TASK_STATE_CANCELED"
        stored = await one.call("GetTask", {"id": task["id"]})
        assert stored.state == "TASK_STATE_CANCELED"
        assert "artifacts" not in stored.task


async def busy(agent: Agent) -> None:
    """Until the agent has something under way."""
    async with asyncio.timeout(20):
        while (await agent.http.get(f"{URL}ping")).json()["status"] != "HealthyBusy":  # noqa: ASYNC110 -- asked over HTTP
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("first", "last"), [("hold on", "UNSUPPORTED_OPERATION"), ("hold ask", "TASK_STATE_COMPLETED")]
)
async def test_a_message_for_a_task_that_is_worked_on_waits_for_that_wherever_it_came(
    tmp_path: Path, issuer: Issuer, database: str, first: str, last: str
) -> None:
    """What the one process would have answered to it, the other answers; what the task says meanwhile is streamed."""

    async def follow_up(asked: Agent, works: Agent, operation: str) -> tuple[Answer, list[str]]:
        works.executor.began.clear()
        works.executor.release.clear()
        task = await works.begin(first)
        sending = asyncio.create_task(asked.call(operation, message("echo more", taskId=task["id"])))
        await busy(asked)
        async with asyncio.timeout(20):
            while len(await select(asked.storage, "SELECT 1 FROM ledger WHERE task_id = ?", task["id"])) < 2:  # noqa: ASYNC110 -- a row in a database
                await asyncio.sleep(0.01)
        works.executor.release.set()
        answer = await sending
        return answer, [next(iter(event)) for event in answer.events]

    async with Agent(tmp_path, issuer, database=database) as one, Agent(tmp_path, issuer, database=database) as other:
        for operation in ("SendMessage", "SendStreamingMessage"):
            here, events_here = await follow_up(one, one, operation)
            elsewhere, events_elsewhere = await follow_up(other, one, operation)
            assert events_elsewhere == events_here
            if operation == "SendMessage":
                assert [answer.reason or answer.state for answer in (here, elsewhere)] == [last, last]
        assert other.executor.heard == ([] if last == "UNSUPPORTED_OPERATION" else ["echo more"] * 2)
        assert one.executor.heard.count("echo more") == len(other.executor.heard)


async def test_messages_that_wait_at_two_processes_for_a_third_are_worked_on_one_after_the_other(
    tmp_path: Path, issuer: Issuer, postgres_url: str
) -> None:
    async with (
        Agent(tmp_path, issuer, database=postgres_url) as works,
        Agent(tmp_path, issuer, database=postgres_url) as one,
        Agent(tmp_path, issuer, database=postgres_url) as other,
    ):
        task = await works.begin("hold ask")
        sending = [asyncio.create_task(agent.send("ask", taskId=task["id"])) for agent in (one, other)]
        await busy(one)
        await busy(other)
        works.executor.release.set()
        assert [(await answer).state for answer in sending] == ["TASK_STATE_INPUT_REQUIRED"] * 2
        history = (await works.call("GetTask", {"id": task["id"]})).task["history"]
        said = [each["parts"][0]["text"] for each in history if each["role"] == "ROLE_USER"]
        assert said == ["hold ask", "ask", "ask"]
        assert (one.executor.heard, other.executor.heard) == (["ask"], ["ask"])


async def test_a_message_that_waits_for_another_process_can_be_sent_elsewhere_when_this_one_ends(
    tmp_path: Path, issuer: Issuer, database: str
) -> None:
    async with (
        Agent(tmp_path, issuer, database=database) as works,
        Agent(tmp_path, issuer, database=database) as one,
        Agent(tmp_path, issuer, database=database) as other,
    ):
        task = await works.begin("hold ask")
        params = message("echo more", message_id="m-2", taskId=task["id"])
        sending = asyncio.create_task(one.call("SendMessage", params))
        await busy(one)
        await one.app.state.drain(0)
        refused = (await sending).response
        await one.storage.tasks.committed()
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        again = asyncio.create_task(other.call("SendMessage", params))
        await busy(other)
        works.executor.release.set()
        assert (await again).text == "more"
        assert (one.executor.heard, other.executor.heard) == ([], ["echo more"])


async def test_a_task_that_is_cancelled_elsewhere_while_it_waits_for_something_stops(
    tmp_path: Path, issuer: Issuer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that works on it is told, or looks: it need not say a word to find out."""
    monkeypatch.setattr(SqliteStorage, "caretaking_seconds", 0.05)
    async with Agent(tmp_path, issuer, database=database) as one, Agent(tmp_path, issuer, database=database) as other:
        sending = asyncio.create_task(one.send("hold on"))
        await one.executor.began.wait()
        await one.storage.tasks.committed()
        (task,) = (await other.call("ListTasks")).result["tasks"]
        assert (await other.call("CancelTask", {"id": task["id"]})).state == "TASK_STATE_CANCELED"
        async with asyncio.timeout(20):
            assert (await sending).state == "TASK_STATE_CANCELED"
        assert one.executor.cancelled == one.executor.interrupted == [task["id"]]


async def test_of_two_that_go_on_with_a_task_at_once_one_does(tmp_path: Path, issuer: Issuer, database: str) -> None:
    """Two threads with loops of their own, as each waits for the file's lock by itself, as processes do."""
    ready = threading.Barrier(2, timeout=20)

    async def go_on(task_id: str, text: str) -> tuple[Answer, list[str]]:
        async with Agent(tmp_path, issuer, database=database) as agent:
            ready.wait()
            return await agent.send(text, taskId=task_id), agent.executor.heard

    for _ in range(5):
        async with Agent(tmp_path, issuer, database=database) as agent:
            task_id = (await agent.send("ask")).task["id"]
        results = await asyncio.gather(
            *(asyncio.to_thread(asyncio.run, go_on(task_id, f"echo {name}")) for name in ("one", "other"))
        )
        ((done, heard),) = [result for result in results if result[0].error is None]
        ((refused, unheard),) = [result for result in results if result[0].error is not None]
        assert (done.state, heard) == ("TASK_STATE_COMPLETED", [f"echo {done.text}"])
        assert (refused.reason, unheard) == ("UNSUPPORTED_OPERATION", [])
        async with Agent(tmp_path, issuer, database=database) as agent:
            history = (await agent.call("GetTask", {"id": task_id})).task["history"]
        said = [message["parts"][0]["text"] for message in history if message["role"] == "ROLE_USER"]
        assert said == ["ask", f"echo {done.text}"]


async def test_a_message_that_another_process_took_is_not_worked_on_here(
    tmp_path: Path, issuer: Issuer, database: str
) -> None:
    async with Agent(tmp_path, issuer, database=database) as one, Agent(tmp_path, issuer, database=database) as other:
        params = message("echo hello", message_id="m-1")
        first = await one.call("SendMessage", params)
        assert (await other.call("SendMessage", params)).task == first.task
        assert other.executor.heard == []


async def test_who_lost_the_connection_to_one_process_sends_the_message_to_another_and_waits_there(
    tmp_path: Path, issuer: Issuer, database: str
) -> None:
    async with (
        Agent(tmp_path, issuer, database=database) as one,
        Agent(tmp_path, issuer, database=database) as other,
    ):
        params = message("hold on", message_id="m-1")
        first = asyncio.create_task(one.call("SendMessage", params))
        await one.executor.began.wait()
        await one.storage.tasks.committed()
        again = asyncio.create_task(other.call("SendMessage", params))
        at_once = await other.call("SendMessage", params | {"configuration": {"returnImmediately": True}})
        assert at_once.state == "TASK_STATE_WORKING"
        one.executor.release.set()
        assert (await again).task == (await first).task
        assert other.executor.heard == []


async def test_at_the_end_what_is_still_running_fails_with_words_that_say_so(
    tmp_path: Path, issuer: Issuer, database: str
) -> None:
    async with Agent(tmp_path, issuer, database=database) as agent:
        sending = asyncio.create_task(agent.send("hold on"))
        await agent.executor.began.wait()
        drain = agent.app.state.drain
        await drain(0)
        ended = await sending
        refused = await agent.send("echo hello")
    assert ended.state == "TASK_STATE_FAILED"
    assert "stopped before this was finished" in ended.task["status"]["message"]["parts"][0]["text"]
    assert (refused.response.status_code, refused.response.headers["Retry-After"]) == (503, "1")
    assert agent.executor.interrupted == [ended.task["id"]]


async def test_at_the_end_what_finishes_soon_may_finish(tmp_path: Path, issuer: Issuer, database: str) -> None:
    async with Agent(tmp_path, issuer, database=database) as agent:
        sending = asyncio.create_task(agent.send("hold on"))
        await agent.executor.began.wait()
        draining = asyncio.create_task(agent.app.state.drain(10))
        await asyncio.sleep(0)
        agent.executor.release.set()
        await draining
        assert (await sending).state == "TASK_STATE_COMPLETED"


KILLED = """
    import asyncio, os, sys
    from pathlib import Path
    from tests.a2a._agent import Agent, Issuer

    async def main() -> None:
        async with Agent(Path(sys.argv[1]), Issuer(), database=sys.argv[3]) as agent:
            task = await agent.begin("hold on") if sys.argv[2] == "new" else await going_on(agent)
            print(task["id"], flush=True)
            os._exit(9)

    async def going_on(agent: Agent) -> dict:
        task = (await agent.send("ask")).task
        sending = asyncio.create_task(agent.send("hold on", taskId=task["id"]))
        await agent.executor.began.wait()
        return task

    asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["new", "gone on with"])
async def test_after_a_process_was_killed_its_task_fails_at_the_next_start(
    tmp_path: Path, issuer: Issuer, database: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With PostgreSQL it is the next look, once the process was missing for some seconds."""
    monkeypatch.setattr("shared.tasks.postgres._presence.GRACE_SECONDS", 0.1)
    monkeypatch.setattr(PostgresStorage, "caretaking_seconds", 0.1)
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), kind, database],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=50,
    )
    assert child.returncode == 9
    task_id = child.stdout.split()[-1]
    async with Agent(tmp_path, issuer, database=database) as agent:
        stored = await ended(agent, task_id)
        assert stored.state == "TASK_STATE_FAILED"
        assert "stopped before this was finished" in stored.task["status"]["message"]["parts"][0]["text"]
        assert (await agent.send("echo more", taskId=task_id)).reason == "UNSUPPORTED_OPERATION"


async def test_a_task_whose_end_could_not_be_written_is_ended_later(
    tmp_path: Path, issuer: Issuer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (SqliteStorage, PostgresStorage):
        monkeypatch.setattr(kind, "caretaking_seconds", 0.05)
    async with Agent(tmp_path, issuer, database=database) as agent:
        task = await agent.begin("hold on")
        with monkeypatch.context() as patch:

            async def full(*_: object, **__: object) -> None:
                raise OSError("disk full")

            patch.setattr(agent.storage.tasks, "stage", full)
            agent.executor.release.set()
            async with asyncio.timeout(20):
                while (await agent.http.get(f"{URL}ping")).json()["status"] != "Healthy":  # noqa: ASYNC110 -- asked over HTTP
                    await asyncio.sleep(0.01)
        assert (await ended(agent, task["id"])).state == "TASK_STATE_FAILED"
        assert (await agent.send("echo hello")).text == "hello"


async def ended(agent: Agent, task_id: str) -> Answer:
    """The task, once it has ended."""
    async with asyncio.timeout(30):
        while (answer := await agent.call("GetTask", {"id": task_id})).state == "TASK_STATE_WORKING":  # noqa: ASYNC110 -- asked over HTTP
            await asyncio.sleep(0.01)
    return answer
