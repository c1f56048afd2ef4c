"""Labels are bounded, whatever somebody hands over, and no measurement is lost on its way."""

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from shared.errors import InvalidToken, UpstreamUnavailable
from shared.telemetry import OTHER, metrics
from shared.telemetry._metrics import MOST_PENDING, MOST_VALUES, Histogram, Labels, Metric
from tests.telemetry._small_agent import TOKEN


def test_a_label_that_has_no_value_is_left_out() -> None:
    assert Labels(("a", "b")).of(("x", None)) == {"a": "x"}


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("value", [TOKEN, f"Bearer {TOKEN}", "amelia@example.com", "x" * 65, "a\nb", "café", ""])
def test_a_value_that_is_no_code_is_other(value: str) -> None:
    assert Labels(("a",)).of((value,)) == {"a": OTHER}


def test_there_are_only_so_many_values_and_the_first_ones_stay() -> None:
    labels = Labels(("a",))
    assert [labels.of((str(number),))["a"] for number in range(MOST_VALUES)] == [str(n) for n in range(MOST_VALUES)]
    assert labels.of(("one too many",)) == {"a": OTHER}
    assert labels.of(("0",)) == {"a": "0"}


def test_no_metric_has_a_label_for_a_person_or_an_id() -> None:
    names = {name for each in metrics.METRICS for name in each.labels.names}
    assert not [name for name in names if any(word in name for word in ("user", "person", "task", "context", ".id"))]


def test_another_parts_failure_is_counted_as_such_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, tuple[object, ...]]] = []
    for name in ("REFUSALS", "UPSTREAM_ERRORS"):
        counter = getattr(metrics, name)
        monkeypatch.setattr(counter, "add", lambda *values, name=name: counted.append((name, values)))
    metrics.refused(UpstreamUnavailable("directory", detail="secret"), place="tool")
    metrics.refused(InvalidToken(code="token_expired"), place="request")
    assert counted == [
        ("UPSTREAM_ERRORS", ("directory", "upstream_unavailable")),
        ("REFUSALS", ("request", "token_expired")),
    ]


def test_measurements_that_wait_are_handed_over_each_with_its_own_trace() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    one = Histogram(Metric("one", "s", "One"), "a")
    one.bind(provider.get_meter("test"))
    for number in range(MOST_PENDING + 3):
        place = SpanContext(number + 1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        token = context.attach(trace.set_span_in_context(NonRecordingSpan(place)))
        one.record(0.25, "even" if number % 2 == 0 else "odd")
        context.detach(token)
    one.hand_over()
    data = reader.get_metrics_data()
    provider.shutdown()
    assert data is not None
    points = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    found = {}
    for point in points:
        assert isinstance(point, HistogramDataPoint)
        found[(point.attributes or {})["a"]] = (point.count, point.sum, [each.trace_id for each in point.exemplars])
    half = MOST_PENDING // 2
    assert found == {
        "even": (half + 2, 0.25 * (half + 2), [MOST_PENDING + 3]),
        "odd": (half + 1, 0.25 * (half + 1), [MOST_PENDING + 2]),
    }
