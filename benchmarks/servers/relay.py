"""A supervisor's work without a model: the next agent is called as our supervisor calls it."""

from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Part

from shared.a2a import AgentClient


class Relay(AgentExecutor):
    """Answers with what the next agent answers."""

    def __init__(self, client: AgentClient) -> None:
        self._client = client

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """The task, the answer, the end."""
        assert context.message is not None
        await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        answer = ""
        async for event in self._client.call(
            context.get_user_input(),
            caller=context.call_context.state["caller"],
            context_id=str(context.context_id),
            streaming=False,
        ):
            answer += "".join(part.text for artifact in event.task.artifacts for part in artifact.parts)
        await updater.add_artifact([Part(text=answer)], artifact_id="answer")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Nothing runs long enough."""
        await TaskUpdater(event_queue, str(context.task_id), str(context.context_id)).cancel()
