"""A conversation: turns that share a context, each of which can be cancelled."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from portal.conversation._events import Begun, Ended, Event, Said, Wait, Waiting, Working
from portal.conversation._help_desk import HelpDesk
from shared.errors import HelpdeskError

CANCEL_SECONDS = 5.0


@dataclass(slots=True)
class Reply:
    """What came back for one question.

    Attributes:
        task_id: The A2A task, once there is one.
        context_id: The conversation.
        state: The task's state in A2A's words.
        words: What came with the state: why it failed, say.
        waits: What the person has to do before the task can go on.
        heard: The artifacts that were said, by id.
        said: Each agent's words, in the order in which they began to speak.
        agents: Who was at work, in order, whether they said anything or not.
        seconds: From the question to the end.
    """

    context_id: str
    task_id: str = ""
    state: str = ""
    words: str = ""
    waits: tuple[Wait, ...] = ()
    heard: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    agents: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Everything that was said."""
        return "\n\n".join(text.strip() for text in [*self.said.values(), self.words] if text.strip())

    def take(self, event: Event) -> None:
        """Adds what an event says."""
        match event:
            case Begun(task_id, context_id):
                self.task_id, self.context_id = task_id, context_id
            case Working(agent):
                self._at_work(agent)
            case Said(agent, artifact_id, text):
                self._at_work(agent)
                self.heard.add(artifact_id)
                self.said[agent] = self.said.get(agent, "") + text
            case Waiting(words, waits):
                self.words, self.waits = words, waits
            case Ended(state, words, waits):
                self.state, self.words, self.waits = state, words, waits

    def _at_work(self, agent: str) -> None:
        if agent not in self.agents:
            self.agents.append(agent)


class Conversation:
    """A person's conversation with the help desk.

    Args:
        desk: The line to the supervisor.
        context_id: The conversation to go on with; None begins one.
    """

    def __init__(self, desk: HelpDesk, context_id: str | None = None) -> None:
        self._desk = desk
        self.context_id = context_id or uuid.uuid4().hex
        self.taken: str | None = None
        """The context of the last question that the help desk took; None as long as it took none."""

    def begin_another(self) -> None:
        """Leaves this conversation: what is said next knows nothing of it."""
        self.context_id = uuid.uuid4().hex

    async def turn(self, text: str, show: Callable[[Event], None]) -> Reply:
        """Asks, and shows each event; where this is cancelled, the task is cancelled too.

        Raises:
            HelpdeskError: as `HelpDesk.ask`.
        """
        reply = Reply(self.context_id)
        return await self._follow(reply, self._desk.ask(text, context_id=self.context_id), show)

    async def go_on(self, reply: Reply, show: Callable[[Event], None]) -> Reply:
        """Has the task of a reply go on that waited, and shows each event; returns the same reply, with what is new.

        Raises:
            HelpdeskError: as `HelpDesk.ask`.
        """
        heard, reply.state, reply.waits = frozenset(reply.heard), "", ()
        events = self._desk.go_on(reply.task_id, context_id=reply.context_id, heard=heard)
        return await self._follow(reply, events, show)

    async def take_up(self, task_id: str, show: Callable[[Event], None]) -> Reply:
        """Shows what has come of a task, and what comes until it ends or waits.

        Raises:
            HelpdeskError: as `HelpDesk.follow`.
        """
        return await self._follow(Reply("", task_id), self._desk.follow(task_id, wait=False), show)

    async def follow(self, reply: Reply, show: Callable[[Event], None]) -> Reply:
        """Waits with a task until it ends, and shows each event; returns the same reply, with what is new.

        Raises:
            HelpdeskError: as `HelpDesk.follow`.
        """
        heard, reply.state, known = frozenset(reply.heard), "", Waiting(reply.words, reply.waits)
        events = self._desk.follow(reply.task_id, context_id=reply.context_id, heard=heard, known=known)
        return await self._follow(reply, events, show)

    async def _follow(self, reply: Reply, events: AsyncIterator[Event], show: Callable[[Event], None]) -> Reply:
        begun = time.monotonic()
        try:
            async for event in events:
                reply.take(event)
                self.taken = reply.context_id
                show(event)
        except asyncio.CancelledError:
            if reply.task_id and not reply.state:
                await self._cancel(reply)
            raise
        self.context_id = reply.context_id
        reply.seconds += time.monotonic() - begun
        return reply

    async def _cancel(self, reply: Reply) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._desk.cancel(reply.task_id, context_id=reply.context_id)
        except (HelpdeskError, TimeoutError):
            return  # the connection ends with us, and the task with its time limit
