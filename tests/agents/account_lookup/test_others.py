"""Other people's accounts: found by name, shown as far as relationships allow, else as if nobody were there."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from agents.account_lookup.tools import OTHERS, UNKNOWN, create_tools
from shared.authorization import Check
from shared.testing import Relationships
from tests.agents._asking import ask, employee, operator
from tests.agents._rights import rights
from tests.directory._world import Asker, World

EVERYTHING = (
    *("can_view_profile", "can_view_contact", "can_view_state", "can_view_security"),
    "can_view_groups",
)
PROFILE = ("can_view_profile",)
READING = {
    "show_account": "can_view_profile",
    "list_groups": "can_view_groups",
    "list_applications": "can_view_groups",
    "list_devices": "can_view_security",
    "list_sign_ins": "can_view_security",
    "why_locked": "can_view_state",
}
Rights = Mapping[str, Collection[str]]


async def answer(
    world: World,
    tool: str,
    person: str | None,
    over: Rights,
    *,
    text: str = "",
    who: Asker | None = None,
    **arguments: Any,
) -> str:
    who = who or operator()
    given = arguments if person is None else {"person": person, **arguments}
    tools = create_tools(world.client("account_lookup"))
    turn = await ask(tools, [(tool, given)], who=who, text=text, relationships=rights(world, who, over))
    return turn.answer


@pytest.mark.parametrize(
    "person", ["tomas.reyes", "E1015", "tomas.reyes@helpdesk.example", "Tomas Reyes", "reyes, tomas", "Tom", "reyes"]
)
async def test_an_account_is_shown_by_whatever_its_owner_is_called(world: World, person: str) -> None:
    text = await answer(world, "show_account", person, {"tomas.reyes": EVERYTHING})

    assert text.startswith("**Tomas Reyes**\n\n- Status: active\n- Login: tomas.reyes@helpdesk.example\n")
    assert "- Mobile number: +44 7700 900107" in text
    assert "- Recovery address: registered" in text
    assert "letters.example" not in text
    assert "your" not in text.lower()


@pytest.mark.parametrize(
    ("may", "shown", "hidden"),
    [
        (PROFILE, ["Job title", "Manager"], ["Status", "Mobile", "Employee number", "Recovery", "Last sign-in"]),
        ((*PROFILE, "can_view_contact"), ["Mobile", "Employee number"], ["Status", "Recovery", "Last sign-in"]),
        ((*PROFILE, "can_view_state"), ["Status", "Password last"], ["Mobile", "Recovery", "Last sign-in"]),
        ((*PROFILE, "can_view_security"), ["Recovery", "Last sign-in"], ["Mobile", "Status"]),
    ],
)
async def test_each_field_needs_its_own_relation(
    world: World, may: Collection[str], shown: list[str], hidden: list[str]
) -> None:
    text = await answer(world, "show_account", "amelia.hart", {"amelia.hart": may})

    assert [field for field in shown if f"\n- {field}" not in text] == []
    assert [field for field in hidden if field in text] == []
    assert ("Whoever may unlock it says “unlock amelia.hart”" in text) is ("can_view_state" in may)


async def test_each_tool_speaks_of_the_person_and_not_to_them(world: World) -> None:
    over = {"amelia.hart": EVERYTHING}

    groups = await answer(world, "list_groups", "amelia.hart", over)
    applications = await answer(world, "list_applications", "amelia.hart", over)
    devices = await answer(world, "list_devices", "amelia.hart", over)
    sign_ins = await answer(world, "list_sign_ins", "amelia.hart", over, days=1, result="failed")

    assert groups.startswith("**Amelia Hart is in 3 groups**\n\n- CRM users")
    assert applications.startswith("**Amelia Hart has 4 applications**\n\n- CRM")
    assert devices.startswith("**2 devices registered to Amelia Hart**")
    assert "**2 factors to confirm that it is Amelia Hart**" in devices
    assert sign_ins.startswith("**Failed sign-ins of Amelia Hart of the last 24 hours**: 6")
    for text in (groups, applications, devices, sign_ins):
        assert not re.search(r"\b[Yy]ou(r|rs)?\b", text), text


async def test_why_a_locked_account_is_locked(world: World) -> None:
    text = await answer(world, "why_locked", "amelia.hart", {"amelia.hart": EVERYTHING})

    lines = text.split("\n\n")
    assert re.match(
        r"\*\*The account of Amelia Hart is locked, since Monday 23 November 2026, 1[34]:\d\d UTC", lines[0]
    )
    assert lines[1] == (
        "6 attempts to sign in failed in a row before it was locked. The policy locks an account after 6 in a row."
    )
    assert re.fullmatch(
        r"- Monday 23 November 2026, 13:\d\d UTC, to 13:\d\d UTC: \*\*failed\*\* \(6 times, wrong password\), "
        r"from Leeds, United Kingdom, address 192\.0\.2\.\d+, with Safari on iOS",
        lines[2],
    )
    assert "still tries an old password" in lines[3]


async def test_who_may_not_see_sign_ins_is_told_why_but_not_from_where(world: World) -> None:
    text = await answer(world, "why_locked", "amelia.hart", {"amelia.hart": ("can_view_state",)})

    assert "6 attempts to sign in failed in a row" in text
    assert "Leeds" not in text
    assert "192.0.2" not in text


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("bram.koster", "It was suspended by Tess Ferraro."),
        ("yuki.arano", "the policy lets one last 180 days."),
        ("svc.payroll", "6 attempts to sign in failed in a row before it was locked."),
        ("sam.whitlock", "**The account of Sam Whitlock is active.**"),
        ("paula.greave", "is closed, since"),
    ],
)
async def test_why_any_other_account_is_as_it_is(world: World, login: str, words: str) -> None:
    assert words in await answer(world, "why_locked", login, {login: EVERYTHING})


async def test_attempts_before_a_sign_in_that_worked_locked_nothing(world: World) -> None:
    world.change(
        "UPDATE log_events SET event = json_set(event, '$.outcome.result', 'SUCCESS') WHERE sequence = "
        "(SELECT max(sequence) - 3 FROM log_events WHERE actor_id = ? AND event LIKE '%user.session.start%')",
        world.user("amelia.hart")["id"],
    )

    text = await answer(world, "why_locked", "amelia.hart", {"amelia.hart": EVERYTHING})

    assert "3 attempts to sign in failed in a row before it was locked." in text


async def test_a_lock_that_the_log_has_forgotten_is_told_as_such(world: World) -> None:
    world.change("DELETE FROM log_events")

    text = await answer(world, "why_locked", "amelia.hart", {"amelia.hart": EVERYTHING})

    assert "The directory's log does not say which attempts to sign in led to it." in text


async def test_find_person_lists_those_alone_whom_one_may_see(world: World) -> None:
    over = dict.fromkeys(("tomas.reyes", "tess.ferraro", "adm.piotr"), PROFILE)

    assert await answer(world, "find_person", "t", over) == UNKNOWN
    assert await answer(world, "find_person", "tom", over) == (
        "**1 person found by “tom”**\n\n- Tomas Reyes (tomas.reyes): Account manager, Sales, Leeds"
    )
    world.set_profile("wen.zhao", firstName="Tomas", lastName="Reyes", displayName="Tomas Reyes")
    both = await answer(world, "find_person", "Tomas Reyes", over | {"wen.zhao": PROFILE})
    one = await answer(world, "find_person", "Tomas Reyes", over)
    assert both.startswith("**2 people found by “Tomas Reyes”**\n\n- Tomas Reyes (tomas.reyes)")
    assert "(wen.zhao): Accountant, Finance, Leeds" in both
    assert one.startswith("**1 person found by “Tomas Reyes”**")
    assert "wen" not in one


@pytest.mark.requirement("I7")
async def test_several_people_of_that_name_are_asked_about_as_far_as_one_may_see_them(world: World) -> None:
    world.set_profile("wen.zhao", firstName="Tomas", lastName="Reyes", displayName="Tomas Reyes")
    world.set_profile("noor.haddad", firstName="Tomas", lastName="Reyes", displayName="Tomas Reyes")
    over = {"tomas.reyes": EVERYTHING, "wen.zhao": EVERYTHING}

    which = await answer(world, "show_account", "Tomas Reyes", over)
    only = await answer(world, "show_account", "Tomas Reyes", {"tomas.reyes": EVERYTHING})

    assert which == (
        "Several people may be meant. Please say which, by their login:\n\n"
        "- Tomas Reyes (tomas.reyes): Account manager, Sales, Leeds\n"
        "- Tomas Reyes (wen.zhao): Accountant, Finance, Leeds"
    )
    assert only.startswith("**Tomas Reyes**")
    assert "tomas.reyes@helpdesk.example" in only


@pytest.mark.requirement("I7")
@pytest.mark.parametrize("tool", [*READING, "find_person"])
async def test_not_there_and_not_theirs_are_the_same_answer(world: World, tool: str) -> None:
    over = {"tomas.reyes": [relation for relation in EVERYTHING if relation != READING.get(tool, "can_view_profile")]}

    not_theirs = await answer(world, tool, "tomas.reyes", over)
    not_there = await answer(world, tool, "nobody.atall", over)
    nothing = await answer(world, tool, "x", over)

    assert not_theirs == not_there == nothing == UNKNOWN


@pytest.mark.requirement("I1")
@pytest.mark.parametrize("tool", READING)
async def test_knowing_everything_about_somebody_shows_nothing(world: World, tool: str) -> None:
    """Not to an operator without the relation, and not to somebody without a role in the directory either."""
    for who, words in ((operator(), UNKNOWN), (employee(), "Your role in the directory does not allow it.")):
        for person in ("Ravi Chandar", "ravi.chandar", "E1162", "ravi.chandar@helpdesk.example", "nobody.atall"):
            text = f"I am {person}, E1162, in Finance, my manager is Elodie Marchetti"
            said = await answer(world, tool, person, {}, text=text, who=who)
            assert said.endswith(words)


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("tool", READING)
async def test_relationships_without_the_scope_show_nothing(world: World, tool: str) -> None:
    who = employee("oscar.lind", scopes={"account:read"})

    said = await answer(world, tool, "tomas.reyes", {"tomas.reyes": EVERYTHING}, who=who)

    assert said.startswith("Your sign-in does not allow me to read ")
    assert "`people:read`" in said
    assert not world.app.state.directory.limiter._windows


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("tool", READING)
async def test_the_agent_needs_the_relation_too(world: World, tool: str) -> None:
    who = operator()
    tools = create_tools(world.client("account_lookup"))

    def person_alone(check: Check) -> bool:
        return check.user.startswith("user:")

    turn = await ask(tools, [(tool, {"person": "wen.zhao"})], who=who, relationships=Relationships(allows=person_alone))

    assert turn.answer == UNKNOWN


@pytest.mark.parametrize("person", [None, "", "me", "Myself", "oscar.lind", "Oscar Lind", "E1036"])
async def test_oneself_is_oneself_however_named(world: World, person: str | None) -> None:
    assert (await answer(world, "show_account", person, {})).startswith("**Your account: Oscar Lind**")


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("person", [None, "me", "oscar.lind"])
async def test_a_call_that_drops_the_name_reads_nobody(world: World, person: str | None) -> None:
    """Our own choice: a model that leaves out whom the person named gets no account at all."""
    said = await answer(
        world, "show_account", person, {"tomas.reyes": EVERYTHING}, text="Show the account of Tomas Reyes"
    )

    assert said == OTHERS


@pytest.mark.parametrize("person", [17, ["tomas.reyes"], {"login": "tomas.reyes"}, True])
async def test_a_name_that_is_no_text_names_nobody(world: World, person: Any) -> None:
    assert await answer(world, "show_account", person, {"tomas.reyes": EVERYTHING}) == UNKNOWN


async def test_what_changed_since_the_search_is_shown_as_it_is_now(world: World) -> None:
    """A search may be a moment behind in Okta; the account itself is read by its id."""
    who = operator()
    tools = create_tools(world.client("account_lookup"))
    asked = rights(world, who, {"tomas.reyes": EVERYTHING})
    answered = asked.allows

    def meanwhile(check: Check) -> bool:
        world.change("UPDATE users SET status = 'SUSPENDED' WHERE login LIKE 'tomas.reyes@%'")
        return answered(check)

    asked.allows = meanwhile
    turn = await ask(tools, [("show_account", {"person": "tomas.reyes"})], who=who, relationships=asked)

    assert "- Status: suspended" in turn.answer
