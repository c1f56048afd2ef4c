"""Spans, and the trace that they belong to across processes (W3C Trace Context).

This is the one door to OpenTelemetry's tracing. What is written to a span is redacted here, its attributes are the ones
of `_conventions`, and of an exception it keeps the kind alone: texts of exceptions hold what was sent. Without a
provider nothing is recorded and nothing of the SDK is imported; a request still has a trace id, so that the logs of all
agents can be joined.
"""

import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, Protocol, Self

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.errors import HelpdeskError
from shared.telemetry._conventions import ATTRIBUTE_NAMES, CONTENT, AttributeName, Kind, Value
from shared.telemetry._redaction import holds_credential, redact

SCOPE: Final = "helpdesk"
"""The instrumentation scope of our own spans and metrics."""

MAX_TEXT: Final = 1024
MAX_CONTENT: Final = 16_384
MAX_TRACEPARENT: Final = 128
MAX_TRACESTATE: Final = 512

_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "internal": SpanKind.INTERNAL,
}
_NAME: Final = re.compile(r"[^A-Za-z0-9_./:{}() -]+")
_propagator: Final = TraceContextTextMapPropagator()
random_ids: Final = random.SystemRandom()

Attributes = Mapping[AttributeName, Value | None]


class SpanMaker(Protocol):
    """What begins spans: OpenTelemetry's tracers, and ours."""

    def start_span(
        self,
        name: str,
        *,
        context: context.Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[trace.Link] | None = None,
        start_time: int | None = None,
    ) -> trace.Span:
        """Begins one, below the context's span, or else below the one that is active."""
        ...


class Kept(dict[str, Value]):
    """Attributes as they are written: checked and redacted."""


class _Switches:
    """What was decided when telemetry was set up. Until then the tracer is the API's own stand-in for a later one."""

    message_content = False
    library_spans = False
    tracer: SpanMaker = trace.get_tracer(SCOPE)


switches: Final = _Switches()


