"""The containers of docker-compose.yml: start-up of the whole, images, memory, each agent's cold start to an answer."""

import argparse
import asyncio
import json
import re
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from benchmarks.people import Credentials, signed_in
from benchmarks.report import Report, table
from portal.conversation import Conversation, HelpDesk
from portal.session import Desk, Profiles
from portal.stack import free_ports
from shared.errors import HelpdeskError
from shared.http import create_http_client
from shared.telemetry import configure_logging

TITLE: Final = "The four agents in containers, as docker-compose.yml brings them up, with the offline planner"

ROOT: Final = Path(__file__).resolve().parents[1]
AGENTS: Final = ("supervisor", "account_lookup", "password_reset", "docs_search")
IMAGES: Final = (*AGENTS, "local", "portal", "fga", "postgres", "door")
BESIDE: Final = ("postgres", "door", "fga", "tenant", "directory", "gateway")
"""The parts that stand beside the agents."""
PERSON: Final = "amelia.hart"
QUESTIONS: Final = {
    "supervisor": "What can you do for me?",
    "account_lookup": "Which groups am I in?",
    "password_reset": "Is my account locked?",
    "docs_search": "Where is the VPN guide?",
}
"""What each agent answers; the supervisor, by itself."""

MAX_IMAGE_MEGABYTES: Final = 2048.0  # AgentCore Runtime's limit
MAX_COLD_SECONDS: Final = 120.0  # likewise, for the first answer of a session
COMPLETED: Final = "completed"
BEGINNING: Final = 24
"""Characters of an answer that are the same each time: what follows may say how many minutes ago."""
READY_SECONDS: Final = 300.0
PROBE_SECONDS: Final = 0.1
BUILD_SECONDS: Final = 1800.0


def run(arguments: argparse.Namespace) -> Report:
    """Measures them, each cold start as often as there are rounds; nothing where there is no Docker engine."""
    if not _compose():
        return Report("No Docker engine answers, or there is no Compose: see .ci/containers.\n", {}, [])
    _command([*_compose(), "build"], timeout=BUILD_SECONDS)
    configure_logging(level="CRITICAL")
    return asyncio.run(_run(rounds=arguments.rounds))


