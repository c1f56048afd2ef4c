"""What a run of the agent loop sends out, keeps and lets through."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from a2a.server.agent_execution import RequestContext
from a2a.server.context import ServerCallContext
from a2a.types import (
    Message,
    Part,
    Role,
    SendMessageRequest,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatusUpdateEvent,
)
from strands import ToolContext, tool
from strands.interventions import Deny, InterventionHandler

from shared.agent_loop import StrandsExecutor, Tools
from shared.agent_loop._few_calls import LEFT_OUT, MAX_CALLS
from shared.authorization import Unchecked, needs
from shared.errors import AuthorizationDenied
from shared.testing import Calls, Says, ScriptedModel

OWNER = "issuer|alice"
SECRET = "s3cr3t-token-of-alice"
OPEN = Unchecked("these tools know nothing of anybody")


class Queue:
    """Keeps the events of a task."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def enqueue_event(self, event: Any) -> None:
        copy = type(event)()
        copy.CopyFrom(event)
        self.events.append(copy)

    @property
    def artifacts(self) -> dict[str, list[str]]:
        """What each speaker said, chunk by chunk."""
        said: dict[str, list[str]] = {}
        for event in self.events:
            if isinstance(event, TaskArtifactUpdateEvent):
                said.setdefault(event.artifact.name, []).append(event.artifact.parts[0].text)
        return said

    @property
    def last_state(self) -> TaskState:
        return next(e.status.state for e in reversed(self.events) if isinstance(e, TaskStatusUpdateEvent))


class Memory:
    """Conversations, kept as they come."""

    def __init__(self) -> None:
        self.turns: dict[tuple[str, str], list[dict[str, Any]]] = {}

    async def load(self, owner: str, context_id: str) -> list[dict[str, Any]]:
        return list(self.turns.get((owner, context_id), []))

    async def append(self, owner: str, context_id: str, messages: Sequence[dict[str, Any]]) -> None:
        self.turns.setdefault((owner, context_id), []).extend(messages)


def request(text: str, *, method: str = "SendMessage", owner: str = OWNER, context_id: str = "c1") -> RequestContext:
    caller = SimpleNamespace(user=SimpleNamespace(key=owner), token=SECRET)
    message = Message(message_id="m1", role=Role.ROLE_USER, parts=[Part(text=text)])
    return RequestContext(
        call_context=ServerCallContext(state={"caller": caller, "method": method}),
        request=SendMessageRequest(message=message),
        task_id="t1",
        context_id=context_id,
    )


def executor(
    model: ScriptedModel, tools: Sequence[Any] = (), *, memory: Memory | None = None, **more: Any
) -> StrandsExecutor:
    return StrandsExecutor(
        model=model,
        toolbox=Tools([needs(OPEN)(each) for each in tools], "You help."),
        conversations=memory or Memory(),
        speaker="desk",
        **more,
    )


@tool
async def weather(city: str) -> str:
    """Tells the weather."""
    return f"Rain in {city}."


@tool
async def forbidden() -> str:
    """Refuses, as a tool does whose caller may not."""
    raise AuthorizationDenied("That record is not yours.", detail="bob reads alice")


@tool
async def broken() -> str:
    """Breaks, with something in the exception that nobody may see."""
    raise RuntimeError(f"cannot reach db with {SECRET}")


class PartlyAway(Tools):
    """Lacks some of its tools at the moment."""

    def notice(self) -> str | None:
        return "Part of it is away."


async def test_what_is_away_is_said_beside_what_was_done() -> None:
    """What was done may be a part of what was asked: the rest must not be left out in silence."""
    model, queue = ScriptedModel([Calls((("weather", {"city": "Oslo"}),))]), Queue()
    toolbox = PartlyAway([needs(OPEN)(weather)], "You help.")
    desk = StrandsExecutor(model=model, toolbox=toolbox, conversations=Memory(), speaker="desk")
    await desk.execute(request("weather in Oslo, and the tides"), queue)  # type: ignore[arg-type]
    assert queue.artifacts["weather"] == ["Rain in Oslo."]
    assert "Part of it is away." in "".join(queue.artifacts["desk"])
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED


