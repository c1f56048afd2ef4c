"""What is counted and measured: the instruments, each with the labels that it has and no other.

A label never holds what a person or a model said, an id, or a name that a caller can choose: its values are codes and
names of ours. As nobody can promise that for each call, the number of values that a label may take is bounded, too.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from opentelemetry import context, metrics

from shared.errors import HelpdeskError, UpstreamError
from shared.telemetry._conventions import OTHER
from shared.telemetry._redaction import redact

MOST_VALUES: Final = 64
"""How many values one label of one metric may take; what comes after them is `_OTHER`."""

MOST_PENDING: Final = 64
"""How many measurements wait to be handed over; together they take a fifth of what they take one by one."""

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)

_VALUE: Final = re.compile(r"[A-Za-z0-9_.:/{}() -]{1,64}")

Label = str | int | None


class Labels:
    """The values of a metric's labels, bounded.

    Args:
        names: The labels, in the order that values are given in.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._known: dict[str, set[str]] = {name: set() for name in names}

    def of(self, values: Sequence[Label]) -> dict[str, str]:
        """The labels that have a value."""
        return {
            name: self._bounded(name, str(value))
            for name, value in zip(self.names, values, strict=True)
            if value is not None
        }

    def _bounded(self, name: str, value: str) -> str:
        known = self._known[name]
        if value in known:
            return value
        if len(known) >= MOST_VALUES or _VALUE.fullmatch(value) is None or redact(value) != value:
            return OTHER
        known.add(value)
        return value


@dataclass(frozen=True, slots=True)
class Metric:
    """What is told of an instrument."""

    name: str
    unit: str
    about: str


class Counter:
    """Counts by itself, and tells when it is asked: what is counted often must cost next to nothing."""

    def __init__(self, metric: Metric, *labels: str) -> None:
        self.metric = metric
        self.labels = Labels(labels)
        self._counts: dict[tuple[Label, ...], int] = {}

    def bind(self, meter: metrics.Meter) -> None:
        """Says where it is asked from."""
        told = self.metric
        meter.create_observable_counter(told.name, [_hand_over, self._observe], told.unit, told.about)

    def add(self, *values: Label) -> None:
        """Adds one to the count of these values of its labels."""
        if values not in self._counts:
            named = self.labels.of(values)
            values = tuple(named.get(name) for name in self.labels.names)
        self._counts[values] = self._counts.get(values, 0) + 1

    def _observe(self, _: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
        for values, count in list(self._counts.items()):
            yield metrics.Observation(count, self.labels.of(values))


class Histogram:
    """Measures, and hands what it measured over a few at a time: one by one, between other things, that costs more."""

    def __init__(self, metric: Metric, *labels: str, boundaries: Sequence[float] = SECONDS) -> None:
        self.metric = metric
        self.labels = Labels(labels)
        self._boundaries = boundaries
        self._instrument: metrics.Histogram | None = None
        self._pending: deque[tuple[float, tuple[Label, ...], context.Context]] = deque()
        self._named = lru_cache(MOST_VALUES)(self.labels.of)

    def bind(self, meter: metrics.Meter) -> None:
        """Says where measurements go from now on."""
        told = self.metric
        self._instrument = meter.create_histogram(
            told.name, told.unit, told.about, explicit_bucket_boundaries_advisory=self._boundaries
        )

    def record(self, amount: float, *values: Label) -> None:
        """Adds a measurement with these values of its labels."""
        if self._instrument is None:
            return
        self._pending.append((amount, values, context.get_current()))
        if len(self._pending) >= MOST_PENDING:
            self.hand_over()

    def hand_over(self) -> None:
        """Gives what waits to OpenTelemetry, each with the trace that it was measured in. In any thread."""
        while self._instrument is not None:
            try:
                amount, values, where = self._pending.popleft()
            except IndexError:
                return
            self._instrument.record(amount, self._named(values), where)


REQUESTS: Final = Histogram(
    Metric("rpc.server.call.duration", "s", "Requests, and how long they took"),
    *("rpc.method", "helpdesk.outcome", "error.type"),
)
HOPS: Final = Histogram(
    Metric("rpc.client.call.duration", "s", "Calls of other agents"), "gen_ai.agent.name", "rpc.method", "error.type"
)
CALLS: Final = Histogram(
    Metric("http.client.request.duration", "s", "Requests to the parts that an agent stands on"),
    *("helpdesk.part", "http.request.method", "http.response.status_code", "error.type"),
)
MODEL_CALLS: Final = Histogram(
    Metric("gen_ai.client.operation.duration", "s", "Calls of the model"),
    *("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"),
)
MODEL_TOKENS: Final = Histogram(
    Metric("gen_ai.client.token.usage", "{token}", "Tokens that the model read and wrote, for each call"),
    *("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.type"),
    boundaries=TOKENS,
)
TOOLS: Final = Histogram(Metric("helpdesk.tool.duration", "s", "Calls of tools"), "gen_ai.tool.name", "error.type")
REFUSALS: Final = Counter(
    Metric("helpdesk.refusals", "{refusal}", "What was refused, by the reason's code"), "helpdesk.place", "error.type"
)
UPSTREAM_ERRORS: Final = Counter(
    Metric("helpdesk.upstream.errors", "{error}", "What other parts did not do"), "helpdesk.part", "error.type"
)
TOKENS_ASKED: Final = Counter(
    Metric("helpdesk.tokens", "{token}", "Access tokens that an agent needed, and how it got them"),
    *("helpdesk.grant", "helpdesk.result"),
)
APPROVALS: Final = Counter(
    Metric("helpdesk.approvals", "{approval}", "Approvals that people were asked for, by how they ended"),
    "helpdesk.outcome",
)

METRICS: Final[tuple[Counter | Histogram, ...]] = (
    *(REQUESTS, HOPS, CALLS, MODEL_CALLS, MODEL_TOKENS, TOOLS),
    *(REFUSALS, UPSTREAM_ERRORS, TOKENS_ASKED, APPROVALS),
)
"""Every metric there is."""


def _hand_over(_: metrics.CallbackOptions) -> tuple[()]:
    """Goes before what counters tell: whoever collects asks them first, and then looks at what was measured."""
    for each in METRICS:
        if isinstance(each, Histogram):
            each.hand_over()
    return ()


def bind(meter: metrics.Meter) -> None:
    """Says where all of it goes."""
    for each in METRICS:
        each.bind(meter)


def not_done(error: HelpdeskError) -> None:
    """Counts what another part did not do, where that is why something was refused; other errors are counted there."""
    if isinstance(error, UpstreamError):
        UPSTREAM_ERRORS.add(error.part, error.reason)


def refused(error: HelpdeskError, *, place: str) -> None:
    """Counts an error of ours where it ends: as another part's, or as a refusal.

    Args:
        error: Its code is what is counted.
        place: Where it ended: `request`, `task` or `tool`; a card that is refused is counted where that is decided.
    """
    if isinstance(error, UpstreamError):
        not_done(error)
    else:
        REFUSALS.add(place, error.reason)
