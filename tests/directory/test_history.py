"""What was done to an account, and what became of its resets: from the directory's log, through the typed client."""

from datetime import timedelta

import httpx
import pytest

from shared.directory import AccountAct, ActKind, Reset, User
from tests.directory._world import NOW, World, asker

OSCAR = asker("oscar.lind", ())
PASSWORD = "A-perfectly-good-1"


async def account(world: World, login: str) -> User:
    [user] = await world.client().find(OSCAR, login, limit=2)
    return user


async def acts(world: World, login: str, *, days: int = 30) -> list[AccountAct]:
    user = await account(world, login)
    return await world.client().acts(OSCAR, user, since=NOW - timedelta(days=days), limit=50)


async def resets(world: World, login: str = "tomas.reyes") -> list[Reset]:
    return await world.client().resets(OSCAR, await account(world, login), since=NOW - timedelta(days=30))


async def choose_password(world: World, link: str) -> httpx.Response:
    return await world.http.post(link, data={"password": PASSWORD, "repeat": PASSWORD})


async def test_a_lock_and_a_suspension_are_acts_with_their_actors(world: World) -> None:
    [locked] = await acts(world, "amelia.hart")
    [suspended] = await acts(world, "bram.koster")

    assert (locked.what, locked.by.name, locked.by.is_person) == (ActKind.LOCKED, "Amelia Hart", True)
    assert (suspended.what, suspended.by.name) == (ActKind.SUSPENDED, "Tess Ferraro")
    assert suspended.at == (await account(world, "bram.koster")).status_changed == NOW - timedelta(days=6)


async def test_what_an_agent_did_says_for_whom(world: World) -> None:
    client = world.client()
    user = await account(world, "tomas.reyes")
    await client.expire_password(OSCAR, user)
    world.clock.advance(1)
    await client.remove_factor(OSCAR, user, (await client.factors(OSCAR, user))[0])
    world.clock.advance(1)
    await client.reset_factors(OSCAR, user)

    done = await acts(world, "tomas.reyes")

    assert [act.what for act in done] == [ActKind.FACTORS_REMOVED, ActKind.FACTOR_REMOVED, ActKind.EXPIRED]
    assert {(act.by.name, act.by.is_person) for act in done} == {("Oscar Lind", True)}
    assert {act.by.through for act in done} == {"password_reset"}
    assert world.status("tomas.reyes") == "PASSWORD_EXPIRED"


async def test_sign_ins_and_other_people_s_acts_are_none(world: World) -> None:
    await world.act("wen.zhao", "suspend")

    assert await acts(world, "tomas.reyes") == []


@pytest.mark.parametrize("reached", ["sent", "used", "replaced"])
async def test_what_became_of_a_reset(world: World, reached: str) -> None:
    await world.client().reset_password(OSCAR, await account(world, "tomas.reyes"))
    world.clock.advance(60)
    if reached == "used":
        assert (await choose_password(world, world.outbox()[0]["link"])).status_code == 200
    if reached == "replaced":
        await world.act("tomas.reyes", "reset_password", sendEmail="true")

    *_, first = await resets(world)

    later = NOW + timedelta(seconds=60)
    assert (first.at, first.mailed) == (NOW, True)
    assert (first.used_at, first.replaced_at) == {
        "sent": (None, None),
        "used": (later, None),
        "replaced": (None, later),
    }[reached]
    assert len(await resets(world)) == (2 if reached == "replaced" else 1)


async def test_a_password_is_counted_for_the_last_reset_before_it(world: World) -> None:
    await world.act("tomas.reyes", "reset_password", sendEmail="true")
    world.clock.advance(60)
    await world.act("tomas.reyes", "reset_password", sendEmail="false")
    world.clock.advance(60)
    first, *_ = world.outbox()
    assert (await choose_password(world, first["link"])).status_code == 404  # a newer one was made
    await world.act("tomas.reyes", "reset_password", sendEmail="true")
    world.clock.advance(60)
    assert (await choose_password(world, world.outbox()[-1]["link"])).status_code == 200

    newest, middle, oldest = await resets(world)

    assert newest.used_at == NOW + timedelta(seconds=180)
    assert (middle.mailed, middle.used_at, middle.replaced_at) == (False, None, NOW + timedelta(seconds=120))
    assert (oldest.mailed, oldest.used_at, oldest.replaced_at) == (True, None, NOW + timedelta(seconds=60))
