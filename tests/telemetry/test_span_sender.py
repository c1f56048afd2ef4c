"""Spans reach a receiver as OpenTelemetry's own exporter would have sent them, whoever made them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from shared.telemetry._recorder import Recorded
from shared.telemetry._span_sender import SpanSender
from tests.telemetry._receiver import Receiver
from tests.telemetry._recorded import RECORDER, RESOURCE, recorded, with_attributes


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A receiver; exporters that are made meanwhile send to it."""
    with Receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        yield receiver


@pytest.fixture(scope="module")
def sender(receiver: Receiver) -> SpanSender:
    """What sends there."""
    del receiver
    return SpanSender()


@given(spans=st.lists(recorded(), min_size=1, max_size=3))
@settings(deadline=None, max_examples=50)
def test_spans_of_ours_are_sent_as_opentelemetrys_exporter_encodes_them(
    receiver: Receiver, sender: SpanSender, spans: list[Recorded]
) -> None:
    assert sender.export(spans) is SpanExportResult.SUCCESS
    sent = ExportTraceServiceRequest.FromString(receiver.bodies[-1])
    assert str(sent) == str(encode_spans(spans))  # as texts: a number that is none is not equal to itself


def test_spans_of_libraries_are_sent_with_ours_in_one_request(receiver: Receiver, sender: SpanSender) -> None:
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    with provider.get_tracer("library").start_as_current_span("theirs") as theirs:
        ours = RECORDER.start_span("ours")
        ours.end()
    assert isinstance(theirs, ReadableSpan)
    assert isinstance(ours, ReadableSpan)
    both = [("small", "helpdesk", "ours"), ("small", "library", "theirs")]
    for batch, expected in (([theirs, ours], both), ([ours], both[:1]), ([theirs], both[1:])):
        already, sent = len(receiver.spans), len(receiver.bodies)
        assert sender.export(batch) is SpanExportResult.SUCCESS
        assert sorted((span.service, span.scope, span.name) for span in receiver.spans[already:]) == expected
        assert len(receiver.bodies) == sent + 1


@pytest.mark.parametrize("value", ["\ud800", 2**63], ids=["half of a pair", "too large"])
def test_a_value_that_cannot_be_encoded_is_left_out_and_nothing_else_is(
    receiver: Receiver, sender: SpanSender, value: str | int
) -> None:
    spans = [with_attributes(rpc_method=name, session_id=value) for name in ("first", "second")]
    spans.append(with_attributes(rpc_method="third", session_id="whole"))
    already = len(receiver.spans)
    assert sender.export(spans) is SpanExportResult.SUCCESS
    found = sorted((span.attributes for span in receiver.spans[already:]), key=str)
    assert found == [{"rpc.method": "first"}, {"rpc.method": "second"}, {"rpc.method": "third", "session.id": "whole"}]


def test_what_is_sent_can_be_compressed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    already = len(receiver.spans)
    assert SpanSender().export([with_attributes(rpc_method="small")]) is SpanExportResult.SUCCESS
    assert [span.attributes for span in receiver.spans[already:]] == [{"rpc.method": "small"}]
