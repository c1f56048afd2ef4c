"""Sets up the export of spans and metrics, where the settings ask for it; otherwise nothing of it is imported.

Where a provider is there already, as AWS's distribution makes one, it is used as it is and no other is made: where
things go is then its business.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, Protocol

from opentelemetry import metrics, trace

from shared.errors import ConfigurationError
from shared.settings import TelemetrySettings
from shared.telemetry._logging import get_logger
from shared.telemetry._metrics import bind
from shared.telemetry._trace import SCOPE, switches

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExporter

TRACE_EXPORTERS: Final = frozenset({"otlp", "file"})
METRIC_EXPORTERS: Final = frozenset({"otlp", "file", "prometheus"})
MAX_FILE_BYTES: Final = 50_000_000
CLOSE_SECONDS: Final = 5.0

_log = get_logger()

State = Literal["off", "ours", "theirs"]


class Telemetry:
    """What was set up; to be closed when the process ends.

    Attributes:
        state: `ours`; `theirs`, where somebody else's provider is used; `off`.
    """

    def __init__(self, state: State, *, closing: tuple[Callable[[], Any], ...] = ()) -> None:
        self.state = state
        self._closing = closing

    @property
    def library_spans(self) -> bool:
        """Whether libraries may make spans of their own: only where they go out redacted."""
        return switches.library_spans

    def close(self) -> None:
        """Sends what is left, for a bounded time: a receiver that is away must not hold up the end of the process."""
        for close in self._closing:
            closing = threading.Thread(target=close, name="telemetry-close", daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS)


def configure_telemetry(settings: TelemetrySettings, *, service: str) -> Telemetry:
    """Sets up what the settings ask for, once in a process, before any library looks for a provider.

    Args:
        settings: What is exported, and where.
        service: The service's name, where `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` give none.

    Raises:
        ConfigurationError: an exporter is not known, or cannot be made.
    """
    switches.message_content = settings.telemetry_message_content
    if settings.agent_observability_enabled and not _is_taken():
        _launch()
    if _is_taken():
        if settings.telemetry_library_spans:
            _log.warning("library_spans_off")
        bind(metrics.get_meter(SCOPE))
        _log.info("telemetry_set_up", by=type(trace.get_tracer_provider()).__module__)
        return Telemetry("theirs", closing=_flushes(trace.get_tracer_provider(), metrics.get_meter_provider()))
    traces, measured = settings.trace_exporters, settings.metric_exporters
    _check("OTEL_TRACES_EXPORTER", traces, TRACE_EXPORTERS)
    _check("OTEL_METRICS_EXPORTER", measured, METRIC_EXPORTERS)
    if not traces and not measured:
        return Telemetry("off")
    resource = _resource(service)
    output = _open(settings.telemetry_file) if "file" in {*traces, *measured} else None
    closing: list[Callable[[], Any]] = []
    if traces:
        exporters = [_span_exporter(name, output) for name in traces]
        closing.append(_set_up_traces(exporters, resource, settings))
    if measured:
        readers = [_metric_reader(name, settings, output) for name in measured]
        closing.append(_set_up_metrics(readers, resource))
    if output is not None:
        closing.append(output.close)
    _log.info("telemetry_set_up", by="settings", traces=list(traces), metrics=list(measured))
    return Telemetry("ours", closing=tuple(closing))


def _launch() -> None:
    """Has the distribution of OpenTelemetry that is installed set things up, as `opentelemetry-instrument` does.

    What it adds to the log's handlers is taken away again: it would export the lines of libraries as they come, and not
    as our own handler redacts them.
    """
    from opentelemetry.instrumentation.auto_instrumentation import initialize  # noqa: PLC0415 -- only where it is needed

    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        initialize()
    finally:
        root.handlers[:] = handlers
    if not _is_taken():
        _log.warning("observability_not_there")


def _flushes(*providers: object) -> tuple[Callable[[], Any], ...]:
    """What has providers send what they hold: by themselves they do that where Python ends, which may be cut short."""
    return tuple(flush for each in providers if (flush := getattr(each, "force_flush", None)) is not None)


class HasTracer(Protocol):
    """A library's own place for its tracer."""

    tracer: Any


