"""The whole help desk, as `make run` starts it, with a receiver named by OpenTelemetry's own variable and no more."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.agents import help_desk
from portal.conversation import Conversation
from shared.telemetry._metrics import METRICS
from tests.telemetry._receiver import Receiver, Seen

pytestmark = pytest.mark.timeout(180)

CANARY = "marigold"
TOKEN = ".".join(("eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "zdWIiOiJhdXRoMHxhbGljZSJ9", "c2lnbmF0dXJl"))
THEIRS = "0af7651916cd43dd8448eb211c80319c"
HOSTILE = {"traceparent": f"00-{THEIRS}-b7ad6b7169203331-01", "tracestate": "congo=t61rcWkgMzE,secret=token"}
AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")


@dataclass
class Day:
    """What was asked, and what came of it.

    Attributes:
        lines: The canonical lines of each agent.
        traces: The trace of each question, by the question.
        logs: Everything that was logged.
        recorded: The audit events of each agent, as they are kept.
    """

    receiver: Receiver
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)
    logs: str = ""
    recorded: dict[str, list[str]] = field(default_factory=dict)

    def spans(self, question: str) -> list[Seen]:
        """The spans of the question's trace."""
        return self.receiver.trace(self.traces[question])


GROUPS = "Which groups am I in?"
GUIDE = "Where is the VPN guide?"
BOTH = "Which groups am I in, and where is the VPN guide?"
WITH_SECRETS = f"My {CANARY} is {TOKEN}, show my profile"
FOREIGN = "Which devices do I have?"
RESET = "Reset my password"


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    with Receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "60000",
            "LOG_FORMAT": "json",
        }.items():
            patch.setenv(name, value)
        day = Day(receiver)
        asyncio.run(_live(day))
        yield day


