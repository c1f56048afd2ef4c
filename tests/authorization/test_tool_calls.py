"""A tool runs where the person and the agent both have the relation that it declares, and nowhere else."""

from typing import Any, NoReturn

import pytest
from strands import Agent, ToolContext, tool
from strands.hooks import BeforeToolCallEvent
from strands.interventions import Deny as Cancel
from strands.interventions import Proceed
from strands.types.tools import ToolUse

from shared.agent_loop import Tools
from shared.authorization import (
    Allow,
    AuthorizeToolCalls,
    Check,
    Consistency,
    DeclaredTool,
    Deny,
    Needs,
    Permitted,
    Resource,
    Unchecked,
    needs,
    permitted,
)
from shared.errors import AuthorizationDenied, ConfigurationError, UpstreamUnavailable
from shared.testing import Relationships, make_principal
from tests.authorization._desk import AGENT, AMELIA, PERSON, Asker, Desk, last_denial


async def test_with_both_rights_it_runs_on_what_was_checked() -> None:
    desk = Desk()
    assert await desk.take("clock") == "took the clock, asked for clock"
    assert desk.record.reasons == ["allowed"]


@pytest.mark.requirement("B5")
@pytest.mark.parametrize(
    ("holders", "reason"),
    [
        ({PERSON, AGENT}, "allowed"),
        ({PERSON}, "agent_lacks_relation"),
        ({AGENT}, "person_lacks_relation"),
        (set(), "person_lacks_relation"),
    ],
)
async def test_the_right_counts_where_person_and_agent_both_hold_it(holders: set[str], reason: str) -> None:
    desk = Desk(Relationships(lambda check: check.user in holders))
    await desk.take()
    assert desk.record.reasons == [reason]
    assert desk.taken == (["lamp"] if reason == "allowed" else [])


async def test_one_question_is_asked_for_one_call() -> None:
    desk = Desk()
    await desk.take("clock")
    [asked] = desk.relationships.asked
    relations = ("can_take", "can_weigh", "can_open")
    assert set(asked) == {Check(who, relation, "thing:clock") for who in (PERSON, AGENT) for relation in relations}


async def test_what_is_not_needed_only_widens_what_is_shown() -> None:
    desk = Desk(Relationships(lambda check: check.relation != "can_open"))
    await desk.take()
    assert desk.shown == [frozenset({"can_weigh"})]


@pytest.mark.requirement("C2")
async def test_not_there_and_not_yours_are_the_same_words_after_the_same_questions() -> None:
    desk = Desk(Relationships(lambda check: check.user == AGENT))
    not_yours, not_there = await desk.take("clock"), await desk.take("unicorn")
    assert not_yours == not_there
    assert desk.record.reasons == ["person_lacks_relation", "resource_not_there"]
    first, second = desk.relationships.asked
    assert [(each.user, each.relation) for each in first] == [(each.user, each.relation) for each in second]


async def test_of_one_s_own_thing_more_may_be_said() -> None:
    desk = Desk(Relationships(lambda _: False))
    assert await desk.take("lamp") != await desk.take("clock")
    assert "your role" in await desk.take("lamp")


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("injected", ["user", "subject", "person", "caller", "object", "relation", "agent", "scope"])
async def test_an_injected_argument_changes_nobody_s_rights(injected: str) -> None:
    desk = Desk()
    await desk.take("clock", **{injected: "user:somebody-else"})
    assert {check.user for check in desk.relationships.asked[0]} == {PERSON, AGENT}
    assert {check.object for check in desk.relationships.asked[0]} == {"thing:clock"}


async def test_a_thing_is_taken_by_its_name_and_by_nothing_that_looks_like_one() -> None:
    desk = Desk()
    for thing in ("thing:clock", "clock#can_take", "*", "lamp\nclock", ""):
        await desk.take(thing)
    assert set(desk.record.reasons) == {"resource_not_there"}
    assert desk.taken == []


async def test_without_the_scope_nothing_is_looked_for() -> None:
    desk = Desk()
    nobody = Asker(make_principal("auth0|amelia"))
    denied = await desk.authorizer.permit(desk.declared, nobody, {}, tool="take")
    assert isinstance(denied, Deny)
    assert denied.reason == "scope_missing"
    assert "`things:use`" in denied.words
    assert desk.relationships.asked == []


def test_a_tool_that_declares_nothing_cannot_be_put_into_a_toolbox() -> None:
    @tool
    async def undeclared() -> str:
        """Does something."""
        return "done"

    with pytest.raises(ConfigurationError, match="undeclared declares nothing"):
        Tools([undeclared], "You help.")
    Tools([needs(Unchecked("it does nothing"))(undeclared)], "You help.")