@dataclass(frozen=True, slots=True)
class Stack:
    """A copy of the whole, with names and ports of its own."""

    project: str
    ports: dict[str, int]

    def compose(self, *arguments: str) -> str:
        """Runs Compose on it."""
        ports = [f"HELPDESK_{name.upper()}_PORT={port}" for name, port in self.ports.items()]
        return _command(["env", *ports, *_compose(), "--project-name", self.project, *arguments], timeout=READY_SECONDS)

    def container(self, name: str) -> str:
        """The id of a part's container."""
        service = name.replace("_", "-")
        labels = {"project": self.project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{key}={value}" for key, value in labels.items()]
        return _command(["docker", "ps", "--all", "--quiet", *filters]).strip()

    def logs(self, name: str) -> str:
        """What a part wrote."""
        return _command(["sh", "-c", f"docker logs {shlex.quote(self.container(name))} 2>&1"])

    def file(self, name: str, path: str) -> Any:
        """A file of JSON in a part's container."""
        return json.loads(_command(["docker", "exec", self.container(name), "cat", path]))

    def is_ready(self, name: str) -> bool:
        """Whether an agent's last start has come to its end."""
        events = [json.loads(line).get("event") for line in self.logs(name).splitlines() if line.startswith("{")]
        starts = [index for index, event in enumerate(events) if event == "listening"]
        return bool(starts) and "ready" in events[starts[-1] :]

    def megabytes(self, name: str) -> float:
        """The memory of a part's container, as the engine counts it: without the cache of files."""
        said = _command(["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", self.container(name)])
        number, unit = re.findall(r"([\d.]+)(\w+)", said)[0]
        return float(number) * {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}[unit]


async def _run(*, rounds: int) -> Report:
    sizes = {name: _megabytes_of_image(name) for name in IMAGES}
    async with _started() as (stack, seconds, desk):
        idle = {name: stack.megabytes(name) for name in AGENTS}
        answers = {name: await _answer(desk, name) for name in AGENTS}
        assert all(answers.values()), answers
        used = {name: stack.megabytes(name) for name in AGENTS}
        beside = {name: stack.megabytes(name) for name in BESIDE}
        cold = {name: [await _cold_start(stack, desk, name, answers[name]) for _ in range(rounds)] for name in AGENTS}
    numbers = {
        "start_seconds": seconds,
        "image_megabytes": sizes,
        "idle_megabytes": idle,
        "used_megabytes": used,
        "beside_megabytes": beside,
        "cold_seconds": cold,
    }
    return Report(
        _text(seconds, sizes, {"idle": idle, "used": used, "beside": beside}, cold), numbers, _missed(sizes, cold)
    )


def _megabytes_of_image(name: str) -> float:
    return int(_command(["docker", "image", "inspect", "--format", "{{.Size}}", f"helpdesk/{name}"])) / 1e6


@asynccontextmanager
async def _started() -> AsyncIterator[tuple[Stack, float, HelpDesk]]:
    """The whole, how long it took from nothing until every agent was ready, and a person who is signed in there."""
    ports = free_ports()
    stack = Stack(
        f"helpdesk-bench-{uuid.uuid4().hex[:8]}", {name: ports[name] for name in ("supervisor", "tenant", "directory")}
    )
    try:
        begun = time.monotonic()
        await asyncio.to_thread(stack.compose, "up", "--detach", "--no-build")
        for name in AGENTS:
            await _until_ready(stack, name)
        seconds = time.monotonic() - begun
        with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder:
            async with create_http_client() as http:
                person = Credentials(
                    PERSON,
                    stack.file("tenant", "/app/var/tenant/users.json")[PERSON],
                    stack.file("directory", "/app/var/directory/users.json")[PERSON],
                )
                yield stack, seconds, await signed_in(_desk(stack), person, http, Profiles(Path(folder)))
    finally:
        await asyncio.to_thread(stack.compose, "down", "--volumes", "--timeout", "10")


def _desk(stack: Stack) -> Desk:
    """The help desk, by the command that the stack shows to sign in with."""
    (line,) = [line for line in stack.logs("credentials").splitlines() if "helpdesk login" in line]
    said = dict(zip((words := shlex.split(line)), words[1:], strict=False))
    return Desk(said["--issuer"], said["--client-id"], said["--audience"], said["--url"])


async def _until_ready(stack: Stack, name: str) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not await asyncio.to_thread(stack.is_ready, name):  # noqa: ASYNC110 -- nothing tells but asking
            await asyncio.sleep(PROBE_SECONDS)


async def _cold_start(stack: Stack, desk: HelpDesk, name: str, answer: str) -> float:
    """Seconds from a container that stands still until a person has the same answer of its agent as before."""
    container = stack.container(name)
    await asyncio.to_thread(_command, ["docker", "stop", "--time", "30", container])
    begun = time.monotonic()
    await asyncio.to_thread(_command, ["docker", "start", container])
    async with asyncio.timeout(READY_SECONDS):
        while await _answer(desk, name) != answer:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(PROBE_SECONDS)
    return time.monotonic() - begun


async def _answer(desk: HelpDesk, name: str) -> str:
    """How an agent's answer to its question begins; nothing where it is away, or not there yet."""
    try:
        reply = await Conversation(desk).turn(QUESTIONS[name], lambda _: None)
    except HelpdeskError:
        return ""
    said = reply.text if name == "supervisor" else reply.said.get(name, "")
    return said[:BEGINNING] if reply.state == COMPLETED else ""


def _text(
    seconds: float, sizes: dict[str, float], memory: dict[str, dict[str, float]], cold: dict[str, list[float]]
) -> str:
    images = table(["image", "MB"], [[name, f"{size:.0f}"] for name, size in sizes.items()])
    agents = table(
        ["agent", "idle, MB", "after requests, MB", "cold start to an answer, s"],
        [
            [name, f"{memory['idle'][name]:.0f}", f"{memory['used'][name]:.0f}", f"{statistics.median(cold[name]):.1f}"]
            for name in AGENTS
        ],
    )
    others = table(["beside them", "MB"], [[name, f"{size:.0f}"] for name, size in memory["beside"].items()])
    return f"From nothing until all are ready: {seconds:.1f} s\n\n{images}\n\n{agents}\n\n{others}\n"


def _missed(sizes: dict[str, float], cold: dict[str, list[float]]) -> list[str]:
    missed = [
        f"the image of {name} has {sizes[name]:.0f} MB, not {MAX_IMAGE_MEGABYTES:.0f}"
        for name in AGENTS
        if sizes[name] > MAX_IMAGE_MEGABYTES
    ]
    missed += [
        f"{name} answers first after {max(times):.0f} s, not {MAX_COLD_SECONDS:.0f}"
        for name, times in cold.items()
        if max(times) > MAX_COLD_SECONDS
    ]
    return missed


@cache
def _compose() -> tuple[str, ...]:
    """The `docker-compose` command, or else Compose 2 as a plug-in; nothing where no engine answers.

    The tests build with the same one, and a builder does not see what another has built.
    """
    if shutil.which("docker") is None or not _succeeds("docker", "info"):
        return ()
    for command in (("docker-compose",), ("docker", "compose")):
        if shutil.which(command[0]) and _succeeds(*command, "version"):
            return command
    return ()


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0  # noqa: S603 -- fixed words


def _command(command: list[str], *, timeout: float = 120.0) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603 -- fixed words
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout
