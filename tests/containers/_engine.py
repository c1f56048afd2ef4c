"""The Docker engine and Compose, driven through their commands."""

import contextlib
import json
import random
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.containers._workspace import ROOT

BUILD_SECONDS = 1200
READY_SECONDS = 180
MISCOUNTED = "has active endpoints"
UP = ("up", "--detach", "--no-build", "--scale=supervisor=2", "--scale=account-lookup=2")
"""How the whole is brought up: one agent that has its replicas behind the door, and one behind a name."""


@cache
def engine_problem() -> str | None:
    """Why there is no engine to test with, if there is none."""
    docker = shutil.which("docker")
    if docker is None:
        return "no docker command"
    try:
        answer = subprocess.run([docker, "info"], capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "no answer from the Docker engine"
    if answer.returncode != 0:
        return "no Docker engine that answers"
    return None if compose_commands() else "neither 'docker compose' nor 'docker-compose'"


@cache
def compose_commands() -> tuple[tuple[str, ...], ...]:
    """Every Compose of this machine, the oldest first: the command, and the plug-in, which is 2 or later."""
    found = []
    for command in (("docker-compose",), ("docker", "compose")):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], capture_output=True, timeout=30, check=False)
            found += [command] if version.returncode == 0 else []
    return tuple(found)


def run(command: Sequence[str], *, timeout: float = 60) -> str:
    """What a command printed on standard output.

    Raises:
        AssertionError: if it failed, with all that it printed.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def in_image(image: str, program: str) -> Any:
    """Runs a Python program in a new container that has no network, and reads the JSON that it prints."""
    return json.loads(run(["docker", "run", "--rm", "--network", "none", image, "python", "-c", program]))


def in_container(container: str, program: str) -> Any:
    """Runs a Python program in a container that runs, and reads the JSON that it prints."""
    return json.loads(run(["docker", "exec", container, "python", "-c", program]))


def remove_network(network: str) -> None:
    """Removes a network that nobody is on any more, but for one that the engine miscounts.

    An engine before 28.1 at times takes itself to have somebody on a network, and keeps it until the engine is started
    anew (https://github.com/moby/moby/issues/42119).
    """
    try:
        run(["docker", "network", "rm", network])
    except AssertionError as error:
        if MISCOUNTED not in str(error):
            raise


def free_ports(*names: str) -> dict[str, int]:
    """A port for each name that nobody listens on, nor is given by the system unasked: it begins at 32768."""
    drawn = (port for port in random.sample(range(20_000, 32_768), 1000) if _is_free(port))
    return {name: next(drawn) for name in names}


class Stack:
    """One copy of what docker-compose.yml, or these files, describe, with names and published ports of its own.

    Args:
        settings: What the file takes from the environment, besides the ports.
        files: In place of docker-compose.yml.
        command: Which Compose brings it up; the oldest, if none is named.
    """

    def __init__(
        self, settings: Mapping[str, str] | None = None, files: Sequence[Path] = (), command: Sequence[str] = ()
    ) -> None:
        self.ports = free_ports("SUPERVISOR", "TENANT", "DIRECTORY", "WEB")
        settings = {f"HELPDESK_{name}_PORT": str(port) for name, port in self.ports.items()} | dict(settings or {})
        self.project = f"helpdesk-test-{uuid.uuid4().hex[:8]}"
        self._command = command or compose_commands()[0]
        self._files = [part for file in files for part in ("--file", str(file))]
        self._settings = [f"{name}={value}" for name, value in settings.items()]

    def compose(self, *arguments: str, timeout: float = 300) -> str:
        """Runs Compose on this stack."""
        command = [*self._command, "--project-name", self.project, *self._files, *arguments]
        return run(["env", *self._settings, *command], timeout=timeout)

    def build(self, *services: str) -> None:
        """Builds images, with the same Compose for every stack: each keeps to itself what it has built before."""
        command = [*compose_commands()[0], *self._files, "build", *services]
        run(["env", *self._settings, *command], timeout=BUILD_SECONDS)

    def down(self, *options: str) -> None:
        """Stops and removes the stack, as `down` of Compose with these options does.

        Where that ends at a network that the engine miscounts, what Compose leaves with it is removed here.
        """
        try:
            self.compose("down", *options)
        except AssertionError as error:
            if MISCOUNTED not in str(error) or self.left("ps --all"):
                raise
            for network in self.left("network ls"):
                remove_network(network)
            if "--volumes" in options:
                run(["docker", "volume", "rm", *self.left("volume ls")])

    def left(self, kind: str, *labels: str) -> list[str]:
        """The ids of the stack's `ps --all`, `network ls` or `volume ls`: of what has these labels too."""
        wanted = (f"--filter=label={label}" for label in (f"com.docker.compose.project={self.project}", *labels))
        return run(["docker", *kind.split(), "--quiet", *wanted]).split()

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, running or not: one for each replica."""
        found = self.left("ps --all", f"com.docker.compose.service={service}")
        assert found, f"{service}: no container"
        return found

    def container(self, service: str) -> str:
        """The id of a service's container; where there are replicas, of one of them."""
        return self.containers(service)[0]

    def logs(self, service: str) -> str:
        """What the service's containers wrote."""
        return "".join(logs(container) for container in self.containers(service))

    def execute(self, service: str, program: str) -> Any:
        """Runs a Python program in a service's container, and reads the JSON that it prints."""
        return in_container(self.container(service), program)

    def wait_until_ready(self, *services: str) -> None:
        """Waits until every container of these services, which are agents, has said that it is ready."""
        for container in (container for service in services for container in self.containers(service)):
            wait_until(partial(_is_ready, container), otherwise=partial(logs, container))


def wait_until(condition: Callable[[], bool], *, otherwise: Callable[[], str], seconds: float = READY_SECONDS) -> None:
    """Asks until something is so, where nothing tells but asking.

    Raises:
        AssertionError: if it is not in time, with what there is to say then.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        threading.Event().wait(0.1)


def state(container: str) -> dict[str, Any]:
    """The engine's account of a container, with `Status`, `ExitCode` and `Health`."""
    found: dict[str, Any] = json.loads(run(["docker", "inspect", "--format", "{{json .State}}", container]))
    return found


def is_healthy(container: str) -> bool:
    """Whether a container's own health check has passed."""
    return bool(state(container)["Health"]["Status"] == "healthy")


def logs(container: str) -> str:
    """What a container wrote."""
    return run(["sh", "-c", f"docker logs {container} 2>&1"])


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def _is_ready(container: str) -> bool:
    """Whether an agent's last start has come to its end."""
    events = [json.loads(line).get("event") for line in logs(container).splitlines() if line.startswith("{")]
    starts = [index for index, event in enumerate(events) if event == "listening"]
    return bool(starts) and "ready" in events[starts[-1] :]
