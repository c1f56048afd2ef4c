"""A span for what signed-in people send, which goes along to the supervisor; none for anybody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web.app import create_app
from shared.telemetry._recorder import Recorder
from shared.telemetry._trace import switches
from shared.testing import LoopbackServer, tokens_in
from tests.web._visitor import Visitor
from tests.web.conftest import MakeSettings

THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    memory = InMemorySpanExporter()
    monkeypatch.setattr(switches, "tracer", Recorder(ALWAYS_ON, Resource({}), [SimpleSpanProcessor(memory)]))
    return memory


@pytest.fixture
def heard(
    spans: InMemorySpanExporter, server: LoopbackServer, make_settings: MakeSettings, manual_clock: ManualClock
) -> Iterator[list[str]]:
    """The trace contexts that a supervisor is sent, which answers nothing."""
    assert spans.get_finished_spans() == ()
    found: list[str] = []

    async def take(request: Request) -> Response:
        found.append(request.headers.get("traceparent", ""))
        return Response(status_code=503)

    with LoopbackServer() as supervisor:
        supervisor.start(Starlette(routes=[Route("/", take, methods=["POST"])]))
        settings = make_settings(supervisor_url=supervisor.url)
        server.start(create_app(settings, clock=Clock(now=manual_clock)))
        yield found
        server.stop()


def described(span: ReadableSpan) -> dict[str, Any]:
    return {"name": span.name, "kind": span.kind, **dict(span.attributes or {})}


async def test_a_request_of_somebody_who_is_signed_in_has_a_span_and_so_has_what_follows(
    heard: list[str], spans: InMemorySpanExporter, server: LoopbackServer, tenant: LocalTenant
) -> None:
    async with Visitor(server.url, tenant) as amelia:
        await amelia.sign_in("amelia.hart")
        spans.clear()
        heard.clear()
        page = await amelia.get("/conversations/abc", traceparent=THEIRS)
    server.stop()
    (span,) = spans.get_finished_spans()
    assert described(span) == {
        "name": "GET /conversations/{context_id}",
        "kind": SpanKind.SERVER,
        "http.request.method": "GET",
        "http.response.status_code": page.status_code,
        "url.template": "/conversations/{context_id}",
        "helpdesk.request.id": page.headers["x-request-id"],
    }
    context = span.context
    assert context is not None
    assert span.parent is None
    assert span.links == ()
    assert heard != []
    assert {line[3:52] for line in heard} == {f"{context.trace_id:032x}-{context.span_id:016x}"}
    assert f"{context.trace_id:032x}" != THEIRS[3:35]
    assert tokens_in(str(span.to_json())) == []


async def test_nobody_else_makes_a_span(
    heard: list[str], spans: InMemorySpanExporter, server: LoopbackServer, tenant: LocalTenant
) -> None:
    """Else whoever can send requests fills the receiver."""
    async with Visitor(server.url, tenant) as visitor:
        for path in ("/", "/accounts", "/login", "/callback?code=x&state=y", "/static/app.js", "/healthz", "/nothing"):
            await visitor.get(path)
    server.stop()
    assert spans.get_finished_spans() == ()
    assert heard == []
