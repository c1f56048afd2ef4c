"""Spans in a file are as OpenTelemetry's own exporter writes them, whoever made them."""

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState
from structlog.testing import capture_logs

from shared.telemetry._recorder import Recorded, Recorder
from shared.telemetry._span_file import SpanFile
from shared.telemetry._trace import Kept

RESOURCE = Resource({"service.name": "small", "service.version": "1"})
RECORDER = Recorder(ALWAYS_ON, RESOURCE, [])


def contexts() -> st.SearchStrategy[SpanContext]:
    states = st.dictionaries(st.sampled_from(["vendor", "other"]), st.text("abc=;1", min_size=1, max_size=4))
    ids = st.integers(1, 2**64 - 1)
    return st.builds(
        lambda trace_id, span_id, remote, state: SpanContext(
            trace_id, span_id, remote, TraceFlags(1), TraceState(list(state.items()))
        ),
        *(ids.map(lambda number: number << 40), ids, st.booleans(), states),
    )


@st.composite
def recorded(draw: st.DrawFn) -> ReadableSpan:
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


@given(st.lists(recorded(), min_size=1, max_size=3))
def test_spans_of_ours_are_written_as_opentelemetrys_exporter_writes_them(spans: list[ReadableSpan]) -> None:
    ours, theirs = io.StringIO(), io.StringIO()
    assert SpanFile(ours).export(spans) is SpanExportResult.SUCCESS
    FileSpanExporter(stream=theirs).export(spans)
    assert json.loads(ours.getvalue()) == json.loads(theirs.getvalue())


def test_spans_of_libraries_are_there_beside_ours() -> None:
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    with provider.get_tracer("library").start_as_current_span("theirs") as theirs:
        ours = RECORDER.start_span("ours")
        ours.end()
    output = io.StringIO()
    assert isinstance(theirs, ReadableSpan)
    assert isinstance(ours, ReadableSpan)
    exporter = SpanFile(output)
    for batch in ([theirs, ours], [ours], [theirs]):
        assert exporter.export(batch) is SpanExportResult.SUCCESS
    names = [
        sorted(
            (scope["scope"]["name"], span["name"])
            for resource in json.loads(line)["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        )
        for line in output.getvalue().splitlines()
    ]
    both = [("helpdesk", "ours"), ("library", "theirs")]
    assert names == [both, both[:1], both[1:]]


def test_what_utf_8_cannot_hold_is_written_all_the_same() -> None:
    span = RECORDER.start_span("half of a pair")
    assert isinstance(span, Recorded)
    span.set_attributes(Kept({"session.id": "\ud800"}))
    span.end()
    output = io.StringIO()
    assert SpanFile(output).export([span]) is SpanExportResult.SUCCESS
    assert '"session.id","value":{"stringValue":"\\ud800"}' in output.getvalue()


def test_a_file_that_cannot_be_written_is_said_and_ends_nothing() -> None:
    output = io.StringIO()
    output.close()
    span = RECORDER.start_span("lost")
    span.end()
    assert isinstance(span, ReadableSpan)
    with capture_logs() as logged:
        assert SpanFile(output).export([span]) is SpanExportResult.FAILURE
    assert [(each["event"], each["spans"]) for each in logged] == [("spans_not_written", 1)]