def quiet(library: HasTracer) -> None:
    """Has a library make no spans, unless they are wanted and go out redacted; those of ours stay in one trace."""
    if not switches.library_spans:
        library.tracer = trace.NoOpTracer()


def _is_taken() -> bool:
    """Whether there is a provider already; the API's own stands in for one until then."""
    return type(trace.get_tracer_provider()).__name__ != "ProxyTracerProvider"


def _check(setting: str, named: tuple[str, ...], known: frozenset[str]) -> None:
    if unknown := sorted(set(named) - known):
        raise ConfigurationError(
            f"{setting} names {', '.join(unknown)}, which is not to be had here: there are {', '.join(sorted(known))}."
        )


def _resource(service: str) -> "Resource":
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415 -- only where it is needed

    found = Resource.create({})  # from the environment, which comes first
    named = found.attributes.get(SERVICE_NAME, "unknown_service")
    return found.merge(Resource({SERVICE_NAME: service})) if str(named).startswith("unknown_service") else found


def _set_up_traces(
    exporters: "Sequence[SpanExporter]", resource: "Resource", settings: TelemetrySettings
) -> Callable[[], Any]:
    """Makes a provider for us alone; libraries find it only where their spans are wanted."""
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 -- only where it is needed
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- as above

    from shared.telemetry._export import Redacting  # noqa: PLC0415 -- as above
    from shared.telemetry._recorder import Recorder  # noqa: PLC0415 -- as above

    uncounted = metrics.NoOpMeterProvider()  # the SDK would count each span thrice, which costs more than the span
    provider = TracerProvider(resource=resource, shutdown_on_exit=False, meter_provider=uncounted)
    processors = [
        BatchSpanProcessor(
            Redacting(exporter, message_content=settings.telemetry_message_content), meter_provider=uncounted
        )
        for exporter in exporters
    ]
    for processor in processors:
        provider.add_span_processor(processor)
    switches.tracer = Recorder(provider.sampler, resource, processors)
    if settings.telemetry_library_spans:
        switches.library_spans = True
        trace.set_tracer_provider(provider)
    return provider.shutdown


def _span_exporter(name: str, output: IO[str] | None) -> "SpanExporter":
    if name == "file":
        from shared.telemetry._span_file import SpanFile  # noqa: PLC0415 -- as above

        assert output is not None  # noqa: S101 -- it was opened for this; this tells the type checker
        return SpanFile(output)
    from shared.telemetry._span_sender import SpanSender  # noqa: PLC0415 -- as above

    return SpanSender()


def _set_up_metrics(readers: "Sequence[MetricReader]", resource: "Resource") -> Callable[[], Any]:
    """Makes a provider for us alone: libraries' metrics have ids for labels."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 -- only where it is needed

    provider = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    bind(provider.get_meter(SCOPE))
    return provider.shutdown


def _metric_reader(name: str, settings: TelemetrySettings, output: IO[str] | None) -> "MetricReader":
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 -- only where it is needed

    if name == "prometheus":
        return _prometheus(settings.otel_exporter_prometheus_host, settings.otel_exporter_prometheus_port)
    if name == "file":
        from opentelemetry.exporter.otlp.json.file.metric_exporter import FileMetricExporter  # noqa: PLC0415 -- as above

        assert output is not None  # noqa: S101 -- it was opened for this; this tells the type checker
        return PeriodicExportingMetricReader(FileMetricExporter(stream=output))
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 -- as above

    return PeriodicExportingMetricReader(OTLPMetricExporter())


def _prometheus(host: str, port: int) -> "MetricReader":
    """A text endpoint of its own, never on the port that callers reach."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 -- only where it is needed
    from prometheus_client import start_http_server  # noqa: PLC0415 -- as above

    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise ConfigurationError(
            f"OTEL_EXPORTER_PROMETHEUS_PORT {port} of OTEL_EXPORTER_PROMETHEUS_HOST {host} cannot be listened on "
            f"({error.strerror}): free it, or set another."
        ) from error
    return PrometheusMetricReader()


def _open(path: Path | None) -> IO[str]:
    """The file, for its owner alone; one older is kept beside it."""
    if path is None:
        raise ConfigurationError("TELEMETRY_FILE is not set while an exporter is 'file': set it to a path.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MAX_FILE_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"TELEMETRY_FILE cannot be written ({error.strerror}): set it to a path that can."
        ) from error
