"""Log events, spans and metrics, all redacted. What is exported, and where to, the settings say: nothing by default."""

from shared.telemetry import _metrics as metrics
from shared.telemetry._conventions import OTHER, AttributeName, Kind, Value
from shared.telemetry._ids import CONTEXT_ID, REQUEST_ID, TASK_ID, TRACE_ID, begin_ids, bind_ids, current_ids
from shared.telemetry._logging import LogFormat, configure_logging, get_logger
from shared.telemetry._outbound import outbound
from shared.telemetry._redaction import REDACTED, holds_credential, redact
from shared.telemetry._setup import Telemetry, configure_telemetry, quiet
from shared.telemetry._tally import Tally, counted, tally
from shared.telemetry._trace import Attributes, Span, begin, now, receive, resumed, span, trace_id, traceparent

__all__ = [
    "CONTEXT_ID",
    "OTHER",
    "REDACTED",
    "REQUEST_ID",
    "TASK_ID",
    "TRACE_ID",
    "AttributeName",
    "Attributes",
    "Kind",
    "LogFormat",
    "Span",
    "Tally",
    "Telemetry",
    "Value",
    "begin",
    "begin_ids",
    "bind_ids",
    "configure_logging",
    "configure_telemetry",
    "counted",
    "current_ids",
    "get_logger",
    "holds_credential",
    "metrics",
    "now",
    "outbound",
    "quiet",
    "receive",
    "redact",
    "resumed",
    "span",
    "tally",
    "trace_id",
    "traceparent",
]
