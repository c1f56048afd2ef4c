"""One agent's container, run as AgentCore Runtime runs it, beside a tenant and a model on this machine."""

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.tenant.testing import LocalTenant
from tests.containers._engine import run
from tests.doctor._agents import Desk

READY_SECONDS = 600  # what QEMU runs for dev/arm64 takes minutes
MODEL_SECONDS = 120


@dataclass
class SilentModel:
    """Amazon Bedrock, as far as an agent calls it: says nothing until it may, and then that it will not.

    Attributes:
        url: Where it answers.
        speak: Set, it refuses at once; cleared, whoever asks waits.
    """

    url: str = ""
    speak: threading.Event = field(default_factory=threading.Event)

    @property
    def app(self) -> Starlette:
        """Answers ConverseStream."""
        return Starlette(routes=[Route("/model/{model}/converse-stream", self._converse, methods=["POST"])])

    async def _converse(self, _: Request) -> JSONResponse:
        await asyncio.to_thread(self.speak.wait, MODEL_SECONDS)
        headers = {"x-amzn-errortype": "AccessDeniedException"}
        return JSONResponse({"message": "not this model"}, status_code=403, headers=headers)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Whoever asks meanwhile waits."""
        self.speak.clear()
        try:
            yield
        finally:
            self.speak.set()


@dataclass
class AgentContainer:
    """A container of an agent's image.

    Attributes:
        name: Which agent.
        id: The container's.
        url: Where it answers on this machine, if it does.
        tenant: Whose tokens it takes.
    """

    name: str
    id: str
    url: str
    tenant: LocalTenant

    @classmethod
    def start(cls, name: str, image: str, port: int | None, desk: Desk, model: SilentModel) -> "AgentContainer":
        """Starts one; without a port, in a network of its own and with what the image says of host and port."""
        url = f"http://127.0.0.1:{port}/" if port else "http://127.0.0.1:9000/"
        theirs = {key: value for key, value in desk.environments[name].items() if key not in _OURS}
        settings = _inline(theirs) | {
            "AGENTCORE_RUNTIME_URL": url,
            "MODEL_PROVIDER": "bedrock",
            "MODEL_ID": "example.model-v1:0",
            "MODEL_BASE_URL": model.url.rstrip("/"),
            "MODEL_API_KEY": "made-up",
            "AWS_DEFAULT_REGION": "us-east-1",
            "LOG_FORMAT": "json",
            **({"HOST": "127.0.0.1", "PORT": str(port)} if port else {}),
        }
        given = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
        network = ["--network", "host"] if port else []
        hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]  # noqa: S108 -- in the container
        started = run(["docker", "run", "--detach", *network, *hardened, "--volume", "/app/var", *given, image])
        container = cls(name, started.strip(), url, desk.tenant)
        container.wait_for("listening")
        return container

    async def tokens(self) -> dict[str, str]:
        """The headers with which it is called on behalf of a person."""
        person = await self.tenant.sign_in("amelia.hart")
        if self.name == "supervisor":
            return {"Authorization": f"Bearer {person}"}
        audience = self.tenant.api(self.name)
        return {
            "Authorization": f"Bearer {await self.tenant.client_credentials(audience)}",
            "Delegated-User-Token": await self.tenant.exchange(person, audience),
        }

    def execute(self, program: str) -> Any:
        """Runs a Python program in it, and reads the JSON that it prints."""
        return json.loads(run(["docker", "exec", self.id, "python", "-c", program]))

    def wait_until_ready(self) -> None:
        """Waits until it can work."""
        self.wait_for("ready")

    def wait_until_it_refuses(self) -> None:
        """Waits until it takes no further connection: it was told to stop, and is at it."""
        import socket  # noqa: PLC0415 -- here alone

        deadline, port = time.monotonic() + READY_SECONDS, int(self.url.rstrip("/").rpartition(":")[2])
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                return
            threading.Event().wait(0.05)  # nothing tells but trying
        raise AssertionError(f"{self.name} goes on taking connections")

    def stop(self, seconds: int) -> None:
        """SIGTERM, and SIGKILL after so many seconds."""
        run(["docker", "stop", "--time", str(seconds), self.id], timeout=seconds + 30)

    def start_again(self) -> None:
        """Starts it on what it kept, and waits until it can work."""
        run(["docker", "start", self.id])
        self.wait_until_ready()

    def exit_code(self) -> int:
        """What it ended with."""
        return int(run(["docker", "inspect", "--format", "{{.State.ExitCode}}", self.id]))

    def wait_for(self, event: str) -> None:
        """Waits for a log event of its last start.

        Raises:
            AssertionError: it does not come, with what was written.
        """
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            events = [json.loads(line).get("event") for line in self.logs().splitlines() if line.startswith("{")]
            starts = [index for index, name in enumerate(events) if name == "listening"]
            if starts and event in events[starts[-1] :] and "stopped" not in events[starts[-1] :]:
                return
            threading.Event().wait(0.1)  # nothing tells when a container is ready but asking
        raise AssertionError(f"{self.name} does not say {event}:\n{self.logs()}")

    def logs(self) -> str:
        """What it wrote."""
        done = subprocess.run(
            ["docker", "logs", self.id],  # noqa: S607 -- the command under test
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout


_OURS = frozenset(
    {
        *("HOST", "PORT", "HELPDESK_VAR", "DATABASE_URL", "LOG_FORMAT", "MODEL_PROVIDER"),
        *("AUDIT_FILE", "AUDIT_ANCHORS", "TELEMETRY_FILE"),  # places on this machine
    }
)
"""What the image says itself, or is said here."""


def _inline(environment: dict[str, str]) -> dict[str, str]:
    """Settings with the values of files, which the container cannot read, in place of their paths."""
    return {
        name.removesuffix("_FILE"): Path(value).read_text(encoding="utf-8").strip() if name.endswith("_FILE") else value
        for name, value in environment.items()
    }