async def test_a_tools_result_is_relayed_and_the_model_is_called_once() -> None:
    model, queue = ScriptedModel([Calls((("weather", {"city": "Oslo"}),))]), Queue()
    await executor(model, [weather]).execute(request("weather in Oslo"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"weather": ["Rain in Oslo."]}
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED
    assert len(model.seen) == 1


async def test_the_first_event_is_the_task_with_what_was_asked() -> None:
    queue = Queue()
    await executor(ScriptedModel([Says(("Hello.",))])).execute(request("hi"), queue)  # type: ignore[arg-type]
    first = queue.events[0]
    assert isinstance(first, Task)
    assert first.history[0].parts[0].text == "hi"


async def test_several_tools_answer_under_their_own_names() -> None:
    @tool
    async def news() -> str:
        """Tells the news."""
        return "Nothing new."

    model, queue = ScriptedModel([Calls((("weather", {"city": "Oslo"}), ("news", {})))]), Queue()
    await executor(model, [weather, news]).execute(request("both"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"weather": ["Rain in Oslo."], "news": ["Nothing new."]}


async def test_words_are_gathered_for_one_who_does_not_stream() -> None:
    queue = Queue()
    await executor(ScriptedModel([Says(("I ", "cannot ", "do that."))])).execute(request("x"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"desk": ["I cannot do that."]}


async def test_long_words_reach_one_who_streams_before_the_end() -> None:
    queue = Queue()
    model = ScriptedModel([Says(("a" * 500, "b" * 500, "c"))])
    await executor(model).execute(request("x", method="SendStreamingMessage"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"desk": ["a" * 500, "b" * 500, "c"]}
    updates = [event for event in queue.events if isinstance(event, TaskArtifactUpdateEvent)]
    assert [update.append for update in updates] == [False, True, True]
    assert [update.last_chunk for update in updates] == [False, False, True]


async def test_a_refusal_reaches_the_person_in_its_public_words_only() -> None:
    queue = Queue()
    await executor(ScriptedModel([Calls((("forbidden", {}),))]), [forbidden]).execute(request("x"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"forbidden": ["That record is not yours."]}
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED


async def test_an_exceptions_text_reaches_neither_person_nor_model() -> None:
    model, queue, memory = ScriptedModel([Calls((("broken", {}),)), Says(("done",))]), Queue(), Memory()
    await executor(model, [broken], memory=memory).execute(request("x"), queue)  # type: ignore[arg-type]
    assert SECRET not in str(queue.events) + str(model.seen) + str(memory.turns)
    assert "went wrong" in queue.artifacts["broken"][0]


async def test_a_model_that_is_away_is_said_to_be_away_and_no_more() -> None:
    class Away(ScriptedModel):
        def stream(self, *_: Any, **__: Any) -> Any:
            raise ConnectionError(f"no route to the model with {SECRET}")

    queue = Queue()
    await executor(Away([])).execute(request("x"), queue)  # type: ignore[arg-type]
    assert queue.last_state == TaskState.TASK_STATE_FAILED
    assert "language model" in str(queue.events[-1])
    assert SECRET not in str(queue.events)


async def test_arguments_that_do_not_fit_go_back_to_the_model() -> None:
    model = ScriptedModel([Calls((("weather", {"town": "Oslo"}),)), Calls((("weather", {"city": "Oslo"}),))])
    queue = Queue()
    await executor(model, [weather]).execute(request("x"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"weather": ["Rain in Oslo."]}
    assert len(model.seen) == 2


async def test_a_model_that_never_gets_it_right_is_stopped() -> None:
    model, queue = ScriptedModel([Calls((("weather", {"town": "Oslo"}),))]), Queue()
    await executor(model, [weather]).execute(request("x"), queue)  # type: ignore[arg-type]
    assert len(model.seen) <= 6
    assert queue.last_state in {TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED}
    assert queue.artifacts or queue.events[-1].status.message.parts


async def test_an_intervention_denies_the_call_in_its_own_words() -> None:
    class Never(InterventionHandler):
        name = "never"

        def before_tool_call(self, event: Any, **_: Any) -> Deny:  # noqa: ARG002 -- Strands' signature
            return Deny("Not allowed here.")

    queue = Queue()
    model = ScriptedModel([Calls((("weather", {"city": "Oslo"}),))])
    await executor(model, [weather], interventions=lambda: [Never()]).execute(request("x"), queue)  # type: ignore[arg-type]
    assert queue.artifacts == {"weather": ["Not allowed here."]}
    assert len(model.seen) == 1


async def test_the_next_turn_is_shown_the_conversation_so_far() -> None:
    model = ScriptedModel([Calls((("weather", {"city": "Oslo"}),)), Says(("Take one.",))])
    desk = executor(model, [weather])
    await desk.execute(request("weather in Oslo"), Queue())  # type: ignore[arg-type]
    await desk.execute(request("an umbrella then?"), Queue())  # type: ignore[arg-type]
    shown = model.seen[1]["messages"]
    assert [message["role"] for message in shown] == ["user", "assistant", "user", "assistant", "user"]
    assert shown[3]["content"][0]["text"] == "Rain in Oslo."


@pytest.mark.requirement("C3")
@pytest.mark.requirement("F5")
async def test_another_owners_conversation_of_the_same_id_is_not_shown() -> None:
    model = ScriptedModel([Says(("Noted.",))])
    desk = executor(model)
    await desk.execute(request("my secret plan"), Queue())  # type: ignore[arg-type]
    await desk.execute(request("what was said?", owner="issuer|bob"), Queue())  # type: ignore[arg-type]
    assert "secret plan" not in str(model.seen[1]["messages"])


async def test_the_caller_reaches_the_tool_and_never_the_model() -> None:
    seen: list[str] = []

    @tool(context=True)
    async def whoami(tool_context: ToolContext) -> str:
        """Tells who asks."""
        seen.append(tool_context.invocation_state["caller"].user.key)
        return "You."

    model, queue, memory = ScriptedModel([Calls((("whoami", {}),))]), Queue(), Memory()
    await executor(model, [whoami], memory=memory).execute(request("who am I"), queue)  # type: ignore[arg-type]
    assert seen == [OWNER]
    assert SECRET not in str(model.seen) + str(queue.events) + str(memory.turns)


async def test_cancel_ends_the_run_and_the_task() -> None:
    started, released = asyncio.Event(), asyncio.Event()

    @tool
    async def slow() -> str:
        """Waits until it is let go."""
        started.set()
        await released.wait()
        return "late"

    model, queue = ScriptedModel([Calls((("slow", {}),))]), Queue()
    desk = executor(model, [slow])
    context = request("x")
    run = asyncio.create_task(desk.execute(context, queue))  # type: ignore[arg-type]
    await started.wait()
    await desk.cancel(context, queue)  # type: ignore[arg-type]
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert queue.last_state == TaskState.TASK_STATE_CANCELED
    assert "late" not in str(queue.events)


@pytest.mark.requirement("C13")
async def test_a_model_that_calls_a_tool_hundreds_of_times_is_heard_so_often_and_no_more() -> None:
    """Somebody may talk it into that; other systems answer everybody, and only so many questions a minute."""
    asked: list[str] = []

    @tool
    async def look_up(name: str) -> str:
        """Looks somebody up."""
        asked.append(name)
        return f"There is {name}."

    calls = tuple(("look_up", {"name": str(number)}) for number in range(200))
    queue, memory = Queue(), Memory()
    desk = executor(ScriptedModel([Calls(calls)]), [look_up], memory=memory)
    await desk.execute(request("look all of them up"), queue)  # type: ignore[arg-type]
    assert sorted(asked, key=int) == [str(number) for number in range(MAX_CALLS)]
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED
    assert LEFT_OUT in "".join(queue.artifacts["desk"])
    [turn] = memory.turns.values()
    assert sum("toolUse" in block for message in turn for block in message["content"]) == MAX_CALLS


@pytest.mark.requirement("C13")
async def test_a_model_that_does_not_stop_calling_comes_to_an_end_as_well() -> None:
    """Calls whose arguments do not fit go back to the model, which may make them again."""
    calls = tuple(("weather", {"town": str(number)}) for number in range(MAX_CALLS))
    queue = Queue()
    model = ScriptedModel([Calls(calls)])
    await executor(model, [weather]).execute(request("weather everywhere"), queue)  # type: ignore[arg-type]
    assert len(model.seen) == 2
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED
    assert LEFT_OUT in "".join(queue.artifacts["desk"])
