"""Tells a model that is paid by the word the first of a tool's examples alone."""

import re
from collections.abc import Sequence
from typing import Any

from strands.types.tools import ToolSpec

_MORE = re.compile(r"^More examples:\n(?:- .*(?:\n|$))+", re.MULTILINE)


def sparing(provider: Any) -> Any:
    """A provider's class that leaves out what stands under "More examples:" in a tool's description.

    Whoever describes a tool lists there what helps a planner that learns from many examples; a language model needs a
    few, and would have all of them sent with every request.
    """

    class Sparing(provider):  # type: ignore[misc]  # the providers are imported on demand
        def stream(self, messages: Any, tool_specs: list[ToolSpec] | None = None, *rest: Any, **named: Any) -> Any:
            return super().stream(messages, shortened(tool_specs), *rest, **named)

    Sparing.__name__, Sparing.__qualname__ = provider.__name__, provider.__qualname__
    return Sparing


def shortened(specs: Sequence[ToolSpec] | None) -> list[ToolSpec] | None:
    """The specifications without the examples that are more than enough."""
    if specs is None:
        return None
    return [{**spec, "description": _MORE.sub("", spec["description"]).rstrip()} for spec in specs]
