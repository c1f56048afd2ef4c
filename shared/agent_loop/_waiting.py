"""Tasks that wait for a person: how they go on by themselves, and how a waiting tool is called again."""

import asyncio
import json
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from a2a.server.context import ServerCallContext
from strands.models import Model
from strands.types.streaming import StreamEvent

from shared.a2a import Caller, Wait
from shared.errors import HelpdeskError, WaitsForPerson
from shared.telemetry import begin_ids, bind_ids, counted, get_logger, resumed, trace_id, traceparent

CAPACITY: Final = 1000
AT_ONCE: Final = 8
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
ASKED_AFTER_SECONDS: Final = 2.0
"""The longest pause where somebody sits and waits for the task to go on."""

GROWTH: Final = 1.5
LATE_SECONDS: Final = 30.0
"""How long after its end a wait is still looked at: what ended it has to be told."""

REMEMBERED: Final = 4 * CAPACITY
NOT_GONE_ON: Final = "I could not go on with this: what it needs is away at the moment. Please ask again."

_log = get_logger()

Resume = Callable[[str, ServerCallContext], Awaitable[bool]]
"""Has a waiting task go on; false where it is busy now, and is to be asked again."""


@dataclass(slots=True)
class _Waiting:
    task_id: str
    caller: Caller
    context: ServerCallContext
    checks: tuple[Callable[[], Awaitable[bool]], ...]
    until: float
    pause: float
    due: float
    trace: str | None


def still_waits(wait: Wait, words: str, *, is_over: Callable[[], Awaitable[bool]]) -> WaitsForPerson:
    """What a task waited for, waited for again: as it was, but for the words, and for what tells that it is over."""
    return WaitsForPerson(
        words,
        kind=wait.kind,
        subject=wait.subject,
        url=wait.url,
        expires_at=wait.until,
        resume=wait.resume,
        is_over=is_over,
    )


