"""Spans of our own, where they leave through an exporter of ours: kept with as little as they need until then.

The SDK's spans are made for any library and any thread: two locks each, attributes checked and copied one by one, a
copy of all at the end. Ours were checked and redacted by `_trace`, and live in one task. Which traces are sampled, how
spans are gathered and how they are sent stays the SDK's business. Imported only where something is exported.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue

from shared.telemetry._trace import SCOPE, Kept, random_ids

_SCOPE: Final = InstrumentationScope(SCOPE)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_UNSAMPLED: Final = TraceFlags(TraceFlags.RANDOM_TRACE_ID)
_HAS_IS_REMOTE: Final = 0x100
_IS_REMOTE: Final = 0x200


class Recorder:
    """Makes the spans of one process.

    Args:
        sampler: Decides about a trace where it begins and where it comes in; what begins below follows.
        resource: Who makes them.
        processors: Take those of sampled traces, once they have ended.
    """

    def __init__(self, sampler: Sampler, resource: Resource, processors: Sequence[SpanProcessor]) -> None:
        self.resource = resource
        self.processors = tuple(processors)
        self._sampler = sampler

    def start_span(
        self,
        name: str,
        *,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
    ) -> trace.Span:
        """Begins a span below the context's; one that records nothing, where its trace is not sampled."""
        above = trace.get_current_span(context).get_span_context()
        trace_id, _, is_remote, flags, state, is_valid = above  # at once: each of its properties is a call
        if not is_valid or is_remote:
            trace_id = trace_id if is_valid else random_ids.getrandbits(128)
            sampled = self._sampler.should_sample(context, trace_id, name, kind, links=links)
            flags = _SAMPLED if sampled.decision is Decision.RECORD_AND_SAMPLE else _UNSAMPLED
            state = sampled.trace_state or state
        own = SpanContext(trace_id, random_ids.getrandbits(64), False, flags, state)
        if not flags & TraceFlags.SAMPLED:
            return NonRecordingSpan(own)
        parent = above if is_valid else None
        return Recorded(self, name, own, parent=parent, kind=kind, links=links or (), start_time=start_time)


class Recorded(ReadableSpan, trace.Span):
    """A span while it is worked on, and then what an exporter reads.

    It takes what passed `_trace`, and nothing that a library writes to whatever span is active.
    """

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        own: SpanContext,
        *,
        parent: SpanContext | None,
        kind: SpanKind,
        links: Sequence[Link],
        start_time: int | None,
    ) -> None:
        self._own = own
        self._kept = Kept()
        self._processors = recorder.processors
        super().__init__(
            name,
            own,
            parent,
            recorder.resource,
            self._kept,
            links=links,
            kind=kind,
            start_time=start_time or time.time_ns(),
            instrumentation_scope=_SCOPE,
        )

    def get_span_context(self) -> SpanContext:
        """Its place in its trace."""
        return self._own

    def is_recording(self) -> bool:
        """Until it has ended."""
        return self._end_time is None

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Adds attributes that were checked and redacted."""
        if isinstance(attributes, Kept) and self._end_time is None:
            self._kept.update(attributes)

    def update_name(self, name: str) -> None:
        """Names it."""
        if self._end_time is None:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Marks it; a description, which is a text, is not kept."""
        del description
        if self._end_time is None:
            self._status = Status(status.status_code if isinstance(status, Status) else status)

    def end(self, end_time: int | None = None) -> None:
        """Ends it, once, and hands it on."""
        if self._end_time is None:
            self._end_time = end_time or time.time_ns()
            for processor in self._processors:
                processor.on_end(self)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Does nothing: no attribute of ours is set so."""

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Does nothing: spans of ours have no events."""

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Does nothing: links are known at the beginning."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Does nothing: of an exception, its code or its kind is an attribute."""


def flags_of(place: SpanContext | None) -> int:
    """What OTLP calls the flags of a span with this parent, or of a link there: whether it is another process's."""
    return _HAS_IS_REMOTE | (_IS_REMOTE if place is not None and place.is_remote else 0)
