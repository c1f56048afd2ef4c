"""Streams: events as they come, to their end; readers that stall or go; what is said while nothing happens."""

import asyncio
import json
from typing import Any

import pytest
from a2a.types import Task, TaskArtifactUpdateEvent

from shared.a2a import _listener, _sse
from shared.tasks import SqliteTaskStore
from tests.a2a._agent import Agent, message
from tests.a2a._exchange import Exchange


def stream_of(agent: Agent, text: str, *, method: str = "SendStreamingMessage", **params: Any) -> Exchange:
    values = params or message(text)
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": values}
    return Exchange(agent.app, body, agent.issuer.hop())


def states(events: list[dict[str, Any]]) -> list[str]:
    found = [event.get("task") or event.get("statusUpdate") for event in events]
    return [one["status"]["state"] for one in found if one]


async def test_events_are_told_as_they_happen(agent: Agent) -> None:
    async with stream_of(agent, "hold on") as stream:
        status, headers = await stream.start()
        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert "no-store" in headers["cache-control"]
        assert headers["x-accel-buffering"] == "no"
        assert states([await stream.event(), await stream.event()]) == ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"]
        agent.executor.release.set()
        events = await stream.rest()
    assert events[0]["artifactUpdate"]["artifact"]["parts"] == [{"text": "on"}]
    assert states(events) == ["TASK_STATE_COMPLETED"]


@pytest.mark.parametrize("path", ["/", "/message:stream"])
async def test_each_event_is_one_frame_in_the_bindings_form(agent: Agent, path: str) -> None:
    params = message("echo one\ntwo\r\n\r\ndata: three")
    body = {"jsonrpc": "2.0", "id": 7, "method": "SendStreamingMessage", "params": params} if path == "/" else params
    async with Exchange(agent.app, body, agent.issuer.hop(), path=path) as stream:
        await stream.start()
        while piece := await stream.piece():
            assert piece.startswith("data: ")
            assert piece.endswith("\r\n\r\n")
            assert piece.count("\n") == 2
            event = json.loads(piece.removeprefix("data: "))
            assert (event.get("jsonrpc"), event.get("id")) == (("2.0", 7) if path == "/" else (None, None))


async def test_a_stream_of_a_message_without_a_task_is_that_message(agent: Agent) -> None:
    answer = await agent.call("SendStreamingMessage", message("message hello"))
    assert [event["message"]["parts"] for event in answer.events] == [[{"text": "hello"}]]


async def test_a_stream_ends_where_somebody_is_waited_for(agent: Agent, binding: str) -> None:
    answer = await agent.call("SendStreamingMessage", message("ask"), binding=binding)
    assert states(answer.events)[-1] == "TASK_STATE_INPUT_REQUIRED"


async def test_what_is_wrong_before_the_first_event_is_an_ordinary_answer(agent: Agent, binding: str) -> None:
    answer = await agent.call("SendStreamingMessage", message(" "), binding=binding)
    assert answer.reason == "INVALID_PARAMS"
    assert answer.response.headers["Content-Type"] == "application/json"


async def test_subscribers_join_with_the_task_as_it_is_and_see_the_rest(agent: Agent) -> None:
    task = await agent.begin("hold on")
    async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as one:
        await one.start()
        first = await one.event()
        assert first["task"]["status"]["state"] == "TASK_STATE_WORKING"
        async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as two:
            await two.start()
            await two.event()
            agent.executor.release.set()
            assert await one.rest() == await two.rest()


