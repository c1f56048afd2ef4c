"""docs/reference/telemetry.md names every attribute and every metric that there is, with its labels, and no other."""

from shared.telemetry import metrics
from shared.telemetry._conventions import ATTRIBUTE_NAMES, CONTENT
from tests.docs._pages import page

PAGE = page("docs/reference/telemetry.md")


def names(cell: str) -> list[str]:
    """The names in a cell, each between backticks."""
    return [part for part in cell.split("`")[1::2] if part]


def test_every_attribute_has_its_row_and_no_other() -> None:
    assert [name for row in PAGE.rows("Attributes") for name in names(row[0])] == sorted(ATTRIBUTE_NAMES)


def test_what_holds_words_says_so() -> None:
    told = {names(row[0])[0] for row in PAGE.rows("Attributes") if "TELEMETRY_MESSAGE_CONTENT" in row[1]}
    assert told == CONTENT


def test_every_metric_has_its_row_with_its_unit_and_labels() -> None:
    told = [(*names(row[0]), row[1], names(row[2])) for row in PAGE.rows("Metrics")]
    assert told == [(each.metric.name, each.metric.unit, list(each.labels.names)) for each in metrics.METRICS]
