"""Expressions, as cel-go reads, checks and runs them (the language definition of cel.dev)."""

from typing import Any

import pytest

from shared.cel import CompileError, ConstructionError, EvaluationError, Program, UInt, parse_duration, parse_timestamp
from tests.cel._tables import REFUSED, TRUE, UNCONVERTIBLE, VALUES, VARIABLES, WITHOUT_VALUE


def value(source: str) -> Any:
    return Program(source, VARIABLES).run(VALUES)


@pytest.mark.parametrize(
    "source",
    TRUE,
)
def test_an_expression_has_its_value(source: str) -> None:
    assert value(source) is True


@pytest.mark.parametrize(
    ("source", "message"),
    REFUSED,
)
def test_an_expression_that_makes_no_sense_is_refused_before_it_runs(source: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        Program(source, VARIABLES)

    assert message in str(caught.value)


def test_the_smallest_integer_can_be_written() -> None:
    assert value("-9223372036854775808 < 0") is True


@pytest.mark.parametrize(
    ("source", "message"),
    UNCONVERTIBLE,
)
def test_a_literal_that_cannot_be_converted_is_refused_before_it_runs(source: str, message: str) -> None:
    with pytest.raises(ConstructionError) as caught:
        Program(source, VARIABLES)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    WITHOUT_VALUE,
)
def test_an_expression_without_a_value_is_an_error(source: str, message: str) -> None:
    with pytest.raises((EvaluationError, ConstructionError)) as caught:
        value(source)

    assert message in str(caught.value)


def test_a_variable_that_is_not_given_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="no such attribute"):
        Program("i == 1", VARIABLES).run({})


def test_a_variable_of_a_comprehension_is_gone_after_it() -> None:
    assert Program("l.exists(i, i == 3) && i == 5", VARIABLES).run(VALUES) is True


def test_what_an_expression_may_cost_is_bounded() -> None:
    program = Program("l.all(a, l.all(b, l.all(c, a + b + c > 0)))", VARIABLES)

    assert program.run(VALUES) is True
    with pytest.raises(EvaluationError, match="actual cost limit exceeded"):
        program.run(VALUES, limit=100)


def test_unsigned_integers_are_a_type_of_their_own() -> None:
    assert isinstance(Program("2u + 3u", {}).run({}), UInt)


@pytest.mark.parametrize("text", ["", "1", "h", "1h-1m", "1 h", "--1s", "9999999999h"])
def test_a_malformed_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-26", "2026-11-26 10:00:00Z", "2026-11-26T10:00:00", "2026-13-26T10:00:00Z", "x2026-11-26T10:00:00Z"],
)
def test_a_malformed_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the message is Python's own for some
        parse_timestamp(text)
