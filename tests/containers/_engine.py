"""The Docker engine and Compose, driven through their commands."""

import json
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.containers._workspace import ROOT

BUILD_SECONDS = 1200


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

    def container(self, service: str) -> str:
        """The id of a service's container, running or not."""
        found = run(
            [
                *("docker", "ps", "--all", "--quiet"),
                *("--filter", f"label=com.docker.compose.project={self.project}"),
                *("--filter", f"label=com.docker.compose.service={service}"),
            ]
        ).split()
        assert len(found) == 1, f"{service}: {len(found)} containers"
        return found[0]

    def state(self, service: str) -> dict[str, Any]:
        """The engine's account of a service's container, with `Status`, `ExitCode` and `Health`."""
        found: dict[str, Any] = json.loads(
            run(["docker", "inspect", "--format", "{{json .State}}", self.container(service)])
        )
        return found

    def logs(self, service: str) -> str:
        """What the service wrote."""
        return run(["sh", "-c", f"docker logs {self.container(service)} 2>&1"])

    def execute(self, service: str, program: str) -> Any:
        """Runs a Python program in a service's container, and reads the JSON that it prints."""
        return in_container(self.container(service), program)
