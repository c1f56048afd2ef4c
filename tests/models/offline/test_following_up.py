"""What leans on an earlier turn is completed from it."""

from collections.abc import Callable

import pytest
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from shared.models import OfflinePlanner

Say = Callable[..., Messages]
WATERED = ("When were my beds watered last?", "watering", "This morning.")
SEEDS = ("Are there any beetroot seeds?", "seeds", "Two bags.")


def test_an_addition_with_a_subject_of_its_own_goes_to_its_own_tool(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    (call,) = planner.plan(say("and what about pea seeds?", before=[WATERED]), garden).calls
    assert call.tool == "seeds"


@pytest.mark.parametrize("text", ["do it again", "and in the evening?", "why?", "tell me more"])
def test_what_has_no_subject_inherits_the_tool_and_the_subject(
    text: str, planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    (call,) = planner.plan(say(text, before=[SEEDS, WATERED]), garden).calls
    assert call.tool == "watering"
    assert call.arguments == {"request": f"{text} (about: When were my beds watered last?)"}


def test_the_subject_is_carried_over_several_leaning_turns(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    before = [WATERED, ("and yesterday?", "watering", "In the evening.")]
    (call,) = planner.plan(say("why then?", before=before), garden).calls
    assert "When were my beds watered last? and yesterday?" in call.arguments["request"]


def test_a_completed_request_is_understood_by_the_agent_that_gets_it(
    planner: OfflinePlanner, post: list[ToolSpec], say: Say
) -> None:
    (call,) = planner.plan(say("and for the last 30 days? (about: Which parcels are coming?)"), post).calls
    assert (call.tool, call.arguments) == ("list_parcels", {"days": 30})


def test_a_new_subject_that_no_tool_covers_is_refused_in_the_middle_of_a_conversation(
    planner: OfflinePlanner, garden: list[ToolSpec], say: Say
) -> None:
    plan = planner.plan(say("Who won the football match last night?", before=[WATERED]), garden)
    assert plan.calls == ()
    assert plan.text.startswith("I cannot help with that.")


def test_a_turn_whose_tools_are_gone_is_no_subject(planner: OfflinePlanner, garden: list[ToolSpec], say: Say) -> None:
    plan = planner.plan(say("do it again", before=[("Feed the hens", "hens", "Done.")]), garden)
    assert plan.calls == ()


def test_a_question_asked_back_is_completed_by_its_answer(
    planner: OfflinePlanner, post: list[ToolSpec], say: Say
) -> None:
    asked = planner.plan(say("Return my parcel, it is damaged"), post)
    assert asked.calls == ()
    assert asked.text == "I need one more thing for this: the parcel's number, as PX-000001?"
    messages = say("PX-123456", before=[("Return my parcel, it is damaged", "", asked.text)])
    (call,) = planner.plan(messages, post).calls
    assert (call.tool, call.arguments) == ("return_parcel", {"number": "PX-123456", "reason": "damaged"})


def test_a_question_asked_back_may_be_left_for_something_else(
    planner: OfflinePlanner, post: list[ToolSpec], say: Say
) -> None:
    asked = planner.plan(say("Return my parcel"), post).text
    (call,) = planner.plan(say("Which parcels are coming?", before=[("Return my parcel", "", asked)]), post).calls
    assert call.tool == "list_parcels"
