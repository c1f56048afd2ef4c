"""The state of an account and of its earlier resets, told to its owner and to whoever helps them."""

import re

import pytest

from tests.agents._asking import ask, employee, operator
from tests.agents.password_reset._helping import answer, tools_of
from tests.directory._world import World


@pytest.mark.parametrize("reached", ["nothing", "sent", "used", "expired", "replaced"])
async def test_the_state_of_an_earlier_reset(world: World, reached: str) -> None:
    if reached != "nothing":
        await answer(world, "reset_password", "tomas.reyes")
    world.clock.advance(600)
    if reached == "used":
        form = {"password": "A-perfectly-good-1", "repeat": "A-perfectly-good-1"}
        assert (await world.http.post(world.outbox()[0]["link"], data=form)).status_code == 200
    if reached == "replaced":
        await answer(world, "reset_password", "tomas.reyes", who=operator("fatima.benali"))
    world.clock.advance(3600 if reached == "expired" else 60)

    said = await answer(world, "link_state", "tomas.reyes")
    own = await ask(tools_of(world), [("link_state", {})], who=employee("tomas.reyes"), text="Did I get a link?")

    if reached == "nothing":
        assert said == "The password of Tomas Reyes was not reset in the last 30 days, so no link was sent."
        return
    assert re.match(
        r"\*\*The password of Tomas Reyes was last reset on Monday 23 November 2026, 14:[34]0 UTC "
        r"\(\d+ minutes? ago\), by (Oscar Lind|Fatima Benali), through password_reset\.\*\*",
        said,
    )
    expected = {
        "sent": "has not been used yet. It works until Monday 23 November 2026, 15:30 UTC (in 49 minutes).",
        "used": "The link was used 1 minute ago, on Monday 23 November 2026, 14:40 UTC: a new password is set.",
        "expired": "was not used. It stopped working on Monday 23 November 2026, 15:30 UTC (10 minutes ago).",
        "replaced": "- Monday 23 November 2026, 14:30 UTC: a newer link replaced it before it was used",
    }[reached]
    assert expected in said
    assert own.answer.startswith("**Your password was last reset on Monday")
    assert "letters.example" not in said


async def test_one_s_own_reset_is_one_s_own(world: World) -> None:
    await ask(tools_of(world), [("reset_password", {})], who=employee("tomas.reyes"), text="Reset my password")

    own = await ask(tools_of(world), [("link_state", {})], who=employee("tomas.reyes"), text="What of my reset?")
    theirs = await answer(world, "link_state", "tomas.reyes")

    assert "by you, through password_reset.**" in own.answer
    assert "by the person themselves, through password_reset.**" in theirs


async def test_why_one_s_own_account_is_locked_is_told_with_the_places(world: World) -> None:
    text = "Why is my account locked?"
    done = await ask(tools_of(world), [("account_state", {})], who=employee("ravi.chandar"), text=text)

    assert "6 attempts to sign in failed in a row before it was locked." in done.answer
    assert "(6 times, wrong password), from Bristol, United Kingdom" in done.answer


async def test_the_state_of_somebody_s_account_says_what_led_to_it(world: World) -> None:
    said = await answer(world, "account_state", "ravi.chandar")

    assert said.startswith("**The account of Ravi Chandar is locked, since Monday 23 November 2026")
    assert "6 attempts to sign in failed in a row before it was locked." in said
    assert "- Password last changed: " in said
    assert "Bristol" not in said
    assert not re.search(r"\b[Yy]our?\b", said)
