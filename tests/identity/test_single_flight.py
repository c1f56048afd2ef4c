"""Work that is shared while it is under way, and not a moment longer."""

import asyncio

import pytest

from shared.identity._single_flight import SingleFlight


async def test_work_that_has_just_ended_is_not_joined() -> None:
    """A task is done some steps before its callbacks run; who asks between them must not get the old error."""
    flights: SingleFlight[str, int] = SingleFlight()
    runs: list[int] = []
    joined: list[asyncio.Task[int]] = []
    go = asyncio.Event()

    async def work() -> int:
        runs.append(len(runs))
        if len(runs) == 1:
            asyncio.get_running_loop().call_soon(lambda: joined.append(flights.start("key", work)))
            raise ValueError("the first time")
        await go.wait()
        return len(runs)

    first = flights.start("key", work)
    with pytest.raises(ValueError, match="first"):
        await first
    (second,) = joined
    assert second is not first
    await asyncio.sleep(0)  # the callbacks of the first have run: they leave the second alone
    assert flights.start("key", work) is second
    go.set()
    assert await second == 2
    assert runs == [0, 1]


async def test_keys_do_not_wait_for_each_other() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    go = asyncio.Event()

    async def waits() -> str:
        await go.wait()
        return "waited"

    async def ready() -> str:
        return "ready"

    waiting = asyncio.create_task(flights.do("a", waits))
    assert await flights.do("b", ready) == "ready"
    go.set()
    assert await waiting == "waited"
