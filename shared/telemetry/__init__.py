"""Log events, spans and metrics, all redacted. What is exported, and where to, the settings say: nothing by default."""

from shared.telemetry import _metrics as metrics
from shared.telemetry._conventions import OTHER, AttributeName, Kind, Value
from shared.telemetry._logging import LogFormat, configure_logging, get_logger
from shared.telemetry._outbound import outbound
from shared.telemetry._redaction import REDACTED, redact
from shared.telemetry._setup import Telemetry, configure_telemetry, quiet
from shared.telemetry._tally import Tally, counted, tally
from shared.telemetry._trace import Attributes, Span, begin, now, receive, resumed, span, trace_id, traceparent

__all__ = [
    "OTHER",
    "REDACTED",
    "AttributeName",
    "Attributes",
    "Kind",
    "LogFormat",
    "Span",
    "Tally",
    "Telemetry",
    "Value",
    "begin",
    "configure_logging",
    "configure_telemetry",
    "counted",
    "get_logger",
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
