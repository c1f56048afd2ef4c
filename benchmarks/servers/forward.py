"""A supervisor as the SDK comes, that hands each message to one agent and gives back what that says.

    python -m benchmarks.servers.forward PORT NEXT-URL

No authentication, tasks in memory; HTTP connections and the next agent's card are kept.
"""

import sys
import uuid
from collections.abc import Awaitable, Callable

import httpx
import uvicorn
from a2a.client import A2ACardResolver, Client, ClientCallContext, ClientConfig, ClientFactory
from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import Message, Part, Role, SendMessageRequest
from starlette.applications import Starlette

from benchmarks.servers.echo import plain_card

Ask = Callable[[str, dict[str, str]], Awaitable[str]]
"""Asks the next agent: the text, and the headers of the request that it came with."""


class Forward(AgentExecutor):
    """Answers with what the next agent answers."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """The task, the answer, the end."""
        assert context.message is not None
        await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, str(context.task_id), str(context.context_id))
        answer = await self._ask(context.get_user_input(), context.call_context.state["headers"])
        await updater.add_artifact([Part(text=answer)], artifact_id="answer")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Nothing runs long enough."""
        await TaskUpdater(event_queue, str(context.task_id), str(context.context_id)).cancel()


class Kept:
    """Asks with one client that is made once."""

    def __init__(self, url: str) -> None:
        self._url = url
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
        self._http = httpx.AsyncClient(limits=limits)  # lint: allow http-door -- as the SDK comes
        self._client: Client | None = None

    async def __call__(self, text: str, headers: dict[str, str]) -> str:  # noqa: ARG002 -- no security, no headers
        """Asks the next agent."""
        if self._client is None:
            self._client = await create_client(self._url, self._http)
        return await ask(self._client, text, None)


async def create_client(url: str, http: httpx.AsyncClient) -> Client:
    """A client for the agent at `url`, by its card."""
    card = await A2ACardResolver(http, url).get_agent_card()
    return ClientFactory(ClientConfig(httpx_client=http, streaming=False)).create(card)


async def ask(client: Client, text: str, context: ClientCallContext | None) -> str:
    """One message and the text of its answer."""
    message = Message(message_id=uuid.uuid4().hex, role=Role.ROLE_USER, parts=[Part(text=text)])
    answer = ""
    async for event in client.send_message(SendMessageRequest(message=message), context=context):
        answer += "".join(part.text for artifact in event.task.artifacts for part in artifact.parts)
    return answer


async def call_once(url: str, text: str, context: ClientCallContext) -> str:
    """Makes an HTTP client, fetches the card and asks; all of it for this one message."""
    async with httpx.AsyncClient() as http:  # lint: allow http-door -- what is measured is just this habit
        return await ask(await create_client(url, http), text, context)


def main() -> None:
    """Serves until it is stopped."""
    port, next_url = int(sys.argv[1]), sys.argv[2]
    card = plain_card(f"http://127.0.0.1:{port}/")
    handler = DefaultRequestHandler(
        agent_executor=Forward(Kept(next_url)), task_store=InMemoryTaskStore(), agent_card=card
    )
    app = Starlette(routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/")])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
