"""Log events: one line each, static names, fields as keywords, and nothing that looks like a credential.

Console lines for people, JSON in production. The redaction is the last processor before rendering.
"""

import logging
import sys
from typing import Any, Literal

import structlog

from shared.telemetry._ids import current_ids
from shared.telemetry._redaction import redact

LogFormat = Literal["console", "json"]

_processors: list[structlog.typing.Processor] = []
"""One list for good: loggers keep the list that they were first used with, and so hear of a later configuration too."""


def _redact_event(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    redacted = redact(event)
    assert isinstance(redacted, dict)  # noqa: S101 -- redact keeps a mapping a dict; this tells the type checker
    return redacted


def configure_logging(*, level: str = "INFO", log_format: LogFormat = "console", service: str = "") -> None:
    """Sends structlog's and the standard library's log events, redacted, to standard error."""
    named = {"service": service} if service else {}
    shared: list[structlog.typing.Processor] = [
        lambda _, __, event: {**named, **current_ids(), **event},
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    )
    _processors[:] = [structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # The SDK reports each refused request and each request body; our own edge does the first, nobody may do the second.
    for name in ("a2a", "httpx", "httpcore", "aiohttp.access", "uvicorn.access", "strands", "botocore"):
        logging.getLogger(name).setLevel(max(logging.ERROR, root.level))


def get_logger(**fields: Any) -> structlog.stdlib.BoundLogger:
    """A logger; `fields` go with each of its events."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(**fields)
    return logger
