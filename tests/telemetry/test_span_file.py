"""Spans in a file are as OpenTelemetry's own exporter writes them, whoever made them."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from structlog.testing import capture_logs

from shared.telemetry._recorder import Recorded
from shared.telemetry._span_file import SpanFile
from tests.telemetry._recorded import RECORDER, RESOURCE, recorded, with_attributes


@given(st.lists(recorded(), min_size=1, max_size=3))
def test_spans_of_ours_are_written_as_opentelemetrys_exporter_writes_them(spans: list[Recorded]) -> None:
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
    output = io.StringIO()
    assert SpanFile(output).export([with_attributes(session_id="\ud800")]) is SpanExportResult.SUCCESS
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