class Span:
    """A span of our own. It has to be ended; `span()` does that by itself."""

    __slots__ = ("_span",)

    def __init__(self, opened: trace.Span) -> None:
        self._span = opened

    @property
    def is_recording(self) -> bool:
        """Whether anybody will see it: what is costly to say need not be said otherwise."""
        return self._span.is_recording()

    def name(self, name: str) -> None:
        """Names it, where that is known later than its beginning."""
        self._span.update_name(_name(name))

    def set(self, attributes: Attributes) -> None:
        """Adds attributes, redacted; not those that are None, nor what people said, unless that is switched on."""
        if self._span.is_recording():
            self._span.set_attributes(_kept(attributes))

    def fail(self, reason: str) -> None:
        """Marks it as failed, by a code or the kind of an exception, never by a text."""
        self.set({"error.type": reason})
        self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """Ends it, now."""
        self._span.end()

    def headers(self) -> dict[str, str]:
        """`traceparent`, and `tracestate` where there is one, for what is called under this span."""
        own = self._span.get_span_context()
        if not own.is_valid:
            return {}
        found = {"traceparent": f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"}
        if own.trace_state:
            found["tracestate"] = own.trace_state.to_header()
        return found

    @contextmanager
    def active(self) -> Iterator[Self]:
        """Makes it the parent of what begins until the block ends; what is raised there fails it."""
        token = context.attach(trace.set_span_in_context(self._span))
        try:
            yield self
        except HelpdeskError as error:
            self.fail(error.reason)
            raise
        except Exception as error:
            self.fail(type(error).__name__)
            raise
        finally:
            context.detach(token)


def begin(
    name: str, *, kind: Kind = "internal", attributes: Attributes | None = None, goes_on: str | None = None
) -> Span:
    """Begins a span below the one that is active, without making it active: for code that yields in between.

    Args:
        name: What is done, without ids or anything that anybody said.
        kind: Its part in a call.
        attributes: What is known at its beginning.
        goes_on: What goes on here and was left in another trace (`traceparent()`): it is linked to.
    """
    left = _elsewhere(goes_on) if goes_on else None
    links = [trace.Link(_without_state(left))] if left is not None else None
    opened = Span(switches.tracer.start_span(_name(name), kind=_KINDS[kind], links=links))
    if attributes:
        opened.set(attributes)
    return opened


@contextmanager
def span(
    name: str, *, kind: Kind = "internal", attributes: Attributes | None = None, goes_on: str | None = None
) -> Iterator[Span]:
    """A span around a block; see `begin`."""
    opened = begin(name, kind=kind, attributes=attributes, goes_on=goes_on)
    try:
        with opened.active():
            yield opened
    finally:
        opened.end()


def receive(name: str, carrier: Mapping[str, str], *, trusted: bool, began: float) -> Span:
    """Begins the span of a request that came in.

    A caller that is trusted has its trace continued. Anybody else's is linked to and no more: who could choose the
    trace could also have all of it sampled, or have their requests appear among other people's.

    Args:
        name: Until more is known.
        carrier: `traceparent` and `tracestate` as they came.
        trusted: Whether it is known that one of our own agents called.
        began: When the request came, in seconds since the epoch.
    """
    theirs = _extracted(carrier)
    link = None if trusted or theirs is None else trace.Link(_without_state(theirs))
    parent = context.Context()
    if trusted and theirs is not None:
        parent = trace.set_span_in_context(NonRecordingSpan(theirs), parent)
    opened = switches.tracer.start_span(
        _name(name),
        context=parent,
        kind=SpanKind.SERVER,
        links=[link] if link is not None else None,
        start_time=int(began * 1e9),
    )
    if not opened.get_span_context().is_valid:  # nobody records: the ids join the logs all the same
        opened = NonRecordingSpan(SpanContext(random_ids.getrandbits(128), random_ids.getrandbits(64), is_remote=False))
    return Span(opened)


def trace_id() -> str | None:
    """The id of the trace that is being worked on, as logs and the audit trail name it; None outside of any."""
    current = trace.get_current_span().get_span_context()
    return format(current.trace_id, "032x") if current.is_valid else None


def traceparent() -> str | None:
    """The active span in one line, to be kept until something goes on later; it is no secret."""
    current = trace.get_current_span().get_span_context()
    return Span(NonRecordingSpan(current)).headers().get("traceparent") if current.is_valid else None


@contextmanager
def resumed(kept: str | None) -> Iterator[None]:
    """Works on the trace of something that was left before (`traceparent()`), whatever is active now."""
    left = _extracted({"traceparent": kept}) if kept else None
    parent = trace.INVALID_SPAN if left is None else NonRecordingSpan(left)
    token = context.attach(trace.set_span_in_context(parent, context.Context()))
    try:
        yield
    finally:
        context.detach(token)


def now() -> float:
    """Seconds since the epoch, as spans have them."""
    return time.time_ns() / 1e9


def _extracted(carrier: Mapping[str, str]) -> SpanContext | None:
    """The caller's place in its trace, where it says one in a form that is valid and of reasonable length."""
    if not 0 < len(carrier.get("traceparent", "")) <= MAX_TRACEPARENT:
        return None
    if len(carrier.get("tracestate", "")) > MAX_TRACESTATE:
        carrier = {"traceparent": carrier.get("traceparent", "")}
    found = trace.get_current_span(_propagator.extract(dict(carrier), context.Context())).get_span_context()
    return found if found.is_valid else None


def _elsewhere(kept: str) -> SpanContext | None:
    """Where something was left, if that is another trace than the one that is worked on."""
    left = _extracted({"traceparent": kept})
    here = trace.get_current_span().get_span_context()
    return left if left is not None and left.trace_id != here.trace_id else None


def _without_state(theirs: SpanContext) -> SpanContext:
    return SpanContext(theirs.trace_id, theirs.span_id, is_remote=True, trace_flags=TraceFlags(theirs.trace_flags))


def _kept(attributes: Attributes) -> Kept:
    """What of attributes is written, as it is written."""
    kept = Kept()
    for name, value in attributes.items():
        if value is None or (name in CONTENT and not switches.message_content):
            continue
        if name not in ATTRIBUTE_NAMES:
            raise ValueError(f"{name} is no attribute of ours: name it in _conventions.py")
        longest = MAX_CONTENT if name in CONTENT else MAX_TEXT
        if isinstance(value, str) and (len(value) > longest or holds_credential(value)):
            kept[name] = str(redact(value))[:longest]
        else:
            kept[name] = value
    return kept


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return _NAME.sub("_", str(redact(name)))[:100]
