"""A real OTLP/HTTP receiver on loopback: what agents export, as any collector would get it."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.testing import LoopbackServer


@dataclass(frozen=True)
class Seen:
    """A span, as it was received.

    Attributes:
        service: Who exported it.
        scope: Whose instrumentation made it.
        links: The traces that it is linked to.
        raw: All of it, as text.
    """

    service: str
    scope: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    links: tuple[str, ...]
    failed: bool
    raw: str


class Receiver:
    """Takes spans at `/v1/traces` and metrics at `/v1/metrics`."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.metrics: dict[str, list[tuple[str, dict[str, Any], float]]] = {}
        self.bodies: list[bytes] = []
        self.paths: set[str] = set()
        self._server = LoopbackServer()

    @property
    def url(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to."""
        return self._server.url.rstrip("/")

    def __enter__(self) -> Self:
        routes = [
            Route("/v1/traces", self._traces, methods=["POST"]),
            Route("/v1/metrics", self._metrics, methods=["POST"]),
            Route("/{path:path}", self._anything, methods=["POST"]),
        ]
        self._server.start(Starlette(routes=routes))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def trace(self, trace_id: str) -> list[Seen]:
        """The spans of one trace, by when they were received."""
        return [span for span in self.spans if span.trace_id == trace_id]

    async def _traces(self, request: Request) -> Response:
        received = ExportTraceServiceRequest.FromString(await self._body(request))
        for resource in received.resource_spans:
            service = str(_values(resource.resource.attributes).get("service.name"))
            for scope in resource.scope_spans:
                self.spans += [_seen(service, scope.scope.name, span) for span in scope.spans]
        return Response(media_type="application/x-protobuf")

    async def _metrics(self, request: Request) -> Response:
        received = ExportMetricsServiceRequest.FromString(await self._body(request))
        for resource in received.resource_metrics:
            service = str(_values(resource.resource.attributes).get("service.name"))
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                kept = self.metrics.setdefault(metric.name, [])
                for count in metric.sum.data_points:
                    kept.append((service, _values(count.attributes), float(count.as_int)))
                for measured in metric.histogram.data_points:
                    kept.append((service, _values(measured.attributes), float(measured.count)))
        return Response(media_type="application/x-protobuf")

    async def _anything(self, request: Request) -> Response:
        await self._body(request)
        return Response(status_code=404)

    async def _body(self, request: Request) -> bytes:
        self.paths.add(request.url.path)
        body = await request.body()
        body = gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body
        self.bodies.append(body)
        return body


def _seen(service: str, scope: str, span: Span) -> Seen:
    return Seen(
        service=service,
        scope=scope,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        links=tuple(link.trace_id.hex() for link in span.links),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        raw=str(span),
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, str(kind))
