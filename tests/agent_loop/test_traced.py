"""Which trace a task that waited goes on in, and how that finds the one that it began in."""

import pytest
from a2a.server.agent_execution import RequestContext
from a2a.types import Task, TaskState
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from strands import tool

from shared.errors import WaitsForPerson
from shared.tasks import apply_event
from shared.telemetry import receive, traceparent
from shared.telemetry._recorder import Recorder
from shared.telemetry._trace import switches
from shared.testing import Calls, ScriptedModel
from tests.agent_loop.test_executor import Queue, executor, request

RUN = "invoke_agent desk"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(switches, "tracer", Recorder(ALWAYS_ON, Resource({}), [SimpleSpanProcessor(exporter)]))
    return exporter


class Door:
    """A tool that waits until it is let in."""

    def __init__(self) -> None:
        self.is_open = False

        @tool
        async def go_in() -> str:
            """Goes in."""
            if not self.is_open:
                raise WaitsForPerson("Let me in.", subject="door")
            return "I am in."

        self._tool = go_in

    async def run(self, asked: RequestContext) -> Task:
        """Runs a task in a process that has just started; the task as it is left."""
        queue = Queue()
        agent = executor(ScriptedModel([Calls((("go_in", {}),))]), [self._tool])
        await agent.execute(asked, queue)  # type: ignore[arg-type]
        await agent.aclose()
        task = asked.current_task or queue.events.pop(0)
        for event in queue.events:
            apply_event(task, event)
        return task


def again(task: Task) -> RequestContext:
    """The task goes on: with no message."""
    context = request("").call_context
    return RequestContext(call_context=context, task_id=task.id, context_id=task.context_id, task=task)


def runs(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == RUN]


async def test_a_task_that_goes_on_in_another_trace_is_linked_to_the_one_it_began_in(
    memory: InMemorySpanExporter,
) -> None:
    door = Door()
    with receive("POST", {}, trusted=False, began=1.0).active():
        task = await door.run(request("let me in"))
        began = traceparent()
    assert task.status.state == TaskState.TASK_STATE_AUTH_REQUIRED
    door.is_open = True
    with receive("POST", {}, trusted=False, began=2.0).active():  # after a restart, somebody looks
        task = await door.run(again(task))
    assert task.status.state == TaskState.TASK_STATE_COMPLETED
    first, second = runs(memory)
    assert began is not None
    assert first.links == ()
    assert first.context.trace_id != second.context.trace_id
    assert [format(link.context.trace_id, "032x") for link in second.links] == [began[3:35]]
    assert [dict(link.attributes or {}) for link in second.links] == [{}]


async def test_one_that_goes_on_where_it_began_needs_no_link(memory: InMemorySpanExporter) -> None:
    door = Door()
    with receive("POST", {}, trusted=False, began=1.0).active():
        task = await door.run(request("let me in"))
        door.is_open = True
        await door.run(again(task))
    assert [span.links for span in runs(memory)] == [(), ()]


@pytest.mark.parametrize("kept", ["", "not a trace", "00-" + "0" * 32 + "-b7ad6b7169203331-01", 7.0])
async def test_one_that_says_no_trace_goes_on_without(memory: InMemorySpanExporter, kept: str | float) -> None:
    door = Door()
    task = await door.run(request("let me in"))
    task.metadata.update({"helpdesk/trace": kept})
    door.is_open = True
    assert (await door.run(again(task))).status.state == TaskState.TASK_STATE_COMPLETED
    assert [span.links for span in runs(memory)] == [(), ()]
