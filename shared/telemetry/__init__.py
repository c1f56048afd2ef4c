"""Log events, redacted."""

from shared.telemetry._logging import LogFormat, configure_logging, get_logger, redact

__all__ = ["LogFormat", "configure_logging", "get_logger", "redact"]
