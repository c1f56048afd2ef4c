"""Several processes of one agent over one file, and what becomes of tasks when a process ends."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tests.a2a._agent import Agent, Answer, Issuer, message
from tests.a2a._exchange import Exchange


def following(agent: Agent, task_id: str) -> Exchange:
    body = {"jsonrpc": "2.0", "id": 7, "method": "SubscribeToTask", "params": {"id": task_id}}
    return Exchange(agent.app, body, agent.issuer.hop())


async def test_a_task_of_one_process_is_followed_from_another(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer) as one, Agent(tmp_path, issuer) as other:
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
    tmp_path: Path, issuer: Issuer
) -> None:
    async with Agent(tmp_path, issuer) as one, Agent(tmp_path, issuer) as other:
        sending = asyncio.create_task(one.send("hold on"))
        await one.executor.began.wait()
        await one.storage.database.committed()  # in one thread, nobody can wait for the lock
        (task,) = (await other.call("ListTasks")).result["tasks"]
        cancelled = await other.call("CancelTask", {"id": task["id"]})
        assert cancelled.state == "TASK_STATE_CANCELED"
        one.executor.release.set()
        assert (await sending).state == "TASK_STATE_CANCELED"
        stored = await one.call("GetTask", {"id": task["id"]})
        assert stored.state == "TASK_STATE_CANCELED"
        assert "artifacts" not in stored.task


async def test_a_task_that_one_process_works_on_is_not_worked_on_by_another(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer) as one, Agent(tmp_path, issuer) as other:
        task = await one.begin("hold on")
        answer = await other.send("echo more", taskId=task["id"])
        assert answer.reason == "UNSUPPORTED_OPERATION"
        assert other.executor.heard == []
        one.executor.release.set()


async def test_of_two_that_go_on_with_a_task_at_once_one_does(tmp_path: Path, issuer: Issuer) -> None:
    """Two threads with loops of their own, as each waits for the file's lock by itself, as processes do."""
    ready = threading.Barrier(2, timeout=20)

    async def go_on(task_id: str, text: str) -> tuple[Answer, list[str]]:
        async with Agent(tmp_path, issuer) as agent:
            ready.wait()
            return await agent.send(text, taskId=task_id), agent.executor.heard

    for _ in range(5):
        async with Agent(tmp_path, issuer) as agent:
            task_id = (await agent.send("ask")).task["id"]
        results = await asyncio.gather(
            *(asyncio.to_thread(asyncio.run, go_on(task_id, f"echo {name}")) for name in ("one", "other"))
        )
        ((done, heard),) = [result for result in results if result[0].error is None]
        ((refused, unheard),) = [result for result in results if result[0].error is not None]
        assert (done.state, heard) == ("TASK_STATE_COMPLETED", [f"echo {done.text}"])
        assert (refused.reason, unheard) == ("UNSUPPORTED_OPERATION", [])
        async with Agent(tmp_path, issuer) as agent:
            history = (await agent.call("GetTask", {"id": task_id})).task["history"]
        said = [message["parts"][0]["text"] for message in history if message["role"] == "ROLE_USER"]
        assert said == ["ask", f"echo {done.text}"]


async def test_a_message_that_another_process_took_is_not_worked_on_here(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer) as one, Agent(tmp_path, issuer) as other:
        params = message("echo hello", message_id="m-1")
        first = await one.call("SendMessage", params)
        assert (await other.call("SendMessage", params)).task == first.task
        assert other.executor.heard == []


async def test_at_the_end_what_is_still_running_fails_with_words_that_say_so(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer) as agent:
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


async def test_at_the_end_what_finishes_soon_may_finish(tmp_path: Path, issuer: Issuer) -> None:
    async with Agent(tmp_path, issuer) as agent:
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
        async with Agent(Path(sys.argv[1]), Issuer()) as agent:
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
    tmp_path: Path, issuer: Issuer, kind: str
) -> None:
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), kind],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=50,
    )
    assert child.returncode == 9
    task_id = child.stdout.split()[-1]
    async with Agent(tmp_path, issuer) as agent:
        stored = await agent.call("GetTask", {"id": task_id})
        assert stored.state == "TASK_STATE_FAILED"
        assert "stopped before this was finished" in stored.task["status"]["message"]["parts"][0]["text"]
        assert (await agent.send("echo more", taskId=task_id)).reason == "UNSUPPORTED_OPERATION"
