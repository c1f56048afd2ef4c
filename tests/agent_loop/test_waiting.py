"""The waiting room: how often it looks, how long, for how many, and what it forgets."""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from a2a.server.context import ServerCallContext

from shared.a2a import Caller
from shared.agent_loop import WaitingRoom, _waiting
from shared.errors import UpstreamUnavailable, WaitsForPerson
from shared.identity import RawToken
from shared.testing import make_principal

PAUSE = 0.01


@dataclass
class Door:
    """What a person has done, and what was had to go on."""

    open: bool = False
    looks: list[float] = field(default_factory=list)
    gone_on: list[str] = field(default_factory=list)
    busy: int = 0
    away: int = 0

    @property
    def looked(self) -> int:
        return len(self.looks)

    async def is_over(self) -> bool:
        self.looks.append(asyncio.get_running_loop().time())
        if self.away:
            self.away -= 1
            raise UpstreamUnavailable("token vault")
        return self.open

    async def resume(self, task_id: str, context: ServerCallContext) -> bool:
        assert context.state["caller"].user.subject == "auth0|amelia"
        if self.busy:
            self.busy -= 1
            return False
        self.gone_on.append(task_id)
        return True

    def waits(self, *, expires_at: float | None = None) -> WaitsForPerson:
        return WaitsForPerson(subject="directory-read", expires_at=expires_at, is_over=self.is_over)


def _caller() -> Caller:
    return Caller(make_principal("auth0|amelia"), None, RawToken("never-used"))


def _room(door: Door, **more: float) -> WaitingRoom:
    room = WaitingRoom(first_pause=PAUSE, clock=lambda: more.get("now", 0.0) + asyncio.get_running_loop().time())
    room.bind(door.resume)
    return room


def _enter(room: WaitingRoom, task_id: str, *errors: WaitsForPerson) -> None:
    room.enter(task_id, _caller(), ServerCallContext(), errors)


async def _until(looks: int, door: Door) -> None:
    for _ in range(500):
        if door.looked >= looks or door.gone_on:
            return
        await asyncio.sleep(PAUSE)
    raise AssertionError(door)


async def test_it_goes_on_once_when_the_person_has_done_it() -> None:
    door = Door(busy=1, away=1)
    room = _room(door)
    _enter(room, "task", door.waits())
    await _until(2, door)
    assert door.gone_on == []

    door.open = True
    await _until(1000, door)
    await asyncio.sleep(10 * PAUSE)

    assert door.gone_on == ["task"]
    await room.aclose()


async def test_it_looks_ever_less_often() -> None:
    door = Door()
    room = _room(door)
    _enter(room, "task", door.waits())

    await asyncio.sleep(100 * PAUSE)

    assert 2 <= door.looked <= 12  # evenly paced it would be a hundred
    await room.aclose()


async def test_it_looks_at_once_and_often_at_what_is_asked_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waiting, "ASKED_AFTER_SECONDS", 2 * PAUSE)
    door = Door()
    room = _room(door)
    _enter(room, "task", door.waits())
    await asyncio.sleep(100 * PAUSE)  # by now it would look every half a second
    with room.asked_after("task"), room.asked_after("another"):
        begun = door.looked
        await _until(begun + 16, door)
    pauses = [after - before for before, after in pairwise(door.looks[begun:])]
    assert min(pauses[-4:]) < 20 * PAUSE  # ever less often, it would be a second; one that is busy only looks later
    assert room._asked_after == {}
    await room.aclose()


async def test_of_several_things_all_have_to_be_done() -> None:
    done, open_ = Door(open=True), Door()
    room = _room(done)
    _enter(room, "task", done.waits(), open_.waits())
    await _until(2, open_)

    assert done.gone_on == []
    await room.aclose()


async def test_what_expires_and_what_is_cancelled_is_forgotten() -> None:
    door = Door(open=True)
    room = _room(door)
    _enter(room, "late", door.waits(expires_at=1.0))
    _enter(room, "cancelled", door.waits())
    room.leave("cancelled")

    await asyncio.sleep(10 * PAUSE)

    assert (door.looked, door.gone_on) == (0, [])
    await room.aclose()


async def test_it_does_not_outlive_the_callers_token() -> None:
    door = Door(open=True)
    room = _room(door, now=float(_caller().user.expires_at))
    _enter(room, "task", door.waits())

    await asyncio.sleep(10 * PAUSE)

    assert door.gone_on == []
    await room.aclose()


async def test_it_takes_no_more_than_it_has_room_for_and_none_that_it_cannot_watch() -> None:
    door = Door(open=True)
    room = _room(door)
    _enter(room, "blind", WaitsForPerson(subject="directory-read"))
    for number in range(_waiting.CAPACITY + 1):
        _enter(room, str(number), door.waits())

    for _ in range(500):
        if len(door.gone_on) >= _waiting.CAPACITY:
            break
        await asyncio.sleep(PAUSE)
    await asyncio.sleep(10 * PAUSE)

    assert len(door.gone_on) == len(set(door.gone_on)) == _waiting.CAPACITY
    assert "blind" not in door.gone_on
    await room.aclose()


@pytest.mark.requirement("E9")
async def test_whoever_looks_at_a_task_that_a_restart_forgot_has_it_go_on_once() -> None:
    door = Door()
    room = _room(door)
    context = ServerCallContext(state={"caller": _caller(), "method": "GetTask"})
    for _ in range(3):
        await room.look("forgotten", context)

    assert door.gone_on == ["forgotten"]
    await room.aclose()


async def test_a_look_at_a_task_that_is_watched_leaves_it_to_wait() -> None:
    door = Door()
    room = _room(door)
    _enter(room, "task", door.waits())
    await room.look("task", ServerCallContext(state={"caller": _caller()}))

    assert door.gone_on == []
    door.open = True
    await _until(1000, door)
    assert door.gone_on == ["task"]
    await room.look("task", ServerCallContext(state={"caller": _caller()}))
    assert door.gone_on == ["task"]
    await room.aclose()


async def test_what_ended_a_wait_is_still_told_after_its_end() -> None:
    door = Door()
    room = _room(door)
    now = asyncio.get_running_loop().time()
    _enter(room, "task", door.waits(expires_at=now + PAUSE))
    await asyncio.sleep(5 * PAUSE)
    door.open = True
    await _until(1000, door)

    assert door.gone_on == ["task"]
    await room.aclose()