async def test_who_joins_while_an_event_is_written_is_told_it_once(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, writing, go_on = agent.storage.tasks.stage, asyncio.Event(), asyncio.Event()

    async def slow(task: Task, *, event: Any, **more: Any) -> Any:
        if isinstance(event, TaskArtifactUpdateEvent):
            writing.set()
            await go_on.wait()
        return await stage(task, event=event, **more)

    monkeypatch.setattr(SqliteTaskStore, "stage", lambda _, *args, **more: slow(*args, **more))
    task = await agent.begin("hold on")
    agent.executor.release.set()
    await writing.wait()
    async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as stream:
        asking = asyncio.create_task(stream.start())
        for _ in range(20):  # as far as it comes
            await asyncio.sleep(0)
        go_on.set()
        await asking
        events = await stream.rest()
    told = [event["artifactUpdate"]["artifact"] for event in events if "artifactUpdate" in event]
    told += [artifact for event in events if "task" in event for artifact in event["task"].get("artifacts", [])]
    assert [artifact["parts"] for artifact in told] == [[{"text": "on"}]]


async def test_a_task_that_has_ended_cannot_be_subscribed_to(agent: Agent, binding: str) -> None:
    task = (await agent.send("echo done")).task
    answer = await agent.call("SubscribeToTask", {"id": task["id"]}, binding=binding)
    assert answer.reason == "UNSUPPORTED_OPERATION"


async def test_a_task_that_waits_tells_itself_and_ends_the_stream(agent: Agent, binding: str) -> None:
    task = (await agent.send("ask")).task
    answer = await agent.call("SubscribeToTask", {"id": task["id"]}, binding=binding)
    assert states(answer.events) == ["TASK_STATE_INPUT_REQUIRED"]


async def test_a_task_that_waits_for_a_person_elsewhere_keeps_the_stream_open(agent: Agent) -> None:
    task = (await agent.send("auth")).task
    async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as stream:
        await stream.start()
        assert (await stream.event())["task"]["status"]["state"] == "TASK_STATE_AUTH_REQUIRED"
        await agent.send("auth", taskId=task["id"])
        await agent.send("echo done", taskId=task["id"])
        events = await stream.rest()
    assert "TASK_STATE_AUTH_REQUIRED" in states(events)[:-1]
    assert states(events)[-1] == "TASK_STATE_COMPLETED"
    assert [event for event in events if "artifactUpdate" in event]


async def test_the_work_goes_on_when_the_reader_goes(agent: Agent) -> None:
    async with stream_of(agent, "hold on") as stream:
        await stream.start()
        task = (await stream.event())["task"]
        stream.disconnect()
        await stream.ended()
    assert agent.executor.interrupted == []
    async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as again:
        await again.start()
        agent.executor.release.set()
        events = await again.rest()
    assert states(events)[-1] == "TASK_STATE_COMPLETED"


async def test_a_reader_that_goes_leaves_nothing_behind(agent: Agent) -> None:
    task = await agent.begin("hold on")
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as stream:
            await stream.start()
            await stream.event()
    assert len(asyncio.all_tasks()) == before
    agent.executor.release.set()


async def test_a_reader_that_stalls_holds_up_nobody(agent: Agent) -> None:
    async with stream_of(agent, "hold 1") as stalled:
        await stalled.start()
        task = (await stalled.event())["task"]
        stalled.reads.clear()
        async with stream_of(agent, "", method="SubscribeToTask", id=task["id"]) as quick:
            await quick.start()
            agent.executor.release.set()
            assert states(await quick.rest())[-1] == "TASK_STATE_COMPLETED"
        assert (await agent.send("echo hello")).text == "hello"


async def test_a_reader_that_falls_too_far_behind_is_let_go_with_a_word(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "MAX_LISTENER_EVENTS", 10)
    async with stream_of(agent, "", **message("chunks 100", message_id="m-1")) as stream:
        await stream.start()
        stream.reads.clear()
        task = (await agent.send("chunks 100", message_id="m-1")).task  # waits for the end of the same message
        assert len(task["artifacts"][0]["parts"]) == 100
        stream.reads.set()
        pieces = [piece async for piece in pieces_of(stream)]
    assert pieces[-1].startswith("event: error\r\ndata: ")
    error = json.loads(pieces[-1].partition("data: ")[2])["error"]
    assert (error["code"], "subscribe to the task again" in error["message"]) == (-32053, True)
    assert len(pieces) < 20


async def pieces_of(stream: Exchange) -> Any:
    while piece := await stream.piece():
        yield piece


async def test_a_reader_that_never_reads_is_cut_off(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sse, "WRITE_SECONDS", 0.02)
    async with stream_of(agent, "hold on") as stream:
        await stream.start()
        stream.reads.clear()
        agent.executor.release.set()
        await stream.ended()


async def test_while_nothing_happens_a_comment_says_that_the_stream_lives(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sse.send_stream, "__kwdefaults__", {"keep_alive": 0.01})
    async with stream_of(agent, "hold on") as stream:
        await stream.start()
        while "TASK_STATE_WORKING" not in await stream.piece():
            pass
        assert [await stream.piece() for _ in range(2)] == [": keep-alive\r\n\r\n"] * 2
        agent.executor.release.set()
        assert states(await stream.rest())[-1] == "TASK_STATE_COMPLETED"


async def test_an_error_in_the_middle_ends_the_stream_with_neutral_words(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("secret detail")

    async with stream_of(agent, "hold on") as stream:
        await stream.start()
        await stream.event()
        await stream.event()
        monkeypatch.setattr("shared.a2a._jsonrpc.encode_event", broken)
        agent.executor.release.set()
        piece = await stream.piece()
    assert piece.startswith("data: ")


@pytest.mark.requirement("C8")
@pytest.mark.parametrize("text", ["ask", "auth"])
async def test_a_task_can_be_cancelled_while_somebody_is_waited_for(agent: Agent, text: str, binding: str) -> None:
    """The agent is told, so that a request for approval can be withdrawn; nothing of it goes on."""
    task = (await agent.send(text)).task
    answer = await agent.call("CancelTask", {"id": task["id"]}, binding=binding)
    assert answer.state == "TASK_STATE_CANCELED"
    assert agent.executor.cancelled == [task["id"]]
    assert (await agent.send("echo go on", taskId=task["id"])).reason == "UNSUPPORTED_OPERATION"
    assert (await agent.call("CancelTask", {"id": task["id"]}, binding=binding)).reason == "TASK_NOT_CANCELABLE"


@pytest.mark.requirement("C8")
async def test_a_running_task_stops_when_it_is_cancelled_and_its_readers_hear_of_it(agent: Agent, binding: str) -> None:
    async with stream_of(agent, "hold on") as stream:
        await stream.start()
        task = (await stream.event())["task"]
        await agent.executor.began.wait()
        answer = await agent.call("CancelTask", {"id": task["id"]}, binding=binding)
        assert answer.state == "TASK_STATE_CANCELED"
        assert states(await stream.rest())[-1] == "TASK_STATE_CANCELED"
    assert agent.executor.interrupted == [task["id"]]
    assert (await agent.call("GetTask", {"id": task["id"]})).state == "TASK_STATE_CANCELED"


async def test_the_sender_of_a_task_that_is_cancelled_meanwhile_gets_it_as_it_ended(agent: Agent) -> None:
    sending = asyncio.create_task(agent.send("hold on"))
    await agent.executor.began.wait()
    (task,) = (await agent.call("ListTasks")).result["tasks"]
    await agent.call("CancelTask", {"id": task["id"]})
    assert (await sending).state == "TASK_STATE_CANCELED"


async def test_an_ended_task_is_not_cancelable(agent: Agent, binding: str) -> None:
    task = (await agent.send("echo done")).task
    assert (await agent.call("CancelTask", {"id": task["id"]}, binding=binding)).reason == "TASK_NOT_CANCELABLE"
