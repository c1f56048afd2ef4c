"""What is written to a span, by us or by a library, and whose trace a request belongs to."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from shared.errors import InvalidToken
from shared.telemetry import Span, receive, resumed, span, trace_id, traceparent
from shared.telemetry._export import Redacting
from shared.telemetry._recorder import Recorder
from shared.telemetry._trace import switches
from tests.telemetry._small_agent import TOKEN

SECRETS = {
    "a token": TOKEN,
    "an Authorization header": "Bearer abcdefghijklmnop",
    "basic authentication": "Basic YWxpY2U6c2VjcmV0cw==",
    "a private key": "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n-----END " + "PRIVATE KEY-----",
}
THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ID = THEIRS[3:35]


class Pipeline:
    """A provider of its own, with the exporter that redacts."""

    def __init__(self, *, message_content: bool = False) -> None:
        self._memory = InMemorySpanExporter()
        processor = SimpleSpanProcessor(Redacting(self._memory, message_content=message_content))
        self.provider = TracerProvider()
        self.provider.add_span_processor(processor)
        self._recorder = Recorder(ALWAYS_ON, Resource({}), [processor])

    def ours(self, name: str = "work") -> Span:
        """A span of our own."""
        return Span(self._recorder.start_span(name))

    def library(self) -> trace.Tracer:
        """What a library makes spans with."""
        return self.provider.get_tracer("some.library")

    def out(self) -> ReadableSpan:
        """The one span that left."""
        (left,) = self._memory.get_finished_spans()
        return left


@pytest.fixture(autouse=True)
def _content_off() -> Iterator[None]:
    before = switches.message_content
    switches.message_content = False
    yield
    switches.message_content = before


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_no_credential_is_in_a_span_of_ours(secret: str) -> None:
    pipeline = Pipeline()
    opened = pipeline.ours()
    opened.name(f"call {secret}")
    opened.set({"gen_ai.tool.name": secret, "helpdesk.request.id": f"x {secret}", "gen_ai.input.messages": secret})
    opened.fail(secret)
    opened.end()
    assert secret not in pipeline.out().to_json()
    assert "gen_ai.input.messages" not in (pipeline.out().attributes or {})


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("message_content", [False, True])
def test_no_credential_is_in_a_span_of_a_library(secret: str, message_content: bool) -> None:
    pipeline = Pipeline(message_content=message_content)
    opened = pipeline.library().start_span(
        f"call {secret}",
        attributes={"some.key": secret, "headers": [secret, "x"], "http.request.header.authorization": "opaque"},
        links=[trace.Link(trace.SpanContext(1, 2, is_remote=True), {"why": secret})],
    )
    opened.add_event("said", {"gen_ai.content": secret, "password": "opaque"})
    opened.record_exception(RuntimeError(f"sent {secret}"))
    opened.set_status(trace.StatusCode.ERROR, f"because of {secret}")
    opened.end()
    left = pipeline.out().to_json()
    assert secret not in left
    assert "opaque" not in left
    assert "RuntimeError" in left


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.user.message", "hello"),
        ("message", "hello"),
        ("gen_ai.system_instructions", "hello"),
        ("gen_ai.tool.call.arguments", "hello"),
        ("exception.message", "hello"),
        ("exception.stacktrace", "hello"),
        ("whatever", "said in words"),
        ("whatever", ["word", "in a list"]),
        ("whatever", "x" * 200),
    ],
)
def test_what_may_have_been_said_does_not_leave_in_a_librarys_span(name: str, value: Any) -> None:
    pipeline = Pipeline()
    pipeline.library().start_span("call", attributes={name: value, "count": 3, "kind": "a-code_1"}).end()
    assert dict(pipeline.out().attributes or {}) == {name: "[redacted]", "count": 3, "kind": "a-code_1"}


def test_of_an_exception_a_span_keeps_the_code_or_the_kind() -> None:
    pipeline = Pipeline()
    opened = pipeline.ours()
    with pytest.raises(InvalidToken), opened.active():
        raise InvalidToken(code="token_expired", detail="of amelia")
    opened.end()
    left = pipeline.out()
    assert dict(left.attributes or {}) == {"error.type": "token_expired"}
    assert (left.events, left.status.description) == ((), None)


def test_an_attribute_that_has_no_name_here_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="name it in _conventions"):
        Pipeline().ours().set({"user.email": "amelia@example.com"})  # type: ignore[dict-item]


def traces_of(carrier: dict[str, str], *, trusted: bool) -> tuple[str | None, str | None]:
    """The trace that a request is worked on in, and what the next hop is told."""
    opened = receive("POST", carrier, trusted=trusted, began=1.0)
    with opened.active():
        found = trace_id(), opened.headers().get("tracestate")
    opened.end()
    return found


def test_an_agents_trace_is_continued_with_its_state() -> None:
    assert traces_of({"traceparent": THEIRS, "tracestate": "vendor=1"}, trusted=True) == (ID, "vendor=1")


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "00",
        THEIRS.upper(),
        THEIRS.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{ID}-{'0' * 16}-01",
        f"{THEIRS}-more",
        f"00-{ID}-b7ad6b7169203331-01\r\nx: y",
        f"00-{ID}-b7ad6b7169203331-zz",
        "0" * 5000,
        f"01-{ID}-b7ad6b7169203331-01-{'a' * 200}",
    ],
)
def test_a_context_that_is_none_begins_a_fresh_trace(hostile: str, trusted: bool) -> None:
    found, state = traces_of({"traceparent": hostile, "tracestate": "vendor=1"}, trusted=trusted)
    assert found is not None
    assert len(found) == 32
    assert (found == ID, state) == (False, None)


def test_a_strangers_context_is_not_continued_nor_its_state_passed_on() -> None:
    found, state = traces_of({"traceparent": THEIRS, "tracestate": "vendor=1"}, trusted=False)
    assert found != ID
    assert state is None


def test_a_state_that_is_too_long_is_dropped() -> None:
    carrier = {"traceparent": THEIRS, "tracestate": ",".join(f"k{number}={'v' * 40}" for number in range(30))}
    assert traces_of(carrier, trusted=True) == (ID, None)


def test_a_trace_can_be_left_and_taken_up_again_from_anywhere() -> None:
    assert traceparent() is None
    opened = receive("POST", {"traceparent": THEIRS}, trusted=True, began=1.0)
    with opened.active():
        kept = traceparent()
    with receive("POST", {}, trusted=False, began=1.0).active(), resumed(kept), span("later"):
        assert trace_id() == ID
    with opened.active(), resumed(None):
        assert trace_id() is None
