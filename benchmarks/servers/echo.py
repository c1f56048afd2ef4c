"""The same work for each server: the message's text comes back as the task's one artifact."""

from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Part

SKILL = AgentSkill(id="echo", name="Echo", description="Says it again.", tags=["echo"])


class Echo(AgentExecutor):
    """Answers at once."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """The task, the answer, the end."""
        assert context.message is not None
        if context.current_task is None:
            await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        await updater.add_artifact([Part(text=context.get_user_input())], artifact_id="answer")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Nothing runs long enough."""
        await TaskUpdater(event_queue, str(context.task_id), str(context.context_id)).cancel()


def plain_card(url: str) -> AgentCard:
    """A card without security."""
    return AgentCard(
        name="echo",
        description="Says it again.",
        version="1.0.0",
        supported_interfaces=[AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version="1.0")],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[SKILL],
    )
