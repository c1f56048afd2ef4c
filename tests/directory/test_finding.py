"""Finding accounts by what people call somebody, through the typed client against the real directory application."""

import pytest

from tests.directory._world import World, asker

OSCAR = asker("oscar.lind", ())


async def found(world: World, text: str, *, limit: int = 10) -> list[str]:
    users = await world.client("account_lookup").find(OSCAR, text, limit=limit)
    return [user.login.partition("@")[0] for user in users]


@pytest.mark.parametrize(
    "text",
    [
        *("tomas.reyes", "Tomas.Reyes", "tomas.reyes@helpdesk.example", "E1015", "e1015"),
        *("Tomas Reyes", "tomas  reyes", "Reyes, Tomas", "Reyes Tomas", "Tom Rey", "reyes", "Tomas"),
    ],
)
async def test_one_person_by_each_of_what_they_are_called(world: World, text: str) -> None:
    assert await found(world, text) == ["tomas.reyes"]


async def test_a_beginning_finds_all_that_begin_so_in_the_order_of_names(world: World) -> None:
    assert await found(world, "no") == ["noor.haddad"]
    assert await found(world, "adm.") == ["adm.piotr", "adm.rosalind"]
    assert await found(world, "li") == ["grete.lindqvist", "oscar.lind"]
    assert await found(world, "li", limit=1) == ["grete.lindqvist"]


async def test_who_is_named_in_full_is_not_confused_with_who_only_begins_so(world: World) -> None:
    world.set_profile("wen.zhao", firstName="Oscar", lastName="Lindgren", displayName="Oscar Lindgren")

    assert await found(world, "Oscar Lind") == ["oscar.lind"]
    assert await found(world, "Oscar L") == ["oscar.lind", "wen.zhao"]


async def test_namesakes_are_both_found(world: World) -> None:
    world.set_profile("wen.zhao", firstName="Tomas", lastName="Reyes", displayName="Tomas Reyes")

    assert await found(world, "Tomas Reyes") == ["tomas.reyes", "wen.zhao"]


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a", "*", "%", "nobody.atall", "E10", "10", "eyes", "a b c d e f", "x" * 101),
        *('x" or profile.login pr or profile.login eq "', 'x") or (profile.login pr', "\\", "\u202emoc", "00u"),
    ],
)
async def test_what_means_nobody_finds_nobody(world: World, text: str) -> None:
    """A part from the middle of a name, a part of a number, and whatever tries to be more than a text."""
    assert await found(world, text) == []


async def test_text_too_short_or_too_long_is_not_even_asked_about(world: World) -> None:
    await found(world, "a")
    await found(world, "x" * 101)

    assert not world.app.state.directory.limiter._windows
