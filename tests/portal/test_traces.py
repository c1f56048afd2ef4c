"""`helpdesk trace`: what the agents of this machine wrote, read and put together again."""

from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, set_span_in_context

from portal._errors import ExitCode
from portal.stack import TRACES, Plan, free_ports
from portal.traces import read, rows, summaries, traces_of
from tests.portal.running import Command

TASK = "5f3c9a01-0000-4000-8000-000000000000"
ACT_ID = "c0ffee00000000000000000000000000"
INSIDE = SpanKind.INTERNAL
START = 1_700_000_000_000_000_000


def service(folder: Path, name: str) -> Tracer:
    """What a process makes spans with, written to its own file by the exporter that agents use."""
    folder.mkdir(parents=True, exist_ok=True)
    provider = TracerProvider(resource=Resource({"service.name": name}))
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(folder / f"{name}.jsonl")))
    tracer = provider.get_tracer("helpdesk")
    assert isinstance(tracer, Tracer)
    return tracer


def span(
    tracer: Tracer, name: str, parent: Span | None, begins: int, ends: int, *, failed: str = "", kind: SpanKind = INSIDE
) -> Span:
    """A span that began and ended so many milliseconds after the start."""
    context = set_span_in_context(parent) if parent is not None else None
    made = tracer.start_span(
        name, context=context, kind=kind, start_time=START + begins * 10**6, attributes={"helpdesk.task.id": TASK}
    )
    if failed:
        made.set_attribute("error.type", failed)
        made.set_status(StatusCode.ERROR)
    made.end(START + ends * 10**6)
    return made


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A machine on which two agents have written one trace between them, and one alone another."""
    folder = tmp_path / "var" / TRACES
    supervisor, agent = service(folder, "supervisor"), service(folder, "docs_search")
    root = span(supervisor, "SendMessage", None, 0, 100, kind=SpanKind.SERVER)
    run = span(supervisor, "invoke_agent supervisor", root, 10, 90)
    served = span(agent, "SendMessage", run, 40, 80)
    span(agent, "execute_tool \x1b[2Jsearch", served, 50, 60, failed="upstream_unavailable")
    span(supervisor, "GetTask", None, 200, 210, kind=SpanKind.SERVER)
    with (folder / "docs_search.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"resourceSpans": [{"scopeSpans": [')  # it is being written
    return Command(tmp_path / "var", tmp_path / "home")


def test_each_span_stands_below_the_one_that_caused_it_whoever_wrote_it(command: Command) -> None:
    (trace,) = traces_of(read(command.state / TRACES), TASK[:8])
    assert [(row.depth, row.span.service, row.start, row.length) for row in rows(trace)] == [
        (0, "supervisor", 0.0, 1.0),
        (1, "supervisor", 0.1, 0.8),
        (2, "docs_search", 0.4, 0.4),
        (3, "docs_search", 0.5, 0.1),
    ]


def test_a_span_that_lost_its_parent_and_one_that_is_its_own_are_still_shown(command: Command) -> None:
    spans = read(command.state / TRACES)
    lost = [one for one in spans if one.service == "docs_search"]
    assert [row.depth for row in rows(lost)] == [0, 1]
    assert len(summaries(lost)) == 1


def test_a_trace_is_shown_by_its_tasks_id_or_its_own(command: Command) -> None:
    trace_id = traces_of(read(command.state / TRACES), TASK)[0][0].trace_id
    for wanted in (TASK, TASK[:8], trace_id[:8]):
        shown = command("trace", wanted)
        assert shown.code == ExitCode.OK
        assert trace_id in shown.out
        lines = shown.out.splitlines()
        assert [line.split()[0] for line in lines[1:]] == ["supervisor", "supervisor", "docs_search", "docs_search"]
        assert "10.0 ms" in lines[-1]
        assert "upstream_unavailable" in lines[-1]
        assert "\x1b" not in shown.out


def test_a_trace_that_goes_on_from_another_names_it(command: Command) -> None:
    spans = read(command.state / TRACES)
    left = spans[0].trace_id
    link = Link(SpanContext(int(left, 16), int(spans[0].span_id, 16), is_remote=True))
    supervisor = service(command.state / TRACES, "supervisor")
    supervisor.start_span("GetTask", attributes={"helpdesk.task.id": "another"}, links=[link]).end()
    newest = summaries(read(command.state / TRACES))[-1].root.trace_id
    assert f"linked to trace {left}" in command("trace", newest).out
    assert "linked to" not in command("trace", left).out
    (event,) = command("trace", "--json", newest).events
    assert event["linked"] == [left]


def test_the_newest_are_listed_and_programs_get_json(command: Command) -> None:
    listed = command("trace")
    assert [line.split()[2] for line in listed.out.splitlines()[1:]] == ["SendMessage", "GetTask"]
    assert "supervisor, docs_search" in listed.out
    events = command("trace", "--json", TASK).events
    assert [event["depth"] for event in events] == [0, 1, 2, 3]
    assert [event["failed"] for event in events] == [False, False, False, True]
    assert events[0]["milliseconds"] == 100.0


def test_that_older_ones_are_left_out_is_said(command: Command) -> None:
    cut = command("trace", "--json", "--limit", "1")
    assert [event["name"] for event in cut.events] == ["GetTask"]
    assert "These are the newest 1 of 2. For more: --limit." in cut.err
    assert command("trace", "--limit", "2").err == ""


def test_what_an_agent_does_by_itself_is_listed_where_it_is_asked_for_and_can_be_shown(command: Command) -> None:
    agent = service(command.state / TRACES, "account_lookup")
    fetched = agent.start_span("GET /.well-known/jwks.json", kind=SpanKind.CLIENT)
    fetched.end()
    resumed = span(agent, "invoke_agent docs_search", None, 300, 310)
    for more, names in (((), ["SendMessage", "GetTask", "invoke_agent"]), (("--all",), [..., ..., ..., "GET"])):
        listed = [line.split()[2] for line in command("trace", *more).out.splitlines()[1:]]
        assert len(listed) == len(names)
        assert listed[-1] == names[-1]
        assert len(command("trace", "--json", *more).events) == len(names)
    for one in (fetched, resumed):
        trace_id = format(one.get_span_context().trace_id, "032x")
        assert trace_id in command("trace", trace_id).out


def test_where_nothing_was_asked_that_is_said(tmp_path: Path) -> None:
    service(tmp_path / "var" / TRACES, "docs_search").start_span("GET /.well-known/jwks.json").end()
    asked = Command(tmp_path / "var", tmp_path / "home")("trace")
    assert (asked.code, "Nothing has been asked yet" in asked.err) == (ExitCode.FAILED, True)


def test_the_trace_of_an_act_is_found_by_it_and_leads_to_its_records(command: Command) -> None:
    agent = service(command.state / TRACES, "password_reset")
    act = agent.start_span("act account:lock:remove", attributes={"helpdesk.act.id": ACT_ID})
    act.end()
    shown = command("trace", ACT_ID[:8])
    assert f"act {ACT_ID}  on record: helpdesk audit --id {ACT_ID}" in shown.out
    assert format(act.get_span_context().trace_id, "032x") in shown.out
    assert "on record" not in command("trace", TASK).out


def test_nothing_that_a_part_wrote_makes_a_line_of_its_own_or_acts_on_the_terminal(command: Command) -> None:
    hostile = "supervisor\x1b[2J\nforged line"
    agent = service(command.state / TRACES, "hostile")
    named = {"helpdesk.task.id": f"f0f0f0{hostile}", "helpdesk.act.id": f"f0f0f0{hostile}", "error.type": hostile}
    agent.start_span(f"invoke_agent {hostile}", attributes=named).end()
    for arguments in ((), ("f0f0f0",)):
        said = command("trace", *arguments).out
        assert said.replace("\n", "").isprintable()
        assert not [line for line in said.splitlines() if line.lstrip().startswith("forged")]


def test_what_is_not_there_is_told_with_what_to_do(command: Command, tmp_path: Path) -> None:
    assert "no trace of ffffffff" in command("trace", "ffffffff").err
    assert "at least 6" in command("trace", "f").err
    nowhere = Command(tmp_path / "elsewhere", tmp_path / "home")
    asked = nowhere("trace")
    assert asked.code == ExitCode.FAILED
    assert "up --traces" in asked.err


def test_agents_and_gateway_write_a_file_each_where_it_is_asked_for(tmp_path: Path) -> None:
    for traces in (True, False):
        plan = Plan(tmp_path, free_ports(), traces=traces)
        for name in ("gateway", "supervisor", "docs_search"):
            kept = plan._telemetry(name)
            assert kept.get("TELEMETRY_FILE") == (str(tmp_path / TRACES / f"{name}.jsonl") if traces else None)
