"""Our own spans as they are kept until they leave: whose they are, who is sampled, and what nobody else can add."""

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from shared.telemetry import Span
from shared.telemetry._export import Redacting
from shared.telemetry._recorder import Recorder

FOLLOWING = ParentBased(ALWAYS_ON)


class Recording:
    """A recorder, and what left."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._memory = InMemorySpanExporter()
        processor = SimpleSpanProcessor(Redacting(self._memory, message_content=False))
        self.recorder = Recorder(sampler, Resource({"service.name": "small"}), [processor])

    @property
    def left(self) -> dict[str, ReadableSpan]:
        """The spans that left, by name."""
        return {span.name: span for span in self._memory.get_finished_spans()}


def remote(*, sampled: bool) -> context.Context:
    """A context as it came with a request."""
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else 0)
    theirs = SpanContext(0xA, 0xB, is_remote=True, trace_flags=flags, trace_state=TraceState([("vendor", "1")]))
    return trace.set_span_in_context(NonRecordingSpan(theirs), context.Context())


def test_what_begins_below_a_span_is_its_child_in_the_same_trace() -> None:
    recording = Recording()
    outer = recording.recorder.start_span("outer", context=remote(sampled=True), kind=SpanKind.SERVER, start_time=5)
    with trace.use_span(outer):
        recording.recorder.start_span("inner").end()
    outer.end()
    above, below = recording.left["outer"], recording.left["inner"]
    assert above.parent is not None
    assert (above.parent.trace_id, above.parent.span_id, above.start_time, above.kind) == (0xA, 0xB, 5, SpanKind.SERVER)
    assert below.parent == above.context
    assert below.context.trace_id == 0xA
    assert dict(below.context.trace_state) == {"vendor": "1"}
    assert (below.end_time or 0) >= (below.start_time or 0) > 0
    assert below.resource.attributes["service.name"] == "small"


def test_a_trace_that_begins_here_has_no_parent_and_an_id_of_its_own() -> None:
    recording = Recording()
    for name in ("one", "another"):
        recording.recorder.start_span(name, context=context.Context()).end()
    one, another = recording.left["one"], recording.left["another"]
    assert (one.parent, another.parent) == (None, None)
    assert one.context.trace_id != another.context.trace_id


def test_a_trace_that_is_not_sampled_leaves_nothing_and_says_so_to_whoever_is_called() -> None:
    recording = Recording(FOLLOWING)
    outer = recording.recorder.start_span("outer", context=remote(sampled=False))
    with trace.use_span(outer):
        inner = recording.recorder.start_span("inner")
    assert not outer.is_recording()
    assert not inner.is_recording()
    assert inner.get_span_context().trace_id == 0xA
    assert Span(inner).headers()["traceparent"].endswith("-02")
    inner.end()
    outer.end()
    assert recording.left == {}


def test_who_is_sampled_is_decided_where_a_trace_comes_in_and_the_rest_follows() -> None:
    recording = Recording(ALWAYS_ON)  # whatever the caller says
    assert recording.recorder.start_span("in", context=remote(sampled=False)).is_recording()
    recording = Recording(ALWAYS_OFF)
    with trace.use_span(NonRecordingSpan(SpanContext(0xA, 0xB, is_remote=False, trace_flags=TraceFlags(1)))):
        assert recording.recorder.start_span("below one that is").is_recording()


def test_a_library_cannot_write_to_a_span_of_ours_that_is_active() -> None:
    recording = Recording()
    ours = Span(recording.recorder.start_span("work"))
    with ours.active():
        active = trace.get_current_span()
        active.set_attribute("url.full", "http://directory/?q=amelia")
        active.set_attributes({"gen_ai.input.messages": "I am locked out"})
        active.add_event("said", {"content": "I am locked out"})
        active.add_link(SpanContext(0xA, 0xB, is_remote=True), {"why": "I am locked out"})
        active.record_exception(RuntimeError("amelia is locked out"))
        active.set_status(StatusCode.ERROR, "amelia is locked out")
    ours.set({"gen_ai.tool.name": "weather"})
    ours.end()
    left = recording.left["work"]
    assert dict(left.attributes or {}) == {"gen_ai.tool.name": "weather"}
    assert (left.events, left.links, left.status.description) == ((), (), None)
    assert left.status.status_code is StatusCode.ERROR


def test_a_span_that_has_ended_stays_as_it_is_and_leaves_once() -> None:
    recording = Recording()
    ours = Span(recording.recorder.start_span("work"))
    ours.end()
    ended = recording.left["work"].end_time
    ours.set({"gen_ai.tool.name": "weather"})
    ours.name("play")
    ours.fail("timeout")
    ours.end()
    (left,) = recording.left.values()
    assert (left.name, left.end_time, dict(left.attributes or {})) == ("work", ended, {})
    assert left.status.is_unset
