"""Shows an answer while it is said: who is at work, who says what, paragraph by paragraph."""

import time
from collections.abc import Callable
from typing import Self

from rich.status import Status
from rich.text import Text

from portal.conversation import Begun, Ended, Event, Reply, Said, Working
from portal.terminal._output import Output, answer, printable


class ReplyView:
    """Shows the events of one turn.

    A paragraph is shown once it is whole, so that it can be laid out and so that two agents that speak at the
    same time do not end up in one line.

    Args:
        output: Where to.
        clock: Monotonic seconds.
    """

    def __init__(self, output: Output, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._waiting: dict[str, tuple[str, str]] = {}
        self._speaker: str | None = None
        self._working: list[str] = []
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._output.interactive:
            self._status = self._output.people.status(Text("asking ...", style="dim"), spinner="dots")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case Begun(task_id, context_id):
                self._output.emit({"event": "begun", "task_id": task_id, "context_id": context_id})
            case Working(agent):
                self._output.emit({"event": "working", "agent": agent})
                self._at_work(agent)
            case Said(agent, artifact_id, text):
                self._output.emit({"event": "said", "agent": agent, "artifact_id": artifact_id, "text": text})
                _, waiting = self._waiting.get(artifact_id, (agent, ""))
                self._waiting[artifact_id] = (agent, self._whole_paragraphs(agent, waiting + text))
            case Ended(_, words):
                self._flush()
                if words:
                    self._paragraph("supervisor", words)

    def finish(self, reply: Reply) -> None:
        """Says how it went."""
        self._output.emit(
            {
                "event": "ended",
                "state": reply.state,
                "task_id": reply.task_id,
                "context_id": reply.context_id,
                "agents": reply.agents,
                "answer": reply.text,
                "seconds": round(reply.seconds, 3),
            }
        )
        if self._output.interactive:
            agents = ", ".join(printable(agent) for agent in reply.agents) or "supervisor"
            self._output.say(f"{agents} · {reply.seconds:.1f} s", style="dim")

    def _at_work(self, agent: str) -> None:
        if agent not in self._working:
            self._working.append(agent)
        if self._status is not None:
            verb = "is" if len(self._working) == 1 else "are"
            names = ", ".join(printable(name) for name in self._working)
            self._status.update(Text(f"{names} {verb} working ...", style="dim"))

    def _whole_paragraphs(self, agent: str, text: str) -> str:
        """Shows the paragraphs that are whole; returns the rest. What stands between ``` lines is one paragraph."""
        begin, fenced = 0, False
        lines = text.split("\n")
        position = 0
        for line in lines[:-1]:
            position += len(line) + 1
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not line.strip() and not fenced:
                self._paragraph(agent, text[begin:position])
                begin = position
        return text[begin:]

    def _flush(self) -> None:
        for agent, text in self._waiting.values():
            self._paragraph(agent, text)
        self._waiting.clear()

    def _paragraph(self, agent: str, text: str) -> None:
        if not text.strip() or self._output.as_json:
            return
        people = self._output.people
        if agent != self._speaker:
            if self._speaker is not None and not people.is_terminal:
                self._output.say()
            self._speaker = agent
            self._output.say(
                Text(f"{printable(agent)}:" if not people.is_terminal else f"● {printable(agent)}", style="bold cyan")
            )
        elif not people.is_terminal:
            self._output.say()
        if people.is_terminal:
            people.print(answer(text))
            self._output.say()
        else:
            self._output.say(printable(text).strip("\n"))
