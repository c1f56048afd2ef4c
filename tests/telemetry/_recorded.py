"""Spans of ours, as hypothesis draws them."""

from typing import Any, Final

from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from shared.telemetry._recorder import Recorded, Recorder
from shared.telemetry._trace import Kept

RESOURCE: Final = Resource({"service.name": "small", "service.version": "1"})
RECORDER: Final = Recorder(ALWAYS_ON, RESOURCE, [])


def contexts() -> st.SearchStrategy[SpanContext]:
    """Places in traces, of this process and of others."""
    states = st.dictionaries(st.sampled_from(["vendor", "other"]), st.text("abc=;1", min_size=1, max_size=4))
    ids = st.integers(1, 2**64 - 1)
    return st.builds(
        lambda trace_id, span_id, remote, state: SpanContext(
            trace_id, span_id, remote, TraceFlags(1), TraceState(list(state.items()))
        ),
        *(ids.map(lambda number: number << 40), ids, st.booleans(), states),
    )


@st.composite
def recorded(draw: st.DrawFn) -> Recorded:
    """A span of ours, ended."""
    above = draw(contexts() | st.none())
    links = [Link(one) for one in draw(st.lists(contexts(), max_size=2))]
    parent = context.Context() if above is None else trace.set_span_in_context(NonRecordingSpan(above))
    span = RECORDER.start_span(
        *(draw(st.text(min_size=1, max_size=9)),),
        context=parent,
        kind=draw(st.sampled_from(list(SpanKind))),
        links=links,
    )
    assert isinstance(span, Recorded)
    values: Any = st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats()
    span.set_attributes(Kept(draw(st.dictionaries(st.text("abc.", min_size=1, max_size=5), values, max_size=5))))
    span.set_status(draw(st.sampled_from(list(StatusCode))))
    span.end()
    return span


def with_attributes(**attributes: Any) -> Recorded:
    """A span of ours, ended, with these attributes."""
    span = RECORDER.start_span("work")
    assert isinstance(span, Recorded)
    span.set_attributes(Kept({name.replace("_", "."): value for name, value in attributes.items()}))
    span.end()
    return span
