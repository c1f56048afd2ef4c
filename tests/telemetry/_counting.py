"""What a counter tells whoever asks it, as an exporter does."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from shared.telemetry._metrics import Counter

Counts = dict[tuple[str, ...], int]


class Counting:
    """One counter, from now on.

    Args:
        counter: Which.
        reader: Asks it.
    """

    def __init__(self, counter: Counter, reader: InMemoryMetricReader) -> None:
        self._labels = counter.labels.names
        self._reader = reader
        self._before = self._read()

    def since(self) -> Counts:
        """What was counted since the beginning, by the values of the labels."""
        now = self._read()
        return {
            values: count - self._before.get(values, 0)
            for values, count in now.items()
            if count != self._before.get(values, 0)
        }

    def _read(self) -> Counts:
        told = self._reader.get_metrics_data()
        points = [
            point
            for resource in (told.resource_metrics if told is not None else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        return {
            tuple(str((point.attributes or {}).get(name, "")) for name in self._labels): int(point.value)
            for point in points
            if isinstance(point, NumberDataPoint)
        }


@contextmanager
def counting(counter: Counter) -> Iterator[Counting]:
    """Listens to a counter for a while."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    counter.bind(provider.get_meter("tests"))
    try:
        yield Counting(counter, reader)
    finally:
        provider.shutdown()
