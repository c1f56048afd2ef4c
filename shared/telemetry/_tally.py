"""What one request has cost so far: counted wherever it happens, told in the request's one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

MOST_NAMED: Final = 16
"""Tools, hops and acts of one request that are named; more are counted by their absence."""


@dataclass(slots=True)
class Tally:
    """Counts of one request.

    Attributes:
        model_calls: How often the model was asked.
        input_tokens: Tokens that the model read.
        output_tokens: Tokens that it wrote.
        tools: The tools that were called, by name, in order.
        hops: The agents that were called, and for how many milliseconds, one after the other.
        token_fetches: Tokens that had to be fetched from the authorization server.
        audit_events: Events that were put on record.
        audit_chain: In which chain of the audit trail: that of this process.
        acts: The act ids of what was changed, or was to be, in order; each has a record before and one after.
    """

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tools: list[str] = field(default_factory=list)
    hops: dict[str, float] = field(default_factory=dict)
    token_fetches: int = 0
    audit_events: int = 0
    audit_chain: str = ""
    acts: list[str] = field(default_factory=list)

    def tool(self, name: str) -> None:
        """A tool was called."""
        if len(self.tools) < MOST_NAMED:
            self.tools.append(name)

    def hop(self, agent: str, seconds: float) -> None:
        """An agent was called."""
        if agent in self.hops or len(self.hops) < MOST_NAMED:
            self.hops[agent] = round(self.hops.get(agent, 0.0) + seconds * 1000, 2)

    def act(self, act: str) -> None:
        """Something is about to be changed."""
        if len(self.acts) < MOST_NAMED:
            self.acts.append(act)

    def recorded(self, chain: str) -> None:
        """An event was put on record."""
        self.audit_events += 1
        self.audit_chain = chain

    def fields(self) -> dict[str, Any]:
        """What is not zero, for a log line."""
        counts = {
            "model_calls": self.model_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tools": self.tools,
            "hops": self.hops,
            "token_fetches": self.token_fetches,
            "audit_events": self.audit_events,
            "audit_chain": self.audit_chain,
            "acts": self.acts,
        }
        return {name: count for name, count in counts.items() if count}


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


def tally() -> Tally:
    """The tally of the request that is worked on; outside of any, one that nobody reads."""
    return _current.get() or Tally()


@contextmanager
def counted() -> Iterator[Tally]:
    """A fresh tally for what is done in the block, and in tasks that begin there."""
    fresh = Tally()
    token = _current.set(fresh)
    try:
        yield fresh
    finally:
        _current.reset(token)
