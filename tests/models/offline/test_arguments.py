"""Arguments are found in what was said, by JSON schema alone."""

from datetime import date
from typing import Any

import pytest

from shared.models.offline._arguments import fill_arguments

TODAY = date(2026, 11, 23)


def _fill(name: str, part: dict[str, Any], *texts: str) -> Any:
    values, _ = fill_arguments({"type": "object", "properties": {name: part}}, texts, today=lambda: TODAY)
    return values.get(name)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("the last 7 days", 7),
        ("the past two weeks", 14),
        ("last month", 30),
        ("over the last couple of weeks", 14),
        ("within 48 hours", 2),
        ("yesterday", 1),
        ("in the last year", 90),
        ("the last 10 entries", None),
        ("show them", None),
    ],
)
def test_a_span_of_time_is_converted_to_the_unit_that_the_argument_names(text: str, days: int | None) -> None:
    part = {"type": "integer", "minimum": 1, "maximum": 90, "description": "How many days back."}
    assert _fill("days", part, text) == days


@pytest.mark.parametrize(
    ("text", "limit"),
    [("the last 5 entries", 5), ("the ten newest of the last 3 days", 10), ("of the last 3 days", None)],
)
def test_a_count_is_not_a_span_of_time(text: str, limit: int | None) -> None:
    assert _fill("limit", {"type": "integer", "description": "How many entries at most."}, text) == limit


@pytest.mark.parametrize(
    ("text", "expected"),
    [("it is very urgent: high priority", "high"), ("Low priority please", "low"), ("whenever", None)],
)
def test_an_enumeration_takes_the_choice_that_was_said(text: str, expected: str | None) -> None:
    assert _fill("priority", {"type": "string", "enum": ["low", "normal", "high"]}, text) == expected


def test_a_choice_of_several_words_wins_over_one_of_its_words() -> None:
    part = {"enum": ["phone", "work_phone"]}
    assert _fill("device", part, "it is about my work phone") == "work_phone"


@pytest.mark.parametrize(
    ("text", "expected"), [("including closed ones", True), ("without closed ones", False), ("all of them", None)]
)
def test_a_boolean_is_true_where_named_and_false_where_denied(text: str, expected: bool | None) -> None:
    assert _fill("closed", {"type": "boolean"}, text) is expected


@pytest.mark.parametrize(
    ("part", "text", "expected"),
    [
        ({"format": "email"}, "write to kim.lee@example.org, please", "kim.lee@example.org"),
        ({"format": "date"}, "on 2026-12-24", "2026-12-24"),
        ({"format": "date"}, "tomorrow at noon", "2026-11-24"),
        ({"format": "time"}, "at 19:30", "19:30"),
        ({"format": "uri"}, "see https://example.org/a?b=c.", "https://example.org/a?b=c."),
        ({"pattern": "^INC\\d{5}$"}, "about INC00042, thanks", "INC00042"),
        ({"pattern": "^INC\\d{5}$"}, "about XINC000423", None),
        ({"format": "email"}, "no address here", None),
    ],
)
def test_a_form_is_looked_for_in_the_text(part: dict[str, Any], text: str, expected: str | None) -> None:
    assert _fill("value", {"type": "string", **part}, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('rename it to title "Winter rota"', "Winter rota"),
        ("the title is Winter rota.", "Winter rota"),
        ("a list called Winter rota", "Winter rota"),
        ("make a new one", None),
    ],
)
def test_a_named_text_is_what_is_quoted_or_follows_the_name(text: str, expected: str | None) -> None:
    assert _fill("title", {"type": "string"}, text) == expected


def test_a_request_or_query_is_the_whole_text() -> None:
    assert _fill("query", {"type": "string"}, "where is the guide?") == "where is the guide?"


def test_earlier_texts_fill_what_the_last_does_not_say() -> None:
    schema = {
        "type": "object",
        "properties": {"guests": {"type": "integer"}, "day": {"type": "string", "format": "date"}},
        "required": ["guests", "day"],
    }
    assert fill_arguments(schema, ["for 4 guests", "on 2026-12-24, 3 guests"]) == (
        {"guests": 4, "day": "2026-12-24"},
        [],
    )


def test_what_is_required_and_not_said_is_named() -> None:
    schema = {"type": "object", "properties": {"day": {"format": "date"}}, "required": ["day"]}
    assert fill_arguments(schema, ["some day"]) == ({}, ["day"])


def test_references_and_nullable_alternatives_are_followed() -> None:
    schema = {
        "type": "object",
        "$defs": {"Level": {"enum": ["low", "high"]}},
        "properties": {
            "level": {"$ref": "#/$defs/Level"},
            "days": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        },
    }
    assert fill_arguments(schema, ["high, for 3 days"])[0] == {"level": "high", "days": 3}


def test_a_list_of_choices_takes_all_that_were_said() -> None:
    part = {"type": "array", "items": {"enum": ["mon", "tue", "wed"]}}
    assert _fill("weekdays", part, "mon and wed") == ["mon", "wed"]


@pytest.mark.parametrize("pattern", ["(", "(?P<broken", "[z-a]"])
def test_a_pattern_that_cannot_be_read_finds_nothing(pattern: str) -> None:
    assert _fill("code", {"type": "string", "pattern": pattern}, "anything") is None
