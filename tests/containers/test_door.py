"""What stands before the supervisors: it finds them, leaves one that is gone, and changes nothing that passes."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.a2a import Limits
from shared.http import create_http_client
from tests.containers._engine import (
    BUILD_SECONDS,
    READY_SECONDS,
    free_ports,
    logs,
    remove_network,
    run,
    state,
    wait_until,
)

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

REPLICA = Path(__file__).parent / "_replica.py"
GO_ON = "from urllib.request import urlopen; urlopen('http://127.0.0.1:9000/go-on', b'')"


@dataclass
class Door:
    """The door on a network of its own, with replicas that come and go."""

    url: str
    name: str
    replicas: dict[str, str] = field(default_factory=dict)

    def bring(self, name: str) -> None:
        """Starts one more replica, and waits until the door has requests answered by each."""
        command = ["docker", "run", "--detach", "--network", self.name, "--network-alias", "supervisor"]
        mount = f"{REPLICA}:/app/replica.py:ro"
        self.replicas[name] = run([*command, "--volume", mount, "helpdesk/local", "python", "replica.py", name]).strip()
        wait_until(lambda: self.answering() == set(self.replicas), otherwise=partial(logs, self.replicas[name]))

    def kill(self, name: str) -> None:
        """Ends a replica at once."""
        run(["docker", "rm", "--force", self.replicas.pop(name)])

    def answering(self) -> set[str]:
        """Who answers of late."""
        answers = [self.ask() for _ in range(2 * len(self.replicas))]
        return {str(answer["name"]) for answer in answers if "name" in answer}

    def ask(self) -> dict[str, Any]:
        """What is answered to a request, over a connection of its own.

        Raises:
            OSError: nobody answers at all.
        """
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=60)) as connection:
            connection.request("GET", "/echo")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found

    def is_closed(self) -> bool:
        """Whether it takes no more requests, or none yet."""
        try:
            self.ask()
        except (OSError, HTTPException):
            return True
        return False

    def end(self) -> None:
        """Leaves nothing behind."""
        run(["docker", "rm", "--force", f"{self.name}-door", *self.replicas.values()])
        remove_network(self.name)


@pytest.fixture
def door(images: dict[str, str]) -> Iterator[Door]:  # noqa: ARG001 -- the images must be there
    """The door as docker-compose.yml runs it, and nobody behind it yet."""
    port = free_ports("DOOR")["DOOR"]
    door = Door(f"http://127.0.0.1:{port}", f"helpdesk-test-{uuid.uuid4().hex[:8]}")
    run(["docker", "network", "create", door.name])
    hardened = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")
    where = ("--name", f"{door.name}-door", "--network", door.name, "--publish", f"127.0.0.1:{port}:9000")
    run(["docker", "run", "--detach", *hardened, *where, "helpdesk/door"])
    try:
        wait_until(lambda: not door.is_closed(), otherwise=partial(logs, f"{door.name}-door"))
        yield door
    finally:
        door.end()


async def test_the_door_finds_who_is_there_and_leaves_who_is_gone(door: Door) -> None:
    """No request is lost, from the first after the kill on."""
    door.bring("first")
    door.bring("second")
    door.kill("first")
    async with create_http_client(timeout=READY_SECONDS) as http:
        answers = [(await http.get(f"{door.url}/echo")).json()["name"] for _ in range(20)]
    assert set(answers) == {"second"}
    door.bring("third")


async def test_a_request_whose_replica_is_killed_is_answered_by_another(door: Door) -> None:
    """It had been taken, and not a word of the answer had come: a message has an id, so that it may come again."""
    door.bring("first")
    async with create_http_client(timeout=READY_SECONDS) as http:
        asked = asyncio.create_task(http.post(f"{door.url}/hold", params={"answers": "second"}, json={"id": "m"}))
        await asyncio.to_thread(
            wait_until, lambda: "held" in logs(door.replicas["first"]), otherwise=partial(logs, door.replicas["first"])
        )
        await asyncio.to_thread(door.bring, "second")
        door.kill("first")
        assert (await asked).json() == {"name": "second"}


async def test_where_nobody_is_the_door_says_so_and_when_to_come_again(door: Door) -> None:
    async with create_http_client(timeout=READY_SECONDS) as http:
        answer = await http.get(f"{door.url}/echo")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json() == {"error": "The help desk is not there."}


async def test_headers_pass_as_long_as_an_agent_reads_them(door: Door) -> None:
    """AgentCore passes twenty headers of 4 KB at most; an agent reads 32 KB, and says no to more itself."""
    door.bring("first")
    longest = {f"x-header-{number}": "x" * 4000 for number in range(Limits().header_bytes // 4096)}
    async with create_http_client(timeout=READY_SECONDS) as http:
        answer: dict[str, Any] = (await http.get(f"{door.url}/echo", headers=longest)).json()
        more = await http.get(f"{door.url}/echo", headers=longest | {"x-more": "x" * 8192})
    assert answer["header_bytes"] > sum(map(len, longest.values()))
    assert answer["host"] == door.url.removeprefix("http://")
    assert more.status_code == httpx.codes.OK


async def test_an_event_passes_as_it_comes_and_a_stop_waits_for_the_end_of_the_stream(door: Door) -> None:
    door.bring("first")
    async with create_http_client(timeout=READY_SECONDS) as http, http.stream("GET", f"{door.url}/stream") as stream:
        lines = stream.aiter_lines()
        assert [await anext(lines), await anext(lines)] == ["data: first", ""]
        stopping = asyncio.create_task(asyncio.to_thread(run, ["docker", "stop", "--time", "30", f"{door.name}-door"]))
        await asyncio.to_thread(wait_until, door.is_closed, otherwise=lambda: "it still takes requests")
        run(["docker", "exec", door.replicas["first"], "python", "-c", GO_ON])
        assert [await anext(lines), await anext(lines)] == ["data: the end", ""]
        await stopping
    assert state(f"{door.name}-door")["ExitCode"] == 0
