"""Spans, from the files that the exporter `file` writes: OTLP in JSON, a line for each batch."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FAILED: Final = 2
"""OTLP's code of a status that is an error."""

SERVER: Final = 2
"""OTLP's code of the kind of span that is of a request that came in."""

ACT: Final = "helpdesk.act.id"
"""The attribute that leads to the records of an irreversible act."""


@dataclass(frozen=True, slots=True)
class Span:
    """What was done somewhere, for how long.

    Attributes:
        service: Who did it.
        name: What.
        trace_id: For which request.
        span_id: Its own id.
        parent: What caused it; empty where nothing did.
        began: In nanoseconds since the epoch.
        ended: The same.
        attributes: What is told of it.
        failed: Whether it failed.
        linked: The traces that it is linked to: of what goes on here, or of a client's own.
        is_served: Whether it is of a request that somebody else sent.
    """

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    began: int
    ended: int
    attributes: Mapping[str, Any]
    failed: bool
    linked: tuple[str, ...] = ()
    is_served: bool = False

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began) / 1e6


def read(folder: Path) -> list[Span]:
    """All spans in a folder's files; a line that is not whole yet is left for the next time."""
    return [span for path in sorted(folder.glob("*.jsonl")) for span in _read_file(path)]


def _read_file(path: Path) -> Iterator[Span]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                batch = json.loads(line)
                found = [*_spans(batch)]
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            yield from found


def _spans(batch: dict[str, Any]) -> Iterator[Span]:
    for resource in batch.get("resourceSpans", []):
        service = str(_attributes(resource.get("resource", {})).get("service.name", "?"))
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            yield Span(
                service=service,
                name=str(span["name"]),
                trace_id=str(span["traceId"]),
                span_id=str(span["spanId"]),
                parent=str(span.get("parentSpanId", "")),
                began=int(span["startTimeUnixNano"]),
                ended=int(span["endTimeUnixNano"]),
                attributes=_attributes(span),
                failed=span.get("status", {}).get("code") == FAILED,
                linked=tuple(str(link["traceId"]) for link in span.get("links", [])),
                is_served=span.get("kind") == SERVER,
            )


def _attributes(of: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values()), None) for each in of.get("attributes", [])}
