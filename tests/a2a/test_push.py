"""Push notifications: who may ask for them, where they go, what they say, and what becomes of those that fail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shared.a2a import Limits, _push
from shared.http import PublicUrls, create_public_http_client
from shared.testing import LoopbackServer
from tests.a2a._agent import ALICE, BOB, Agent, Answer, Issuer, message

CREATE, LISTED = "CreateTaskPushNotificationConfig", "ListTaskPushNotificationConfigs"


@dataclass
class Receiver:
    """What is called; it answers with each status in turn, then with 200."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path}", self._take, methods=["GET", "POST"])])

    async def _take(self, request: Request) -> Response:
        self.paths.append(f"{request.method} {request.url.path}")
        self.headers.append(dict(request.headers))
        if request.method == "POST":
            self.bodies.append(await request.json())
        status = self.statuses.pop(0) if self.statuses else 200
        return RedirectResponse("/elsewhere", status) if 300 <= status < 400 else Response(status_code=status)

    @property
    def told(self) -> list[str]:
        return [body["statusUpdate"]["status"]["state"].removeprefix("TASK_STATE_") for body in self.bodies]


@dataclass
class Names:
    """What names lead to; a test changes it."""

    found: dict[str, Sequence[str]] = field(default_factory=dict)

    async def __call__(self, host: str) -> Sequence[str]:
        return self.found.get(host, [host])


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def server(receiver: Receiver) -> Any:
    with LoopbackServer() as found:
        found.start(receiver.app)
        yield found


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr(_push, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(_push, "LOOK_SECONDS", 0.05)


@pytest.fixture
async def pushing(tmp_path: Path, issuer: Issuer, names: Names, database: str) -> AsyncIterator[Agent]:
    """An agent that tells URLs of this machine."""
    async with Agent(tmp_path, issuer, push_urls=PublicUrls(names, this_machine=True), database=database) as started:
        yield started


async def until(receiver: Receiver, calls: int) -> None:
    for _ in range(3000):
        if len(receiver.paths) >= calls:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(receiver.paths)


async def forgotten(agent: Agent, task_id: str) -> None:
    """Waits until nobody is to be told of a task: that is so once the receiver's last answer has come."""
    for _ in range(3000):
        if not (await agent.call(LISTED, {"taskId": task_id})).result.get("configs", []):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(task_id)


async def ask_for(agent: Agent, task_id: str, url: str, *, user: str = ALICE, **more: Any) -> Answer:
    return await agent.call(CREATE, {"taskId": task_id, "url": url, **more}, user=user)


async def test_whoever_asked_is_told_that_a_waiting_task_has_ended(
    pushing: Agent, receiver: Receiver, server: LoopbackServer
) -> None:
    task = (await pushing.send("auth")).task
    made = await ask_for(pushing, task["id"], f"{server.url}told", id="mine", token="shown-there")
    assert made.result == {"taskId": task["id"], "id": "mine", "url": f"{server.url}told"}

    await pushing.send("echo the secret answer", taskId=task["id"])
    await until(receiver, 1)

    (body,) = receiver.bodies
    assert body["statusUpdate"]["taskId"] == task["id"]
    assert body["statusUpdate"]["contextId"] == task["contextId"]
    assert receiver.told == ["COMPLETED"]
    assert receiver.headers[0]["x-a2a-notification-token"] == "shown-there"
    assert "authorization" not in receiver.headers[0]
    assert "secret answer" not in str(body)
    await forgotten(pushing, task["id"])


async def test_a_message_may_ask_for_it_and_a_wait_is_told_as_well(
    pushing: Agent, receiver: Receiver, server: LoopbackServer, binding: str
) -> None:
    configuration = {"taskPushNotificationConfig": {"url": f"{server.url}told"}}
    task = (await pushing.call("SendMessage", message("auth") | {"configuration": configuration}, binding=binding)).task
    await until(receiver, 1)
    await pushing.call("CancelTask", {"id": task["id"]})
    await until(receiver, 2)
    assert receiver.told == ["AUTH_REQUIRED", "CANCELED"]


@pytest.mark.requirement("C9")
async def test_whose_urls_take_their_time_to_look_up_gets_no_more_tasks_than_others(
    tmp_path: Path, issuer: Issuer
) -> None:
    """Each message looks up a name of its sender's choice, and so they can all be made to wait for one another."""
    asked, answered = asyncio.Semaphore(0), asyncio.Event()

    async def look_up(_: str) -> Sequence[str]:
        asked.release()
        await answered.wait()
        return ["127.0.0.1"]

    params = {"configuration": {"taskPushNotificationConfig": {"url": "http://slow.example/told"}}}
    limits = Limits(open_tasks=2)
    async with Agent(tmp_path, issuer, limits=limits, push_urls=PublicUrls(look_up, this_machine=True)) as agent:
        sending = [asyncio.create_task(agent.call("SendMessage", message("ask") | params)) for _ in range(5)]
        async with asyncio.timeout(20):
            for _ in sending:
                await asked.acquire()
        answered.set()
        answers = await asyncio.gather(*sending)
        assert sorted(answer.response.status_code for answer in answers) == [200, 200, 429, 429, 429]
        assert (await agent.call("ListTasks")).result["totalSize"] == 2


async def test_what_could_not_be_told_is_told_later_and_at_last_given_up(
    pushing: Agent, receiver: Receiver, server: LoopbackServer
) -> None:
    receiver.statuses = [500, 503]
    await _completed(pushing, f"{server.url}told")
    await until(receiver, 3)
    assert receiver.told == ["COMPLETED"] * 3

    receiver.statuses = [500] * 10
    task = await _completed(pushing, f"{server.url}told")
    await until(receiver, 6)
    for _ in range(100):
        if not (await pushing.call(LISTED, {"taskId": task["id"]})).result.get("configs"):
            break
        await asyncio.sleep(0.02)
    assert len(receiver.paths) == 6


async def test_what_a_process_had_left_to_tell_the_next_one_tells(
    tmp_path: Path,
    database: str,
    issuer: Issuer,
    names: Names,
    receiver: Receiver,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_push, "PAUSES", (0.5,) * 20)
    url = f"{server.url}told"
    server.stop()
    async with Agent(tmp_path, issuer, push_urls=PublicUrls(names, this_machine=True), database=database) as first:
        await _completed(first, url)
    server.start(receiver.app)
    async with Agent(tmp_path, issuer, push_urls=PublicUrls(names, this_machine=True), database=database):
        await until(receiver, 1)
    assert receiver.told == ["COMPLETED"]


async def _completed(agent: Agent, url: str) -> dict[str, Any]:
    task = (await agent.send("auth")).task
    assert (await ask_for(agent, task["id"], url)).error is None
    await agent.send("echo done", taskId=task["id"])
    return task


@pytest.mark.requirement("C1")
async def test_only_the_owner_of_a_task_has_it_told_of(pushing: Agent, server: LoopbackServer, binding: str) -> None:
    task = (await pushing.send("auth")).task
    assert (await ask_for(pushing, task["id"], f"{server.url}told", id="mine")).error is None
    for operation, more in (
        (CREATE, {"url": f"{server.url}told"}),
        ("GetTaskPushNotificationConfig", {"id": "mine"}),
        (LISTED, {}),
        ("DeleteTaskPushNotificationConfig", {"id": "mine"}),
    ):
        params = {"taskId": task["id"], **more}
        nothing = await pushing.call(operation, params | {"taskId": "nothing"}, user=BOB, binding=binding)
        theirs = await pushing.call(operation, params, user=BOB, binding=binding)
        assert theirs.reason == nothing.reason == "TASK_NOT_FOUND"
    assert [one["id"] for one in (await pushing.call(LISTED, {"taskId": task["id"]})).result["configs"]] == ["mine"]


async def test_who_does_not_want_to_be_told_any_more_is_not(
    pushing: Agent, receiver: Receiver, server: LoopbackServer, binding: str
) -> None:
    task = (await pushing.send("auth")).task
    for name in ("one", "two"):
        assert (await ask_for(pushing, task["id"], f"{server.url}{name}", id=name)).error is None
    params = {"taskId": task["id"], "id": "one"}
    found = await pushing.call("GetTaskPushNotificationConfig", params, binding=binding)
    assert found.result["url"] == f"{server.url}one"
    await pushing.call("DeleteTaskPushNotificationConfig", params, binding=binding)
    gone = await pushing.call("GetTaskPushNotificationConfig", params, binding=binding)
    assert gone.reason == "TASK_NOT_FOUND"
    await pushing.send("echo done", taskId=task["id"])
    await until(receiver, 1)
    assert receiver.paths == ["POST /two"]


async def test_there_are_few_of_a_task_and_no_credentials_of_it_are_kept(
    pushing: Agent, server: LoopbackServer
) -> None:
    task = (await pushing.send("auth")).task
    for number in range(_push.MAX_CONFIGS):
        assert (await ask_for(pushing, task["id"], server.url, id=str(number))).error is None
    assert (await ask_for(pushing, task["id"], server.url, id="1", token="another")).error is None
    assert (await ask_for(pushing, task["id"], server.url, id="more")).reason == "INVALID_PARAMS"
    wrong: list[dict[str, Any]] = [
        {"authentication": {"scheme": "Bearer", "credentials": "x"}},
        {"token": "x" * 257},
        {"token": "a\r\nHost: b"},
        {"id": "x" * 65},
    ]
    for changes in wrong:
        params: dict[str, Any] = {"id": "1", **changes}
        answer = await ask_for(pushing, task["id"], server.url, **params)
        assert answer.reason == "INVALID_PARAMS"


@pytest.mark.requirement("D5")
async def test_a_redirect_is_not_followed(pushing: Agent, receiver: Receiver, server: LoopbackServer) -> None:
    receiver.statuses = [302, 307, 308]
    await _completed(pushing, f"{server.url}told")
    await until(receiver, 3)
    assert receiver.paths == ["POST /told"] * 3


@pytest.mark.requirement("D5")
@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "https://93.184.216.34:8443/",
        "ftp://93.184.216.34/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://0.0.0.0/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://192.0.0.192/opc/v2/instance/",
        "https://168.63.129.16/machine/",
        "https://[fec0::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://internal.example/",
        "https://both.example/",
        "https://nowhere.example/",
        "https://user:password@public.example/",
        "https://public.example/#fragment",
        "https://public.example:99999/",
        "https://public.example/\\nHost:x",
        "//public.example/",
        "https:///",
        "",
        f"https://public.example/{'x' * 2048}",
    ],
)
async def test_only_the_public_internet_is_told(tmp_path: Path, issuer: Issuer, names: Names, url: str) -> None:
    names.found = {
        "public.example": ["93.184.216.34", "2606:2800:220:1::"],
        "internal.example": ["10.1.2.3"],
        "both.example": ["93.184.216.34", "10.1.2.3"],
        "nowhere.example": [],
        "localhost": ["127.0.0.1"],
    }
    async with Agent(tmp_path, issuer, push_urls=PublicUrls(names)) as agent:
        task = (await agent.send("auth")).task
        url = url.replace("\\n", "\n")
        assert (await ask_for(agent, task["id"], url)).reason == "INVALID_PARAMS"
        configuration = {"taskPushNotificationConfig": {"url": url}}
        answer = await agent.call("SendMessage", message("echo hello") | {"configuration": configuration})
        assert answer.reason == "INVALID_PARAMS"
        assert agent.executor.heard == ["auth"]
        assert (await ask_for(agent, task["id"], "https://public.example/told")).error is None


