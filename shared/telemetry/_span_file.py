"""Spans as lines of JSON in OTLP's form, in a file.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and
https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/. Those of ours are written by ourselves, which takes a
tenth of the time: what they hold is known. All others are as OpenTelemetry's encoder makes them. Imported only where
spans go to a file.
"""

import json
import math
from collections.abc import Sequence
from typing import IO, Any, Final

import orjson
from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext
from opentelemetry.util.types import AttributeValue

from shared.telemetry._logging import get_logger
from shared.telemetry._recorder import Recorded, flags_of

_NO_NUMBERS: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}

_log = get_logger()


class SpanFile(SpanExporter):
    """Writes each batch of spans as one line; those of ours are of one recorder.

    Args:
        output: Where to; not closed with this.
    """

    def __init__(self, output: IO[str]) -> None:
        self._output = output
        self._frame: dict[str, Any] | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes them; what cannot be written is lost, and the log says so."""
        ours = [span for span in spans if isinstance(span, Recorded)]
        others = [span for span in spans if not isinstance(span, Recorded)]
        found: list[dict[str, Any]] = encode_spans(others).to_dict().get("resourceSpans", []) if others else []
        if ours:
            found.append(self._framed(ours))
        try:
            self._output.write(_line({"resourceSpans": found}))
            self._output.flush()
        except (OSError, ValueError):  # no space, or closed
            _log.error("spans_not_written", spans=len(spans), exc_info=True)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _framed(self, spans: Sequence[Recorded]) -> dict[str, Any]:
        """Our spans, in what they have in common: that is as OpenTelemetry's encoder writes it."""
        if self._frame is None:
            (self._frame,) = encode_spans(spans[:1]).to_dict()["resourceSpans"]
        (scope,) = self._frame["scopeSpans"]
        return {**self._frame, "scopeSpans": [{**scope, "spans": [_encoded(span) for span in spans]}]}


def _line(batch: dict[str, Any]) -> str:
    try:
        return orjson.dumps(batch).decode() + "\n"
    except TypeError:  # half of a surrogate pair, which JSON can name and UTF-8 cannot
        return json.dumps(batch, separators=(",", ":")) + "\n"


def _encoded(span: Recorded) -> dict[str, Any]:
    own, parent, code = span.get_span_context(), span.parent, span.status.status_code.value
    found: dict[str, Any] = {
        **_ids(own),
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "status": {"code": code} if code else {},
        "flags": flags_of(parent),
    }
    if parent is not None:
        found["parentSpanId"] = f"{parent.span_id:016x}"
    if own.trace_state:
        found["traceState"] = ",".join(f"{key}={value}" for key, value in own.trace_state.items())
    if links := span.links:
        found["links"] = [{**_ids(link.context), "flags": flags_of(link.context)} for link in links]
    if attributes := span.attributes:
        found["attributes"] = [{"key": name, "value": _value(value)} for name, value in attributes.items()]
    return found


def _ids(where: SpanContext) -> dict[str, str]:
    return {"traceId": f"{where.trace_id:032x}", "spanId": f"{where.span_id:016x}"}


def _value(value: AttributeValue) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _NO_NUMBERS[str(value)]}
    raise TypeError(f"no attribute of ours has a value like {type(value).__name__}")