class WaitingRoom:
    """Looks, at a bounded pace, whether what tasks wait for is done, and has them go on then.

    It is one coroutine for all of them. It lives in this process alone, since going on takes the caller's token, which
    is never written down: after a restart, or once the token has expired, a task goes on with the next message to it.

    Args:
        clock: Seconds since the epoch.
        first_pause: Seconds before the first look; each is longer than the one before, up to `LONGEST_PAUSE_SECONDS`.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, first_pause: float = FIRST_PAUSE_SECONDS) -> None:
        self._clock = clock
        self._first_pause = first_pause
        self._resume: Resume | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._asked_after: Counter[str] = Counter()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._watching: asyncio.Task[None] | None = None

    def bind(self, resume: Resume) -> None:
        """Says who has a task go on."""
        self._resume = resume

    def enter(
        self,
        task_id: str,
        caller: Caller,
        context: ServerCallContext,
        errors: Sequence[WaitsForPerson],
        *,
        since: int = 0,
    ) -> None:
        """Has a task watched, if there is a way to tell that the waiting is over, and room.

        Args:
            task_id: The task.
            caller: Whose it is.
            context: With which it goes on.
            errors: What it waits for.
            since: When its status says that it began to wait.
        """
        self._remember(task_id, since)
        checks = tuple(error.is_over for error in errors if error.is_over is not None)
        if self._resume is None or len(checks) < len(errors) or len(self._waiting) >= CAPACITY:
            return
        now = self._clock()
        ends = [error.expires_at + LATE_SECONDS for error in errors if error.expires_at]
        until = min([float(caller.user.expires_at), *ends])
        own = _own_context(caller, context)
        self._waiting[task_id] = _Waiting(
            task_id, caller, own, checks, until, self._first_pause, now + self._first_pause, traceparent()
        )
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="waiting-room")

    @contextmanager
    def asked_after(self, task_id: str) -> Iterator[None]:
        """Somebody asks after a task: it is looked at now, if it waits, and often as long as this holds."""
        waiting = self._waiting.get(task_id)
        if waiting is not None:
            waiting.due, waiting.pause = min(waiting.due, self._clock()), self._first_pause
        self._asked_after[task_id] += 1
        try:
            yield
        finally:
            self._asked_after[task_id] -= 1
            if not self._asked_after[task_id]:
                del self._asked_after[task_id]

    def leave(self, task_id: str) -> None:
        """The task is not to go on by itself any more."""
        self._remember(task_id, 0)
        self._waiting.pop(task_id, None)

    async def look(self, task_id: str, context: ServerCallContext, *, since: int = 0) -> None:
        """The owner looks at a task that waits, of which this process knows nothing: their token has it watched.

        The tools that wait are called again, and say anew what they wait for. A task that is watched already is watched
        with the newer token from now on. What another process did with a task since it waited here is as if this one
        had never had it.

        Args:
            task_id: The task.
            context: Of the look.
            since: When its status says that it began to wait.
        """
        caller: Caller = context.state["caller"]
        waiting = self._waiting.get(task_id)
        if waiting is not None:
            if caller.user.expires_at > waiting.caller.user.expires_at and caller.user.key == waiting.caller.user.key:
                waiting.caller, waiting.context = caller, _own_context(caller, context)
        elif self._seen.get(task_id) != since and self._resume is not None:
            self._remember(task_id, since)
            await self._resume(task_id, _own_context(caller, context))

    def _remember(self, task_id: str, since: int) -> None:
        self._seen[task_id] = since
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def aclose(self) -> None:
        """Stops looking."""
        self._waiting.clear()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while self._waiting:
            now = self._clock()
            due = sorted((each for each in self._waiting.values() if each.due <= now), key=lambda each: each.due)
            if not due:
                soonest = min(each.due for each in self._waiting.values())
                await asyncio.sleep(min(max(soonest - now, 0.05), self._first_pause))
                continue
            await asyncio.gather(*(self._look(each) for each in due[:AT_ONCE]))

    async def _look(self, waiting: _Waiting) -> None:
        if self._clock() >= waiting.until:
            self._drop(waiting)
            if self._clock() >= waiting.caller.user.expires_at:
                self._seen.pop(waiting.task_id, None)  # a look with a newer token has it watched again
            return
        # Its own trace and nobody's request: all are looked at from what the first of them began.
        begin_ids()
        with resumed(waiting.trace), counted():
            bind_ids(task_id=waiting.task_id, trace_id=trace_id())
            await self._look_now(waiting)

    async def _look_now(self, waiting: _Waiting) -> None:
        try:
            over = all([await check() for check in waiting.checks])
            if over and self._resume is not None and await self._resume(waiting.task_id, waiting.context):
                self._drop(waiting)
                return
        except HelpdeskError as error:
            _log.info("waiting_not_looked_at", task_id=waiting.task_id, reason=error.reason, detail=error.detail)
        except Exception:  # noqa: BLE001 -- one task that cannot be looked at must not stop the others
            _log.exception("waiting_broke", task_id=waiting.task_id)
        longest = ASKED_AFTER_SECONDS if waiting.task_id in self._asked_after else LONGEST_PAUSE_SECONDS
        waiting.pause = min(waiting.pause, longest)
        waiting.due = self._clock() + waiting.pause
        waiting.pause = min(waiting.pause * GROWTH, longest)

    def _drop(self, waiting: _Waiting) -> None:
        """Forgets it, unless the task waits for something else by now."""
        if self._waiting.get(waiting.task_id) is waiting:
            del self._waiting[waiting.task_id]


def _own_context(caller: Caller, context: ServerCallContext) -> ServerCallContext:
    return ServerCallContext(user=context.user, state={"caller": caller, "method": "resume", "headers": {}})


class Replay(Model):
    """Calls the tools that waited, with the arguments of before; no model is asked what to do a second time.

    Args:
        waits: The calls.
    """

    def __init__(self, waits: Sequence[Wait]) -> None:
        self._calls: dict[str, Wait] = {}
        for wait in waits:  # a model that gives two calls one id has the second answered beside the first
            known = wait.call and wait.call not in self._calls
            self._calls[wait.call if known else uuid.uuid4().hex] = wait
        self._called = False

    @property
    def resume(self) -> dict[str, str]:
        """By tool use id, what each tool wanted to be given back."""
        return {tool_use_id: wait.resume for tool_use_id, wait in self._calls.items()}

    @property
    def calls(self) -> Mapping[str, Wait]:
        """By tool use id, what each tool waited for."""
        return self._calls

    def update_config(self, **_: Any) -> None:
        """Has nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """Names a window, which Strands wants to know."""
        return {"context_window_limit": 100_000}

    def structured_output(self, *_: Any, **__: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Is never asked for.

        Raises:
            TypeError: always.
        """
        raise TypeError("a replay gives no structured output")

    async def stream(self, *_: Any, **__: Any) -> AsyncGenerator[StreamEvent, None]:
        """Says the calls once; asked again, a tool was not there."""
        for event in self._apology() if self._called else self._tool_calls():
            yield cast("StreamEvent", event)
        self._called = True

    def _tool_calls(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = [{"messageStart": {"role": "assistant"}}]
        for tool_use_id, wait in self._calls.items():
            tool_use = {"toolUseId": tool_use_id, "name": wait.tool}
            arguments = {"toolUse": {"input": json.dumps(wait.arguments)}}
            events.append({"contentBlockStart": {"start": {"toolUse": tool_use}}})
            events += [{"contentBlockDelta": {"delta": arguments}}, {"contentBlockStop": {}}]
        return [*events, {"messageStop": {"stopReason": "tool_use"}}]

    def _apology(self) -> list[dict[str, Any]]:
        return [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": NOT_GONE_ON}}},
            {"contentBlockStop": {}},
            {"messageStop": {"stopReason": "end_turn"}},
        ]
