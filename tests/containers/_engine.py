"""The Docker engine and Compose, driven through their commands."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.containers._workspace import ROOT

BUILD_SECONDS = 1200
READY_SECONDS = 180
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
    return None if compose_command() else "neither 'docker compose' nor 'docker-compose'"


@cache
def compose_command() -> tuple[str, ...]:
    """Compose 2 as a plug-in, or else the `docker-compose` command; nothing where there is neither."""
    for command in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], capture_output=True, timeout=30, check=False)
            if version.returncode == 0:
                return command
    return ()


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


def free_ports(*names: str) -> dict[str, int]:
    """A port that nobody listens on for each name."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: server.getsockname()[1] for name, server in zip(names, held, strict=True)}
    for server in held:
        server.close()
    return ports


class Stack:
    """One copy of what docker-compose.yml, or these files, describe, with names and published ports of its own."""

    def __init__(self, project: str, settings: Mapping[str, str], files: Sequence[Path] = ()) -> None:
        self.project = project
        self._files = [part for file in files for part in ("--file", str(file))]
        self._settings = [f"{name}={value}" for name, value in settings.items()]

    def compose(self, *arguments: str, timeout: float = 300) -> str:
        """Runs Compose on this stack."""
        command = ["env", *self._settings, *compose_command(), "--project-name", self.project]
        command += [*self._files, *arguments]
        return run(command, timeout=timeout)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, running or not: one for each replica."""
        found = run(
            [
                *("docker", "ps", "--all", "--quiet"),
                *("--filter", f"label=com.docker.compose.project={self.project}"),
                *("--filter", f"label=com.docker.compose.service={service}"),
            ]
        ).split()
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


def _is_ready(container: str) -> bool:
    """Whether an agent's last start has come to its end."""
    events = [json.loads(line).get("event") for line in logs(container).splitlines() if line.startswith("{")]
    starts = [index for index, event in enumerate(events) if event == "listening"]
    return bool(starts) and "ready" in events[starts[-1] :]
