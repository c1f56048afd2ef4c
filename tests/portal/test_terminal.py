"""What is written: whole paragraphs, by whom, and nothing that acts on the terminal."""

import json

import pytest

from portal.conversation import Begun, Ended, Event, Reply, Said, Working
from portal.terminal import Output, ReplyView, one_line, printable


def shown(capsys: pytest.CaptureFixture[str], events: list[Event], *, as_json: bool = False) -> str:
    with ReplyView(Output(as_json)) as view:
        for event in events:
            view.show(event)
    return capsys.readouterr().out


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, with ümlauts, 日本語 and\ttabs\n", "plain, with ümlauts, 日本語 and\ttabs\n"),
        ("\x1b]0;title\x07\x1b[31mred\x1b[0m", "]0;title[31mred[0m"),
        ("a\x9b2Jb\x08c\rd\r\ne\x00f", "a2Jbcd\nef"),
        ("safe\u202eevil\u2066x\u200f", "safeevilx"),
    ],
)
def test_nothing_in_a_text_acts_on_the_terminal(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth0|zoë", "auth0|zoë"),
        ("a\nb\tc\x1b[0m\x9b\x00", "a\\nb\\tc\\x1b[0m\\x9b\\x00"),
        ("a\u202eb\u2028c\u200bd\ufeff\ud800", "a\\u202eb\\u2028c\\u200bd\\ufeff\\ud800"),
        ("a" * 1000, "a" * 512 + "…"),
    ],
)
def test_an_id_makes_no_line_of_its_own_and_what_does_not_print_is_seen(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_words_appear_paragraph_by_paragraph(capsys: pytest.CaptureFixture[str]) -> None:
    view = ReplyView(Output(as_json=False))
    view.show(Said("docs_search", "a", "The first "))
    assert capsys.readouterr().out == ""
    view.show(Said("docs_search", "a", "paragraph.\n\nThe second"))
    assert capsys.readouterr().out == "docs_search:\nThe first paragraph.\n"
    view.show(Ended("completed", ""))
    assert capsys.readouterr().out == "\nThe second\n"


def test_code_stays_together(capsys: pytest.CaptureFixture[str]) -> None:
    view = ReplyView(Output(as_json=False))
    view.show(Said("docs_search", "a", "```\none\n\ntwo\n"))
    assert capsys.readouterr().out == ""
    view.show(Said("docs_search", "a", "```\n\nend"))
    assert capsys.readouterr().out == "docs_search:\n```\none\n\ntwo\n```\n"


BOTH_AT_ONCE: list[Event] = [
    Said("password_reset", "a", "Your account is "),
    Said("docs_search", "b", "The guide "),
    Said("password_reset", "a", "locked.\n\n"),
    Said("docs_search", "b", "is here.\n\n"),
    Said("password_reset", "a", "Say “unlock”."),
    Ended("completed", ""),
]


def test_two_agents_that_speak_at_once_are_heard_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, BOTH_AT_ONCE)
    assert out == "password_reset:\nYour account is locked.\n\nSay “unlock”.\n\ndocs_search:\nThe guide is here.\n"


def test_an_agent_that_is_silent_for_long_gives_the_word_away(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = iter(range(0, 100, 2))
    view = ReplyView(Output(as_json=False), clock=lambda: next(ticks))
    for event in BOTH_AT_ONCE:
        view.show(event)
    out = capsys.readouterr().out
    assert out.startswith("password_reset:\nYour account is locked.\n\ndocs_search:\nThe guide is here.\n")
    assert out.endswith("password_reset:\nSay “unlock”.\n")


def test_why_a_task_failed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, [Ended("failed", "Something went wrong.")]) == "supervisor:\nSomething went wrong.\n"


def test_json_has_one_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(
        capsys,
        [
            Begun("t", "c"),
            Working("docs_search"),
            Said("docs_search", "a", "one\n\ntwo\x1b[31m\u202e"),
            Ended("completed", ""),
        ],
        as_json=True,
    )
    assert out.isascii()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"event": "begun", "task_id": "t", "context_id": "c"},
        {"event": "working", "agent": "docs_search"},
        {"event": "said", "agent": "docs_search", "artifact_id": "a", "text": "one\n\ntwo\x1b[31m\u202e"},
    ]


def test_a_reply_gathers_what_was_said() -> None:
    reply = Reply("c")
    for event in (
        Begun("t", "c2"),
        Working("password_reset"),
        Working("docs_search"),
        Said("docs_search", "b", "The "),
        Said("password_reset", "a", "Locked."),
        Said("docs_search", "b", "guide."),
        Ended("completed", ""),
    ):
        reply.take(event)
    assert (reply.task_id, reply.context_id, reply.state) == ("t", "c2", "completed")
    assert reply.agents == ["password_reset", "docs_search"]
    assert reply.text == "The guide.\n\nLocked."


@pytest.mark.parametrize("prefix", ["", "- ", "> 1. "])
def test_what_is_laid_out_for_a_file_is_wrapped_and_not_cut_off(
    capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    words = [f"word{number}" for number in range(60)]
    view = ReplyView(Output(as_json=False, laid_out=True))
    view.show(Said("docs_search", "a", prefix + " ".join(words)))
    view.show(Ended("completed", ""))
    out = capsys.readouterr().out
    assert [word for word in words if word not in out.split()] == []
    assert max(map(len, out.splitlines())) <= 100
