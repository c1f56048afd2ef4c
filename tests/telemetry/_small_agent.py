"""An agent with one tool, as a process of its own: `python -m tests.telemetry._small_agent PORT FOLDER`.

What is settled by the settings (where spans and metrics go, whose spans there are) is settled when a process starts.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.applications import Starlette

from shared.a2a import serve
from shared.http import create_http_client
from shared.settings import AgentSettings
from shared.testing import reserved_port

ROOT: Final = Path(__file__).resolve().parents[2]
TOKEN: Final = ".".join(("eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "zdWIiOiJhdXRoMHxhbGljZSJ9", "c2lnbmF0dXJl"))
SECRET: Final = "swordfish is what nobody may read"


def make(folder: Path) -> Starlette:
    """The agent: its tool breaks with a secret in the exception; a second message has it tell the weather."""
    from a2a.types import AgentCapabilities, AgentCard, AgentInterface  # noqa: PLC0415 -- heavy: after the socket is bound
    from strands import tool  # noqa: PLC0415

    from shared.a2a import Anonymous, Caller, create_agent_app  # noqa: PLC0415
    from shared.agent_loop import StrandsExecutor, Tools  # noqa: PLC0415
    from shared.authorization import Unchecked, needs  # noqa: PLC0415
    from shared.identity import RawToken  # noqa: PLC0415
    from shared.tasks import open_storage  # noqa: PLC0415
    from shared.testing import Calls, ScriptedModel, make_principal  # noqa: PLC0415

    @needs(Unchecked("it knows nothing of anybody"))
    @tool
    async def weather(city: str) -> str:
        """Tells the weather."""
        if city == "Atlantis":
            raise RuntimeError(f"{SECRET}: Bearer {TOKEN}")
        return f"Rain in {city}."

    storage = open_storage(f"sqlite:///{folder / 'small.sqlite3'}", agent="small")
    executor = StrandsExecutor(
        model=ScriptedModel([Calls((("weather", {"city": city}),)) for city in ("Atlantis", "Oslo")] * 50),
        toolbox=Tools([weather], SECRET),
        conversations=storage.conversations,
        speaker="small",
    )
    card = AgentCard(
        name="small",
        supported_interfaces=[
            AgentInterface(url="http://127.0.0.1/", protocol_binding="JSONRPC", protocol_version="1.0")
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
    )
    caller = Caller(user=make_principal(), agent=None, user_token=RawToken("none"))
    return create_agent_app(executor=executor, card=card, entry=Anonymous(caller), storage=storage)


@dataclass(frozen=True)
class Small:
    """The agent, running."""

    url: str
    process: "subprocess.Popen[str]"

    async def ask(self, text: str, http: httpx.AsyncClient) -> dict[str, Any]:
        """Asks it; the task that came of it."""
        message = {"messageId": os.urandom(8).hex(), "role": "ROLE_USER", "parts": [{"text": text}]}
        body = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
        answer = (await http.post(self.url, json=body)).json()
        assert "result" in answer, answer
        task: dict[str, Any] = answer["result"]["task"]
        return task

    def stop(self) -> str:
        """Stops it in order; what it logged."""
        self.process.terminate()
        _, logged = self.process.communicate(timeout=30)
        return logged


@contextmanager
def small_agent(folder: Path, settings: Mapping[str, str], *, under: Sequence[str] = ()) -> Iterator[Small]:
    """Runs it with settings besides those that it needs.

    Args:
        folder: Its own.
        settings: More environment.
        under: A command that starts it.
    """
    with reserved_port() as port:
        yield from _running(folder, port, settings, under)


def _running(folder: Path, port: int, settings: Mapping[str, str], under: Sequence[str]) -> Iterator[Small]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    needed = {
        "HELPDESK_ENV": "local",
        "AUTH0_ISSUER": "http://127.0.0.1:1/",
        "AUDIENCE": "urn:small",
        "AUDIT_KEY": "none: it keeps no trail",
        "MODEL_PROVIDER": "offline",
        "LOG_FORMAT": "json",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [*under, sys.executable, "-m", "tests.telemetry._small_agent", str(folder)],
        cwd=ROOT,
        env=environment | needed | dict(settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Small(f"http://127.0.0.1:{port}/", process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def come_up(small: Small, http: httpx.AsyncClient) -> None:
    """Waits until it answers with its card."""
    until = time.monotonic() + 40
    while True:
        try:
            answer = await http.get(f"{small.url}.well-known/agent-card.json", timeout=40)
            assert answer.status_code == httpx.codes.OK
        except httpx.ConnectError:
            assert small.process.poll() is None, small.process.communicate()
            assert time.monotonic() < until, "it does not listen"
        else:
            return


async def have_a_day(folder: Path, settings: Mapping[str, str], *, under: Sequence[str] = ()) -> str:
    """Runs it, asks twice, stops it; what it logged."""
    with small_agent(folder, settings, under=under) as small:
        async with create_http_client() as http:
            await come_up(small, http)
            first = await small.ask(f"{SECRET} {TOKEN}", http)
            second = await small.ask("and in Oslo?", http)
        assert "Something went wrong" in str(first["artifacts"])
        assert "Rain in Oslo" in str(second["artifacts"])
        return small.stop()


if __name__ == "__main__":
    own = Path(sys.argv[1])
    serve(lambda: make(own), AgentSettings.load(), name="small")
