"""What one request has cost so far: counted wherever it happens, told in the request's one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

MOST_NAMED: Final = 16
"""Tools and hops of one request that are named; more are counted by their absence."""


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
    """

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tools: list[str] = field(default_factory=list)
    hops: dict[str, float] = field(default_factory=dict)
    token_fetches: int = 0

    def tool(self, name: str) -> None:
        """A tool was called."""
        if len(self.tools) < MOST_NAMED:
            self.tools.append(name)

    def hop(self, agent: str, seconds: float) -> None:
        """An agent was called."""
        if agent in self.hops or len(self.hops) < MOST_NAMED:
            self.hops[agent] = round(self.hops.get(agent, 0.0) + seconds * 1000, 2)

    def fields(self) -> dict[str, Any]:
        """What is not zero, for a log line."""
        counts = {
            "model_calls": self.model_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tools": self.tools,
            "hops": self.hops,
            "token_fetches": self.token_fetches,
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
