"""An agent as a process: it listens before it is ready, starts or says why not, and ends in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from shared.a2a import serve
from shared.http import create_http_client
from shared.testing import reserved_port

SERVER = """
    import json, sys, time
    from pathlib import Path
    from shared.a2a import serve
    from shared.settings import ServiceSettings

    def make():
        {first}
        from tests.a2a._agent import Agent, Issuer
        issuer = Issuer()
        app = Agent(Path(sys.argv[2]), issuer).build()
        Path(sys.argv[2], "headers.json").write_text(json.dumps(issuer.hop()))
        return app

    assert "a2a" not in sys.modules
    serve(make, ServiceSettings.load(port=int(sys.argv[1]), log_format="json"), name="test")
"""


@contextmanager
def running(folder: Path, port: int, *, first: str = "pass") -> Iterator["subprocess.Popen[str]"]:
    script = textwrap.dedent(SERVER).format(first=first)
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(port), str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "."},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def answers(http: httpx.AsyncClient, url: str, *, seconds: float = 40) -> httpx.Response:
    until = time.monotonic() + seconds
    while True:
        try:
            return await http.get(url, timeout=seconds)
        except httpx.ConnectError:
            assert time.monotonic() < until, "it does not listen"


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


async def test_ping_is_answered_before_the_app_is_made_and_other_requests_wait_for_it(
    tmp_path: Path, port: int
) -> None:
    with running(tmp_path, port, first="time.sleep(1.5)"):
        async with create_http_client() as http:
            assert (await answers(http, f"http://127.0.0.1:{port}/ping")).json() == {"status": "Healthy"}
            assert not (tmp_path / "headers.json").exists()
            card = await http.get(f"http://127.0.0.1:{port}/.well-known/agent-card.json", timeout=40)
            assert card.json()["name"] == "account_lookup"


async def test_on_a_signal_a_running_task_ends_its_stream_ends_and_the_process_ends_well(
    tmp_path: Path, port: int
) -> None:
    with running(tmp_path, port) as process:
        async with create_http_client() as http:
            await answers(http, f"http://127.0.0.1:{port}/.well-known/agent-card.json")
            headers = json.loads((tmp_path / "headers.json").read_text())
            message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "wait 0.5"}]}
            async with http.stream(
                "POST", f"http://127.0.0.1:{port}/message:stream", json={"message": message}, headers=headers
            ) as stream:
                lines = stream.aiter_lines()
                assert "TASK_STATE_SUBMITTED" in await anext(lines)
                process.send_signal(signal.SIGTERM)
                rest = [line async for line in lines if line]
            assert "TASK_STATE_COMPLETED" in rest[-1]
        assert process.wait(30) == 0


async def test_a_thread_that_never_comes_back_does_not_keep_the_process(tmp_path: Path, port: int) -> None:
    """As a call of a model waits in a thread for its provider: it would be waited for until somebody kills it."""
    hangs = "import concurrent.futures as c, threading; c.ThreadPoolExecutor().submit(threading.Event().wait)"
    with running(tmp_path, port, first=hangs) as process:
        async with create_http_client() as http:
            await answers(http, f"http://127.0.0.1:{port}/.well-known/agent-card.json")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (
            "from shared.errors import ConfigurationError; raise ConfigurationError('AUDIENCE is not set: set it.')",
            "test: AUDIENCE is not set: set it.",
        ),
        ("raise RuntimeError('the-detail')", "test: it could not start; the log says why."),
    ],
    ids=["a setting", "a fault"],
)
def test_an_agent_that_cannot_start_ends_with_one_line_that_says_why(
    tmp_path: Path, port: int, first: str, words: str
) -> None:
    with running(tmp_path, port, first=first) as process:
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == words
    if "ConfigurationError" in first:
        assert "Traceback" not in errors


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(tmp_path, port) as process:
            _, errors = process.communicate(timeout=40)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith(f"test: PORT {port} of HOST 127.0.0.1 cannot be listened on")


def test_importing_what_serves_imports_nothing_heavy_and_switches_the_sdks_spans_off() -> None:
    script = (
        "import sys, os; from shared.a2a import serve; "
        "print(sorted({'a2a', 'strands', 'boto3', 'aiohttp', 'cryptography'} & set(sys.modules)), "
        "os.environ['OTEL_INSTRUMENTATION_A2A_SDK_ENABLED']); import shared.a2a; shared.a2a.create_agent_app; "
        "from a2a.utils import telemetry; print(telemetry.otel_enabled)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert printed.stdout.split("\n")[:2] == ["[] false", "False"]
    assert serve.__module__ == "shared.a2a._serve"
