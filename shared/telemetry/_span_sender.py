"""Spans to a receiver, in OTLP's protobuf form over HTTP.

Where to, how often again, what is compressed: that is OpenTelemetry's exporter's business, and so is the encoding of
spans of libraries. Those of ours are put into the same messages by ourselves, each attribute in its place at once.
Its encoder makes three messages of each and copies them twice, which takes five times as long. Imported only where
spans are sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from shared.telemetry._recorder import Recorded, flags_of

_KINDS: Final[Mapping[SpanKind, "Span.SpanKind.ValueType"]] = {
    SpanKind.INTERNAL: Span.SPAN_KIND_INTERNAL,
    SpanKind.SERVER: Span.SPAN_KIND_SERVER,
    SpanKind.CLIENT: Span.SPAN_KIND_CLIENT,
    SpanKind.PRODUCER: Span.SPAN_KIND_PRODUCER,
    SpanKind.CONSUMER: Span.SPAN_KIND_CONSUMER,
}
_STATUSES: Final[Mapping[StatusCode, "Status.StatusCode.ValueType"]] = {
    StatusCode.UNSET: Status.STATUS_CODE_UNSET,
    StatusCode.OK: Status.STATUS_CODE_OK,
    StatusCode.ERROR: Status.STATUS_CODE_ERROR,
}


class SpanSender(OTLPSpanExporter):
    """Sends each batch of spans in one request; those of ours are of one recorder."""

    def __init__(self) -> None:
        super().__init__()
        self._frame: ExportTraceServiceRequest | None = None
        self._ours = b""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends them; what cannot be encoded is left to OpenTelemetry's encoder, with spans of libraries."""
        others = [span for span in spans if not isinstance(span, Recorded)]
        ours = [span for span in spans if isinstance(span, Recorded)]
        self._ours = self._encoded(ours, others) if ours else b""
        return super().export(others)

    def _export(self, serialized_data: bytes, timeout_sec: float | None = None) -> Any:
        """Sends what was encoded, and ours with it: messages of protobuf one after the other are one with both."""
        return super()._export(serialized_data + self._ours, timeout_sec)

    def _encoded(self, spans: Sequence[Recorded], left: list[ReadableSpan]) -> bytes:
        """Our spans, in what they have in common: that is as OpenTelemetry's encoder writes it."""
        if self._frame is None:
            self._frame = encode_spans(spans[:1])
            self._frame.resource_spans[0].scope_spans[0].ClearField("spans")
        request = ExportTraceServiceRequest()
        request.CopyFrom(self._frame)
        messages = request.resource_spans[0].scope_spans[0].spans
        for span in spans:
            try:
                _fill(messages.add(), span)
            except ValueError:  # half of a surrogate pair, or a number of more than 64 bits
                del messages[-1]
                left.append(span)
        return request.SerializeToString()


def _fill(message: Span, span: Recorded) -> None:
    own, parent = span.get_span_context(), span.parent
    message.trace_id, message.span_id = _ids(own)
    message.name = span.name
    message.kind = _KINDS[span.kind]
    message.start_time_unix_nano = span.start_time or 0
    message.end_time_unix_nano = span.end_time or 0
    message.status.code = _STATUSES[span.status.status_code]
    message.flags = flags_of(parent)
    if parent is not None:
        message.parent_span_id = _ids(parent)[1]
    if own.trace_state:
        message.trace_state = ",".join(f"{key}={value}" for key, value in own.trace_state.items())
    for link in span.links:
        trace_id, span_id = _ids(link.context)
        message.links.add(trace_id=trace_id, span_id=span_id, flags=flags_of(link.context))
    add = message.attributes.add
    for name, value in (span.attributes or {}).items():
        kept = add(key=name).value
        if isinstance(value, str):
            kept.string_value = value
        elif isinstance(value, bool):
            kept.bool_value = value
        elif isinstance(value, int):
            kept.int_value = value
        elif isinstance(value, float):
            kept.double_value = value
        else:
            raise TypeError(f"no attribute of ours has a value like {type(value).__name__}")


def _ids(where: SpanContext) -> tuple[bytes, bytes]:
    return where.trace_id.to_bytes(16, "big"), where.span_id.to_bytes(8, "big")