@pytest.mark.requirement("D5")
async def test_a_name_that_leads_elsewhere_later_leads_nowhere(
    pushing: Agent, names: Names, receiver: Receiver, server: LoopbackServer
) -> None:
    """It is looked up when it is called, too, and the connection goes to what was looked at (DNS rebinding)."""
    names.found = {"rebound.example": ["127.0.0.1"]}
    url = server.url.replace("127.0.0.1", "rebound.example")
    task = (await pushing.send("auth")).task
    assert (await ask_for(pushing, task["id"], f"{url}told")).error is None
    names.found = {"rebound.example": ["10.255.255.1"]}
    await pushing.send("echo done", taskId=task["id"])
    for _ in range(200):
        if not (await pushing.call(LISTED, {"taskId": task["id"]})).result.get("configs"):
            break
        await asyncio.sleep(0.02)
    assert receiver.paths == []


@pytest.mark.requirement("D5")
async def test_the_connection_itself_goes_to_no_other_address(
    names: Names, receiver: Receiver, server: LoopbackServer
) -> None:
    """Even where nobody checked the URL before."""
    names.found = {"rebound.example": ["127.0.0.1"]}
    url = server.url.replace("127.0.0.1", "rebound.example")
    async with create_public_http_client(PublicUrls(names, this_machine=True)) as allowed:
        assert (await allowed.get(f"{url}told")).status_code == 200
    async with create_public_http_client(PublicUrls(names)) as public:
        with pytest.raises(httpx.ConnectError):
            await public.get(f"{url}told")
    assert receiver.paths == ["GET /told"]