async def test_a_tool_that_declares_nothing_is_not_called() -> None:
    ran = []

    @tool
    async def undeclared() -> str:
        """Does something."""
        ran.append("undeclared")
        return "done"

    desk = Desk()
    [answer] = await desk.call(("undeclared", {}), tools=[undeclared])
    assert answer == "That is not something I can do."
    assert ran == []
    assert desk.record.reasons == ["tool_undeclared"]


async def test_a_tool_that_does_not_exist_is_denied() -> None:
    desk = Desk()
    [answer] = await desk.call(("grant_everything", {"user": "me"}))
    assert answer == "That is not something I can do."
    assert desk.record.reasons == ["tool_undeclared"]


async def test_without_the_intervention_a_tool_does_not_run() -> None:
    desk = Desk()
    declared = desk.tool()
    assert isinstance(declared, DeclaredTool)
    with pytest.raises(Exception, match="without a permit"):
        async for _ in declared.stream({"toolUseId": "1", "name": "take", "input": {}}, {"caller": AMELIA}):
            pass
    assert desk.taken == []


async def test_a_permit_is_for_one_call_and_its_own_arguments() -> None:
    stolen: dict[str, Any] = {}
    desk = Desk()

    @needs(desk.declared)
    @tool(context=True)
    async def take(tool_context: ToolContext, thing: str = "lamp") -> str:
        """Takes a thing, and looks at what it was given.

        Args:
            tool_context: Handed in by the loop.
            thing: Which one.
        """
        permitted(tool_context, str)
        for tool_use in (
            tool_context.tool_use,
            {**tool_context.tool_use, "input": {"thing": "clock"}},
            {**tool_context.tool_use, "name": "sell"},
        ):
            again = ToolContext(tool_use, tool_context.agent, tool_context.invocation_state)  # type: ignore[arg-type]
            try:
                permitted(again, str)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the test looks at it
                stolen[type(error).__name__] = stolen.get(type(error).__name__, 0) + 1
        return thing

    await desk.call(("take", {"thing": "lamp"}), tools=[take])
    assert stolen == {"AuthorizationDenied": 3}


async def test_two_calls_with_one_id_are_one_call() -> None:
    """A model may repeat an id, to have a permit used for another thing than was checked."""
    desk = Desk()
    handler, state = AuthorizeToolCalls(desk.authorizer), {"caller": AMELIA}

    async def before(thing: str) -> Proceed | Cancel:
        call: ToolUse = {"toolUseId": "x", "name": "take", "input": {"thing": thing}}
        event = BeforeToolCallEvent(
            agent=Agent(model=desk.model), selected_tool=desk.tool(), tool_use=call, invocation_state=state
        )
        return await handler.before_tool_call(event)

    assert isinstance(await before("lamp"), Proceed)
    assert isinstance(await before("clock"), Cancel)
    assert desk.record.reasons == ["allowed", "tool_call_repeated"]


def test_nobody_else_makes_a_permit() -> None:
    with pytest.raises(TypeError, match="by the authorizer alone"):
        Permitted(value="lamp", also=frozenset(), decision=None, again=None, those=None, seal=object())  # type: ignore[arg-type]


async def test_what_cannot_be_undone_asks_for_fresh_answers_and_again_right_before() -> None:
    desk = Desk(irreversible=True)
    assert await desk.take() == "took the lamp, asked for lamp"
    assert desk.relationships.consistencies == [Consistency.HIGHER_CONSISTENCY] * 2
    assert desk.record.reasons == ["allowed", "allowed"]
    reading = Desk()
    await reading.take()
    assert reading.relationships.consistencies == [Consistency.MINIMIZE_LATENCY]


@pytest.mark.requirement("B8")
async def test_a_relation_that_is_gone_before_the_act_stops_it() -> None:
    holders = {PERSON, AGENT}
    desk = Desk(Relationships(lambda check: check.user in holders), irreversible=True)
    desk.before_act = holders.clear
    answer = await desk.take()
    assert "took" not in answer
    assert desk.taken == []
    assert desk.record.reasons == ["allowed", "person_lacks_relation"]