async def _live(day: Day) -> None:
    async with help_desk() as desk:
        conversation = Conversation(desk.desk)
        for question in (GROUPS, GUIDE, BOTH, WITH_SECRETS):
            conversation.begin_another()
            await conversation.turn(question, lambda _: None)
        token = await desk.desk._tokens.access_token()
        body = _message(FOREIGN)
        answer = await desk.http.post(
            desk.urls["supervisor"], json=body, headers=HOSTILE | {"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == httpx.codes.OK
        for agent in AGENTS:
            refused = await desk.http.post(desk.urls[agent], json=body, headers=HOSTILE)
            assert refused.status_code == httpx.codes.UNAUTHORIZED
        for part in ("directory", "gateway"):
            await desk.processes.stop_part(part)
        for question in (GROUPS, RESET, GUIDE):
            conversation.begin_another()
            await conversation.turn(question, lambda _: None)
        await desk.processes.stop_part("docs_search")
        await conversation.turn(GUIDE, lambda _: None)
        logs = desk.logs
        await desk.processes.stop()  # what is left is sent at the end
        _read(day, logs)
        for name in AGENTS:
            with closing(sqlite3.connect(desk.plan.state / name / "audit.sqlite3")) as trail:
                day.recorded[name] = [str(body) for (body,) in trail.execute("SELECT body FROM records")]


def _message(text: str) -> dict[str, Any]:
    message = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": text}]}
    return {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}


def _read(day: Day, logs: Path) -> None:
    day.logs = "".join(path.read_text(encoding="utf-8") for path in logs.glob("*.log"))
    for name in AGENTS:
        events = [
            json.loads(line) for line in (logs / f"{name}.log").read_text("utf-8").splitlines() if line[:1] == "{"
        ]
        day.lines[name] = [event for event in events if event["event"] == "request"]
    asked = [line for line in day.lines["supervisor"] if line.get("method", "").startswith("Send")]
    day.traces = dict(
        zip((GROUPS, GUIDE, BOTH, WITH_SECRETS, FOREIGN), (line["trace_id"] for line in asked[:5]), strict=True)
    )


def chain(spans: list[Seen], last: Seen) -> list[tuple[str, str]]:
    """From a trace's root to one of its spans: who, and what."""
    by_id = {span.span_id: span for span in spans}
    found = [last]
    while found[0].parent:
        found.insert(0, by_id[found[0].parent])
    return [(span.service, span.name) for span in found]


def test_a_question_is_one_trace_through_supervisor_and_subagent(day: Day) -> None:
    spans = day.spans(GROUPS)
    (call,) = [span for span in spans if span.name == "GET /users/{id}/groups"]
    assert chain(spans, call) == [
        ("supervisor", "SendStreamingMessage"),
        ("supervisor", "invoke_agent supervisor"),
        ("supervisor", "execute_tool account_lookup"),
        ("supervisor", "SendStreamingMessage"),
        ("account_lookup", "SendStreamingMessage"),
        ("account_lookup", "invoke_agent account_lookup"),
        ("account_lookup", "execute_tool list_groups"),
        ("account_lookup", "GET /users/{id}/groups"),
    ]
    assert {span.kind for span in spans if span.name == "SendStreamingMessage"} == {"server", "client"}


def test_and_through_the_gateway_to_the_function(day: Day) -> None:
    spans = day.spans(GUIDE)
    (function,) = [span for span in spans if span.attributes.get("faas.name") == "docs-search"]
    assert chain(spans, function)[-4:] == [
        ("docs_search", "execute_tool search_docs"),
        ("docs_search", "tools/call docs___search_articles"),
        ("gateway", "tools/call docs___search_articles"),
        ("gateway", "docs-search"),
    ]
    (interceptor,) = [span for span in spans if span.attributes.get("faas.name") == "docs-interceptor"]
    assert chain(spans, interceptor)[-2][0] == "docs_search"
    said = re.findall(r'"docs_tool_call.*?trace_id[\\": ]+([0-9a-f]{32})', day.logs)
    assert day.traces[GUIDE] in said


def test_no_span_of_a_request_is_without_its_parent(day: Day) -> None:
    for trace_id in day.traces.values():
        spans = day.receiver.trace(trace_id)
        ids = {span.span_id for span in spans}
        assert [span.name for span in spans if span.parent and span.parent not in ids] == []
        assert len([span for span in spans if not span.parent]) == 1


def test_the_spans_of_two_intents_are_siblings_in_one_trace(day: Day) -> None:
    spans = day.spans(BOTH)
    tools = [span for span in spans if span.service == "supervisor" and span.name.startswith("execute_tool")]
    assert {span.name for span in tools} == {"execute_tool account_lookup", "execute_tool docs_search"}
    assert len({span.parent for span in tools}) == 1
    assert {"account_lookup", "docs_search", "gateway"} <= {span.service for span in spans}


def test_the_conventions_of_generative_ai_are_kept(day: Day) -> None:
    spans = day.spans(GROUPS)
    (run,) = [span for span in spans if span.name == "invoke_agent account_lookup"]
    assert run.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert run.attributes["gen_ai.agent.name"] == "account_lookup"
    assert run.attributes["gen_ai.provider.name"] == "helpdesk.offline"
    assert run.attributes["helpdesk.model_calls"] == 1
    assert run.attributes["gen_ai.usage.input_tokens"] > run.attributes["gen_ai.usage.output_tokens"] > 0
    chats = [span for span in spans if span.attributes.get("gen_ai.operation.name") == "chat"]
    assert {(span.service, span.name, span.kind) for span in chats} == {
        ("supervisor", "chat offline", "client"),
        ("account_lookup", "chat offline", "client"),
    }


@pytest.mark.requirement("F3")
def test_nothing_that_was_said_and_no_credential_is_exported(day: Day) -> None:
    everything = b"".join(day.receiver.bodies)
    assert len(everything) > 10_000
    for text in (CANARY, "VPN", "locked", "amelia", "Amelia", TOKEN, "eyJ", "Bearer", "Finance"):
        assert text.encode() not in everything, text
    assert {span.scope for span in day.receiver.spans} == {"helpdesk"}


@pytest.mark.requirement("F3")
def test_a_strangers_trace_is_linked_to_and_never_continued(day: Day) -> None:
    assert day.receiver.trace(THEIRS) == []
    (root,) = [span for span in day.spans(FOREIGN) if not span.parent]
    assert root.links == (THEIRS,)
    assert "congo" not in root.raw
    assert THEIRS not in {line.get("trace_id") for lines in day.lines.values() for line in lines}


def test_a_refused_request_has_no_span_but_a_line_and_a_count(day: Day) -> None:
    (line,) = [line for line in day.lines["docs_search"] if line["status"] == httpx.codes.UNAUTHORIZED]
    assert (line["outcome"], line["reason"]) == ("denied", "token_missing")
    assert "trace_id" not in line
    assert ("docs_search", {"helpdesk.place": "request", "error.type": "token_missing"}, 1.0) in day.receiver.metrics[
        "helpdesk.refusals"
    ]


def test_one_line_says_who_what_and_what_came_of_it(day: Day) -> None:
    line = next(line for line in day.lines["supervisor"] if line.get("trace_id") == day.traces[BOTH])
    assert line["outcome"] == "answered"
    assert line["task_state"] in {"completed", "auth_required"}
    assert line["model_calls"] == 1
    assert sorted(line["tools"]) == ["account_lookup", "docs_search"]
    assert sorted(line["hops"]) == ["account_lookup", "docs_search"]
    assert all(milliseconds > 0 for milliseconds in line["hops"].values())
    assert {"request_id", "task_id", "context_id", "client", "token_id", "milliseconds"} <= line.keys()
    hop = next(line for line in day.lines["account_lookup"] if line.get("trace_id") == day.traces[BOTH])
    assert hop["method"] == "SendStreamingMessage"
    assert CANARY not in day.logs
    assert TOKEN not in day.logs


def test_log_audit_trail_and_trace_name_each_other(day: Day) -> None:
    for agent in ("supervisor", "account_lookup"):
        (line,) = [line for line in day.lines[agent] if line.get("trace_id") == day.traces[GROUPS]]
        recorded = [body for body in day.recorded[agent] if line["trace_id"] in body]
        assert recorded
        assert all(line["request_id"] in body and line["audit_chain"] in body for body in recorded)
        assert line["audit_events"] == len(recorded)
        (root,) = [
            span
            for span in day.spans(GROUPS)
            if span.service == agent and span.kind == "server" and span.name == line["method"]
        ]
        assert root.attributes["helpdesk.request.id"] == line["request_id"]
        assert root.attributes["helpdesk.task.id"] == line["task_id"]


def test_metrics_tell_requests_hops_models_tools_and_tokens(day: Day) -> None:
    metrics = day.receiver.metrics
    assert metrics.keys() <= {each.metric.name for each in METRICS}  # none of a library's, whose labels are ids
    counts = {
        (service, attributes["rpc.method"]): count
        for service, attributes, count in metrics["rpc.server.call.duration"]
        if attributes.get("helpdesk.outcome") == "answered"
    }
    assert counts["supervisor", "SendStreamingMessage"] == 8
    assert counts["supervisor", "SendMessage"] == 1
    hops = {a["gen_ai.agent.name"] for _, a, _ in metrics["rpc.client.call.duration"]}
    assert hops >= {"account_lookup", "docs_search"}
    assert {s for s, _, _ in metrics["gen_ai.client.operation.duration"]} >= {"supervisor", "docs_search"}
    tools = {(s, a["gen_ai.tool.name"]) for s, a, _ in metrics["helpdesk.tool.duration"]}
    assert ("docs_search", "search_docs") in tools
    results = {(a["helpdesk.grant"], a["helpdesk.result"]) for _, a, _ in metrics["helpdesk.tokens"]}
    assert {("token_exchange", "fetched"), ("client_credentials", "hit"), ("connection_token", "miss")} <= results
    parts = {a["helpdesk.part"] for _, a, _ in metrics["http.client.request.duration"]}
    assert {"authorization server", "directory"} <= parts
    assert {a["gen_ai.token.type"] for _, a, _ in metrics["gen_ai.client.token.usage"]} == {"input", "output"}


def test_each_agent_counts_what_it_refused_what_others_did_not_do_and_its_tokens(day: Day) -> None:
    metrics = day.receiver.metrics
    refused = [(service, labels) for service, labels, count in metrics["helpdesk.refusals"] if count == 1]
    for agent in AGENTS:
        assert (agent, {"helpdesk.place": "request", "error.type": "token_missing"}) in refused
    away = {
        (service, labels["helpdesk.part"], labels["error.type"])
        for service, labels, _ in metrics["helpdesk.upstream.errors"]
    }
    assert away == {
        ("account_lookup", "directory", "upstream_unavailable"),
        ("password_reset", "directory", "upstream_unavailable"),
        ("docs_search", "knowledge base", "upstream_unavailable"),
        ("supervisor", "docs_search", "upstream_unavailable"),
    }
    fetched = {
        (service, labels["helpdesk.grant"])
        for service, labels, _ in metrics["helpdesk.tokens"]
        if labels["helpdesk.result"] == "fetched"
    }
    assert fetched == {
        ("supervisor", "client_credentials"),
        ("supervisor", "token_exchange"),
        ("account_lookup", "connection_token"),
        ("password_reset", "connection_token"),
        ("docs_search", "token_exchange"),
    }
