"""A trace as a tree: what caused what, and when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from portal.traces._spans import ACT, Span

RUN: Final = "invoke_agent "


@dataclass(frozen=True, slots=True)
class Row:
    """A span in its place.

    Attributes:
        span: The span.
        depth: How many caused it, one by the other.
        start: When it began, as a share of the whole.
        length: How long it took, as a share of the whole.
    """

    span: Span
    depth: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace in one line.

    Attributes:
        root: The span that has no parent here, the first of them.
        services: Who took part, in order.
        spans: How many spans there are.
        failed: Whether any of them failed.
        asked: Whether there is a request in it, or a task that went on; else it is of what a part does by itself.
    """

    root: Span
    services: tuple[str, ...]
    spans: int
    failed: bool
    asked: bool


def traces_of(spans: Iterable[Span], wanted: str) -> list[list[Span]]:
    """The traces whose id begins so, or in which is a task, worked on, or an act whose id does; the oldest first."""
    traces = _by_trace(spans)
    found = [
        trace
        for trace_id, trace in traces.items()
        if trace_id.startswith(wanted)
        or any(s.name.startswith(RUN) and str(s.attributes.get("helpdesk.task.id")).startswith(wanted) for s in trace)
        or any(str(s.attributes.get(ACT, "")).startswith(wanted) for s in trace)
    ]
    return sorted(found, key=lambda trace: min(span.began for span in trace))


def summaries(spans: Iterable[Span]) -> list[Summary]:
    """Every trace in one line, the newest last."""
    found = []
    for trace in _by_trace(spans).values():
        placed = rows(trace)
        services = tuple(dict.fromkeys(row.span.service for row in placed))
        failed = any(row.span.failed for row in placed)
        asked = any(span.is_served or span.name.startswith(RUN) for span in trace)
        found.append(Summary(placed[0].span, services, len(placed), failed, asked))
    return sorted(found, key=lambda summary: summary.root.began)


def rows(trace: Sequence[Span]) -> list[Row]:
    """A trace's spans, each below the one that caused it, in order of time; what lost its parent stands at the left."""
    ids = {span.span_id for span in trace}
    below: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(trace, key=lambda span: span.began):
        below[span.parent if span.parent in ids and span.parent != span.span_id else ""].append(span)
    first = min(span.began for span in trace)
    whole = max(max(span.ended for span in trace) - first, 1)
    return [
        Row(span, depth, (span.began - first) / whole, max(span.ended - span.began, 0) / whole)
        for span, depth in _placed(below)
    ]


def _placed(below: dict[str, list[Span]]) -> Iterator[tuple[Span, int]]:
    left = [(span, 0) for span in reversed(below[""])]
    while left:
        span, depth = left.pop()
        yield span, depth
        left += [(child, depth + 1) for child in reversed(below.pop(span.span_id, []))]


def _by_trace(spans: Iterable[Span]) -> dict[str, list[Span]]:
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    return traces
