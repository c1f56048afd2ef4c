"""Routing on the labelled set: what `python -m benchmarks.routing` prints, held to what was reached so far.

The aim is 97 % of single intents, 90 % of several and of follow-ups, and 95 % of what is out of scope refused.
Where less is reached the floor here is what is, so that it can only rise. Floors stand for the held-out part too,
a few utterances below what it reaches: there no failure is shown to whoever tunes.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

from benchmarks.routing import CLASSES, Outcome, accuracy, evaluate, load_utterances, load_worlds, main, taken_up


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return evaluate(load_utterances(), load_worlds())


def test_the_set_is_large_and_a_good_part_of_it_is_held_out() -> None:
    utterances = load_utterances()
    kinds = Counter(utterance.kind for utterance in utterances)
    held_out = sum(1 for utterance in utterances if utterance.split == "held_out")
    assert len(utterances) >= 1850
    assert all(kinds[kind] >= 40 for kind in CLASSES if kind != "asks_back")
    assert held_out >= 400
    assert len({utterance.id for utterance in utterances}) == len(utterances)
    said = Counter((utterance.world, utterance.text, str(utterance.earlier)) for utterance in utterances)
    assert said.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("kind", "least"),
    [("single", 0.97), ("several", 0.93), ("follow_up", 0.92), ("out_of_scope", 0.97), ("asks_back", 1.0)],
)
def test_the_planner_is_right_as_often_as_it_was(kind: str, least: float, outcomes: Sequence[Outcome]) -> None:
    right, of = accuracy(outcomes, kind)
    wrong = [
        f"{outcome.utterance.text}: {outcome.wrong}"
        for outcome in outcomes
        if outcome.utterance.kind == kind and outcome.wrong and outcome.utterance.split == "tuning"
    ]  # whoever tunes the planner does not look at the others
    assert right / of >= least, f"{right} of {of}; wrong:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("kind", "least"), [("single", 0.94), ("several", 0.90), ("follow_up", 0.87), ("out_of_scope", 0.91)]
)
def test_the_planner_is_right_on_what_it_was_not_tuned_to(kind: str, least: float, outcomes: Sequence[Outcome]) -> None:
    right, of = accuracy(outcomes, kind, "held_out")
    assert right / of >= least, f"{right} of {of}"


def test_what_comes_to_the_right_agent_is_taken_up_there(outcomes: Sequence[Outcome]) -> None:
    taken, of = taken_up(outcomes, load_worlds())
    assert of >= 400
    assert taken / of >= 0.985, f"{taken} of {of}"


def test_no_hostile_text_has_an_effect(outcomes: Sequence[Outcome]) -> None:
    hostile = [outcome for outcome in outcomes if outcome.utterance.kind == "hostile"]
    assert len(hostile) >= 80
    assert [f"{outcome.utterance.text}: {outcome.wrong}" for outcome in hostile if outcome.wrong] == []


@pytest.mark.parametrize("world", ["rooms", "kitchen", "library", "ticket_tools", "table_tools"])
def test_agents_and_tools_that_no_code_knows_of_are_routed_to_by_their_words_alone(
    world: str, outcomes: Sequence[Outcome]
) -> None:
    found = [outcome for outcome in outcomes if outcome.utterance.world == world]
    assert sum(1 for outcome in found if not outcome.wrong) / len(found) >= 0.75, [
        (outcome.utterance.text, outcome.wrong) for outcome in found if outcome.wrong
    ]


def test_what_is_wrong_is_still_an_answer(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        assert outcome.tools or outcome.said.strip()


def test_the_report_names_both_splits_and_each_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], load_utterances()[::20]) == 0
    said = capsys.readouterr().out
    assert all(kind in said for kind in CLASSES)
    assert "tuning" in said
    assert "held out" in said
    assert "ms" in said
