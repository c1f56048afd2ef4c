"""The planner is a Strands model: its stream, its results, choice of tools, cancellation and structured output."""

import asyncio
import copy
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from strands import Agent, tool
from strands.types.content import Messages
from strands.types.exceptions import StructuredOutputException
from strands.types.tools import ToolSpec

from shared.models import OfflinePlanner

Say = Callable[..., Messages]


async def _stream(planner: OfflinePlanner, messages: Messages, specs: list[ToolSpec], **options: Any) -> list[Any]:
    return [event async for event in planner.stream(messages, specs, **options)]


async def test_calls_are_streamed_as_strands_defines(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    events = await _stream(planner, say("Water my tomatoes, and are there any pea seeds left?"), garden)
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockStart", "contentBlockDelta", "contentBlockStop"] * 2,
        "messageStop",
        "metadata",
    ]
    starts = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert [start["name"] for start in starts] == ["watering", "seeds"]
    assert starts[0]["toolUseId"] != starts[1]["toolUseId"]
    deltas = [event["contentBlockDelta"]["delta"]["toolUse"] for event in events if "contentBlockDelta" in event]
    assert [json.loads(delta["input"]) for delta in deltas] == [
        {"request": "Water my tomatoes"},
        {"request": "are there any pea seeds left?"},
    ]
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}


async def test_words_are_streamed_in_pieces_that_make_up_the_text(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    events = await _stream(planner, say("help"), garden)
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(pieces) == planner.plan(say("help"), garden).text
    assert len(pieces) > 1
    assert {"messageStop": {"stopReason": "end_turn"}} in events


async def test_usage_is_counted(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    events = await _stream(planner, say("Water my tomatoes"), garden)
    usage = events[-1]["metadata"]["usage"]
    assert usage["inputTokens"] > 0
    assert usage["outputTokens"] > 0
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert events[-1]["metadata"]["metrics"]["latencyMs"] >= 0


async def test_a_cancelled_stream_stops_at_once(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    cancelled = threading.Event()
    said = []
    async for event in planner.stream(say("help"), garden, cancel_signal=cancelled):
        said.append(event)
        cancelled.set()
    assert len(said) == 1


async def test_an_agent_runs_the_tools_at_once_and_gives_their_words_back_in_order(planner: OfflinePlanner) -> None:
    running = asyncio.Barrier(2)

    @tool
    async def watering(request: str) -> str:
        """Waters your beds.

        Examples:
        - "Water my tomatoes"

        Args:
            request: What to water.
        """
        await running.wait()
        return f"Watered: {request}"

    @tool
    async def seeds(request: str) -> str:  # noqa: ARG001 -- what a tool does with its words is not looked at here
        """Finds seeds.

        Examples:
        - "Are there any beetroot seeds?"

        Args:
            request: Which seeds.
        """
        await running.wait()
        return "  Two *bags*,\n  on shelf 3. "

    agent = Agent(model=planner, tools=[seeds, watering], callback_handler=None)
    result = await agent.invoke_async("Water my tomatoes, and are there any beetroot seeds left?")
    assert result.stop_reason == "end_turn"
    assert result.message["content"] == [{"text": "Watered: Water my tomatoes\n\n  Two *bags*,\n  on shelf 3. "}]
    assert result.metrics.cycle_count == 2


def test_each_result_is_given_once_in_the_order_of_the_calls(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    uses: list[Any] = [{"toolUse": {"toolUseId": use, "name": "seeds", "input": {}}} for use in ("one", "two", "three")]
    results = [
        _result("three", [{"json": {"bags": 2}}]),
        _result("one", [{"text": "first"}], status="error"),
        _result("two", [{"text": "second"}, {"text": "and more"}]),
    ]
    messages: Any = [*say("any seeds?"), {"role": "assistant", "content": uses}, {"role": "user", "content": results}]
    plan = planner.plan(messages, garden)
    assert plan.calls == ()
    assert plan.text == 'first\n\nsecond\nand more\n\n{"bags": 2}'


def _result(use: str, content: list[Any], status: str = "success") -> dict[str, Any]:
    return {"toolResult": {"toolUseId": use, "status": status, "content": content}}


@pytest.mark.parametrize("text", ["Who won the election?", "hm", "Reserve a bag of peas"])
def test_any_makes_it_call_something(text: str, planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    choice: Any = {"any": {}}
    assert len(planner.plan(say(text), garden, choice).calls) == 1


def test_a_tool_that_is_demanded_is_called(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    choice: Any = {"tool": {"name": "seeds"}}
    (call,) = planner.plan(say("Water my tomatoes"), garden, choice).calls
    assert (call.tool, call.arguments) == ("seeds", {"request": "Water my tomatoes"})


def test_a_demanded_tool_that_is_not_there_is_not_called(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    choice: Any = {"tool": {"name": "hens"}}
    assert planner.plan(say("Feed the hens"), garden, choice).calls == ()


def test_auto_leaves_the_choice_to_the_planner(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    choice: Any = {"auto": {}}
    assert planner.plan(say("Who won the election?"), garden, choice).calls == ()


class Order(BaseModel):
    """An order of seeds."""

    variety: Literal["pea", "bean", "beetroot"]
    bags: int = Field(ge=1, description="How many bags.")
    email: str | None = Field(None, json_schema_extra={"format": "email"})


async def test_structured_output_is_filled_from_what_was_said(planner: OfflinePlanner, say: Say) -> None:
    messages = say("Three bags, please. Write to kim@example.org", before=[("I want bean seeds", "", "How many?")])
    (event,) = [event async for event in planner.structured_output(Order, messages)]
    assert event["output"] == Order(variety="bean", bags=3, email="kim@example.org")


async def test_structured_output_that_cannot_be_filled_names_what_is_missing(planner: OfflinePlanner, say: Say) -> None:
    with pytest.raises(StructuredOutputException, match=r"what Order needs: bags"):
        _ = [event async for event in planner.structured_output(Order, say("some beetroot"))]


async def test_an_agent_gets_structured_output(planner: OfflinePlanner) -> None:
    agent = Agent(model=planner, callback_handler=None)
    result = await agent.invoke_async("2 bags of pea seeds", structured_output_model=Order)
    assert result.structured_output == Order(variety="pea", bags=2)


def test_one_planner_serves_many_threads_alike(
    planner: OfflinePlanner, garden: list[ToolSpec], post: list[ToolSpec], say: Say
) -> None:
    texts = [f"{text} {number}" for number in range(40) for text in ("Water my tomatoes", "Which parcels are coming?")]

    def plan(text: str) -> object:
        return planner.plan(say(text), post if "parcels" in text else garden)

    expected = [plan(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(plan, texts)) == expected


def test_the_index_is_made_once_for_each_set_of_specifications(
    planner: OfflinePlanner, garden: list[ToolSpec], post: list[ToolSpec]
) -> None:
    made = planner._index(garden)
    assert planner._index(copy.deepcopy(garden)) is made
    assert planner._index(post) is not made
    changed = copy.deepcopy(garden)
    changed[0]["description"] = "Feeds the hens."
    assert planner._index(changed) is not made
    for number in range(100):
        changed[0]["name"] = f"tool_{number}"
        planner._index(changed)
    assert len(planner._indexes) <= 32


def test_it_never_looks_at_the_invocation_state(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    class Secret:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    async def run() -> list[Any]:
        state: Any = {"caller": Secret()}
        return [event async for event in planner.stream(say("Water my tomatoes"), garden, invocation_state=state)]

    assert asyncio.run(run())
