"""Where spans and metrics go is a matter of settings; by default they go nowhere, and nothing is paid for it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared.http import create_http_client
from shared.testing import reserved_port
from tests.telemetry._receiver import Receiver
from tests.telemetry._small_agent import SECRET, TOKEN, come_up, have_a_day, small_agent

pytestmark = pytest.mark.timeout(120)

OWN = ["SendMessage", "chat _OTHER", "execute_tool weather", "invoke_agent small"]
ANSWERED = 'rpc_server_call_duration_seconds_count{helpdesk_outcome="answered"'


def test_by_default_nothing_of_the_sdk_is_imported_and_a_request_has_a_trace_id() -> None:
    script = (
        "import sys, shared.telemetry as t; from shared.a2a import create_agent_app; "
        "from shared.settings import TelemetrySettings; "
        "state = t.configure_telemetry(TelemetrySettings.load(), service='x').state; "
        "opened = t.receive('POST', {}, trusted=False, began=0.0)\n"
        "with opened.active(): print(state, opened.is_recording, len(t.trace_id()), "
        "[name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "off False 32 []"


async def test_an_agent_without_settings_exports_nothing_and_logs_the_ids(tmp_path: Path) -> None:
    logged = await have_a_day(tmp_path, {})
    lines = [json.loads(line) for line in logged.splitlines() if line[:1] == "{"]
    asked = [line for line in lines if line["event"] == "request" and line.get("method") == "SendMessage"]
    assert len({line["trace_id"] for line in asked}) == 2
    assert {line["trace_id"] for line in lines if line["event"] == "run_finished"} == {one["trace_id"] for one in asked}
    assert [line["event"] for line in lines if line["event"] == "telemetry_set_up"] == []
    assert TOKEN not in logged


async def test_a_file_takes_what_is_exported_and_prometheus_reads_at_a_port_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own" / "small.jsonl"
    settings = {"TELEMETRY_FILE": str(file), "OTEL_METRICS_EXPORTER": "prometheus,file"}
    with (
        reserved_port() as port,
        small_agent(tmp_path, {**settings, "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}) as small,
    ):
        async with create_http_client() as http:
            await come_up(small, http)
            await small.ask(f"What is the weather? {SECRET}", http)
            text = await _measured(f"http://127.0.0.1:{port}/metrics", http, until=ANSWERED)
            assert (await http.get(f"{small.url}metrics")).status_code == httpx.codes.NOT_FOUND
        small.stop()
    assert 'helpdesk_tool_duration_seconds_count{error_type="RuntimeError",gen_ai_tool_name="weather"' in text

    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    spans = [
        span
        for line in lines
        for resource in line.get("resourceSpans", [])
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert sorted({span["name"] for span in spans} - {"GET"}) == OWN
    assert any("resourceMetrics" in line for line in lines)
    assert SECRET.split()[0] not in file.read_text("utf-8") + text


async def _measured(url: str, http: httpx.AsyncClient, *, until: str) -> str:
    """What is to be read there once a request has been counted, which it is when it has been answered."""
    while until not in (text := (await http.get(url)).text):
        pass  # bounded by the test's own time
    return text


async def test_an_exporter_that_is_not_to_be_had_stops_the_agent_with_a_line_that_says_so(tmp_path: Path) -> None:
    with small_agent(tmp_path, {"OTEL_TRACES_EXPORTER": "jaeger"}) as small:
        _, errors = small.process.communicate(timeout=60)
    assert small.process.returncode == 1
    assert errors.splitlines()[-1] == (
        "small: OTEL_TRACES_EXPORTER names jaeger, which is not to be had here: there are file, otlp."
    )


async def test_a_receiver_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    await have_a_day(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})


@pytest.mark.requirement("F3")
async def test_libraries_spans_join_the_trace_and_go_out_without_what_they_heard(tmp_path: Path) -> None:
    with Receiver() as receiver:
        await have_a_day(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "TELEMETRY_LIBRARY_SPANS": "true"})
    scopes = {span.scope for span in receiver.spans}
    assert scopes == {"helpdesk", "strands.telemetry.tracer", "a2a-python-sdk"}
    roots = [span for span in receiver.spans if not span.parent and span.scope == "helpdesk"]
    assert {span.name for span in roots} == {"SendMessage"}
    of_requests = {root.trace_id for root in roots}
    assert {span.trace_id for span in receiver.spans if span.scope != "helpdesk"} == of_requests
    strands = [span.attributes for span in receiver.spans if span.scope == "strands.telemetry.tracer"]
    assert {each["gen_ai.operation.name"] for each in strands} >= {"invoke_agent", "chat", "execute_tool"}
    assert all("gen_ai.usage.input_tokens" in each for each in strands if each["gen_ai.operation.name"] == "chat")
    assert any("RuntimeError" in span.raw and "exception" in span.raw for span in receiver.spans)
    sent = b"".join(receiver.bodies)
    assert b"[redacted]" in sent
    for text in (SECRET, "swordfish", TOKEN, "Rain in Oslo", "and in Oslo"):
        assert text.encode() not in sent, text


async def test_what_is_said_is_in_spans_where_that_is_switched_on_and_credentials_never(tmp_path: Path) -> None:
    with Receiver() as receiver:
        await have_a_day(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "TELEMETRY_MESSAGE_CONTENT": "true"})
    runs = [span for span in receiver.spans if span.name == "invoke_agent small"]
    assert sorted(span.attributes["gen_ai.input.messages"] for span in runs) == ["and in Oslo?", f"{SECRET} [redacted]"]
    results = [span.attributes["gen_ai.tool.call.result"] for span in receiver.spans if span.name.startswith("execute")]
    assert any("Rain in Oslo" in result for result in results)
    assert TOKEN.encode() not in b"".join(receiver.bodies)


async def test_awss_distribution_is_used_by_settings_alone(tmp_path: Path) -> None:
    with Receiver() as receiver:
        settings = {
            "AGENT_OBSERVABILITY_ENABLED": "true",
            "OTEL_PYTHON_DISTRO": "aws_distro",
            "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=small.DEFAULT",
        }
        logged = await have_a_day(tmp_path, settings)
    assert '"by": "opentelemetry.sdk.trace"' in logged
    assert {(span.service, span.scope) for span in receiver.spans} == {("small.DEFAULT", "helpdesk")}
    assert sorted({span.name for span in receiver.spans}) == OWN
    assert "helpdesk.tool.duration" in receiver.metrics
    assert receiver.paths <= {"/v1/traces", "/v1/metrics"}  # and no logs, which are redacted on their way out alone
    for text in (SECRET, "swordfish", TOKEN, "Oslo"):
        assert text.encode() not in b"".join(receiver.bodies), text


async def test_under_opentelemetrys_own_launcher_its_provider_is_used_and_no_other_is_made(tmp_path: Path) -> None:
    launcher = shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent))
    assert launcher is not None
    with Receiver() as receiver:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_SERVICE_NAME": "launched",
            "OTEL_PYTHON_DISTRO": "distro",
            "OTEL_PYTHON_CONFIGURATOR": "configurator",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
            "TELEMETRY_FILE": str(tmp_path / "not-made.jsonl"),
            "TELEMETRY_LIBRARY_SPANS": "true",  # is not: they would go out as they are
        }
        logged = await have_a_day(tmp_path, settings, under=[launcher])
    events = {
        line["event"]: line for line in map(json.loads, (text for text in logged.splitlines() if text[:1] == "{"))
    }
    assert events["telemetry_set_up"]["by"] == "opentelemetry.sdk.trace"
    assert "library_spans_off" in events
    assert not (tmp_path / "not-made.jsonl").exists()
    assert {span.service for span in receiver.spans} == {"launched"}
    assert sorted({span.name for span in receiver.spans}) == OWN
    assert len([span for span in receiver.spans if span.name == "SendMessage"]) == 2  # once, not once for each provider
    assert "helpdesk.tool.duration" in receiver.metrics
    for text in (SECRET, "swordfish", TOKEN, "Oslo"):
        assert text.encode() not in b"".join(receiver.bodies), text


def test_somebody_elses_provider_sends_what_it_holds_though_the_process_is_cut_short() -> None:
    script = (
        "import os, shared.telemetry as t\n"
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter\n"
        "from shared.settings import TelemetrySettings\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(), schedule_delay_millis=60_000))\n"
        "trace.set_tracer_provider(provider)\n"
        "telemetry = t.configure_telemetry(TelemetrySettings.load(), service='x')\n"
        "t.begin('the last one').end()\n"
        "telemetry.close()\n"
        "os._exit(0)\n"  # as where a thread is left behind
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert '"name": "the last one"' in done.stdout
