"""What is exported of traces and metrics: OpenTelemetry's own names, where it has one. Its SDK reads more by itself."""

import os
from pathlib import Path
from typing import Final

from pydantic import Field

from shared.settings._load import Settings

A2A_SPANS: Final = "OTEL_INSTRUMENTATION_A2A_SDK_ENABLED"


class TelemetrySettings(Settings):
    """What each process has that takes part in traces."""

    otel_sdk_disabled: bool = Field(False, description="whether nothing is exported, whatever else is set")
    otel_traces_exporter: str | None = Field(None, description="where spans go: otlp, file, or none")
    otel_metrics_exporter: str | None = Field(None, description="where metrics go: otlp, file, prometheus, or none")
    otel_exporter_otlp_endpoint: str | None = Field(None, description="the base URL of an OTLP/HTTP receiver")
    otel_exporter_otlp_traces_endpoint: str | None = Field(None, description="the same, whole, for spans alone")
    otel_exporter_otlp_metrics_endpoint: str | None = Field(None, description="the same, whole, for metrics alone")
    otel_exporter_prometheus_host: str = Field("127.0.0.1", description="the address that metrics are fetched at")
    otel_exporter_prometheus_port: int = Field(9464, ge=0, le=65535, description="the port that they are fetched at")
    telemetry_file: Path | None = Field(None, description="the file that the exporter 'file' writes")
    telemetry_library_spans: bool = Field(False, description="whether libraries make spans of their own")
    telemetry_message_content: bool = Field(False, description="whether spans hold what people and models say")
    agent_observability_enabled: bool = Field(
        False, description="whether AWS's distribution of OpenTelemetry, where it is installed, sets everything up"
    )

    @property
    def trace_exporters(self) -> tuple[str, ...]:
        """Where spans go: as named, or else to the receiver or the file that there is."""
        return self._exporters(self.otel_traces_exporter, self.otel_exporter_otlp_traces_endpoint)

    @property
    def metric_exporters(self) -> tuple[str, ...]:
        """Where metrics go, in the same way."""
        return self._exporters(self.otel_metrics_exporter, self.otel_exporter_otlp_metrics_endpoint)

    def _exporters(self, named: str | None, endpoint: str | None) -> tuple[str, ...]:
        if self.otel_sdk_disabled:
            return ()
        if named is not None:
            return tuple(name for part in named.split(",") if (name := part.strip()) not in {"", "none"})
        found = [("otlp", endpoint or self.otel_exporter_otlp_endpoint), ("file", self.telemetry_file)]
        return tuple(name for name, target in found if target)


def switch_off_sdk_spans() -> None:
    """Switches off a2a-sdk's own spans, unless the environment says otherwise; before `a2a` is first imported.

    The SDK wraps some thirty-five calls for each message, which costs a third of the request even without a tracer,
    and names none of what matters here. `TELEMETRY_LIBRARY_SPANS` has them back.
    """
    os.environ.setdefault(A2A_SPANS, "false")


def switch_on_sdk_spans() -> None:
    """Switches them on; before `a2a` is first imported. It is read there, and nowhere else."""
    os.environ[A2A_SPANS] = "true"