async def test_after_an_approval_everything_is_asked_anew() -> None:
    """Whoever carries an act on, in this process or another, finds the thing and asks again; a permit can, too."""
    holders = {PERSON, AGENT}
    desk = Desk(Relationships(lambda check: check.user in holders), irreversible=True)
    permit = await desk.authorizer.permit(desk.declared, AMELIA, {"thing": "clock"}, tool="take")
    assert isinstance(permit, Permitted)
    holders.clear()
    with pytest.raises(AuthorizationDenied, match="person_lacks_relation"):
        await permit.recheck()
    again = await desk.authorizer.permit(desk.declared, AMELIA, {"thing": "clock"}, tool="take")
    assert isinstance(again, Deny)
    assert desk.relationships.consistencies == [Consistency.HIGHER_CONSISTENCY] * 3


async def test_a_store_that_goes_away_before_the_act_stops_it() -> None:
    desk = Desk(irreversible=True)
    desk.before_act = lambda: setattr(desk.relationships, "away", True)
    assert "took" not in await desk.take()
    assert desk.taken == []


async def test_a_store_that_is_away_denies_and_is_said_to_be_away() -> None:
    desk = Desk(Relationships(away=True))
    answer = await desk.take()
    assert "knows who may do what is not available" in answer
    assert "take it" in answer
    assert "nothing was changed" in answer
    assert last_denial(desk.record).reason == "authorization_unavailable"


async def test_what_cannot_be_recorded_does_not_happen() -> None:
    desk = Desk()
    desk.record.broken = True
    answer = await desk.take()
    assert "recorded" in answer
    assert desk.taken == []


async def test_whatever_breaks_denies_and_tells_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("postgres://secret@db")

    monkeypatch.setattr(desk.relationships, "ask", broken)
    answer = await desk.take()
    assert "secret" not in answer
    assert "not done" in answer
    assert desk.taken == []


async def test_who_keeps_the_things_being_away_is_said_as_that() -> None:
    async def away(*_: Any) -> NoReturn:
        raise UpstreamUnavailable("shelf", detail="connect")

    desk = Desk()
    declared: Needs[str] = Needs("can_take", "thing", away, scope=desk.declared.scope, purpose="take it")
    denied = await desk.authorizer.permit(declared, AMELIA, {}, tool="take")
    assert isinstance(denied, Deny)
    assert denied.reason == "resource_unresolved"
    assert "The shelf is not available right now, so I could not take it." in denied.words


async def test_a_decision_says_it_whole() -> None:
    desk = Desk(Relationships(lambda check: check.user == AGENT))
    await desk.take("clock")
    denial = last_denial(desk.record)
    assert (denial.tool, denial.agent, denial.person) == ("take", AGENT, PERSON)
    assert (denial.relation, denial.objects) == ("can_take", ("thing:clock",))
    assert denial.model_id == desk.relationships.model_id
    assert {(answer.check.user, answer.allowed) for answer in denial.answers} == {(PERSON, False), (AGENT, True)}


async def test_a_list_is_filtered_in_one_question() -> None:
    desk = Desk(Relationships(lambda check: check.relation == "can_take" or check.object.endswith(("1", "3"))))
    permit = await desk.authorizer.permit(desk.declared, AMELIA, {"thing": "lamp"}, tool="take")
    assert isinstance(permit, Permitted)
    items = [f"page-{number}" for number in range(5)]
    shown = await permit.readable(items, "can_read", lambda item: Resource(item, f"page:{item}"))
    assert shown == ["page-1", "page-3"]
    assert len(desk.relationships.asked) == 2
    assert len(desk.relationships.asked[1]) == 10
    listed = desk.record.decisions[-1]
    assert isinstance(listed, Allow)
    assert (listed.tool, listed.relation, len(listed.objects)) == ("take", "can_read", 5)


async def test_a_list_of_which_nothing_may_be_read_is_empty_and_recorded() -> None:
    desk = Desk(Relationships(lambda check: check.relation == "can_take"))
    permit = await desk.authorizer.permit(desk.declared, AMELIA, {"thing": "lamp"}, tool="take")
    assert isinstance(permit, Permitted)
    assert await permit.readable(["a"], "can_read", lambda item: Resource(item, f"page:{item}")) == []
    assert await permit.readable([], "can_read", lambda item: Resource(item, f"page:{item}")) == []
    assert desk.record.reasons == ["allowed", "person_lacks_relation"]


@pytest.mark.parametrize("fault", ["away", "broken"])
async def test_a_list_is_not_shown_where_it_cannot_be_checked_or_recorded(fault: str) -> None:
    desk = Desk()
    permit = await desk.authorizer.permit(desk.declared, AMELIA, {"thing": "lamp"}, tool="take")
    assert isinstance(permit, Permitted)
    setattr(desk.relationships if fault == "away" else desk.record, fault, True)
    with pytest.raises(UpstreamUnavailable):
        await permit.readable(["a"], "can_read", lambda item: Resource(item, f"page:{item}"))
