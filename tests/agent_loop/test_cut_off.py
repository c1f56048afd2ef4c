"""What is said of a task whose process died: it may be asked again where nothing can have come of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from a2a.helpers import new_task
from a2a.server.context import ServerCallContext
from a2a.types import Message, Task, TaskArtifactUpdateEvent, TaskState, TaskStatusUpdateEvent
from strands import tool
from strands.types.tools import AgentTool

from shared.a2a import ASK_AGAIN_KEY, Caller, Wait, waits_of
from shared.agent_loop import StrandsExecutor, Tools, WaitingRoom
from shared.agent_loop._status import waiting_event
from shared.authorization import Authorizer, Needs, Resource, Unchecked, needs
from shared.errors import UpstreamUnavailable
from shared.identity import RawToken
from shared.tasks import apply_event
from shared.testing import Calls, Relationships, ScriptedModel, make_principal
from tests.agent_loop.test_executor import Memory, Queue, request

SCOPE = "lamps:use"


class Lamps:
    """An agent with a lamp: one tool looks at it, one switches it; each notes the task as it was then."""

    def __init__(self, called: str, *, is_checked: bool = True) -> None:
        self.queue = Queue()
        self.seen: list[Task] = []

        async def find(_: Any, __: Any) -> Resource[str]:
            return Resource("lamp", "thing:lamp", own=True)

        def declared(*, irreversible: bool) -> Any:
            if not is_checked:
                return Unchecked("a lamp for everybody")
            return Needs("can_use", "thing", find, SCOPE, "use the lamp", irreversible=irreversible)

        @needs(declared(irreversible=False))
        @tool
        async def look() -> str:
            """Looks whether it is on."""
            self.seen.append(self.task)
            return "It is on."

        @needs(declared(irreversible=True))
        @tool
        async def switch() -> str:
            """Switches it."""
            self.seen.append(self.task)
            return "It is off."

        self.executor = StrandsExecutor(
            model=ScriptedModel([Calls(((called, {}),))]),
            toolbox=Tools([look, switch], "You help."),
            conversations=Memory(),
            speaker="lamps",
            authorizer=Authorizer(Relationships(), agent="lamps", record=Unrecorded()) if is_checked else None,
        )

    @property
    def task(self) -> Task:
        """What is stored of the task by now."""
        task, *events = self.queue.events
        copy = Task()
        copy.CopyFrom(task)
        for event in events:
            assert isinstance(event, TaskStatusUpdateEvent | TaskArtifactUpdateEvent)
            apply_event(copy, event)
        return copy

    async def run(self) -> Task:
        """Has the tool called; the task as its process would have left it, had it died there."""
        asked = request("please")
        asked.call_context.state["caller"].user = make_principal(scopes={SCOPE})
        asked.call_context.state["caller"].user_token = RawToken("never-used")
        await self.executor.execute(asked, self.queue)  # type: ignore[arg-type]
        (task,) = self.seen
        return task


class Directory:
    """Where the lamp is found."""

    is_away = False

    async def find(self, _: Any, __: Any) -> Resource[str]:
        if self.is_away:
            raise UpstreamUnavailable("directory")
        return Resource("lamp", "thing:lamp", own=True)


class Unrecorded:
    """Keeps no decisions."""

    async def decided(self, *_: object) -> None:
        """Forgets it."""


async def test_a_task_that_only_looked_ends_as_one_that_may_be_asked_again() -> None:
    lamps = Lamps("look")
    end = await lamps.executor.rescue(await lamps.run())
    assert end is not None
    assert end.status.state == TaskState.TASK_STATE_FAILED
    assert ASK_AGAIN_KEY in end.metadata.fields
    assert "Please ask again" in words(end.status.message)


@pytest.mark.parametrize(("called", "is_checked"), [("switch", True), ("look", False), ("switch", False)])
async def test_of_one_that_may_have_changed_something_that_is_not_said(called: str, *, is_checked: bool) -> None:
    """Nor of an agent whose tools nobody decides about: what those do is not known."""
    lamps = Lamps(called, is_checked=is_checked)
    assert await lamps.executor.rescue(await lamps.run()) is None


@pytest.mark.requirement("E4")
@pytest.mark.parametrize("away", ["directory", "relationships"])
@pytest.mark.parametrize("kind", ["outcome", "approval"])
async def test_nobody_is_told_that_nothing_was_done_where_that_is_not_known(kind: str, away: str) -> None:
    """A part is away that is needed to decide whether the call may be made that would tell what came of an act."""
    directory, relationships = Directory(), Relationships()
    directory.is_away, relationships.away = away == "directory", away == "relationships"

    @needs(Needs("can_use", "thing", directory.find, SCOPE, "use the lamp"))
    @tool
    async def switch() -> str:
        """Switches it, or tells whether it did."""
        return "It is off."

    executor = StrandsExecutor(
        model=ScriptedModel([]),
        toolbox=Tools([switch], "You help."),
        conversations=Memory(),
        speaker="lamps",
        authorizer=Authorizer(relationships, agent="lamps", record=Unrecorded()),
        waiting_room=WaitingRoom(first_pause=0.01),
    )
    wait, gone_on = Wait(kind, "K7QF", tool="switch", resume="nonce"), asyncio.Event()
    task, queue = new_task("t1", "c1", TaskState.TASK_STATE_AUTH_REQUIRED), Queue()
    apply_event(task, waiting_event("t1", "c1", [wait], "The lamp has not confirmed it yet."))
    asked = request("go on")
    asked.current_task = task
    asked.call_context.state["caller"] = Caller(make_principal(scopes={SCOPE}), None, RawToken("never-used"))

    async def resume(_: str, __: ServerCallContext) -> bool:
        gone_on.set()
        return True

    executor.bind(resume)
    await executor.execute(asked, queue)  # type: ignore[arg-type]
    if kind == "approval":  # of what was not begun it is known
        assert queue.last_state == TaskState.TASK_STATE_COMPLETED
        assert "othing was changed" in queue.artifacts["switch"][0]
    else:
        assert queue.last_state == TaskState.TASK_STATE_AUTH_REQUIRED
        assert queue.artifacts == {}
        apply_event(task, queue.events[-1])
        assert [replace(each, call="") for each in waits_of(task)] == [wait]
        assert "othing was changed" not in words(task.status.message)

        directory.is_away = relationships.away = False  # which is seen, and the task goes on by itself
        await gone_on.wait()
        await executor.execute(asked, queue)  # type: ignore[arg-type]
        assert queue.last_state == TaskState.TASK_STATE_COMPLETED
        assert queue.artifacts == {"switch": ["It is off."]}
    await executor.aclose()


async def test_a_task_whose_tool_is_away_when_it_is_to_go_on_waits_on() -> None:
    """A subagent whose card cannot be had just now, say: what it was at is not over, and is told once it is back."""

    @needs(Unchecked("a lamp for everybody"))
    @tool
    async def look() -> str:
        """Looks whether it is on."""
        return "It is on."

    class Away(Tools):
        is_away = True

        async def tools(self) -> Sequence[AgentTool]:
            return [] if self.is_away else await super().tools()

    toolbox, queue = Away([look], "You help."), Queue()
    executor = StrandsExecutor(model=ScriptedModel([]), toolbox=toolbox, conversations=Memory(), speaker="lamps")
    wait = Wait("approval", "K7QF", tool="look", resume="nonce")
    task = new_task("t1", "c1", TaskState.TASK_STATE_AUTH_REQUIRED)
    apply_event(task, waiting_event("t1", "c1", [wait], "Approve it."))
    asked = request("go on")
    asked.current_task = task
    asked.call_context.state["caller"].user = make_principal()

    await executor.execute(asked, queue)  # type: ignore[arg-type]
    assert queue.last_state == TaskState.TASK_STATE_AUTH_REQUIRED
    apply_event(task, queue.events[-1])
    assert waits_of(task) == (wait,)
    assert words(task.status.message) == "Approve it."

    toolbox.is_away = False
    await executor.execute(asked, queue)  # type: ignore[arg-type]
    assert queue.last_state == TaskState.TASK_STATE_COMPLETED
    assert queue.artifacts == {"look": ["It is on."]}
    await executor.aclose()


def words(message: Message) -> str:
    return "".join(part.text for part in message.parts)
