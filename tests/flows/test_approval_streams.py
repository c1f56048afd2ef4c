"""While a task waits for approval others are served, and whoever left hears the answer, however they come back."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.tenant import _backchannel
from shared.testing import LoopbackServer
from tests.flows._approvals import DONE, QUESTION, WAITS, answer, at_the_phone, code_of, look, resets, until, waiting
from tests.flows._world import Person, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch, World(folder, supervisor={"push_notifications": "this-machine"}) as one:
        patch.setattr(_backchannel, "INTERVAL", 1)
        yield one


async def _subscribed(person: Person, task_id: str) -> AsyncGenerator[dict[str, Any], None]:
    body = {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": "SubscribeToTask", "params": {"id": task_id}}
    headers = {"Authorization": f"Bearer {person.token}", "A2A-Version": "1.0"}
    async with person.http.stream("POST", person.world.url("supervisor"), json=body, headers=headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))["result"]


def _state(event: dict[str, Any]) -> str:
    source = event.get("task") or event.get("statusUpdate")
    return str(source["status"]["state"]) if source else ""


async def test_a_stream_that_was_left_is_taken_up_by_subscribing(world: World, http: httpx.AsyncClient) -> None:
    person = await Person.sign_in(world, "amelia.hart", http)
    async with aclosing(person.stream(QUESTION)) as events:
        async for event in events:
            if _state(event) == WAITS:
                break
            task_id = event.get("task", {}).get("id") or event.get("statusUpdate", {}).get("taskId")
    task = await look(person, str(task_id))

    heard = list[dict[str, Any]]()
    async with asyncio.timeout(30), aclosing(_subscribed(person, task["id"])) as events:
        async for event in events:
            heard.append(event)
            if len(heard) == 1:
                assert _state(event) == WAITS
                await at_the_phone(world, "amelia.hart", "approve", code_of(task))

    assert _state(heard[-1]) == DONE
    assert "on its way" in str(heard)
    assert resets(world, "amelia.hart") == 1


async def test_a_subscription_outlives_a_restart_of_the_agent_behind(world: World, http: httpx.AsyncClient) -> None:
    """The supervisor's stream stays; password_reset comes back, and its task goes on."""
    person, task = await waiting(world, "yuki.arano", http)
    states = list[str]()
    async with asyncio.timeout(40), aclosing(_subscribed(person, task["id"])) as events:
        async for event in events:
            states.append(_state(event))
            if len(states) == 1:
                world.stop("password_reset")
                world.start("password_reset")
                await at_the_phone(world, "yuki.arano", "approve", code_of(task))
    assert states[-1] == DONE
    assert resets(world, "yuki.arano") == 1


async def test_whoever_polls_hears_it_too(world: World, http: httpx.AsyncClient) -> None:
    person, task = await waiting(world, "tomas.reyes", http)
    await at_the_phone(world, "tomas.reyes", "deny", code_of(task))
    assert "**denied**" in answer(await until(person, task["id"], DONE))


async def test_whoever_asked_for_it_is_told_by_push_notification(world: World, http: httpx.AsyncClient) -> None:
    told, called = list[dict[str, Any]](), asyncio.Queue[None]()

    async def take(request: Request) -> Response:
        told.append({"token": request.headers.get("x-a2a-notification-token"), **await request.json()})
        loop.call_soon_threadsafe(called.put_nowait, None)
        return Response()

    loop = asyncio.get_running_loop()
    person, task = await waiting(world, "wen.zhao", http)
    with LoopbackServer() as receiver:
        receiver.start(Starlette(routes=[Route("/told", take, methods=["POST"])]))
        config = {"taskId": task["id"], "url": f"{receiver.url}told", "token": "mine"}
        assert "result" in await person.call("CreateTaskPushNotificationConfig", config)
        inside = config | {"url": "https://169.254.169.254/latest/meta-data/"}
        assert (await person.call("CreateTaskPushNotificationConfig", inside))["error"]["code"] == -32602
        await at_the_phone(world, "wen.zhao", "approve", code_of(task))
        async with asyncio.timeout(40):  # nobody looks meanwhile
            await called.get()
    (notification,) = told
    assert notification["token"] == "mine"
    assert notification["statusUpdate"]["taskId"] == task["id"]
    assert notification["statusUpdate"]["status"]["state"] == DONE
    assert "on its way" in answer(await look(person, task["id"]))


async def test_several_that_wait_hold_up_nobody(world: World, http: httpx.AsyncClient) -> None:
    logins = ("noor.haddad", "beatriz.nunes", "kirsten.vale", "elodie.marchetti")
    waits = dict(zip(logins, await asyncio.gather(*(waiting(world, one, http) for one in logins)), strict=True))
    person = waits["noor.haddad"][0]
    replies = await asyncio.gather(
        *(person.ask("What is the password policy?") for _ in range(10)),
        *(one.ask("Where is the VPN guide?") for one, _ in waits.values()),
    )
    assert all(reply.state == DONE for reply in replies)

    for login in reversed(logins):  # each is decided by itself, in whatever order
        await at_the_phone(world, login, "approve", code_of(waits[login][1]))
    await asyncio.gather(*(until(one, task["id"], DONE) for one, task in waits.values()))
    assert [resets(world, login) for login in logins] == [1] * 4
