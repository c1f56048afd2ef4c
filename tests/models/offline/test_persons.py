"""What somebody is called is found in a text, whatever the tools are about."""

import time

import pytest

from shared.models.offline._arguments import fill_arguments
from shared.models.offline._persons import person_in
from shared.models.offline._words import stem

KNOWN = frozenset(map(stem, ("garden", "gate", "key", "open", "close", "water", "list", "show", "profile", "status")))


def called(text: str) -> str | None:
    return person_in(text, knows=KNOWN.__contains__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Open the garden of Wilma Brandt", "Wilma Brandt"),
        ("is Wilma Brandt locked?", "Wilma Brandt"),
        ("Wilma Brandt forgot her key, open her gate", "Wilma Brandt"),
        ("show Wilma's garden", "Wilma"),
        ("Show Wilma Brandt's garden, please", "Wilma Brandt"),
        ("Why is Wilma Brandt\u2019s gate closed?", "Wilma Brandt"),
        ("open wilma.brandt", "wilma.brandt"),
        ("open wilma.brandt's gate", "wilma.brandt"),
        ("open the gate for wilma.brandt@example.org, please", "wilma.brandt@example.org"),
        ("open E4021", "E4021"),
        ("close e4021's gate", "e4021"),
        ("open Wilma", "Wilma"),
        ("open wilma", "wilma"),
        ("which gardens is wilma brandt in", "wilma brandt"),
        ("look for somebody called Brandt", "Brandt"),
        ("Is Wilma in the Rose garden?", "Wilma"),
        ("Was the key that Wilma Brandt got ever used?", "Wilma Brandt"),
    ],
)
def test_a_person_is_called_as_it_was_written(text: str, expected: str) -> None:
    assert called(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Open my garden",
        "is it open?",
        "show my keys from Leeds with Edge",
        "Which Windows key do I have?",
        "Open Gate please",
        "Close GATE for my ABC",
        "What's my manager's name?",
        "show my boss's garden",
        "and his keys?",
        "see example.com or notes.txt",
        "On Monday I opened the gate",
        "",
    ],
)
def test_nobody_is_named(text: str) -> None:
    assert called(text) is None


def test_an_argument_that_names_a_person_takes_it_and_no_other_text_does() -> None:
    schema = {
        "type": "object",
        "properties": {"person": {"type": "string", "default": ""}, "days": {"type": "integer"}},
    }
    assert fill_arguments(schema, ["the keys of Wilma Brandt in the last 3 days"])[0] == {
        "person": "Wilma Brandt",
        "days": 3,
    }
    assert fill_arguments(schema, ["my keys of the last 3 days"])[0] == {"days": 3}
    required = {**schema, "required": ["person"]}
    assert fill_arguments(required, ["find somebody"]) == ({}, ["person"])


def test_the_time_to_read_a_text_grows_no_faster_than_its_length() -> None:
    begun = time.process_time()
    for text in ("Aa " * 3000, "a." * 5000, "a's " * 3000, "A" * 9000, "of " * 3000, "x@" * 4000):
        called(text)
    assert time.process_time() - begun < 5
