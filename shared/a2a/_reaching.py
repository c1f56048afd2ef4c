"""Asking another agent until it answers: what may be asked again, after how long, and how a task is followed on.

Of several replicas one may end at any time, in the middle of what it says, too. Another answers for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from itertools import count
from typing import Final, TypeVar

import httpx
from a2a.client import ClientCallContext
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.types import GetTaskRequest, SendMessageRequest, StreamResponse, SubscribeToTaskRequest, TaskState
from a2a.utils.errors import A2AError, UnsupportedOperationError

RETRY_STATUSES: Final = frozenset({409, 429, 503})
MAX_RETRY_AFTER_SECONDS: Final = 2.0
BROKEN: Final = (httpx.ConnectError, httpx.ReadError, httpx.WriteError)
"""A replica is not there, or ended while it was asked."""

BROKEN_WAIT_SECONDS: Final = 0.05
ATTEMPTS: Final = 3
RESUME_SECONDS: Final = (0.05, 0.25, 1.0, 2.0)
"""Before a known task is asked after again: also an agent of one process is back within that, after a restart."""

Responses = AsyncGenerator[StreamResponse, None]
T = TypeVar("T")


async def responses_to(
    transport: JsonRpcTransport, request: SendMessageRequest, call: ClientCallContext, *, streaming: bool
) -> Responses:
    """What comes back: the events of a stream, or the one answer as if it were one."""
    if not streaming:
        answer = await transport.send_message(request, context=call)
        yield StreamResponse(task=answer.task) if answer.HasField("task") else StreamResponse(message=answer.message)
        return
    async with aclosing(transport.send_message_streaming(request, context=call)) as events:
        async for event in events:
            yield event


async def rest_of(transport: JsonRpcTransport, call: ClientCallContext, task_id: str) -> Responses:
    """A task as it is now, and what comes of it until it ends or waits."""
    try:
        async with aclosing(transport.subscribe(SubscribeToTaskRequest(id=task_id), context=call)) as events:
            async for event in events:
                yield event
                if _is_waiting(event):  # a stream may stay open then (A2A §7.6); who reads this one goes on
                    return
    except UnsupportedOperationError:  # it has ended, or the agent does not stream
        yield StreamResponse(task=await transport.get_task(GetTaskRequest(id=task_id), context=call))


async def reaching(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks for what may be asked for any number of times, until a replica answers that lives."""
    for attempt in count(1):
        try:
            return await ask()
        except A2AError as error:
            wait = wait_before_another(error, attempt, is_known=True)
            if wait is None:
                raise
            await asyncio.sleep(wait)
    raise AssertionError("there is always another attempt, or none")


async def next_of(responses: Responses, deadline: float) -> StreamResponse | None:
    """The next response; None where there are no more."""
    async with asyncio.timeout_at(deadline):
        return await anext(responses, None)


def _is_waiting(response: StreamResponse) -> bool:
    source = response.task if response.WhichOneof("payload") == "task" else response.status_update
    return source.status.state == TaskState.TASK_STATE_AUTH_REQUIRED


def response_of(error: A2AError) -> httpx.Response | None:
    """The answer that an error is about, if there was one."""
    cause = error.__cause__
    return cause.response if isinstance(cause, httpx.HTTPStatusError) else None


def wait_before_another(error: A2AError, attempt: int, *, is_known: bool) -> float | None:
    """How long to wait before trying again, in seconds; None if it would not help or take too long.

    Args:
        error: What came of it.
        attempt: Which attempt that was, from 1.
        is_known: Whether it is a known task that is asked after, which can be waited for.
    """
    response = response_of(error)
    is_bad_gateway = response is not None and response.status_code == httpx.codes.BAD_GATEWAY  # a balancer says so
    if is_bad_gateway or isinstance(error.__cause__, BROKEN):
        if is_known:
            return resume_after(attempt)
        return BROKEN_WAIT_SECONDS if attempt < ATTEMPTS else None
    if response is None or response.status_code not in RETRY_STATUSES or attempt >= ATTEMPTS:
        return None
    wait = retry_after(response)
    return wait if wait is not None and wait <= MAX_RETRY_AFTER_SECONDS else None


def resume_after(attempt: int) -> float | None:
    """How long to wait before a task is followed on, in seconds; None once that was tried often enough."""
    return RESUME_SECONDS[attempt - 1] if attempt <= len(RESUME_SECONDS) else None


def retry_after(response: httpx.Response) -> float | None:
    """When to try again, in seconds, as an answer says it."""
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
