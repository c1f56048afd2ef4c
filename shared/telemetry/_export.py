"""Spans on their way out: redacted once more, whoever made them.

Our own spans are redacted when they are written. Those of libraries are not ours to write, and hold texts of
exceptions and, unless they are told otherwise, what people said. So nothing leaves but through this. Imported only
where something is exported.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from shared.telemetry._recorder import Recorded
from shared.telemetry._redaction import REDACTED, redact

_CODE: Final = re.compile(r"[A-Za-z0-9_.:/{}()+-]{0,128}")
TEXTS: Final = (
    *("message", "content", "instructions", "arguments", "result"),
    *("stacktrace", "query", "prompt", "completion"),
)
"""Parts of names under which libraries keep what was said or sent."""


class Redacting(SpanExporter):
    """Hands spans on without credentials and, unless that is switched on, without anything that anybody said.

    Args:
        exporter: Takes them from here.
        message_content: Whether what people, models and tools said may go out.
    """

    def __init__(self, exporter: SpanExporter, *, message_content: bool) -> None:
        self._exporter = exporter
        self._message_content = message_content

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports redacted copies."""
        return self._exporter.export([self._redacted(span) for span in spans])

    def shutdown(self) -> None:
        """As the exporter does."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As the exporter does."""
        return self._exporter.force_flush(timeout_millis)

    def _redacted(self, span: ReadableSpan) -> ReadableSpan:
        if isinstance(span, Recorded):
            return span  # it was redacted attribute by attribute, and holds nothing else
        description = span.status.description
        return ReadableSpan(
            name=str(redact(span.name)),
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=self._attributes(span.attributes),
            events=[Event(each.name, self._attributes(each.attributes), each.timestamp) for each in span.events],
            links=[Link(each.context, self._attributes(each.attributes)) for each in span.links],
            kind=span.kind,
            status=Status(span.status.status_code, self._said(description) if description else None),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attributes(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        redacted = redact(attributes or {})
        assert isinstance(redacted, dict)  # noqa: S101 -- redact keeps a mapping a dict; this tells the type checker
        return {
            name: REDACTED if not self._message_content and _holds_text(name, value) else value
            for name, value in redacted.items()
        }

    def _said(self, text: str) -> str:
        return str(redact(text)) if self._message_content else REDACTED


def _holds_text(name: str, value: Any) -> bool:
    """Whether an attribute may hold what somebody said: by its name, or because no code or name looks like it."""
    if not isinstance(value, str | list):
        return False
    return any(part in name.lower().rsplit(".", 1)[-1] for part in TEXTS) or not all(
        _CODE.fullmatch(str(each)) for each in (value if isinstance(value, list) else [value])
    )
