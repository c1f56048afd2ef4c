"""Shows an answer while it is said: who is at work, who says what, paragraph by paragraph."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Self

from rich.status import Status
from rich.text import Text

from portal.conversation import Begun, Ended, Event, Reply, Said, Wait, Waiting, Working
from portal.terminal._output import Answer, Output, printable

SILENCE_SECONDS = 1.0
"""After so much silence of who speaks, another agent that has something to say gets the word."""


APPROVAL = "approval"
"""What a task waits for that a person has to approve; its subject is the code."""


def _wait(wait: Wait) -> dict[str, object]:
    until = {"until": wait.until} if wait.until is not None else {}
    return {"kind": wait.kind, "subject": wait.subject, **until}


class ReplyView:
    """Shows the events of one turn.

    A paragraph is shown once it is whole, so that it can be laid out. One agent speaks at a time: what the others
    say meanwhile waits until the first has ended, or has been silent for a while.

    Args:
        output: Where to.
        clock: Monotonic seconds.
    """

    def __init__(self, output: Output, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._waiting: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._current: str | None = None
        self._heard_at = 0.0
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
                self._said(agent, artifact_id, text)
            case Waiting(words, waits):
                self._waits(words, waits)
                self._flush()
                self._paragraph("supervisor", words)
                self.wait_for(waits)
            case Ended(_, words, waits):
                if waits:
                    self._waits(words, waits)
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
                "waits_for": [_wait(wait) for wait in reply.waits],
                "answer": reply.text,
                "seconds": round(reply.seconds, 3),
            }
        )
        if self._output.laid_out:
            agents = ", ".join(printable(agent) for agent in reply.agents) or "supervisor"
            self._output.say(f"\n{agents} · {reply.seconds:.2f} s", style="dim")

    def _at_work(self, agent: str) -> None:
        if agent not in self._working:
            self._working.append(agent)
        if self._status is not None:
            verb = "is" if len(self._working) == 1 else "are"
            names = ", ".join(printable(name) for name in self._working)
            self._status.update(Text(f"{names} {verb} working ...", style="dim"))

    def _waits(self, words: str, waits: tuple[Wait, ...]) -> None:
        self._output.emit({"event": "waits", "waits_for": [_wait(wait) for wait in waits], "words": words})

    def wait_for(self, waits: tuple[Wait, ...]) -> None:
        """Says beside the moving mark what is waited for; a code is there as long as it is to be compared."""
        self._working.clear()
        if self._status is not None:
            codes = [printable(wait.subject) for wait in waits if wait.kind == APPROVAL]
            until = max((wait.until for wait in waits if wait.until is not None), default=None)
            parts = [f"code {' and '.join(codes)}"] if codes else []
            parts += [f"until {datetime.fromtimestamp(until).astimezone():%H:%M:%S}"] if until is not None else []
            words = ", ".join(["waiting for approval" if codes else "waiting", *parts])
            self._status.update(Text(f"{words} (Ctrl-C cancels) ...", style="dim"))

    def _said(self, agent: str, artifact_id: str, text: str) -> None:
        now = self._clock()
        self._agents.setdefault(artifact_id, agent)
        self._waiting[artifact_id] = self._waiting.get(artifact_id, "") + text
        if self._current is None or now - self._heard_at > SILENCE_SECONDS:
            self._current = artifact_id
        if artifact_id == self._current:
            self._heard_at = now
            self._waiting[artifact_id] = self._whole_paragraphs(agent, self._waiting[artifact_id])

    def _whole_paragraphs(self, agent: str, text: str) -> str:
        """Shows the paragraphs that are whole; returns the rest. What stands between ``` lines is one paragraph."""
        begin, position, fenced = 0, 0, False
        for line in text.split("\n")[:-1]:
            position += len(line) + 1
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not line.strip() and not fenced:
                self._paragraph(agent, text[begin:position])
                begin = position
        return text[begin:]

    def _flush(self) -> None:
        """Shows what still waits: first the rest of who speaks, then the others in the order in which they began."""
        for artifact_id in sorted(self._waiting, key=lambda waiting: waiting != self._current):
            rest = self._whole_paragraphs(self._agents[artifact_id], self._waiting[artifact_id])
            self._paragraph(self._agents[artifact_id], rest)
        self._waiting.clear()

    def _paragraph(self, agent: str, text: str) -> None:
        """Shows a paragraph, under its speaker's name where the speaker changes."""
        if not text.strip() or self._output.as_json:
            return
        if self._speaker is not None:
            self._output.say()
        if agent != self._speaker:
            self._speaker = agent
            self._output.say(
                Text(f"● {printable(agent)}" if self._output.laid_out else f"{printable(agent)}:", "bold cyan")
            )
        self._output.say(Answer(text) if self._output.laid_out else printable(text).strip("\n"))
