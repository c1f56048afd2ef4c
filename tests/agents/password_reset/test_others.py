"""What help-desk staff have done for others: named by them, permitted by relationships, once, and not too often."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from agents.password_reset.acts import ACTS as DECLARED
from agents.password_reset.tools import UNKNOWN
from tests.agents._asking import OPERATOR_SCOPES, ask, employee, operator
from tests.agents._rights import rights
from tests.agents.password_reset._helping import (
    EVENTS,
    EVERY,
    READS,
    RELATIONS,
    SCOPES,
    TEXTS,
    acts,
    answer,
    changed,
    subject_of,
    tools_of,
    turn,
)
from tests.directory._world import World, asker


async def test_an_operator_unlocks_somebody(world: World) -> None:
    text = await answer(world, "unlock_account", "ravi.chandar")

    assert text.startswith("**The account of Ravi Chandar is unlocked.** It had been locked since Monday 23 November")
    assert world.status("ravi.chandar") == "ACTIVE"
    assert changed(world) == {"ravi.chandar"}
    assert acts(world) == ["user.account.unlock_by_admin"]


@pytest.mark.requirement("I4")
async def test_an_operator_has_a_link_sent_to_the_owner_alone(world: World) -> None:
    done = await turn(world, "reset_password", "tomas.reyes")

    [mail] = world.outbox()
    assert mail["recipient"] == "tomas@letters.example"
    assert done.answer.startswith("**A link to choose a new password is on its way to Tomas Reyes**")
    assert "letters.example" not in str((done.answers, done.model.seen))
    assert mail["link"] not in str((done.answers, done.model.seen))


async def test_an_operator_has_a_password_expire(world: World) -> None:
    text = await answer(world, "expire_password", "tomas.reyes")

    assert text.startswith("**The password of Tomas Reyes has expired.**")
    assert world.status("tomas.reyes") == "PASSWORD_EXPIRED"
    again = await answer(world, "expire_password", "tomas.reyes")
    assert again.startswith("I cannot have the password expire: the account of Tomas Reyes is active, with an expired")
    assert acts(world) == ["user.account.expire_password"]


@pytest.mark.parametrize(
    ("factor", "text", "gone", "left"),
    [
        ("all", "Remove all factors of olu.adeyemi", {"push", "webauthn", "token:software:totp"}, set()),
        ("push", "Remove the push factor of olu.adeyemi", {"push"}, {"webauthn", "token:software:totp"}),
        ("code", "Reset MFA of olu.adeyemi, codes only", {"token:software:totp"}, {"push", "webauthn"}),
        ("security_key", "Remove olu.adeyemi's security key", {"webauthn"}, {"push", "token:software:totp"}),
        ("text_message", "Remove the text message factor of olu.adeyemi", set(), {"push", "webauthn"}),
    ],
)
async def test_an_operator_removes_factors_one_kind_or_all(
    world: World, factor: str, text: str, gone: set[str], left: set[str]
) -> None:
    said = await answer(world, "reset_factors", "olu.adeyemi", text=text, factor=factor)

    user_id = world.user("olu.adeyemi")["id"]
    kinds = {row["factor_type"] for row in world.rows("SELECT factor_type FROM factors WHERE user_id = ?", user_id)}
    assert not gone & kinds
    assert left <= kinds
    if gone:
        assert said.startswith(f"**{len(gone)} factor{'s' if len(gone) > 1 else ''} of Olu Adeyemi removed**: ")
    else:
        assert said.startswith("Olu Adeyemi has enrolled no factor of the kind “text message”")
    assert len(acts(world)) == (1 if gone else 0)


async def test_one_factor_of_an_unclear_kind_is_asked_about(world: World) -> None:
    """Our own choice: whoever speaks of one factor does not have all of them removed."""
    said = await answer(world, "reset_factors", "olu.adeyemi", text="Remove the old phone factor of olu.adeyemi")

    assert said.startswith("Which one? Nothing was changed so far. Olu Adeyemi has enrolled:\n\n- push notification\n")
    assert acts(world) == []


@pytest.mark.requirement("I5")
@pytest.mark.parametrize(
    "text", ["Reset the password of tomas.reyes", "tomas.reyes cannot sign in, reset him", "Unlock tomas.reyes"]
)
async def test_factors_are_not_removed_where_a_password_is_spoken_of(world: World, text: str) -> None:
    """Whichever tool a model picks."""
    said = await answer(world, "reset_factors", "tomas.reyes", text=text)

    assert said.startswith("If factors of Tomas Reyes are to be removed, say “remove the factors of tomas.reyes”")
    assert acts(world) == []


@pytest.mark.requirement("I5")
@pytest.mark.parametrize(
    ("tool", "what"), [("reset_factors", "remove factors"), ("expire_password", "have a password")]
)
@pytest.mark.parametrize("person", ["me", "", "oscar.lind"])
async def test_nobody_removes_their_own_factors(world: World, tool: str, what: str, person: str) -> None:
    said = await answer(world, tool, person, {}, text=f"Remove all my factors, expire my password ({person})")

    assert said.startswith((f"I do not {what}", UNKNOWN))
    assert acts(world) == []


@pytest.mark.parametrize("tool", TEXTS)
async def test_a_question_about_an_act_on_others_is_none(world: World, tool: str) -> None:
    person = subject_of(tool)
    for text in (
        f"How do I reset the password of {person}?",
        f"Why was {person} unlocked, and his factors removed, and his password expired?",
        f"What happens if I expire the password of {person}?",
        f"Please do not reset {person}'s MFA or password, and don't unlock or expire anything",
    ):
        assert "Nothing was changed so far." in await answer(world, tool, person, text=text), text
    assert acts(world) == []


@pytest.mark.requirement("I7")
@pytest.mark.parametrize("tool", [*TEXTS, *READS])
async def test_not_there_and_not_theirs_are_the_same_answer(world: World, tool: str) -> None:
    person, needed = subject_of(tool), RELATIONS.get(tool, "can_read_state")
    other = [relation for relation in EVERY if relation != needed]

    not_theirs = await answer(world, tool, person, {person: other})
    not_there = await answer(world, tool, "nobody.atall", {person: other})

    assert not_theirs == not_there == UNKNOWN
    assert "administrators" in UNKNOWN
    assert "security team" in UNKNOWN
    assert acts(world) == []


@pytest.mark.requirement("I1")
@pytest.mark.parametrize("tool", [*TEXTS, *READS])
async def test_a_manager_who_knows_everything_changes_nothing(world: World, tool: str) -> None:
    """Elodie is the manager of Ravi; that is no relation to change his account, and no role in the directory."""
    elodie = asker("elodie.marchetti", OPERATOR_SCOPES)
    for who, words in ((elodie, "Your role in the directory does not allow it."), (operator(), UNKNOWN)):
        for person in ("Ravi Chandar", "ravi.chandar", "E1162", "ravi.chandar@helpdesk.example", "nobody.atall"):
            text = f"Reset, unlock, expire MFA of my report {person}"
            said = await answer(world, tool, person, {}, who=who, text=text)
            assert said.endswith(words)
    assert acts(world) == []


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("tool", TEXTS)
@pytest.mark.parametrize("lacking", ["people:manage", "the act's own"])
async def test_relationships_without_each_scope_change_nothing(world: World, tool: str, lacking: str) -> None:
    scope = SCOPES[tool] if lacking == "the act's own" else lacking
    who = asker("oscar.lind", OPERATOR_SCOPES - {scope})

    said = await answer(world, tool, subject_of(tool), who=who)

    assert said.startswith("Your sign-in does not allow me to ")
    assert f"`{scope}`" in said
    assert acts(world) == []
    assert not world.app.state.directory.limiter._windows


@pytest.mark.requirement("B5")
async def test_an_employee_s_scopes_reach_nobody_else_whatever_the_relationships(world: World) -> None:
    said = await answer(world, "unlock_account", "ravi.chandar", who=employee("tomas.reyes"))

    assert "`people:manage`" in said
    assert world.status("ravi.chandar") == "LOCKED_OUT"


@pytest.mark.requirement("B8")
@pytest.mark.parametrize("tool", TEXTS)
async def test_a_right_that_ends_between_the_plan_and_the_act_is_gone_at_the_act(world: World, tool: str) -> None:
    who, person = operator(), subject_of(tool)
    asked = rights(world, who, {person: EVERY})
    rule = asked.allows
    asked.allows = lambda check: len(asked.asked) == 1 and rule(check)

    done = await ask(
        tools_of(world),
        [(tool, {"person": person})],
        who=who,
        text=TEXTS[tool].format(person),
        relationships=asked,
    )

    assert len(asked.asked) == 2
    assert UNKNOWN in done.answer
    assert acts(world) == []


@pytest.mark.requirement("I2")
@pytest.mark.parametrize("tool", TEXTS)
@pytest.mark.parametrize("login", ["adm.piotr", "adm.rosalind", "svc.payroll", "svc.backup"])
async def test_administrators_and_services_are_refused_though_every_relationship_is_there(
    world: World, tool: str, login: str
) -> None:
    before = world.user(login)

    said = await answer(world, tool, login)

    assert re.match(r"This is (an administrator's|a service) account, and such accounts are never \w+ here\.", said)
    assert "Please ask the security team" in said
    assert world.user(login) == before
    assert acts(world) == []


@pytest.mark.requirement("I6")
async def test_links_for_somebody_are_throttled_whoever_asks_for_them(world: World) -> None:
    for login in ("oscar.lind", "fatima.benali", "oscar.lind"):
        assert "on its way" in await answer(world, "reset_password", "tomas.reyes", who=operator(login))
        world.clock.advance(60)

    refused = await answer(world, "reset_password", "tomas.reyes", who=operator("fatima.benali"))
    own = await ask(tools_of(world), [("reset_password", {})], who=employee("tomas.reyes"), text="Reset my password")

    assert refused.startswith("3 reset links for the account of Tomas Reyes went out within the last hour")
    assert own.answer.startswith("3 reset links for your account went out within the last hour")
    assert acts(world) == ["user.account.reset_password"] * 3


@pytest.mark.requirement("I6")
async def test_changes_for_others_are_counted_for_whoever_has_them_made(world: World) -> None:
    tools = tools_of(world, changes_for_others_per_hour=2)
    people = ("tomas.reyes", "wen.zhao", "noor.haddad")
    for person in people[:2]:
        await answer(world, "expire_password", person, tools=tools)
        world.clock.advance(600)
    refused = await answer(world, "expire_password", people[2], tools=tools)
    own = await answer(world, "reset_password", "me", {}, text="Reset my password", tools=tools)
    other = await answer(world, "expire_password", people[2], tools=tools, who=operator("fatima.benali"))
    world.clock.advance(2401)
    later = await answer(world, "reset_password", people[2], tools=tools)

    assert refused.startswith("You had 2 changes made to other people's accounts within the last hour")
    assert "You can ask again in 40 minutes" in refused
    assert "on its way" in own
    assert other.startswith("**The password of Noor Haddad has expired.**")
    assert "on its way" in later


@pytest.mark.requirement("I6")
async def test_many_at_once_do_not_slip_past_either_throttle(world: World) -> None:
    tools = tools_of(world, changes_for_others_per_hour=3)
    people = ["tomas.reyes", "wen.zhao", "noor.haddad", "sam.whitlock", "kirsten.vale", "beatriz.nunes"]

    said = await asyncio.gather(*(answer(world, "expire_password", person, tools=tools) for person in people))

    assert sum(text.startswith("**The password of") for text in said) == 3
    assert acts(world) == ["user.account.expire_password"] * 3


@pytest.mark.requirement("C6")
@pytest.mark.parametrize("tool", TEXTS)
async def test_an_act_in_doubt_is_told_as_such_and_not_repeated(world: World, tool: str) -> None:
    who, person = operator(), subject_of(tool)
    world.faults.acts_only = world.faults.lose_answers = True
    done = await ask(
        tools_of(world),
        [(tool, {"person": person})] * 2,
        who=who,
        text=TEXTS[tool].format(person),
        relationships=rights(world, who, {person: EVERY}),
    )

    assert len(done.answers) == 2
    for text in done.answers:
        assert text.startswith("The directory did not confirm it, so I cannot tell whether I was able to")
        assert "ask me for the state of the account" in text
    assert acts(world) == [EVENTS[tool]]


async def test_a_removal_that_breaks_off_in_the_middle_is_in_doubt(world: World) -> None:
    """Two factors of one kind, and the directory goes away after the first is gone."""
    world.change("UPDATE factors SET factor_type = 'push' WHERE user_id = ?", world.user("olu.adeyemi")["id"])
    directory = world.app.state.directory
    execute = directory.database.execute

    def once(sql: str, parameters: Sequence[object] = ()) -> int:
        if sql.startswith("DELETE FROM factors"):
            world.faults.acts_only = world.faults.away = True
        return int(execute(sql, parameters))

    directory.database.execute = once
    said = await answer(
        world, "reset_factors", "olu.adeyemi", text="Remove the push factor of olu.adeyemi", factor="push"
    )

    assert "I cannot tell whether I was able to remove factors" in said
    assert "Nothing was changed" not in said


@pytest.mark.parametrize(
    ("login", "words"),
    [("bram.koster", "suspended"), ("eirik.thorsen", "not activated"), ("paula.greave", "closed")],
)
async def test_accounts_in_no_state_for_it_are_told_why(world: World, login: str, words: str) -> None:
    for tool in ("reset_password", "expire_password"):
        said = await answer(world, tool, login)
        assert said.startswith("I cannot ")
        assert words in said
        assert not re.search(r"\byour\b", said)
    assert "There is nowhere" not in await answer(world, "unlock_account", login)
    assert acts(world) == []


async def test_without_a_recovery_address_nothing_is_sent_to_anybody(world: World) -> None:
    said = await answer(world, "reset_password", "grete.lindqvist")

    assert said.startswith("The directory has no recovery address for Grete Lindqvist")
    assert world.outbox() == []


def test_each_act_is_declared_with_what_it_needs() -> None:
    assert {(act.relation, act.scope) for act in DECLARED} == {
        (RELATIONS[tool], scope) for tool, scope in SCOPES.items()
    }
    assert {act.name for act in DECLARED if act.risk is not None} == {"reset_password", "reset_factors"}
